// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/version.hpp"

#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::lwm2m {

Result<Version> Version::parse(std::string_view text) noexcept {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return fail(Errc::kMalformed);
  const auto major = parse_digits(text.substr(0, dot), 255);
  const auto minor = parse_digits(text.substr(dot + 1), 255);
  if (!major || !minor) return fail(Errc::kMalformed);
  return Version{static_cast<std::uint8_t>(*major), static_cast<std::uint8_t>(*minor)};
}

void Version::write(ByteWriter& out) const noexcept {
  write_digits(out, major);
  out.u8('.');
  write_digits(out, minor);
}

Result<LwM2mVersion> parse_lwm2m_version(std::string_view text) noexcept {
  const auto version = Version::parse(text);
  if (!version) return fail(Errc::kMalformed, static_cast<std::uint8_t>(coap::Code::kBadRequest));
  if (*version == Version{1, 0}) return LwM2mVersion::k1_0;
  if (*version == Version{1, 1}) return LwM2mVersion::k1_1;
  return fail(Errc::kUnsupported, static_cast<std::uint8_t>(coap::Code::kPreconditionFailed));
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_request.hpp"

#include <algorithm>
#include <charconv>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/server/bootstrap_payload.hpp"

namespace linnet::server {

using lwm2m::ContentFormat;

namespace {

constexpr std::string_view kEndpoint = "ep=";
constexpr std::string_view kPreferred = "pct=";

Result<ContentFormat> parse_preferred(std::string_view text) noexcept {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return lwm2m::malformed();
  const auto format = static_cast<ContentFormat>(number);
  const bool known = format == ContentFormat::kOldTlv ||
                     std::ranges::find(kBootstrapFormats, format) != kBootstrapFormats.end();
  if (!known) return lwm2m::unsupported_format();
  return format;
}

}  // namespace

Result<BootstrapRequest> read_bootstrap_request(const coap::Options& options) noexcept {
  lwm2m::RegistrationParameters parameters;
  const auto others = [](std::string_view, std::string_view) -> Result<void> { return {}; };
  BootstrapRequest request;
  for (const coap::Option& option : options) {
    if (option.number != coap::OptionNumber::kUriQuery) continue;
    const std::string_view query = option.text();
    if (query.starts_with(kEndpoint)) {
      // The name has the same rules as in a Register.
      const auto read = lwm2m::read_registration_parameter(query, parameters, others);
      if (!read) return std::unexpected(read.error());
    } else if (query.starts_with(kPreferred)) {
      if (request.preferred) return lwm2m::malformed();
      const auto preferred = parse_preferred(query.substr(kPreferred.size()));
      if (!preferred) return std::unexpected(preferred.error());
      request.preferred = *preferred;
    }
  }
  if (parameters.endpoint && parameters.endpoint->empty()) return lwm2m::malformed();
  request.endpoint = parameters.endpoint.value_or(std::string_view());
  return request;
}

}  // namespace linnet::server

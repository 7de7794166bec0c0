// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/registration_parameters.hpp"

#include <array>
#include <limits>

#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/plain_text.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;

namespace {

constexpr std::size_t kMaxQuery = 255;  ///< of one Uri-Query option (RFC 7252 §5.10)
constexpr std::size_t kMaxMsisdn = 15;  ///< digits (3GPP TS 23.003, E.164)

std::unexpected<Error> refuse(Errc code) noexcept {
  return fail(code, static_cast<std::uint8_t>(coap::Code::kBadRequest));
}

struct Letter {
  char letter;
  Binding::Flag flag;
};
constexpr std::array<Letter, 5> kLetters{Letter{'U', Binding::kUdp}, Letter{'T', Binding::kTcp},
                                         Letter{'Q', Binding::kQueue}, Letter{'S', Binding::kSms},
                                         Letter{'N', Binding::kNonIp}};

Result<void> read_endpoint(std::string_view value, RegistrationParameters& parameters) noexcept {
  if (value.size() > kMaxEndpointName) return refuse(Errc::kTooLarge);
  if (parameters.endpoint || value.empty() || !is_plain_text(value)) return refuse(Errc::kMalformed);
  parameters.endpoint = value;
  return {};
}

Result<void> read_lifetime(std::string_view value, RegistrationParameters& parameters) noexcept {
  const auto seconds = parse_digits(value, std::numeric_limits<std::uint32_t>::max());
  if (parameters.lifetime || !seconds || *seconds == 0) return refuse(Errc::kMalformed);
  parameters.lifetime = static_cast<std::uint32_t>(*seconds);
  return {};
}

Result<void> read_version(std::string_view value, RegistrationParameters& parameters) noexcept {
  if (parameters.version) return refuse(Errc::kMalformed);
  const auto version = parse_lwm2m_version(value);
  if (!version) return std::unexpected(version.error());
  parameters.version = *version;
  return {};
}

Result<void> read_binding(std::string_view value, RegistrationParameters& parameters) noexcept {
  const auto binding = Binding::parse(value);
  if (parameters.binding || !binding) return refuse(Errc::kMalformed);
  parameters.binding = *binding;
  return {};
}

Result<void> read_queue(std::string_view value, RegistrationParameters& parameters) noexcept {
  if (parameters.queue || !value.empty()) return refuse(Errc::kMalformed);
  parameters.queue = true;
  return {};
}

Result<void> read_sms(std::string_view value, RegistrationParameters& parameters) noexcept {
  if (parameters.sms || value.empty() || value.size() > kMaxMsisdn) return refuse(Errc::kMalformed);
  if (value.find_first_not_of("0123456789") != std::string_view::npos) return refuse(Errc::kMalformed);
  parameters.sms = value;
  return {};
}

struct Parameter {
  std::string_view name;
  Result<void> (*read)(std::string_view value, RegistrationParameters& parameters) noexcept;
};
constexpr std::array<Parameter, 6> kParameters{
    Parameter{"ep", read_endpoint}, Parameter{"lt", read_lifetime}, Parameter{"lwm2m", read_version},
    Parameter{"b", read_binding},   Parameter{"Q", read_queue},     Parameter{"sms", read_sms}};

}  // namespace

Result<Binding> Binding::parse(std::string_view text) noexcept {
  Binding binding;
  for (const char c : text) {
    Binding next;
    for (const Letter& known : kLetters) {
      if (known.letter == c) next = known.flag;
    }
    if (next.bits_ == 0 || (binding.bits_ & next.bits_) != 0) return refuse(Errc::kMalformed);
    binding = binding | next;
  }
  if ((binding.bits_ & ~kQueue) == 0) return refuse(Errc::kMalformed);
  return binding;
}

void Binding::write(ByteWriter& out, LwM2mVersion version) const noexcept {
  for (const Letter& known : kLetters) {
    if (known.flag == kQueue && version != LwM2mVersion::k1_0) continue;
    if (has(known.flag)) out.u8(static_cast<std::uint8_t>(known.letter));
  }
}

Result<void> read_registration_parameter(std::string_view query, RegistrationParameters& parameters,
                                         OtherParameter other) noexcept {
  const std::size_t equals = query.find('=');
  const std::string_view name = query.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : query.substr(equals + 1);
  for (const Parameter& known : kParameters) {
    if (known.name == name) return known.read(value, parameters);
  }
  if (name.empty() || !is_plain_text(query)) return refuse(Errc::kMalformed);
  return other(name, value);
}

Result<void> check_register(const RegistrationParameters& parameters, RegisterRules rules) noexcept {
  if (!parameters.endpoint && !rules.endpoint_known) return refuse(Errc::kMalformed);
  if (!parameters.version && !rules.version_known) return refuse(Errc::kMalformed);
  return {};
}

Result<void> write_registration_parameters(const RegistrationParameters& parameters,
                                           FunctionRef<Result<void>(std::string_view)> emit) noexcept {
  std::array<std::uint8_t, kMaxQuery> buffer;
  const LwM2mVersion version = parameters.version.value_or(LwM2mVersion::k1_1);
  std::array<std::uint8_t, 10> short_text;
  ByteWriter value(short_text);
  const auto give = [&](std::string_view name, std::string_view text) -> Result<void> {
    ByteWriter query(buffer);
    query.text(name);
    query.text(text);
    if (!query.ok()) return fail(Errc::kTooLarge);
    return emit(as_text(query.written()));
  };

  Result<void> went;
  if (parameters.endpoint) went = give("ep="sv, *parameters.endpoint);
  if (went && parameters.lifetime) {
    write_digits(value, *parameters.lifetime);
    went = give("lt="sv, as_text(value.written()));
  }
  if (went && parameters.version) went = give("lwm2m="sv, to_string(version));
  Binding binding = parameters.binding.value_or(Binding());
  if (parameters.queue_mode()) {
    // 1.0 has no Q of its own, so that a queue mode without binding says the default one.
    if (version == LwM2mVersion::k1_0 && binding.bits() == 0) binding = Binding::kUdp;
    binding = binding | Binding::kQueue;
  }
  if (went && (binding.bits() & ~Binding::kQueue) != 0) {
    value.truncate(0);
    binding.write(value, version);
    went = give("b="sv, as_text(value.written()));
  }
  if (went && binding.queue() && version != LwM2mVersion::k1_0) went = give("Q"sv, {});
  if (went && parameters.sms) went = give("sms="sv, *parameters.sms);
  return went;
}

}  // namespace linnet::lwm2m

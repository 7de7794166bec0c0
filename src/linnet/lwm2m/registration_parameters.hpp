// SPDX-License-Identifier: Apache-2.0
// The query of Register and Update (TS table 6.4.3-1, Core 1.1 §6.2.1): read for the server, written
// for the client.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::lwm2m {

inline constexpr std::size_t kMaxEndpointName = 255;      ///< bytes
inline constexpr std::uint32_t kDefaultLifetime = 86400;  ///< seconds, where `lt` is absent

/// Transports and queue mode as they stand in `b`: a set in one byte. 1.1 has any of U, T, S, N and
/// queue mode apart (`Q`); 1.0 writes it into the binding (`UQ`, `UQS`).
class Binding {
 public:
  enum Flag : std::uint8_t { kUdp = 1, kTcp = 2, kSms = 4, kNonIp = 8, kQueue = 16 };

  constexpr Binding() noexcept = default;
  constexpr Binding(Flag flag) noexcept : bits_(flag) {}  // NOLINT(google-explicit-constructor): a set of one
  [[nodiscard]] static constexpr Binding from_bits(std::uint8_t bits) noexcept {
    Binding binding;
    binding.bits_ = bits & 31U;
    return binding;
  }
  /// One or more of U, T, S, N, each once, and Q. 4.00 (kMalformed) otherwise.
  [[nodiscard]] static Result<Binding> parse(std::string_view text) noexcept;
  /// Appends the letters: `UQS` for 1.0, `US` for 1.1 (where Q is a parameter of its own).
  void write(ByteWriter& out, LwM2mVersion version) const noexcept;

  [[nodiscard]] constexpr bool has(Flag flag) const noexcept { return (bits_ & flag) != 0; }
  [[nodiscard]] constexpr bool queue() const noexcept { return has(kQueue); }
  [[nodiscard]] constexpr std::uint8_t bits() const noexcept { return bits_; }

  friend constexpr Binding operator|(Binding a, Binding b) noexcept { return from_bits(a.bits_ | b.bits_); }
  friend constexpr bool operator==(const Binding&, const Binding&) = default;

 private:
  std::uint8_t bits_ = 0;
};

/// What was given, as views into the query; what was not is absent.
struct RegistrationParameters {
  std::optional<std::string_view> endpoint = {};  ///< ep: valid UTF-8 without control characters
  std::optional<std::uint32_t> lifetime = {};     ///< lt, seconds, never 0
  std::optional<LwM2mVersion> version = {};       ///< lwm2m
  std::optional<Binding> binding = {};            ///< b; with kQueue where it was written the 1.0 way
  std::optional<std::string_view> sms = {};       ///< the MSISDN: digits, no plus
  bool queue = false;                             ///< Q as a parameter of its own

  /// Queue mode, whichever way it was asked for.
  [[nodiscard]] bool queue_mode() const noexcept { return queue || (binding && binding->queue()); }
};

/// Takes a parameter that linnet does not know, kept as an attribute of the registration.
/// `value` is empty where there was no `=`.
using OtherParameter = FunctionRef<Result<void>(std::string_view name, std::string_view value)>;

/// Takes one Uri-Query option into `parameters`, unknown ones to `other`. Errors: 4.12 (kUnsupported)
/// for an `lwm2m` that is neither 1.0 nor 1.1; 4.00 (kMalformed) for what does not read or is there
/// twice, (kTooLarge) for an endpoint name over its bound; or what `other` returned.
[[nodiscard]] Result<void> read_registration_parameter(std::string_view query,
                                                       RegistrationParameters& parameters,
                                                       OtherParameter other) noexcept;

/// What a Register may leave out because the link says it already.
struct RegisterRules {
  bool endpoint_known = false;  ///< by the identity of the session or the address of the device
  bool version_known = false;   ///< LoRaWAN: 1.1 unless given (TS 6.8.4)
};

/// 4.00 (kMalformed) when a parameter is missing that a Register needs.
[[nodiscard]] Result<void> check_register(const RegistrationParameters& parameters,
                                          RegisterRules rules) noexcept;

/// Gives each parameter that is set as one Uri-Query (`ep=...`, at most 255 bytes, valid during the
/// call), in the order ep, lt, lwm2m, b, Q, sms. Queue mode is written as `version` (1.1 where it is
/// absent) wants it. Stops with the error of `emit`; kTooLarge where a query would be over 255 bytes.
[[nodiscard]] Result<void> write_registration_parameters(
    const RegistrationParameters& parameters, FunctionRef<Result<void>(std::string_view)> emit) noexcept;

}  // namespace linnet::lwm2m

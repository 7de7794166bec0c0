// SPDX-License-Identifier: Apache-2.0
// A registration as the server shows it, and the identifier that is its location
// (Core 1.1 §6.2, TS 6.4.3).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/lwm2m/object_list.hpp"
#include "linnet/lwm2m/registration_parameters.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::server {

/// Names one registration for its whole life and never another one soon after: the shard that
/// holds it, its place there, and 16 random bits that are new at every Register. As text it is the
/// second segment of the location, `/rd/{8 characters of base64url}`: with the longest token the
/// 2.01 that carries it is 24 bytes.
class RegistrationId {
 public:
  static constexpr std::size_t kTextSize = 8;
  static constexpr std::uint32_t kMaxIndex = (1U << 24U) - 1U;
  using Text = std::array<char, kTextSize>;

  constexpr RegistrationId() noexcept = default;
  /// `index` is at most kMaxIndex.
  constexpr RegistrationId(std::uint8_t shard, std::uint32_t index, std::uint16_t tag) noexcept
      : value_(std::uint64_t{shard} << 40U | std::uint64_t{index & kMaxIndex} << 16U | tag) {}
  /// The number again that `value` gave; what is over 48 bits is cut off.
  [[nodiscard]] static constexpr RegistrationId from_value(std::uint64_t value) noexcept {
    RegistrationId id;
    id.value_ = value & ((std::uint64_t{1} << 48U) - 1U);
    return id;
  }
  /// Nothing for what is not eight characters of the alphabet.
  [[nodiscard]] static std::optional<RegistrationId> parse(std::string_view text) noexcept;

  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
  [[nodiscard]] constexpr std::uint8_t shard() const noexcept {
    return static_cast<std::uint8_t>(value_ >> 40U);
  }
  [[nodiscard]] constexpr std::uint32_t index() const noexcept {
    return static_cast<std::uint32_t>(value_ >> 16U) & kMaxIndex;
  }
  [[nodiscard]] constexpr std::uint16_t tag() const noexcept { return static_cast<std::uint16_t>(value_); }
  [[nodiscard]] Text text() const noexcept;

  friend constexpr auto operator<=>(const RegistrationId&, const RegistrationId&) = default;

 private:
  std::uint64_t value_ = 0;
};

/// The parameters of a registration that have no field of their own, `sms` among them, as they were
/// sent: a view over length-prefixed `name=value` texts.
class ExtraParameters {
 public:
  explicit constexpr ExtraParameters(ByteView encoded = {}) noexcept : encoded_(encoded) {}

  [[nodiscard]] constexpr bool empty() const noexcept { return encoded_.empty(); }
  /// `visit(name, value)`; the value is empty where there was no `=`.
  void for_each(FunctionRef<void(std::string_view name, std::string_view value)> visit) const noexcept;
  /// The value of the first of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] constexpr ByteView encoded() const noexcept { return encoded_; }

 private:
  ByteView encoded_;
};

/// One registration. Views live until the engine is called again.
struct Registration {
  RegistrationId id;
  std::string_view endpoint;
  coap::LinkId link = coap::kNoLink;  ///< where it speaks from; kNoLink after a restart until it does
  std::uint32_t lifetime = 0;         ///< seconds
  lwm2m::LwM2mVersion version = lwm2m::LwM2mVersion::k1_1;
  lwm2m::Binding binding;  ///< with kQueue where the device uses queue mode
  lwm2m::CompactObjectList objects{ByteView{}};
  ByteView object_list;  ///< the bytes of `objects`
  ExtraParameters extras;
  Instant registered{};  ///< whole seconds
  Instant updated{};     ///< the last Register or Update, whole seconds
  Instant expires{};     ///< grace included; kNever for a lifetime beyond all time

  [[nodiscard]] std::optional<std::string_view> sms() const noexcept { return extras.find("sms"); }
};

}  // namespace linnet::server

template <>
struct std::hash<linnet::server::RegistrationId> {
  std::size_t operator()(const linnet::server::RegistrationId& id) const noexcept {
    return static_cast<std::size_t>((id.value() ^ id.value() >> 16U) * 0x9E3779B97F4A7C15U);
  }
};

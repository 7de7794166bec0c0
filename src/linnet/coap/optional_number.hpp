// SPDX-License-Identifier: Apache-2.0
// The value of an option of format uint that a message may leave out.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

namespace linnet::coap {

/// As std::optional<std::uint32_t>, but one word, of which zero is none: the largest number has no place. No
/// block and no body is so large, and no other option needs it.
class OptionalNumber {
 public:
  constexpr OptionalNumber() noexcept = default;
  // NOLINTBEGIN(google-explicit-constructor): as std::optional
  constexpr OptionalNumber(std::nullopt_t /*none*/) noexcept {}
  template <std::integral T>
  constexpr OptionalNumber(T number) noexcept : plus_one_(static_cast<std::uint32_t>(number) + 1) {}
  template <std::integral T>
  constexpr OptionalNumber(std::optional<T> number) noexcept {
    if (number) *this = *number;
  }
  template <std::integral T>
  constexpr operator std::optional<T>() const noexcept {
    return has_value() ? std::optional<T>(static_cast<T>(**this)) : std::nullopt;
  }
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] constexpr bool has_value() const noexcept { return plus_one_ != 0; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return has_value(); }
  /// Only where there is one.
  [[nodiscard]] constexpr std::uint32_t operator*() const noexcept { return plus_one_ - 1; }
  template <std::unsigned_integral T>
  [[nodiscard]] constexpr T value_or(T other) const noexcept {
    return has_value() ? static_cast<T>(**this) : other;
  }
  constexpr void reset() noexcept { plus_one_ = 0; }

  friend constexpr bool operator==(OptionalNumber, OptionalNumber) noexcept = default;

 private:
  std::uint32_t plus_one_ = 0;
};

}  // namespace linnet::coap

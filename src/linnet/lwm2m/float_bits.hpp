// SPDX-License-Identifier: Apache-2.0
// Doubles by their bits (IEEE 754): what a processor without them would bring a library for. Inside
// `lwm2m`.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

namespace linnet::lwm2m {

[[nodiscard]] constexpr bool is_nan(double v) noexcept {
  return std::bit_cast<std::uint64_t>(v) << 1 > std::uint64_t{0x7FF} << 53;
}

/// Neither infinite nor NaN.
[[nodiscard]] constexpr bool is_finite(double v) noexcept {
  return std::bit_cast<std::uint64_t>(v) << 1 < std::uint64_t{0x7FF} << 53;
}

/// Equal as numbers, or the same NaN.
[[nodiscard]] constexpr bool same_number(double a, double b) noexcept {
  const auto left = std::bit_cast<std::uint64_t>(a);
  const auto right = std::bit_cast<std::uint64_t>(b);
  return left == right || (left | right) << 1 == 0;
}

/// The double nearest to `v`, ties to even.
[[nodiscard]] double rounded_to_double(std::uint64_t v) noexcept;

/// The double nearest to `v` x 2^`exponent`, ties to even; infinite beyond the range. `more` says that
/// something below the last bit of `v` is not zero: only where `v` has more bits than a double (53).
[[nodiscard]] double round_to_double(std::uint64_t v, int exponent, bool more = false) noexcept;

/// A shorter format of IEEE 754: how many bits its fraction and its exponent have.
struct FloatFormat {
  std::uint8_t fraction;
  std::uint8_t exponent;
};
inline constexpr FloatFormat kHalfFormat{10, 5};
inline constexpr FloatFormat kSingleFormat{23, 8};

/// The double of the same value as the number with these bits.
[[nodiscard]] double widen(std::uint32_t bits, FloatFormat format) noexcept;

/// The bits of the same value in a shorter format, nothing where it has none. A NaN becomes a NaN.
[[nodiscard]] std::optional<std::uint32_t> narrow(double v, FloatFormat format) noexcept;

}  // namespace linnet::lwm2m

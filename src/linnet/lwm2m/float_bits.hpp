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

/// A format of IEEE 754: how many bits its fraction and its exponent have. A number, so that it is a constant
/// wherever it goes.
enum class FloatFormat : std::uint16_t {};
[[nodiscard]] constexpr FloatFormat float_format(unsigned fraction, unsigned exponent) noexcept {
  return static_cast<FloatFormat>(exponent << 8 | fraction);
}
[[nodiscard]] constexpr int fraction_bits(FloatFormat format) noexcept {
  return static_cast<int>(format) & 0xFF;
}
[[nodiscard]] constexpr int exponent_bits(FloatFormat format) noexcept {
  return static_cast<int>(format) >> 8;
}
inline constexpr FloatFormat kHalfFormat = float_format(10, 5);
inline constexpr FloatFormat kSingleFormat = float_format(23, 8);
inline constexpr FloatFormat kDoubleFormat = float_format(52, 11);

/// A magnitude: significand x 2^exponent.
struct Binary {
  std::uint64_t significand;
  int exponent;
};

/// The magnitude of the number with these bits. What is infinite or NaN has an exponent beyond the others.
[[nodiscard]] Binary split(std::uint64_t bits, FloatFormat format) noexcept;
[[nodiscard]] inline Binary split(double v) noexcept {
  return split(std::bit_cast<std::uint64_t>(v), kDoubleFormat);
}

/// The bits of the number nearest to `v`, ties to even; those of infinity beyond the range.
[[nodiscard]] std::uint64_t join(Binary v, FloatFormat format) noexcept;

/// The double nearest to `v` x 2^`exponent`, as `join`.
[[nodiscard]] inline double round_to_double(std::uint64_t v, int exponent) noexcept {
  return std::bit_cast<double>(join({v, exponent}, kDoubleFormat));
}

/// The double nearest to `v`, ties to even.
[[nodiscard]] inline double rounded_to_double(std::uint64_t v) noexcept {
  return round_to_double(v, 0);
}

/// The double of the same value as the number with these bits.
[[nodiscard]] double widen(std::uint32_t bits, FloatFormat format) noexcept;

/// The bits of the same value in a shorter format, nothing where it has none. A NaN becomes a NaN.
[[nodiscard]] std::optional<std::uint32_t> narrow(double v, FloatFormat format) noexcept;

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m {
namespace {

/// The exponent of infinity and NaN.
constexpr int special(FloatFormat format) noexcept {
  return (1 << format.exponent) - 1;
}
/// The exponent of the unit of a subnormal.
constexpr int min_exponent(FloatFormat format) noexcept {
  return 2 - (1 << (format.exponent - 1)) - format.fraction;
}

}  // namespace

Binary split(std::uint64_t bits, FloatFormat format) noexcept {
  const std::uint64_t hidden = std::uint64_t{1} << format.fraction;
  const int exponent = static_cast<int>(bits >> format.fraction) & special(format);
  const std::uint64_t fraction = bits & (hidden - 1);
  if (exponent == 0) return {fraction, min_exponent(format)};
  return {fraction | hidden, exponent - 1 + min_exponent(format)};
}

std::uint64_t join(Binary v, FloatFormat format, bool more) noexcept {
  // Two bits more than the format has: the lower one tells whether anything was lost below it.
  const std::uint64_t lowest = std::uint64_t{4} << format.fraction;
  if (v.significand == 0) return 0;
  int exponent = v.exponent + 2 - min_exponent(format);
  for (; v.significand < lowest && exponent > 0; --exponent) v.significand <<= 1;
  for (; v.significand >= 2 * lowest || exponent < 0; ++exponent)
    v.significand = v.significand >> 1 | (v.significand & 1);
  if (more) v.significand |= 1;
  if (exponent >= special(format) - 1) return static_cast<std::uint64_t>(special(format)) << format.fraction;
  // Half way goes to the even neighbour.
  const std::uint64_t rounded = (v.significand + 1 + (v.significand >> 2 & 1)) >> 2;
  // The hidden bit, which a subnormal has not, is added to the exponent, and so is a carry.
  return (static_cast<std::uint64_t>(exponent) << format.fraction) + rounded;
}

double widen(std::uint32_t bits, FloatFormat format) noexcept {
  const Binary v = split(bits, format);
  std::uint64_t wide = join(v, kDoubleFormat);
  // Infinity and NaN, with what a NaN says.
  if (v.exponent >= special(format) - 1 + min_exponent(format))
    wide = std::uint64_t{0x7FF} << 52 | v.significand << (52 - format.fraction);
  const std::uint32_t sign = bits >> format.fraction >> format.exponent;
  return std::bit_cast<double>(std::uint64_t{sign} << 63 | wide);
}

std::optional<std::uint32_t> narrow(double v, FloatFormat format) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  auto narrowed = static_cast<std::uint32_t>(join(split(v), format));
  if (is_nan(v)) return narrowed | 1U << (format.fraction - 1);
  narrowed |= static_cast<std::uint32_t>(bits >> 63) << format.fraction << format.exponent;
  if (std::bit_cast<std::uint64_t>(widen(narrowed, format)) != bits) return std::nullopt;
  return narrowed;
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m {
namespace {

/// The exponent of infinity and NaN.
constexpr int special(FloatFormat format) noexcept {
  return (1 << exponent_bits(format)) - 1;
}
/// The exponent of the unit of a subnormal.
constexpr int min_exponent(FloatFormat format) noexcept {
  return 2 - (1 << (exponent_bits(format) - 1)) - fraction_bits(format);
}

}  // namespace

Binary split(std::uint64_t bits, FloatFormat format) noexcept {
  const std::uint64_t hidden = std::uint64_t{1} << fraction_bits(format);
  const int exponent = static_cast<int>(bits >> fraction_bits(format)) & special(format);
  const std::uint64_t fraction = bits & (hidden - 1);
  if (exponent == 0) return {fraction, min_exponent(format)};
  return {fraction | hidden, exponent - 1 + min_exponent(format)};
}

std::uint64_t join(Binary v, FloatFormat format) noexcept {
  // Two bits more than the format has: the lower one tells whether anything was lost below it.
  const std::uint64_t lowest = std::uint64_t{4} << fraction_bits(format);
  if (v.significand == 0) return 0;
  int exponent = v.exponent + 2 - min_exponent(format);
  for (; v.significand < lowest && exponent > 0; --exponent) v.significand <<= 1;
  for (; v.significand >= 2 * lowest || exponent < 0; ++exponent)
    v.significand = v.significand >> 1 | (v.significand & 1);
  if (exponent >= special(format) - 1)
    return static_cast<std::uint64_t>(special(format)) << fraction_bits(format);
  // Half way goes to the even neighbour.
  const std::uint64_t rounded = (v.significand + 1 + (v.significand >> 2 & 1)) >> 2;
  // The hidden bit, which a subnormal has not, is added to the exponent, and so is a carry.
  return (static_cast<std::uint64_t>(exponent) << fraction_bits(format)) + rounded;
}

double widen(std::uint32_t bits, FloatFormat format) noexcept {
  const Binary v = split(bits, format);
  std::uint64_t wide = join(v, kDoubleFormat);
  if (v.exponent >= special(format) - 1 + min_exponent(format)) {
    const bool infinite = (v.significand & (v.significand - 1)) == 0;
    wide = std::uint64_t{infinite ? 0x7FF0U : 0x7FF8U} << 48;
  }
  const std::uint32_t sign = bits >> fraction_bits(format) >> exponent_bits(format);
  return std::bit_cast<double>(std::uint64_t{sign} << 63 | wide);
}

std::optional<std::uint32_t> narrow(double v, FloatFormat format) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  auto narrowed = static_cast<std::uint32_t>(join(split(v), format));
  if (is_nan(v)) return narrowed | 1U << (fraction_bits(format) - 1);
  narrowed |= static_cast<std::uint32_t>(bits >> 63) << fraction_bits(format) << exponent_bits(format);
  if (std::bit_cast<std::uint64_t>(widen(narrowed, format)) != bits) return std::nullopt;
  return narrowed;
}

}  // namespace linnet::lwm2m

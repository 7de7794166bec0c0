// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/float_bits.hpp"

#include <algorithm>
#include <limits>

namespace linnet::lwm2m {
namespace {

constexpr unsigned kFraction = 52;         // bits
constexpr std::uint32_t kSpecial = 0x7FF;  // exponent of infinity and NaN

/// What an exponent of the shorter format has to grow by.
constexpr std::uint32_t rebias(FloatFormat format) noexcept {
  return (kSpecial >> 1) - ((1U << (format.exponent - 1U)) - 1);
}
constexpr std::uint32_t special(FloatFormat format) noexcept {
  return (1U << format.exponent) - 1;
}

}  // namespace

double rounded_to_double(std::uint64_t v) noexcept {
  return round_to_double(v, 0, false);
}

double round_to_double(std::uint64_t v, int exponent, bool more) noexcept {
  constexpr int kMinExponent = -1074;  // of the unit of a subnormal
  constexpr int kMaxExponent = 971;    // of the unit of the largest double
  if (v == 0) return 0.0;
  const int shift = std::countl_zero(v);
  v <<= shift;
  exponent -= shift;
  const int drop = std::max(64 - static_cast<int>(kFraction + 1), kMinExponent - exponent);
  if (drop > 64) return 0.0;
  const std::uint64_t half = std::uint64_t{1} << (drop - 1);
  const std::uint64_t tail = v & (half | (half - 1));
  v = drop < 64 ? v >> drop : 0;
  if (tail > half || (tail == half && (more || v % 2 != 0))) ++v;
  exponent += drop;
  if (exponent > kMaxExponent) return std::numeric_limits<double>::infinity();
  // The hidden bit, which a subnormal has not, is added to the exponent, and so is a carry.
  return std::bit_cast<double>((static_cast<std::uint64_t>(exponent - kMinExponent) << kFraction) + v);
}

double widen(std::uint32_t bits, FloatFormat format) noexcept {
  const std::uint32_t mask = (1U << format.fraction) - 1;
  const std::uint64_t sign = bits >> format.fraction >> format.exponent & 1U;
  std::uint32_t exponent = bits >> format.fraction & special(format);
  std::uint32_t fraction = bits & mask;
  if (exponent == special(format)) {
    exponent = kSpecial;
  } else if (exponent != 0) {
    exponent += rebias(format);
  } else if (fraction != 0) {  // subnormal here, but not as a double
    const auto shift = static_cast<std::uint32_t>(std::countl_zero(fraction)) + format.fraction - 31;
    fraction = fraction << shift & mask;
    exponent = rebias(format) + 1 - shift;
  }
  return std::bit_cast<double>(sign << 63 | std::uint64_t{exponent} << kFraction |
                               std::uint64_t{fraction} << (kFraction - format.fraction));
}

std::optional<std::uint32_t> narrow(double v, FloatFormat format) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  const unsigned spare = kFraction - format.fraction;
  const std::uint32_t hidden = 1U << format.fraction;
  const std::uint32_t sign = static_cast<std::uint32_t>(bits >> 63) << format.fraction << format.exponent;
  const auto exponent = static_cast<std::uint32_t>(bits >> kFraction) & kSpecial;
  const auto fraction = static_cast<std::uint32_t>(bits >> spare) & (hidden - 1);
  const std::uint32_t infinity = sign | special(format) << format.fraction;
  if (is_nan(v)) return infinity | hidden >> 1 | fraction;
  if (bits << (64 - spare) != 0) return std::nullopt;
  if (exponent == kSpecial) return infinity;
  if (bits << 1 == 0) return sign;
  if (exponent >= rebias(format) + special(format)) return std::nullopt;
  if (exponent > rebias(format)) return sign | (exponent - rebias(format)) << format.fraction | fraction;
  const std::uint32_t shift = rebias(format) + 1 - exponent;  // as a subnormal number
  const std::uint32_t significand = hidden | fraction;
  if (shift > format.fraction || significand >> shift << shift != significand) return std::nullopt;
  return sign | significand >> shift;
}

}  // namespace linnet::lwm2m

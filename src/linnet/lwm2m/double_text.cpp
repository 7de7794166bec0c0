// SPDX-License-Identifier: Apache-2.0
// Doubles to and from decimal. Out: the free-format algorithm of Steele and White with the exact
// arithmetic of BigUint. In: one exact division, rounded once.
#include <algorithm>
#include <bit>
#include <limits>

#include "linnet/lwm2m/big_uint.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/float_bits.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {

namespace {

struct Digits {
  std::array<char, 17> text;
  int count = 0;
  int point = 0;  ///< the value is 0.DIGITS x 10^point
};

/// What is left of the value, as rest / scale, with half the distance to its neighbours, as below / scale.
struct Interval {
  BigUint rest, scale, below;
  bool uneven;  ///< the neighbour above is twice as far away
  bool even;    ///< half way to a neighbour is still this value

  [[nodiscard]] bool low() const noexcept { return rest.compare(below) < (even ? 1 : 0); }
  [[nodiscard]] bool high() const noexcept {
    if (rest.compare(scale) >= 0) return true;
    BigUint gap = scale;
    gap.subtract(rest);
    BigUint above = below;
    if (uneven) above.multiply(2);
    return gap.compare(above) < (even ? 1 : 0);
  }
};

Interval interval_of(Binary v) noexcept {
  constexpr std::uint64_t kHiddenBit = std::uint64_t{1} << fraction_bits(kDoubleFormat);
  constexpr int kMinExponent = -1074;  // of the unit of a subnormal
  // In quarters of the last unit: at a power of two the neighbour below is half as far away.
  const bool uneven = v.significand == kHiddenBit && v.exponent > kMinExponent;
  Interval all{BigUint(v.significand * 4), BigUint(1), BigUint(uneven ? 1 : 2), uneven,
               v.significand % 2 == 0};
  const int exponent = v.exponent - 2;
  all.rest.times_power_of_two(exponent);
  all.below.times_power_of_two(exponent);
  all.scale.times_power_of_two(-exponent);
  return all;
}

Digits shortest_digits(double v) noexcept {
  const Binary binary = split(v);
  Interval left = interval_of(binary);
  const int magnitude = binary.exponent + 63 - std::countl_zero(binary.significand);  // floor(log2(v))
  Digits digits;
  // At most log10(v), at least that less 1.1.
  digits.point = magnitude * 1233 / 4096 - (magnitude < 0 ? 1 : 0);
  left.scale.times_power_of_ten(digits.point);
  left.rest.times_power_of_ten(-digits.point);
  left.below.times_power_of_ten(-digits.point);
  for (; left.high(); ++digits.point) left.scale.multiply(10);
  for (bool done = false; !done;) {
    left.rest.multiply(10);
    left.below.multiply(10);
    char digit = '0';
    for (; left.rest.compare(left.scale) >= 0; ++digit) left.rest.subtract(left.scale);
    const bool low = left.low();
    const bool high = left.high();
    done = low || high;
    if (high) {
      left.rest.multiply(2);
      const int order = low ? left.rest.compare(left.scale) : 1;
      if (order > 0 || (order == 0 && digit % 2 != 0)) ++digit;
    }
    digits.text[static_cast<std::size_t>(digits.count++)] = digit;
  }
  return digits;
}

}  // namespace

double decimal_to_double(std::uint64_t digits, std::int64_t exponent, bool more) noexcept {
  constexpr std::int64_t kBeyond = 310;  // 10^310 is infinite whatever the digits
  constexpr std::int64_t kBelow = -344;  // 2^64 x 10^-344 is below half the smallest double
  constexpr int kQuotientBits = 60;      // enough to round once: 53, one to round by, some to spare
  if (digits == 0 || exponent < kBelow) return 0.0;
  if (exponent > kBeyond) return std::numeric_limits<double>::infinity();
  BigUint dividend(digits);
  BigUint divisor(1);
  const auto tens = static_cast<int>(exponent);
  dividend.times_power_of_ten(tens);
  divisor.times_power_of_ten(-tens);
  // Bring both to the same length, then take one bit of the quotient at a time.
  const int shift = dividend.bit_length() - divisor.bit_length();
  divisor.times_power_of_two(shift);
  dividend.times_power_of_two(-shift);
  std::uint64_t quotient = 0;
  for (int i = 0; i < kQuotientBits; ++i) {
    quotient <<= 1;
    if (dividend.compare(divisor) >= 0) {
      dividend.subtract(divisor);
      quotient |= 1;
    }
    dividend.multiply(2);
  }
  return round_to_double(quotient, shift - (kQuotientBits - 1), more || !dividend.zero());
}

void write_double(ByteWriter& out, double v) noexcept {
  if (std::bit_cast<std::int64_t>(v) < 0) out.u8('-');
  if (same_number(v, 0)) return out.u8('0');
  const Digits digits = shortest_digits(v);
  // 0.000DIGITS, DIG.ITS or DIGITS000; or D.IGITSe-5 where that is shorter.
  const int point = digits.point;
  const int fraction = digits.count > 1 ? 1 : 0;
  const bool scientific =
      point <= 0 ? -point > 1 + fraction
                 : point - digits.count > 2 + fraction + (point > 10 ? 1 : 0) + (point > 100 ? 1 : 0);
  const int shown = scientific ? 1 : point;
  for (int i = std::min(shown - 1, 0); i < std::max(shown, digits.count); ++i) {
    if (i == shown) out.u8('.');
    const bool zero = i < 0 || i >= digits.count;
    out.u8(static_cast<std::uint8_t>(zero ? '0' : digits.text[static_cast<std::size_t>(i)]));
  }
  if (!scientific) return;
  out.u8('e');
  write_integer(out, point - 1);
}

}  // namespace linnet::lwm2m

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

using namespace std::string_view_literals;

namespace {

constexpr int kFractionBits = 52;
constexpr int kMinExponent = -1074;  // of the unit of a subnormal
constexpr std::uint64_t kHiddenBit = std::uint64_t{1} << kFractionBits;

constexpr int bit_width(std::uint64_t v) noexcept {
  return 64 - std::countl_zero(v);
}

struct Digits {
  std::array<char, 17> text;
  int count = 0;
  int point = 0;  ///< the value is 0.DIGITS x 10^point
};

/// v = fraction x 2^exponent, v > 0.
struct Binary {
  std::uint64_t fraction;
  int exponent;
};

Binary split(double v) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  const auto biased = static_cast<int>(bits >> kFractionBits & 0x7FF);
  const std::uint64_t fraction = bits & (kHiddenBit - 1);
  if (biased == 0) return {fraction, kMinExponent};
  return {fraction | kHiddenBit, biased - 1 + kMinExponent};
}

/// What is left of the value, as remainder / scale, with half the distance to its neighbours.
struct Interval {
  BigUint remainder, scale, below, above;
  bool even;

  [[nodiscard]] bool low() const noexcept {
    const int order = remainder.compare(below);
    return even ? order <= 0 : order < 0;
  }
  [[nodiscard]] bool high() const noexcept {
    BigUint sum = remainder;
    sum.add(above);
    const int order = sum.compare(scale);
    return even ? order >= 0 : order > 0;
  }
  void times_ten() noexcept {
    remainder.multiply(10);
    below.multiply(10);
    above.multiply(10);
  }
  char next_digit() noexcept {
    char digit = '0';
    for (; remainder.compare(scale) >= 0; ++digit) remainder.subtract(scale);
    return digit;
  }
};

Interval interval_of(Binary v) noexcept {
  // At a power of two the neighbour below is half as far away; everything is doubled to stay whole.
  const bool uneven = v.fraction == kHiddenBit && v.exponent > kMinExponent;
  const int doubled = uneven ? 2 : 1;
  Interval all{BigUint(v.fraction), BigUint(1), BigUint(1), BigUint(1), v.fraction % 2 == 0};
  all.remainder.shift_left(doubled + std::max(v.exponent, 0));
  all.scale.shift_left(doubled + std::max(-v.exponent, 0));
  all.below.shift_left(std::max(v.exponent, 0));
  all.above.shift_left(std::max(v.exponent, 0) + (uneven ? 1 : 0));
  return all;
}

Digits shortest_digits(double v) noexcept {
  const Binary binary = split(v);
  Interval left = interval_of(binary);
  const int magnitude = binary.exponent + bit_width(binary.fraction) - 1;  // floor(log2(v))
  Digits digits;
  digits.point =
      magnitude * 1233 / 4096 - (magnitude < 0 ? 1 : 0);  // at most log10(v), at least that less 1.1
  left.scale.multiply_by_power_of_ten(digits.point);
  for (BigUint* part : {&left.remainder, &left.below, &left.above})
    part->multiply_by_power_of_ten(-digits.point);
  while (left.high()) {
    left.scale.multiply(10);
    ++digits.point;
  }
  while (true) {
    left.times_ten();
    const char digit = left.next_digit();
    const bool low = left.low();
    const bool high = left.high();
    char last = digit;
    if (low && high) {
      BigUint twice = left.remainder;
      twice.add(left.remainder);
      const int order = twice.compare(left.scale);
      if (order > 0 || (order == 0 && digit % 2 != 0)) ++last;
    } else if (high) {
      ++last;
    }
    digits.text[static_cast<std::size_t>(digits.count++)] = low || high ? last : digit;
    if (low || high) return digits;
  }
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
  dividend.multiply_by_power_of_ten(static_cast<int>(exponent));
  divisor.multiply_by_power_of_ten(static_cast<int>(-exponent));
  // Bring both to the same length, then take one bit of the quotient at a time.
  const int shift = dividend.bit_length() - divisor.bit_length();
  divisor.shift_left(std::max(shift, 0));
  dividend.shift_left(std::max(-shift, 0));
  std::uint64_t quotient = 0;
  for (int i = 0; i < kQuotientBits; ++i) {
    quotient <<= 1;
    if (dividend.compare(divisor) >= 0) {
      dividend.subtract(divisor);
      quotient |= 1;
    }
    dividend.shift_left(1);
  }
  return round_to_double(quotient, shift - (kQuotientBits - 1), more || !dividend.zero());
}

void write_double(ByteWriter& out, double v) noexcept {
  if (std::bit_cast<std::int64_t>(v) < 0) out.u8('-');
  if (same_number(v, 0)) return out.u8('0');
  const Digits digits = shortest_digits(v);
  const std::string_view text(digits.text.data(), static_cast<std::size_t>(digits.count));
  const auto zeros = [&out](int count) {
    for (; count > 0; --count) out.u8('0');
  };
  // Plain: 0.000DIGITS, DIG.ITS or DIGITS000. Otherwise D.IGITSe-5.
  const int exponent = digits.point - 1;
  const int exponent_size = 1 + (exponent < 0 ? 1 : 0) +
                            (exponent > 99 || exponent < -99 ? 3
                             : exponent > 9 || exponent < -9 ? 2
                                                             : 1);
  const int scientific = digits.count + (digits.count > 1 ? 1 : 0) + exponent_size;
  const int plain = digits.point <= 0
                        ? digits.count - digits.point + 2
                        : std::max(digits.point, digits.count + (digits.count > digits.point ? 1 : 0));
  if (plain > scientific) {
    out.text(text.substr(0, 1));
    if (digits.count > 1) out.u8('.');
    out.text(text.substr(1));
    out.u8('e');
    return write_integer(out, exponent);
  }
  if (digits.point <= 0) {
    out.text("0."sv);
    zeros(-digits.point);
    return out.text(text);
  }
  const auto whole = std::min(text.size(), static_cast<std::size_t>(digits.point));
  out.text(text.substr(0, whole));
  zeros(digits.point - digits.count);
  if (whole == text.size()) return;
  out.u8('.');
  out.text(text.substr(whole));
}

}  // namespace linnet::lwm2m

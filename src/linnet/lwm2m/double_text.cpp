// SPDX-License-Identifier: Apache-2.0
// Doubles to and from decimal, with the exact arithmetic of BigUint. In: one scaling, rounded once. Out: the
// first digits of the exact value, until these read back as it.
#include <algorithm>
#include <bit>
#include <limits>

#include "linnet/lwm2m/big_uint.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/float_bits.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {

namespace {

constexpr int kDigits =
    19;  // one more than needed to round by, and one for the bit that stands for all behind

void drop_zeros(ByteWriter& digits) noexcept {
  while (digits.written().back() == '0') digits.truncate(digits.size() - 1);
}

/// Writes the fewest digits that are nearer to `v` than to any other double, and the nearest of these: `v`,
/// which is above zero, is 0.DIGITS x 10^(what is returned). There is room for kDigits and one.
int write_shortest(ByteWriter& out, double v) noexcept {
  const Binary binary = split(v);
  const auto up = static_cast<unsigned>(std::max(binary.exponent, 0));
  const auto down = static_cast<unsigned>(std::max(-binary.exponent, 0));
  BigUint number(binary.significand, up / BigUint::kWordBits);
  number.multiply(1U << up % BigUint::kWordBits);
  const int magnitude = number.bit_length() - 1 - static_cast<int>(down);  // floor(log2(v))
  int tens = (magnitude * 1233 >> 12) - (kDigits - 1);  // at most log10(v), at least that less 1.31
  bool cut = number.times_power_of_ten(-tens);
  if (number.bit_length() > 64 + static_cast<int>(down)) {
    cut |= number.times_power_of_ten(-1);
    ++tens;
  }
  write_digits(out, number.from_bit(down) | (cut ? 1 : 0));
  const int point = tens + static_cast<int>(out.size());
  drop_zeros(out);
  // Of a decimal with 15 digits or less these are the first 15, unless the double is a subnormal.
  constexpr int kKept = 15;
  const int needed = binary.significand >> fraction_bits(kDoubleFormat) != 0 ? kKept : 0;
  int taken = 0;
  std::uint64_t digits = 0;
  for (const std::uint8_t& next : out.written()) {
    const bool tie = &next == &out.written().back() && digits % 2 == 0;
    // Below, if it is nearer, and above, which may be the only one: at a power of two what is below is
    // nearer.
    for (unsigned above = next < (tie ? '6' : '5') ? 0 : 1; taken >= needed && above < 2; ++above) {
      if (!same_number(decimal_to_double(digits + above, point - taken), v)) continue;
      out.truncate(0);
      write_digits(out, digits + above);
      const int carry = static_cast<int>(out.size()) - taken;
      drop_zeros(out);
      return point + carry;
    }
    digits = digits * 10 + (next - unsigned{'0'});
    ++taken;
  }
  return point;
}

}  // namespace

double decimal_to_double(std::uint64_t digits, int exponent, bool more) noexcept {
  constexpr int kBeyond = 310;  // 10^310 is infinite whatever the digits
  constexpr int kBelow = -344;  // 2^64 x 10^-344 is below half the smallest double
  if (digits == 0 || exponent < kBelow) return 0.0;
  if (exponent > kBeyond) return std::numeric_limits<double>::infinity();
  // A division leaves 64 bits at least: 107 words are more than 10^1024.
  const std::size_t zeros = exponent < 0 ? static_cast<std::size_t>(-exponent) * 107 / 1024 + 3 : 0;
  BigUint number(digits, zeros);
  more |= number.times_power_of_ten(exponent);
  const int first = std::max(number.bit_length() - 64, 0);
  const std::uint64_t top = number.from_bit(static_cast<std::size_t>(first)) | (more ? 1 : 0);
  return round_to_double(top, first - static_cast<int>(zeros * BigUint::kWordBits));
}

void write_double(ByteWriter& out, double v) noexcept {
  if (std::bit_cast<std::int64_t>(v) < 0) out.u8('-');
  if (same_number(v, 0)) return out.u8('0');
  std::array<std::uint8_t, kDigits + 1> digits;
  ByteWriter text(digits);
  const int point = write_shortest(text, std::bit_cast<double>(std::bit_cast<std::uint64_t>(v) << 1 >> 1));
  const auto count = static_cast<int>(text.size());
  // 0.000DIGITS, DIG.ITS or DIGITS000; or D.IGITSe-5 where that is shorter.
  const int fraction = count > 1 ? 1 : 0;
  const bool scientific = point <= 0
                              ? -point > 1 + fraction
                              : point - count > 2 + fraction + (point > 10 ? 1 : 0) + (point > 100 ? 1 : 0);
  const int shown = scientific ? 1 : point;
  for (int i = std::min(shown - 1, 0); i < std::max(shown, count); ++i) {
    if (i == shown) out.u8('.');
    const bool zero = i < 0 || i >= count;
    out.u8(static_cast<std::uint8_t>(zero ? '0' : digits[static_cast<std::size_t>(i)]));
  }
  if (!scientific) return;
  out.u8('e');
  write_integer(out, point - 1);
}

}  // namespace linnet::lwm2m

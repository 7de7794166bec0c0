// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/number_text.hpp"

#include <bit>
#include <limits>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::lwm2m {
namespace {

/// A decimal number taken apart from the front: digits x 10^exponent.
struct Decimal {
  const char*& at;
  const char* end;
  std::uint64_t digits = 0;
  int exponent = 0;
  bool cut = false;   ///< digits did not fit: `exponent` stands for them
  bool more = false;  ///< and one of these was not zero

  bool accept(char c) noexcept {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }

  /// The next character as a digit, 10 or above where it is none.
  [[nodiscard]] unsigned digit() const noexcept {
    return at == end ? 10U : static_cast<unsigned>(*at) - unsigned{'0'};
  }

  /// How many digits follow, each of which moves the exponent by so much.
  std::size_t take_digits(int step) noexcept {
    const char* const start = at;
    for (unsigned next = digit(); next < 10; next = digit()) {
      ++at;
      exponent += step;
      // In halves: a carry out of the upper one is what does not fit.
      const std::uint64_t low = (digits & 0xFFFFFFFF) * 10 + next;
      const std::uint64_t high = (digits >> 32) * 10 + (low >> 32);
      cut = cut || high >> 32 != 0;
      if (cut) {
        more = more || next != 0;
        ++exponent;
      } else {
        digits = high << 32 | (low & 0xFFFFFFFF);
      }
    }
    return static_cast<std::size_t>(at - start);
  }

  bool take_exponent() noexcept {
    constexpr int kMaxExponent = 100000;  // beyond any double, far from overflow
    const bool negative = accept('-');
    if (!negative) accept('+');
    if (digit() >= 10) return false;
    int given = 0;
    for (; digit() < 10; ++at) {
      if (given < kMaxExponent) given = given * 10 + static_cast<int>(digit());
    }
    exponent += negative ? -given : given;
    return true;
  }
};

}  // namespace

void write_integer(ByteWriter& out, std::int64_t v) noexcept {
  if (v >= 0) return write_digits(out, static_cast<std::uint64_t>(v));
  out.u8('-');
  write_digits(out, ~static_cast<std::uint64_t>(v) + 1);
}

Result<void> write_number(ByteWriter& out, const Value& value) noexcept {
  if (value.type() == DataType::kUnsigned) {
    write_digits(out, value.as_unsigned());
  } else if (value.type() != DataType::kFloat) {
    write_integer(out, value.as_integer());
  } else if (is_finite(value.as_float())) {
    write_double(out, value.as_float());
  } else {
    return not_acceptable();
  }
  return {};
}

Result<void> take_number(Value& value, const char*& at, const char* end, NumberForm form) noexcept {
  Decimal decimal{at, end};
  const bool json = form == NumberForm::kJson;
  const bool negative = decimal.accept('-');
  if (!negative && !json) decimal.accept('+');
  const bool zero = decimal.digit() == 0;
  const std::size_t before = decimal.take_digits(0);
  const bool point = decimal.accept('.');
  const std::size_t behind = point ? decimal.take_digits(-1) : 0;
  if (json && ((zero && before > 1) || before == 0 || (point && behind == 0))) return malformed();
  if (before + behind == 0) return malformed();
  const bool scaled = decimal.accept('e') || decimal.accept('E');
  if (scaled && !decimal.take_exponent()) return malformed();
  if (!point && !scaled && !decimal.cut) {
    value.set_whole(decimal.digits, negative);
    return {};
  }
  const double v = decimal_to_double(decimal.digits, decimal.exponent, decimal.more);
  if (!is_finite(v)) return malformed();
  value.set_bits(DataType::kFloat, std::bit_cast<std::uint64_t>(negative ? -v : v));
  return {};
}

Result<void> read_number(Value& value, std::string_view text, NumberForm form) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto taken = take_number(value, at, end, form);
  return taken && at != end ? malformed() : taken;
}

}  // namespace linnet::lwm2m

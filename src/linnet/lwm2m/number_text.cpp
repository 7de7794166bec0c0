// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/number_text.hpp"

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::lwm2m {
namespace {

constexpr std::int64_t kMaxExponent = 100000;  // beyond any double, far from overflow

/// A decimal number taken apart: digits x 10^exponent, of which some digits may be cut off.
struct Decimal {
  std::uint64_t digits = 0;
  std::int64_t exponent = 0;
  bool negative = false;
  bool cut = false;   ///< digits did not fit: `exponent` stands for them
  bool more = false;  ///< and one of these was not zero
  bool whole = true;  ///< neither point nor exponent
};

class DecimalReader {
 public:
  explicit DecimalReader(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] Result<Decimal> read(NumberForm form) noexcept {
    if (accept('-')) {
      out_.negative = true;
    } else if (form == NumberForm::kPlain) {
      accept('+');
    }
    const std::size_t start = at_;
    const std::size_t before = take_digits(false);
    const bool leading_zero = before > 1 && text_[start] == '0';
    std::size_t behind = 0;
    const bool point = accept('.');
    if (point) {
      out_.whole = false;
      behind = take_digits(true);
    }
    if (form == NumberForm::kJson && (leading_zero || before == 0 || (point && behind == 0)))
      return malformed();
    if (before + behind == 0) return malformed();
    if ((accept('e') || accept('E')) && !take_exponent()) return malformed();
    if (at_ != text_.size()) return malformed();
    return out_;
  }

 private:
  [[nodiscard]] bool digit_here() const noexcept {
    return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9';
  }

  bool accept(char c) noexcept {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::size_t take_digits(bool fraction) noexcept {
    const std::size_t start = at_;
    for (; digit_here(); ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      std::uint64_t longer = 0;
      if (out_.cut || __builtin_mul_overflow(out_.digits, 10U, &longer) ||
          __builtin_add_overflow(longer, digit, &longer)) {
        out_.cut = true;
        out_.more = out_.more || digit != 0;
        if (!fraction) ++out_.exponent;
        continue;
      }
      out_.digits = longer;
      if (fraction) --out_.exponent;
    }
    return at_ - start;
  }

  bool take_exponent() noexcept {
    out_.whole = false;
    const bool negative = accept('-');
    if (!negative) accept('+');
    if (!digit_here()) return false;
    std::int64_t exponent = 0;
    for (; digit_here(); ++at_) {
      if (exponent < kMaxExponent) exponent = exponent * 10 + (text_[at_] - '0');
    }
    out_.exponent += negative ? -exponent : exponent;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Decimal out_;
};

/// The number as an integer type, kNone where it is none.
Value as_whole(const Decimal& decimal) noexcept {
  constexpr std::uint64_t kMinMagnitude = std::uint64_t{1} << 63;
  if (!decimal.whole || decimal.cut) return {};
  if (!decimal.negative) {
    if (decimal.digits >= kMinMagnitude) return Value::unsigned_integer(decimal.digits);
    return Value::integer(static_cast<std::int64_t>(decimal.digits));
  }
  if (decimal.digits == 0 || decimal.digits > kMinMagnitude) return {};
  return Value::integer(static_cast<std::int64_t>(~decimal.digits + 1));
}

}  // namespace

void write_integer(ByteWriter& out, std::int64_t v) noexcept {
  if (v >= 0) return write_digits(out, static_cast<std::uint64_t>(v));
  out.u8('-');
  write_digits(out, ~static_cast<std::uint64_t>(v) + 1);
}

Result<Value> parse_number(std::string_view text, NumberForm form) noexcept {
  const auto decimal = DecimalReader(text).read(form);
  if (!decimal) return std::unexpected(decimal.error());
  if (const Value whole = as_whole(*decimal); !whole.none()) return whole;
  const double v = decimal_to_double(decimal->digits, decimal->exponent, decimal->more);
  if (!is_finite(v)) return malformed();
  return Value::number(decimal->negative ? -v : v);
}

}  // namespace linnet::lwm2m

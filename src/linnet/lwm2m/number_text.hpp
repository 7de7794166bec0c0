// SPDX-License-Identifier: Apache-2.0
// Numbers as decimal text, for JSON and text/plain, and decimal numbers as doubles. Own routines:
// those of the C++ library bring 150 kB of tables to a Cortex-M. Inside `lwm2m`.
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/value.hpp"

namespace linnet::lwm2m {

/// The longest text of a double ("-2.2250738585072014e-308").
inline constexpr std::size_t kMaxNumberText = 24;

/// The natural text of a signed number (an unsigned one is `write_digits` of decimal_digits.hpp).
void write_integer(ByteWriter& out, std::int64_t v) noexcept;

/// The shortest text that reads back as the same double, nearest to it among the shortest; in
/// plain form where the one with an exponent is not shorter. `v` must be finite.
void write_double(ByteWriter& out, double v) noexcept;

/// The text of a numeric value. 4.06 (kUnsupported) for a Float that is not finite.
[[nodiscard]] Result<void> write_number(ByteWriter& out, const Value& value) noexcept;

/// What a number may look like.
enum class NumberForm : std::uint8_t {
  kJson,   ///< RFC 8259 §6
  kPlain,  ///< also a `+`, leading zeros, and no digits on one side of the point
};

/// Makes `value` the number at `at`, which goes behind it: kInteger where it has neither fraction nor
/// exponent and fits, else kUnsigned where that fits, else kFloat, which is rounded to nearest. ("-0" is a
/// Float.) Errc::kMalformed, also where it is beyond the range of a double.
[[nodiscard]] Result<void> take_number(Value& value, const char*& at, const char* end,
                                       NumberForm form) noexcept;
/// The same for `text`, all of it.
[[nodiscard]] Result<void> read_number(Value& value, std::string_view text, NumberForm form) noexcept;
[[nodiscard]] inline Result<Value> parse_number(std::string_view text, NumberForm form) noexcept {
  Value value;
  const auto read = read_number(value, text, form);
  return read ? Result<Value>(value) : std::unexpected(read.error());
}

/// `digits` x 10^`exponent`, rounded to nearest even; infinite beyond the range. `more` says that
/// nonzero digits were cut off behind the last one: they decide ties.
[[nodiscard]] double decimal_to_double(std::uint64_t digits, int exponent, bool more = false) noexcept;

}  // namespace linnet::lwm2m

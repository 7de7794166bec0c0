// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/value_range.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace linnet::registry {

namespace {

using lwm2m::DataType;
using lwm2m::Value;

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

bool digit(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

/// A decimal number; the dots of "0..4" belong to none.
std::optional<double> take_number(std::string_view& text) {
  skip_blanks(text);
  std::size_t size = text.starts_with('-') ? 1 : 0;
  if (!digit(text, size)) return std::nullopt;
  while (digit(text, size)) ++size;
  if (text.substr(size).starts_with('.') && digit(text, size + 1)) ++size;
  while (digit(text, size)) ++size;
  const std::string_view digits = text.substr(0, size);
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(size);
  return number;
}

bool take(std::string_view& text, std::string_view word) {
  skip_blanks(text);
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool sized(DataType type) {
  return type == DataType::kString || type == DataType::kCorelnk || type == DataType::kOpaque;
}

bool length_unit(std::string_view text) {
  skip_blanks(text);
  return text.empty() || text == "bytes" || text == "Bytes" || text == "byte" || text == "characters";
}

}  // namespace

ValueRange ValueRange::parse(std::string_view text, DataType type) {
  ValueRange range;
  while (!text.empty()) {
    const auto low = take_number(text);
    if (!low) return {};
    const bool wide = take(text, "..") || take(text, "-");
    const auto high = wide ? take_number(text) : low;
    if (!high || *high < *low) return {};
    range.spans_.push_back({*low, *high});
    if (sized(type) && length_unit(text)) break;
    skip_blanks(text);
    if (!text.empty() && !take(text, ",") && !take(text, ";") && !take(text, "or ")) return {};
  }
  const bool single = range.spans_.size() == 1 && range.spans_[0].low == range.spans_[0].high;
  // One number alone is the largest length of a text; of a number it says nothing.
  if (single && !sized(type)) return {};
  if (single) range.spans_[0].low = 0;
  if (sized(type) && std::ranges::any_of(range.spans_, [](const Span& s) { return s.low < 0; })) return {};
  return range;
}

bool ValueRange::accepts(const Value& value) const noexcept {
  double measure = 0;
  if (value.numeric()) {
    measure = value.to_double();
  } else if (value.type() == DataType::kOpaque) {
    measure = static_cast<double>(value.as_opaque().size());
  } else if (sized(value.type())) {
    measure = static_cast<double>(value.as_string().size());
  } else {
    return true;
  }
  if (spans_.empty()) return true;
  return std::ranges::any_of(spans_, [&](const Span& s) { return measure >= s.low && measure <= s.high; });
}

double ValueRange::nearest(double wanted) const noexcept {
  double best = wanted;
  double distance = spans_.empty() ? 0 : INFINITY;
  for (const Span& span : spans_) {
    const double inside = std::clamp(wanted, span.low, span.high);
    if (std::abs(inside - wanted) < distance) {
      distance = std::abs(inside - wanted);
      best = inside;
    }
  }
  return best;
}

}  // namespace linnet::registry

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/json_token.hpp"

#include "linnet/base/function_ref.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;

namespace {

constexpr std::string_view kEscapes = "\"\\/bfnrt";
constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";
constexpr std::size_t kUnicodeEscape = 6;  // \uXXXX
constexpr std::uint32_t kNoUnit = 0x10000;

constexpr bool is_high_surrogate(std::uint32_t unit) noexcept {
  return unit >= 0xD800 && unit < 0xDC00;
}
constexpr bool is_low_surrogate(std::uint32_t unit) noexcept {
  return unit >= 0xDC00 && unit < 0xE000;
}

/// The UTF-16 unit of an escape at the front of `text`, kNoUnit where there is none.
std::uint32_t unicode_escape(ByteView text) noexcept {
  if (text.size() < kUnicodeEscape || text[0] != '\\' || text[1] != 'u') return kNoUnit;
  std::uint32_t unit = 0;
  for (std::size_t i = 2; i < kUnicodeEscape; ++i) {
    const std::uint8_t c = text[i];
    const std::uint32_t lower = c | 0x20U;
    if (c >= '0' && c <= '9') {
      unit = unit << 4 | (c - std::uint32_t{'0'});
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit << 4 | (lower - 'a' + 10);
    } else {
      return kNoUnit;
    }
  }
  return unit;
}

/// The character that the escape at the front of `text` stands for and the length of the escape,
/// which is 0 where it is none.
struct Escape {
  std::uint32_t character;
  std::size_t length;
};

Escape read_escape(ByteView text) noexcept {
  if (text.size() < 2) return {0, 0};
  if (text[1] != 'u') {
    const std::size_t which = kEscapes.find(static_cast<char>(text[1]));
    if (which == std::string_view::npos) return {0, 0};
    return {static_cast<std::uint8_t>(kEscaped[which]), 2};
  }
  const std::uint32_t unit = unicode_escape(text);
  if (unit == kNoUnit || is_low_surrogate(unit)) return {0, 0};
  if (!is_high_surrogate(unit)) return {unit, kUnicodeEscape};
  const std::uint32_t low = unicode_escape(text.subspan(kUnicodeEscape));
  if (!is_low_surrogate(low)) return {0, 0};
  return {0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 2 * kUnicodeEscape};
}

void write_utf8(ByteWriter& out, std::uint32_t c) noexcept {
  const auto tail = [c](unsigned shift) { return static_cast<std::uint8_t>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return out.u8(static_cast<std::uint8_t>(c));
  if (c < 0x800) {
    out.u8(static_cast<std::uint8_t>(0xC0 | c >> 6));
  } else {
    if (c < 0x10000) {
      out.u8(static_cast<std::uint8_t>(0xE0 | c >> 12));
    } else {
      out.u8(static_cast<std::uint8_t>(0xF0 | c >> 18));
      out.u8(tail(12));
    }
    out.u8(tail(6));
  }
  out.u8(tail(0));
}

/// Appends `raw` with its escapes, which are valid, resolved; as much as fits.
void unescape(ByteView raw, ByteWriter& out) noexcept {
  while (!raw.empty() && out.ok()) {
    std::size_t plain = 0;
    while (plain < raw.size() && raw[plain] != '\\') ++plain;
    out.bytes(raw.first(plain));
    raw = raw.subspan(plain);
    if (raw.empty()) return;
    const Escape escape = read_escape(raw);
    write_utf8(out, escape.character);
    raw = raw.subspan(escape.length);
  }
}

}  // namespace

bool JsonString::is(std::string_view text) const noexcept {
  if (!escaped_) return as_text(raw_) == text;
  constexpr std::size_t kLongestLabel = 8;
  std::array<std::uint8_t, kLongestLabel> buffer;
  ByteWriter plain(buffer);
  unescape(raw_, plain);
  return plain.ok() && as_text(plain.written()) == text;
}

bool JsonString::ends_with(char c) const noexcept {
  if (raw_.empty()) return false;
  if (raw_.back() == static_cast<std::uint8_t>(c)) return true;
  return escaped_ && raw_.size() >= kUnicodeEscape &&
         unicode_escape(raw_.last(kUnicodeEscape)) == static_cast<std::uint8_t>(c);
}

Result<std::string_view> JsonString::text(ByteSpan scratch) const noexcept {
  if (!escaped_) return as_text(raw_);
  ByteWriter plain(scratch);
  unescape(raw_, plain);
  if (!plain.ok()) return too_large();
  return as_text(plain.written());
}

char JsonReader::peek() noexcept {
  while (at_ < text_.size()) {
    const std::uint8_t c = text_[at_];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return static_cast<char>(c);
    ++at_;
  }
  return 0;
}

bool JsonReader::accept(std::string_view word) noexcept {
  if (text_.size() - at_ < word.size() || as_text(text_).substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

std::unexpected<Error> JsonReader::unexpected() noexcept {
  constexpr std::string_view kFirstCharacters = "\"{[-0123456789";
  const char next = peek();
  if (at_ == text_.size()) return truncated();
  const bool other_kind = kFirstCharacters.find(next) != std::string_view::npos;
  return other_kind || accept("true"sv) || accept("false"sv) || accept("null"sv) ? wrong_type() : malformed();
}

Result<JsonReader::Container> JsonReader::open(char opening, char closing) noexcept {
  if (peek() != opening) return unexpected();
  ++at_;
  return Container{closing};
}

Result<bool> JsonReader::more(Container& container) noexcept {
  const char next = peek();
  if (next == container.close) {
    ++at_;
    return false;
  }
  if (container.first) {
    container.first = false;
    return true;
  }
  if (next != ',') return next == 0 && at_ == text_.size() ? truncated() : malformed();
  ++at_;
  if (peek() == container.close) return malformed();
  return true;
}

Result<JsonString> JsonReader::key() noexcept {
  const auto name = string();
  if (!name) return name;
  if (peek() != ':') return at_ == text_.size() ? truncated() : malformed();
  ++at_;
  return name;
}

Result<JsonString> JsonReader::string() noexcept {
  if (peek() != '"') return unexpected();
  const std::size_t start = ++at_;
  bool escaped = false;
  while (at_ < text_.size()) {
    const std::uint8_t c = text_[at_];
    if (c == '"') {
      const ByteView raw = text_.subspan(start, at_++ - start);
      if (!valid_utf8(raw)) return malformed();
      return JsonString(raw, escaped);
    }
    if (c < 0x20) return malformed();
    if (c != '\\') {
      ++at_;
      continue;
    }
    const Escape escape = read_escape(text_.subspan(at_));
    if (escape.length == 0) return malformed();
    escaped = true;
    at_ += escape.length;
  }
  return truncated();
}

Result<Value> JsonReader::number() noexcept {
  const std::size_t start = at_;
  constexpr std::string_view kCharacters = "+-.0123456789Ee";
  while (at_ < text_.size() && kCharacters.find(static_cast<char>(text_[at_])) != std::string_view::npos)
    ++at_;
  return parse_number(as_text(text_.subspan(start, at_ - start)), NumberForm::kJson);
}

Result<Value> JsonReader::value(ByteSpan scratch) noexcept {
  const char next = peek();
  if (next == '"') {
    const auto found = string();
    if (!found) return std::unexpected(found.error());
    const auto text = found->text(scratch);
    if (!text) return std::unexpected(text.error());
    return Value::string(*text);
  }
  if (next == '-' || (next >= '0' && next <= '9')) return number();
  if (accept("true"sv)) return Value::boolean(true);
  if (accept("false"sv)) return Value::boolean(false);
  return unexpected();
}

Result<void> JsonReader::skip() noexcept {
  Container open_ones[kMaxNesting];
  std::size_t depth = 0;
  do {
    if (depth > 0) {
      Container& innermost = open_ones[depth - 1];
      const auto another = more(innermost);
      if (!another) return std::unexpected(another.error());
      if (!*another) {
        --depth;
        continue;
      }
      if (innermost.close == '}') {
        if (const auto name = key(); !name) return std::unexpected(name.error());
      }
    }
    const char next = peek();
    if (next == '{' || next == '[') {
      if (depth == kMaxNesting) return too_large();
      ++at_;
      open_ones[depth++] = Container{next == '{' ? '}' : ']'};
    } else if (next == '"') {
      if (const auto passed = string(); !passed) return std::unexpected(passed.error());
    } else if (!accept("null"sv)) {
      if (const auto passed = value({}); !passed) return std::unexpected(passed.error());
    }
  } while (depth > 0);
  return {};
}

Result<void> JsonReader::end() noexcept {
  (void)peek();
  if (at_ != text_.size()) return malformed();
  return {};
}

void write_json_string(ByteWriter& out, std::string_view text) noexcept {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.u8('"');
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.text(text.substr(start, i - start));
    start = i + 1;
    out.u8('\\');
    const std::size_t which = kEscaped.find(text[i]);
    if (which != std::string_view::npos) {
      out.u8(static_cast<std::uint8_t>(kEscapes[which]));
    } else {
      out.text("u00"sv);
      out.u8(static_cast<std::uint8_t>(kHex[c >> 4]));
      out.u8(static_cast<std::uint8_t>(kHex[c & 0x0F]));
    }
  }
  out.text(text.substr(start));
  out.u8('"');
}

}  // namespace linnet::lwm2m

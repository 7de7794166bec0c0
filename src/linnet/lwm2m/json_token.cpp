// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/json_token.hpp"

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;

namespace {

constexpr std::string_view kEscapes = "\"\\/bfnrt";
constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";
constexpr std::uint32_t kNoUnit = 0x10000;

constexpr bool is_high_surrogate(std::uint32_t unit) noexcept {
  return unit >= 0xD800 && unit < 0xDC00;
}
constexpr bool is_low_surrogate(std::uint32_t unit) noexcept {
  return unit >= 0xDC00 && unit < 0xE000;
}

/// Takes an escape off the front of `text`: the UTF-16 unit that it stands for, kNoUnit where there is none.
std::uint32_t take_unit(std::string_view& text) noexcept {
  if (text.size() < 2 || text[0] != '\\') return kNoUnit;
  const char kind = text[1];
  text.remove_prefix(2);
  if (kind != 'u') {
    const std::size_t which = kEscapes.find(kind);
    return which == std::string_view::npos ? kNoUnit : static_cast<std::uint8_t>(kEscaped[which]);
  }
  if (text.size() < 4) return kNoUnit;
  std::uint32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    const auto c = static_cast<std::uint8_t>(text.front());
    std::uint32_t digit = c - std::uint32_t{'0'};
    if (digit > 9) {
      digit = (c | 0x20U) - std::uint32_t{'a'};
      if (digit > 5) return kNoUnit;
      digit += 10;
    }
    unit = unit << 4 | digit;
    text.remove_prefix(1);
  }
  return unit;
}

void write_utf8(ByteWriter& out, std::uint32_t c) noexcept {
  if (c < 0x80) return out.u8(static_cast<std::uint8_t>(c));
  unsigned tails = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  out.u8(static_cast<std::uint8_t>(0xFF00U >> (tails + 1) | c >> (6 * tails)));
  while (tails-- > 0) out.u8(static_cast<std::uint8_t>(0x80 | (c >> (6 * tails) & 0x3F)));
}

/// Appends `text` with its escapes resolved, as much as fits; false where one is none.
bool unescape(std::string_view text, ByteWriter& out) noexcept {
  while (!text.empty()) {
    if (text.front() != '\\') {
      out.u8(static_cast<std::uint8_t>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    std::uint32_t character = take_unit(text);
    if (character == kNoUnit || is_low_surrogate(character)) return false;
    if (is_high_surrogate(character)) {
      const std::uint32_t low = take_unit(text);
      if (!is_low_surrogate(low)) return false;
      character = 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00);
    }
    write_utf8(out, character);
  }
  return true;
}

}  // namespace

char JsonReader::peek() noexcept {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  return at_ == end_ ? '\0' : *at_;
}

bool JsonReader::take(char c) noexcept {
  if (peek() != c) return false;
  ++at_;
  return true;
}

bool JsonReader::accept(const char* word) noexcept {
  const char* next = at_;
  for (; *word != 0; ++word, ++next) {
    if (next == end_ || *next != *word) return false;
  }
  at_ = next;
  return true;
}

Item JsonReader::stop() noexcept {
  return refuse(at_ == end_ ? truncated() : malformed());
}

Item JsonReader::string() noexcept {
  if (!take('"')) return stop();
  const char* const start = at_;
  for (; at_ == end_ || *at_ != '"'; ++at_) {
    if (at_ == end_ || static_cast<std::uint8_t>(*at_) < 0x20) return stop();
    if (*at_ != '\\') continue;
    escaped_ = true;
    if (end_ - at_ > 1) ++at_;
  }
  const std::string_view text(start, static_cast<std::size_t>(at_++ - start));
  ByteWriter nowhere;
  if (!valid_utf8(as_bytes(text)) || (escaped_ && !unescape(text, nowhere))) return refuse(malformed());
  value_.set_octets(DataType::kString, as_bytes(text));
  return Item::kScalar;
}

Item JsonReader::next() noexcept {
  value_ = {};
  escaped_ = false;
  if (!ok()) return Item::kEnd;
  const bool was_fresh = fresh_;
  fresh_ = false;
  if (behind_key_) {
    behind_key_ = false;
  } else if (depth_ > 0) {
    const char close = close_[depth_ - 1];
    if (take(close)) {
      --depth_;
      return Item::kEnd;
    }
    if (!was_fresh && !take(',')) return stop();
    if (close == '}') {
      (void)string();
      behind_key_ = true;
      return take(':') ? Item::kScalar : stop();
    }
  } else if (!was_fresh) {
    return peek() == 0 && at_ == end_ ? Item::kEnd : refuse(malformed());
  }
  const char c = peek();
  if (c == '{' || c == '[') {
    if (depth_ == kMaxDepth) return refuse(too_large());
    close_[depth_++] = c == '[' ? ']' : '}';
    fresh_ = true;
    ++at_;
    return c == '[' ? Item::kArray : Item::kMap;
  }
  if (c == '"') return string();
  if (c == '-' || (c >= '0' && c <= '9')) {
    refuse(take_number(value_, at_, end_, NumberForm::kJson));
  } else if (accept("true")) {
    value_.set_bits(DataType::kBoolean, 1);
  } else if (accept("false")) {
    value_.set_bits(DataType::kBoolean, 0);
  } else if (!accept("null")) {
    return stop();
  }
  return Item::kScalar;
}

void JsonReader::read(ByteSpan scratch) noexcept {
  if (!escaped_) return;
  ByteWriter plain(scratch);
  (void)unescape(value_.as_string(), plain);
  if (!plain.ok()) refuse(too_large());
  value_.set_octets(DataType::kString, plain.written());
}

void write_json_string(ByteWriter& out, std::string_view text) noexcept {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.u8('"');
  for (const char letter : text) {
    const auto c = static_cast<std::uint8_t>(letter);
    if (c < 0x20 || c == '"' || c == '\\') {
      out.u8('\\');
      const std::size_t which = kEscaped.find(letter);
      if (which == std::string_view::npos) {
        out.text("u00"sv);
        out.u8(static_cast<std::uint8_t>(kHex[c >> 4]));
        out.u8(static_cast<std::uint8_t>(kHex[c & 0x0F]));
        continue;
      }
      out.u8(static_cast<std::uint8_t>(kEscapes[which]));
    } else {
      out.u8(c);
    }
  }
  out.u8('"');
}

}  // namespace linnet::lwm2m

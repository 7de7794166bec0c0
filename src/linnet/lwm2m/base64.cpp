// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/base64.hpp"

#include <algorithm>

#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m {
namespace {

constexpr std::uint8_t kNoDigit = 64;
constexpr std::size_t kGroup = 3;  // bytes, which are four characters

constexpr std::uint8_t last_characters(std::uint32_t digit, Base64 form) noexcept {
  if (digit == 62) return form == Base64::kUrl ? '-' : '+';
  return form == Base64::kUrl ? '_' : '/';
}

constexpr std::uint8_t character(std::uint32_t digit, Base64 form) noexcept {
  if (digit < 26) return static_cast<std::uint8_t>('A' + digit);
  if (digit < 52) return static_cast<std::uint8_t>('a' + digit - 26);
  if (digit < 62) return static_cast<std::uint8_t>('0' + digit - 52);
  return last_characters(digit, form);
}

constexpr std::uint8_t digit_of(std::uint8_t c, Base64 form) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint8_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint8_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0' + 52);
  if (c == last_characters(62, form)) return 62;
  return c == last_characters(63, form) ? 63 : kNoDigit;
}

/// Takes off the `=` of a padded text; a text whose padding is wrong keeps it, and fails on it.
ByteView without_padding(ByteView text) noexcept {
  if (text.size() % 4 != 0) return text;
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text = text.first(text.size() - 1);
  return text;
}

}  // namespace

void write_base64(ByteWriter& out, ByteView bytes, Base64 form) noexcept {
  if (base64_size(bytes.size(), form) > out.free()) return out.fail_now();
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kGroup))) {
    std::uint32_t group = 0;  // from its highest bit on
    for (std::size_t k = 0; k < kGroup; ++k) group = (group | (k < bytes.size() ? bytes[k] : 0U)) << 8;
    for (std::size_t k = 0; k <= kGroup; ++k) {
      if (k <= bytes.size()) {
        out.u8(character(group >> 26, form));
      } else if (form == Base64::kStandard) {
        out.u8('=');
      }
      group <<= 6;
    }
  }
}

Result<void> decode_base64(Value& value, ByteSpan out, Base64 form) noexcept {
  const ByteView text = without_padding(value.as_octets());
  // Each character but the first of four brings a byte.
  std::size_t size = 0;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t c : text) {
    const std::uint8_t digit = digit_of(c, form);
    if (digit == kNoDigit) return malformed();
    bits = bits << 6 | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    if (size == out.size()) return too_large();
    out[size++] = static_cast<std::uint8_t>(bits >> count);
    bits &= (1U << count) - 1;
  }
  if (bits != 0 || count == 6) return malformed();
  value.set_octets(DataType::kOpaque, out.first(size));
  return {};
}

Result<ByteView> decode_base64(ByteView text, ByteSpan out, Base64 form) noexcept {
  Value value = Value::opaque(text);
  if (const auto decoded = decode_base64(value, out, form); !decoded) return std::unexpected(decoded.error());
  return value.as_opaque();
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/cbor_item.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/features.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {
namespace {

constexpr std::uint64_t kNoTag = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kEpochTag = 1;
constexpr std::uint64_t kBignumTag = 2;
constexpr std::uint64_t kNegativeBignumTag = 3;
constexpr std::uint64_t kDecimalTag = 4;
constexpr std::uint64_t kBigfloatTag = 5;
constexpr std::uint64_t kMaxSigned = std::numeric_limits<std::int64_t>::max();

// Info of major type 7.
constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kTrue = 21;
constexpr std::uint8_t kOneByte = 24;
constexpr std::uint8_t kHalf = 25;
constexpr std::uint8_t kSingle = 26;
constexpr std::uint8_t kDouble = 27;

constexpr bool is_string(CborMajor major) noexcept {
  return major == CborMajor::kBytes || major == CborMajor::kText;
}

Value from_unsigned(std::uint64_t v) noexcept {
  return v > kMaxSigned ? Value::unsigned_integer(v) : Value::integer(static_cast<std::int64_t>(v));
}

/// -1 - v
Value from_negative(std::uint64_t v) noexcept {
  if (v > kMaxSigned) return Value::number(-1.0 - rounded_to_double(v));
  return Value::integer(-1 - static_cast<std::int64_t>(v));
}

Result<Value> finite(double v) noexcept {
  if (!is_finite(v)) return wrong_type();
  return Value::number(v);
}

}  // namespace

Result<CborHead> CborReader::head() noexcept {
  const auto initial = bytes_.u8();
  if (!initial) return truncated();
  const auto major = static_cast<CborMajor>(*initial >> 5);
  const auto info = static_cast<std::uint8_t>(*initial & 0x1F);
  if (info < kOneByte) return CborHead{major, info, info};
  if (info == 31) {
    const bool number =
        major == CborMajor::kUnsigned || major == CborMajor::kNegative || major == CborMajor::kTag;
    if (number) return malformed();
    return CborHead{major, info, 0};
  }
  if (info > kDouble) return malformed();
  const auto argument = bytes_.uint(std::size_t{1} << (info - kOneByte));
  if (!argument) return truncated();
  if (major == CborMajor::kSimple && info == kOneByte && *argument < 32) return malformed();
  return CborHead{major, info, *argument};
}

Result<CborHead> CborReader::head_behind_tags(std::uint64_t& tag) noexcept {
  tag = kNoTag;
  for (int tags = 0;; ++tags) {
    const auto next = head();
    if (!next || next->major != CborMajor::kTag) return next;
    if (tags == kMaxTags) return too_large();
    tag = next->argument;
  }
}

Result<CborContainer> CborReader::open(CborMajor array_or_map) noexcept {
  std::uint64_t tag = kNoTag;
  const auto opened = head_behind_tags(tag);
  if (!opened) return std::unexpected(opened.error());
  if (opened->major != array_or_map) return wrong_type();
  return CborContainer{opened->argument, opened->indefinite()};
}

Result<bool> CborReader::more(CborContainer& container) noexcept {
  constexpr std::uint8_t kBreak = 0xFF;
  if (!container.indefinite) {
    if (container.left == 0) return false;
    --container.left;
    return true;
  }
  const auto next = bytes_.peek();
  if (!next) return truncated();
  if (*next != kBreak) return true;
  (void)bytes_.u8();
  return false;
}

Result<ByteView> CborReader::chunk(std::uint64_t size, bool text) noexcept {
  if (size > bytes_.remaining()) return truncated();
  const auto taken = bytes_.bytes(static_cast<std::size_t>(size));
  if (!taken) return truncated();
  if (text && !valid_utf8(*taken)) return malformed();
  return *taken;
}

Result<ByteView> CborReader::string(const CborHead& opened, ByteSpan scratch) noexcept {
  const bool text = opened.major == CborMajor::kText;
  if (!opened.indefinite()) return chunk(opened.argument, text);
  ByteWriter joined(scratch);
  while (true) {
    const auto next = head();
    if (!next) return std::unexpected(next.error());
    if (next->is_break()) break;
    if (next->major != opened.major || next->indefinite()) return malformed();
    const auto part = chunk(next->argument, text);
    if (!part) return part;
    joined.bytes(*part);
  }
  if (!joined.ok()) return too_large();
  return ByteView(joined.written());
}

Result<Value> CborReader::untagged(const CborHead& item, ByteSpan scratch) noexcept {
  switch (item.major) {
    case CborMajor::kUnsigned: return from_unsigned(item.argument);
    case CborMajor::kNegative: return from_negative(item.argument);
    case CborMajor::kBytes:
    case CborMajor::kText: {
      const auto bytes = string(item, scratch);
      if (!bytes) return std::unexpected(bytes.error());
      return item.major == CborMajor::kText ? Value::string(as_text(*bytes)) : Value::opaque(*bytes);
    }
    case CborMajor::kSimple: break;
    default: return wrong_type();
  }
  switch (item.info) {
    case kFalse: return Value::boolean(false);
    case kTrue: return Value::boolean(true);
    case kHalf: return Value::number(widen(static_cast<std::uint32_t>(item.argument), kHalfFormat));
    case kSingle: return Value::number(widen(static_cast<std::uint32_t>(item.argument), kSingleFormat));
    case kDouble: return Value::number(std::bit_cast<double>(item.argument));
    default: return item.is_break() ? Result<Value>(malformed()) : Result<Value>(wrong_type());
  }
}

Result<Value> CborReader::bignum(const CborHead& item, bool negative, ByteSpan scratch) noexcept {
  if (item.major != CborMajor::kBytes) return malformed();
  const auto bytes = string(item, scratch);
  if (!bytes) return std::unexpected(bytes.error());
  std::uint64_t top = 0;  // the first 64 bits, of which the last one also stands for all behind
  std::size_t behind = 0;
  for (const std::uint8_t byte : *bytes) {
    if (top >> 56 == 0) {
      top = top << 8 | byte;
    } else {
      ++behind;
      top |= byte != 0 ? 1 : 0;
    }
  }
  if (behind == 0) return negative ? from_negative(top) : from_unsigned(top);
  constexpr std::size_t kBeyondDouble = 128;  // bytes
  if (behind > kBeyondDouble) return wrong_type();
  const double v = round_to_double(top, static_cast<int>(8 * behind));
  return finite(negative ? -v : v);
}

Result<Value> CborReader::fraction(const CborHead& item, bool decimal, ByteSpan scratch) noexcept {
  constexpr std::int64_t kMaxExponent = 5000;  // far outside a double
  if (item.major != CborMajor::kArray) return malformed();
  CborContainer pair{item.argument, item.indefinite()};
  Value parts[2];
  for (Value& part : parts) {
    if (const auto another = more(pair); !another || !*another)
      return another ? malformed() : std::unexpected(another.error());
    std::uint64_t tag = kNoTag;
    const auto number = head_behind_tags(tag);
    if (!number) return std::unexpected(number.error());
    const bool big = kBigNumbers && (tag == kBignumTag || tag == kNegativeBignumTag);
    const auto read = big ? bignum(*number, tag == kNegativeBignumTag, scratch) : untagged(*number, scratch);
    if (!read) return read;
    part = *read;
  }
  if (const auto another = more(pair); !another || *another)
    return another ? malformed() : std::unexpected(another.error());

  const Value& mantissa = parts[1];
  const bool whole = mantissa.type() == DataType::kInteger || mantissa.type() == DataType::kUnsigned;
  if (parts[0].type() != DataType::kInteger || !whole) return wrong_type();
  const std::int64_t exponent = std::clamp(parts[0].as_integer(), -kMaxExponent, kMaxExponent);
  if (exponent == 0) return mantissa;
  const bool negative = mantissa.as_integer() < 0;
  const std::uint64_t magnitude = mantissa.type() == DataType::kUnsigned ? mantissa.as_unsigned()
                                  : negative ? ~static_cast<std::uint64_t>(mantissa.as_integer()) + 1
                                             : static_cast<std::uint64_t>(mantissa.as_integer());
  const double v = decimal || !kBigNumbers ? decimal_to_double(magnitude, exponent)
                                           : round_to_double(magnitude, static_cast<int>(exponent));
  return finite(negative ? -v : v);
}

Result<Value> CborReader::value(ByteSpan scratch) noexcept {
  std::uint64_t tag = kNoTag;
  const auto item = head_behind_tags(tag);
  if (!item) return std::unexpected(item.error());
  if (tag == kDecimalTag) return fraction(*item, true, scratch);
  if constexpr (kBigNumbers) {
    if (tag == kBigfloatTag) return fraction(*item, false, scratch);
    if (tag == kBignumTag || tag == kNegativeBignumTag)
      return bignum(*item, tag == kNegativeBignumTag, scratch);
  } else if (tag >= kBignumTag && tag <= kBigfloatTag) {
    return wrong_type();
  }
  const auto read = untagged(*item, scratch);
  if (read && tag == kEpochTag && read->type() == DataType::kInteger) return Value::time(read->as_integer());
  return read;
}

Result<void> CborReader::skip(std::size_t nesting) noexcept {
  std::uint64_t tag = kNoTag;
  const auto item = head_behind_tags(tag);
  if (!item) return std::unexpected(item.error());
  if (item->is_break()) return malformed();
  if (is_string(item->major)) return skip_string(*item);
  if (item->major != CborMajor::kArray && item->major != CborMajor::kMap) return {};
  if (nesting == kMaxNesting) return too_large();
  CborContainer container{item->argument, item->indefinite()};
  for (;;) {
    const auto another = more(container);
    if (!another) return std::unexpected(another.error());
    if (!*another) return {};
    for (int left = item->major == CborMajor::kMap ? 2 : 1; left > 0; --left) {
      if (const auto passed = skip(nesting + 1); !passed) return passed;
    }
  }
}

/// What follows the head of a string, which may be in chunks.
Result<void> CborReader::skip_string(const CborHead& opened) noexcept {
  std::uint64_t size = opened.argument;
  for (;;) {
    if (opened.indefinite()) {
      const auto next = head();
      if (!next) return std::unexpected(next.error());
      if (next->is_break()) return {};
      if (next->major != opened.major || next->indefinite()) return malformed();
      size = next->argument;
    }
    if (const auto passed = chunk(size, false); !passed) return std::unexpected(passed.error());
    if (!opened.indefinite()) return {};
  }
}

void write_cbor_head(ByteWriter& out, CborMajor major, std::uint64_t argument) noexcept {
  const auto type = static_cast<std::uint8_t>(static_cast<unsigned>(major) << 5);
  if (argument < kOneByte) return out.u8(static_cast<std::uint8_t>(type | argument));
  unsigned power = 0;  // of the width in bytes
  while (power < 3 && argument >> (8U << power) != 0) ++power;
  out.u8(static_cast<std::uint8_t>(type | (kOneByte + power)));
  out.uint(argument, std::size_t{1} << power);
}

void write_cbor_integer(ByteWriter& out, std::int64_t v) noexcept {
  if (v >= 0) return write_cbor_head(out, CborMajor::kUnsigned, static_cast<std::uint64_t>(v));
  write_cbor_head(out, CborMajor::kNegative, ~static_cast<std::uint64_t>(v));
}

void write_cbor_double(ByteWriter& out, double v) noexcept {
  constexpr std::uint16_t kNan = 0x7E00;
  constexpr auto kInitial = [](std::uint8_t info) { return static_cast<std::uint8_t>(0xE0 | info); };
  if (const auto half = is_nan(v) ? kNan : narrow(v, kHalfFormat)) {
    out.u8(kInitial(kHalf));
    return out.uint(*half, 2);
  }
  if (const auto single = narrow(v, kSingleFormat)) {
    out.u8(kInitial(kSingle));
    return out.uint(*single, 4);
  }
  out.u8(kInitial(kDouble));
  out.uint(std::bit_cast<std::uint64_t>(v), 8);
}

void write_cbor_text(ByteWriter& out, std::string_view v) noexcept {
  write_cbor_head(out, CborMajor::kText, v.size());
  out.text(v);
}

void write_cbor_bytes(ByteWriter& out, ByteView v) noexcept {
  write_cbor_head(out, CborMajor::kBytes, v.size());
  out.bytes(v);
}

}  // namespace linnet::lwm2m

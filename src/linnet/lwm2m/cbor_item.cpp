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

constexpr std::uint8_t kEpochTag = 1;
constexpr std::uint8_t kBignumTag = 2;
constexpr std::uint8_t kNegativeBignumTag = 3;
constexpr std::uint8_t kDecimalTag = 4;
constexpr std::uint8_t kBigfloatTag = 5;

// Info of major type 7, and of the heads of all.
constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kTrue = 21;
constexpr std::uint8_t kOneByte = 24;
constexpr std::uint8_t kHalf = 25;
constexpr std::uint8_t kDouble = 27;
constexpr std::uint8_t kIndefinite = 31;
constexpr std::uint8_t kBreak = 0xFF;

// What comes next in a container of indefinite length, unless it ends.
constexpr std::uint32_t kValueNext = 0xFFFFFFFD;
constexpr std::uint32_t kKeyNext = 0xFFFFFFFE;
constexpr std::uint32_t kElementNext = 0xFFFFFFFF;
constexpr std::uint64_t kMaxPairs = 0x7FFFFFFE;  // more than there are bytes

constexpr bool is_whole(const Value& value) noexcept {
  return value.numeric() && value.type() != DataType::kFloat;
}

}  // namespace

bool CborReader::head() noexcept {
  if (at_ == end_) refuse(truncated());
  if (!ok()) return false;
  major_ = static_cast<CborMajor>(*at_ >> 5);
  info_ = *at_++ & 0x1F;
  argument_ = info_;
  if (info_ < kOneByte) return true;
  argument_ = 0;
  if (info_ == kIndefinite) {
    const bool number =
        major_ == CborMajor::kUnsigned || major_ == CborMajor::kNegative || major_ == CborMajor::kTag;
    if (number) refuse(malformed());
    return !number;
  }
  if (info_ > kDouble) {
    refuse(malformed());
    return false;
  }
  for (int left = 1 << (info_ - kOneByte); left > 0; --left) {
    if (at_ == end_) {
      refuse(truncated());
      return false;
    }
    argument_ = argument_ << 8 | *at_++;
  }
  if (major_ == CborMajor::kSimple && info_ == kOneByte && argument_ < 32) refuse(malformed());
  return ok();
}

bool CborReader::head_behind_tags() noexcept {
  tag_ = 0;
  for (int tags = 0; head() && major_ == CborMajor::kTag; ++tags) {
    if (tags == kMaxTags) refuse(too_large());
    tag_ = argument_ > kBigfloatTag ? 0 : static_cast<std::uint8_t>(argument_);
  }
  return ok();
}

/// As many bytes as the head says.
ByteView CborReader::take() noexcept {
  const auto left = static_cast<std::size_t>(end_ - at_);
  if (argument_ > left) {
    refuse(truncated());
    argument_ = 0;
  }
  const ByteView taken(at_, static_cast<std::size_t>(argument_));
  at_ += taken.size();
  return taken;
}

void CborReader::take_chunks(CborMajor major, ByteWriter& joined) noexcept {
  while (head() && (major_ != CborMajor::kSimple || info_ != kIndefinite)) {
    if (major_ != major || info_ == kIndefinite) refuse(malformed());
    const ByteView chunk = take();
    if (major == CborMajor::kText && !valid_utf8(chunk)) refuse(malformed());
    joined.bytes(chunk);
  }
}

void CborReader::read_number() noexcept {
  const bool negative = major_ == CborMajor::kNegative;  // -1 - argument
  if (negative && argument_ != std::numeric_limits<std::uint64_t>::max()) ++argument_;
  value_.set_whole(argument_, negative);
  if (tag_ == kEpochTag && value_.type() == DataType::kInteger) (void)value_.become(DataType::kTime);
}

void CborReader::read_simple() noexcept {
  if (info_ == kIndefinite) refuse(malformed());  // a break
  if (info_ == kFalse || info_ == kTrue) value_.set_bits(DataType::kBoolean, info_ - kFalse);
  if (info_ < kHalf || info_ > kDouble) return;
  std::uint64_t bits = argument_;
  if (info_ != kDouble) {
    const FloatFormat format = info_ == kHalf ? kHalfFormat : kSingleFormat;
    bits = std::bit_cast<std::uint64_t>(widen(static_cast<std::uint32_t>(bits), format));
  }
  value_.set_bits(DataType::kFloat, bits);
}

Item CborReader::next() noexcept {
  value_ = {};
  chunks_ = nullptr;
  if (depth_ > 0) {
    std::uint32_t& left = left_[depth_ - 1];
    const bool indefinite = left >= kValueNext;
    if (indefinite ? at_ != end_ && *at_ == kBreak : left == 0) {
      if (left == kValueNext) return refuse(malformed());
      if (indefinite) ++at_;
      --depth_;
      return Item::kEnd;
    }
    if (!indefinite) {
      --left;
    } else if (left != kElementNext) {
      left ^= kKeyNext ^ kValueNext;
    }
  } else if (started_) {
    return at_ == end_ ? Item::kEnd : refuse(malformed());
  }
  started_ = true;
  if (!head_behind_tags()) return Item::kEnd;
  if (major_ <= CborMajor::kNegative) {
    read_number();
  } else if (major_ <= CborMajor::kText) {
    const bool text = major_ == CborMajor::kText;
    ByteView bytes;
    if (info_ == kIndefinite) {
      ByteWriter nowhere;
      chunks_ = at_;
      take_chunks(major_, nowhere);
    } else {
      bytes = take();
    }
    value_.set_octets(text ? DataType::kString : DataType::kOpaque, bytes);
  } else if (major_ == CborMajor::kSimple) {
    read_simple();
  } else {
    if (depth_ == kMaxDepth) return refuse(too_large());
    const bool map = major_ == CborMajor::kMap;
    const auto count = static_cast<std::uint32_t>(std::min(argument_, kMaxPairs));
    left_[depth_++] = info_ == kIndefinite ? (map ? kKeyNext : kElementNext) : map ? 2 * count : count;
    return map ? Item::kMap : Item::kArray;
  }
  return Item::kScalar;
}

void CborReader::read(ByteSpan scratch) noexcept {
  if (tag_ == kDecimalTag || (kBigNumbers && tag_ == kBigfloatTag)) return read_fraction(scratch);
  const bool text = value_.type() == DataType::kString;
  if (chunks_ != nullptr) {
    at_ = chunks_;
    ByteWriter joined(scratch);
    take_chunks(text ? CborMajor::kText : CborMajor::kBytes, joined);
    if (!joined.ok()) refuse(too_large());
    value_.set_octets(value_.type(), joined.written());
  } else if (text && !valid_utf8(as_bytes(value_.as_string()))) {
    refuse(malformed());
  }
  if (tag_ < kBignumTag) return;
  if (kBigNumbers) return read_bignum();
  value_ = {};
}

void CborReader::read_bignum() noexcept {
  const bool negative = tag_ == kNegativeBignumTag;
  if (value_.type() != DataType::kOpaque) refuse(malformed());
  std::uint64_t top = 0;  // the first 64 bits, of which the last one also stands for all behind
  std::size_t behind = 0;
  for (const std::uint8_t byte : value_.as_opaque()) {
    if (top >> 56 == 0) {
      top = top << 8 | byte;
    } else {
      ++behind;
      top |= byte != 0 ? 1 : 0;
    }
  }
  if (behind == 0) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    value_ = Value::whole(negative && top != kMax ? top + 1 : top, negative);
    return;
  }
  constexpr std::size_t kBeyondDouble = 128;  // bytes
  const double v = round_to_double(top, static_cast<int>(8 * std::min(behind, kBeyondDouble)));
  value_ = is_finite(v) ? Value::number(negative ? -v : v) : Value();
}

void CborReader::read_fraction(ByteSpan scratch) noexcept {
  constexpr int kMaxExponent = 1200;  // with 64 bits far outside a double
  const bool decimal = tag_ == kDecimalTag || !kBigNumbers;
  if (major_ != CborMajor::kArray) refuse(malformed());
  Value parts[2];
  for (Value& part : parts) {
    if (next() != Item::kScalar) refuse(malformed());
    if (!ok()) return;
    read(scratch);
    part = value_;
  }
  if (next() != Item::kEnd) refuse(malformed());
  const Value& mantissa = parts[1];
  if (!is_whole(parts[0]) || parts[0].type() == DataType::kUnsigned || !is_whole(mantissa)) return;
  const std::int64_t given = parts[0].as_integer();
  const int exponent = given < -kMaxExponent  ? -kMaxExponent
                       : given > kMaxExponent ? kMaxExponent
                                              : static_cast<int>(given);
  if (exponent == 0) {
    value_ = mantissa;
    return;
  }
  const std::uint64_t magnitude = mantissa.magnitude();
  const double v = decimal ? decimal_to_double(magnitude, exponent) : round_to_double(magnitude, exponent);
  if (is_finite(v)) value_ = Value::number(mantissa.as_integer() < 0 ? -v : v);
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
  constexpr std::uint64_t kNan = std::uint64_t{0x7FF8} << 48;
  std::uint64_t bits = is_nan(v) ? kNan : std::bit_cast<std::uint64_t>(v);
  const auto exact = std::bit_cast<double>(bits);
  std::uint8_t info = kDouble;
  for (const FloatFormat format : {kSingleFormat, kHalfFormat}) {
    const auto shorter = narrow(exact, format);
    if (!shorter) break;
    bits = *shorter;
    --info;
  }
  out.u8(static_cast<std::uint8_t>(0xE0 | info));
  out.uint(bits, std::size_t{1} << (info - kOneByte));
}

void write_cbor_text(ByteWriter& out, std::string_view v) noexcept {
  write_cbor_head(out, CborMajor::kText, v.size());
  out.text(v);
}

void write_cbor_value(ByteWriter& out, const Value& value) noexcept {
  switch (value.type()) {
    case DataType::kString:
    case DataType::kCorelnk: write_cbor_text(out, value.as_string()); break;
    case DataType::kObjlnk: write_cbor_text(out, ObjlnkText(value.as_objlnk()).view()); break;
    case DataType::kOpaque:
      write_cbor_head(out, CborMajor::kBytes, value.as_opaque().size());
      out.bytes(value.as_opaque());
      break;
    case DataType::kBoolean: out.u8(value.as_boolean() ? 0xF5 : 0xF4); break;
    case DataType::kFloat: write_cbor_double(out, value.as_float()); break;
    case DataType::kUnsigned: write_cbor_head(out, CborMajor::kUnsigned, value.as_unsigned()); break;
    default: write_cbor_integer(out, value.as_integer()); break;
  }
}

}  // namespace linnet::lwm2m

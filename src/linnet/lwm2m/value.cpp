// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/value.hpp"

#include <bit>
#include <limits>

#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m {
namespace {

constexpr bool is_integer_type(DataType type) noexcept {
  return type == DataType::kInteger || type == DataType::kUnsigned || type == DataType::kTime;
}

Value signed_value(std::int64_t v, DataType wanted) noexcept {
  return wanted == DataType::kTime ? Value::time(v) : Value::integer(v);
}

Result<Value> from_unsigned(std::uint64_t v, DataType wanted) noexcept {
  if (wanted == DataType::kUnsigned) return Value::unsigned_integer(v);
  if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return fail(Errc::kWrongType);
  return signed_value(static_cast<std::int64_t>(v), wanted);
}

Result<Value> from_signed(std::int64_t v, DataType wanted) noexcept {
  if (wanted != DataType::kUnsigned) return signed_value(v, wanted);
  if (v < 0) return fail(Errc::kWrongType);
  return Value::unsigned_integer(static_cast<std::uint64_t>(v));
}

/// Taken from the bits of the double: the conversions of a soft floating point library are large.
Result<Value> from_float(double v, DataType wanted) noexcept {
  constexpr int kFractionBits = 52;
  constexpr int kBias = 1023 + kFractionBits;
  constexpr std::uint64_t kHidden = std::uint64_t{1} << kFractionBits;
  constexpr std::uint64_t kMinMagnitude = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(v);
  const int exponent = static_cast<int>(bits >> kFractionBits & 0x7FF) - kBias;
  std::uint64_t magnitude = (bits & (kHidden - 1)) | kHidden;
  if (bits << 1 == 0) return from_unsigned(0, wanted);
  if (exponent < -kFractionBits || exponent > 63 - kFractionBits) return fail(Errc::kWrongType);
  if (exponent >= 0) {
    magnitude <<= exponent;
  } else {
    const std::uint64_t whole = magnitude >> -exponent;
    if (whole << -exponent != magnitude) return fail(Errc::kWrongType);
    magnitude = whole;
  }
  if (bits < kMinMagnitude) return from_unsigned(magnitude, wanted);
  if (magnitude > kMinMagnitude) return fail(Errc::kWrongType);
  return from_signed(static_cast<std::int64_t>(~magnitude + 1), wanted);
}

}  // namespace

std::string_view to_string(DataType type) noexcept {
  switch (type) {
    case DataType::kNone: return "None";
    case DataType::kString: return "String";
    case DataType::kInteger: return "Integer";
    case DataType::kUnsigned: return "Unsigned Integer";
    case DataType::kFloat: return "Float";
    case DataType::kBoolean: return "Boolean";
    case DataType::kOpaque: return "Opaque";
    case DataType::kTime: return "Time";
    case DataType::kObjlnk: return "Objlnk";
    case DataType::kCorelnk: return "Corelnk";
  }
  return "None";
}

double Value::to_double() const noexcept {
  switch (type_) {
    case DataType::kInteger:
    case DataType::kTime: {
      const auto bits = static_cast<std::uint64_t>(integer_);
      return integer_ < 0 ? -rounded_to_double(~bits + 1) : rounded_to_double(bits);
    }
    case DataType::kUnsigned: return rounded_to_double(unsigned_);
    case DataType::kFloat: return float_;
    default: return 0.0;
  }
}

Result<Value> Value::convert(DataType wanted) const noexcept {
  if (wanted == type_) return *this;
  if (wanted == DataType::kString && type_ == DataType::kCorelnk) return string(as_string());
  if (wanted == DataType::kCorelnk && type_ == DataType::kString) return corelnk(as_string());
  if (is_integer_type(wanted)) {
    if (type_ == DataType::kUnsigned) return from_unsigned(unsigned_, wanted);
    if (is_integer_type(type_)) return from_signed(integer_, wanted);
    if (type_ == DataType::kFloat) return from_float(float_, wanted);
  }
  if (wanted == DataType::kFloat && is_integer_type(type_)) {
    const Value rounded = number(to_double());
    const auto back = from_float(rounded.float_, type_);
    if (back && *back == *this) return rounded;
  }
  return fail(Errc::kWrongType);
}

bool operator==(const Value& a, const Value& b) noexcept {
  if (a.type_ != b.type_) return false;
  switch (a.type_) {
    case DataType::kNone: return true;
    case DataType::kString:
    case DataType::kCorelnk:
    case DataType::kOpaque: return equal(a.bytes_, b.bytes_);
    case DataType::kInteger:
    case DataType::kTime: return a.integer_ == b.integer_;
    case DataType::kUnsigned: return a.unsigned_ == b.unsigned_;
    case DataType::kFloat:
      return std::bit_cast<std::uint64_t>(a.float_) == std::bit_cast<std::uint64_t>(b.float_) ||
             (is_nan(a.float_) && is_nan(b.float_));
    case DataType::kBoolean: return a.boolean_ == b.boolean_;
    case DataType::kObjlnk: return a.objlnk_ == b.objlnk_;
  }
  return false;
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/value.hpp"

#include <bit>

#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m {
namespace {

constexpr bool is_text(DataType type) noexcept {
  return type == DataType::kString || type == DataType::kCorelnk;
}

/// A Float as the whole number that it is; kNone or kFloat where there is none. Taken from its bits: the
/// conversions of a soft floating point library are large.
Value whole_of(double v) noexcept {
  Binary parts = split(v);
  if (parts.significand == 0) return Value::integer(0);
  for (; parts.exponent < 0 && parts.significand % 2 == 0; ++parts.exponent) parts.significand >>= 1;
  for (; parts.exponent > 0 && parts.significand >> 63 == 0; --parts.exponent) parts.significand <<= 1;
  if (parts.exponent != 0) return {};
  return Value::whole(parts.significand, std::bit_cast<std::int64_t>(v) < 0);
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

Value Value::whole(std::uint64_t magnitude, bool negative) noexcept {
  constexpr std::uint64_t kMinMagnitude = std::uint64_t{1} << 63;
  if (negative && (magnitude == 0 || magnitude > kMinMagnitude)) return number(-rounded_to_double(magnitude));
  if (!negative && magnitude >= kMinMagnitude) return unsigned_integer(magnitude);
  return integer(static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude));
}

std::uint64_t Value::magnitude() const noexcept {
  return negative() ? ~unsigned_ + 1 : unsigned_;
}

double Value::to_double() const noexcept {
  if (!numeric()) return 0.0;
  if (type_ == DataType::kFloat) return float_;
  const double v = rounded_to_double(magnitude());
  return negative() ? -v : v;
}

Result<Value> Value::convert(DataType wanted) const noexcept {
  Value converted = *this;
  if (!converted.become(wanted)) return fail(Errc::kWrongType);
  return converted;
}

bool Value::become(DataType wanted) noexcept {
  if (wanted != type_ && !(is_text(wanted) && is_text(type_))) {
    if (!numeric() || !is_numeric(wanted)) return false;
    if (wanted == DataType::kFloat) {
      const Value rounded = number(to_double());
      if (whole_of(rounded.float_).unsigned_ != unsigned_) return false;
      *this = rounded;
      return true;
    }
    if (type_ == DataType::kFloat) *this = whole_of(float_);
    // The same bits mean the same number, with or without a sign, unless the highest one is set.
    const bool differ = (type_ == DataType::kUnsigned) != (wanted == DataType::kUnsigned);
    if (none() || type_ == DataType::kFloat || (integer_ < 0 && differ)) return false;
  }
  type_ = wanted;
  return true;
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

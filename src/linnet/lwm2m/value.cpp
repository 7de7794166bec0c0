// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/value.hpp"

#include <bit>

#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m {
namespace {

constexpr bool is_text(DataType type) noexcept {
  return type == DataType::kString || type == DataType::kCorelnk;
}

/// Makes a value the whole number that a Float is; kNone or kFloat where there is none. Taken from its bits:
/// the conversions of a soft floating point library are large.
void set_whole_of(Value& value, double v) noexcept {
  Binary parts = split(v);
  value = Value::integer(0);
  if (parts.significand == 0) return;
  for (; parts.exponent < 0 && parts.significand % 2 == 0; ++parts.exponent) parts.significand >>= 1;
  for (; parts.exponent > 0 && parts.significand >> 63 == 0; --parts.exponent) parts.significand <<= 1;
  value = {};
  if (parts.exponent == 0) value.set_whole(parts.significand, std::bit_cast<std::int64_t>(v) < 0);
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

void Value::set_whole(std::uint64_t magnitude, bool negative) noexcept {
  constexpr std::uint64_t kMinMagnitude = std::uint64_t{1} << 63;
  if (negative && (magnitude == 0 || magnitude > kMinMagnitude)) {
    *this = number(-rounded_to_double(magnitude));
  } else {
    set_bits(!negative && magnitude >= kMinMagnitude ? DataType::kUnsigned : DataType::kInteger,
             negative ? ~magnitude + 1 : magnitude);
  }
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
      const std::uint64_t bits = unsigned_;
      const double rounded = to_double();
      set_whole_of(*this, rounded);
      if (unsigned_ != bits) return false;
      *this = number(rounded);
      return true;
    }
    if (type_ == DataType::kFloat) set_whole_of(*this, float_);
    // The same bits mean the same number, with or without a sign, unless the highest one is set.
    const bool differ = (type_ == DataType::kUnsigned) != (wanted == DataType::kUnsigned);
    if (none() || type_ == DataType::kFloat || (integer_ < 0 && differ)) return false;
  }
  type_ = wanted;
  return true;
}

bool operator==(const Value& a, const Value& b) noexcept {
  if (a.type_ != b.type_) return false;
  if (a.holds_bytes()) return equal(a.bytes_, b.bytes_);
  if (a.unsigned_ == b.unsigned_) return true;
  return a.type_ == DataType::kFloat && is_nan(a.float_) && is_nan(b.float_);
}

}  // namespace linnet::lwm2m

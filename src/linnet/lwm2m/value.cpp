// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/value.hpp"

#include <bit>
#include <limits>
#include <optional>

#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m {
namespace {

/// A whole number: its magnitude, and whether it is below zero.
struct Whole {
  std::uint64_t magnitude;
  bool negative;
};

/// Taken from the bits of the double: the conversions of a soft floating point library are large.
std::optional<Whole> whole_of(double v) noexcept {
  Binary parts = split(v);
  for (; parts.exponent < 0 && parts.significand % 2 == 0 && parts.significand != 0; ++parts.exponent)
    parts.significand >>= 1;
  for (; parts.exponent > 0 && parts.significand >> 63 == 0; --parts.exponent) parts.significand <<= 1;
  if (parts.exponent != 0 && parts.significand != 0) return std::nullopt;
  return Whole{parts.significand, std::bit_cast<std::int64_t>(v) < 0};
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
  converted.type_ = wanted;
  if (wanted == type_) return converted;
  if ((wanted == DataType::kString && type_ == DataType::kCorelnk) ||
      (wanted == DataType::kCorelnk && type_ == DataType::kString)) {
    return converted;
  }
  if (!numeric() || !converted.numeric()) return fail(Errc::kWrongType);
  if (wanted == DataType::kFloat) {
    converted.float_ = to_double();
    const auto back = converted.convert(type_);
    return back && back->unsigned_ == unsigned_ ? Result<Value>(converted) : fail(Errc::kWrongType);
  }
  Whole whole{};
  if (type_ == DataType::kFloat) {
    const auto exact = whole_of(float_);
    if (!exact) return fail(Errc::kWrongType);
    whole = *exact;
  } else {
    whole = {magnitude(), negative()};
  }
  constexpr std::uint64_t kMaxSigned = std::numeric_limits<std::int64_t>::max();
  const bool is_signed = wanted != DataType::kUnsigned;
  if (is_signed ? whole.magnitude > kMaxSigned + (whole.negative ? 1U : 0U)
                : whole.negative && whole.magnitude != 0) {
    return fail(Errc::kWrongType);
  }
  converted.unsigned_ = whole.negative ? ~whole.magnitude + 1 : whole.magnitude;
  return converted;
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

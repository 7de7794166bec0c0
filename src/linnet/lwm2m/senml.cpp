// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/senml.hpp"

#include <limits>

#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m {
namespace {

constexpr std::uint64_t kVersion = 10;  // RFC 8428 §4.1

/// a + b, as an integer where both are and the sum fits.
Value add(const Value& a, const Value& b) noexcept {
  const auto left = a.convert(DataType::kInteger);
  const auto right = b.convert(DataType::kInteger);
  const bool whole = a.type() != DataType::kFloat && b.type() != DataType::kFloat;
  std::int64_t sum = 0;
  if (whole && left && right && !__builtin_add_overflow(left->as_integer(), right->as_integer(), &sum)) {
    return Value::integer(sum);
  }
  return Value::number(a.to_double() + b.to_double());
}

Result<double> finite_number(const Value& value) noexcept {
  if (!value.numeric()) return wrong_type();
  const double v = value.to_double();
  if (!is_finite(v)) return malformed();
  return v;
}

Result<void> check_version(const Value& value) noexcept {
  const auto version = value.convert(DataType::kUnsigned);
  if (!version || version->as_unsigned() == 0) return malformed();
  if (version->as_unsigned() > kVersion) return unsupported_format();
  return {};
}

constexpr DataType type_of_label(SenmlLabel label) noexcept {
  switch (label) {
    case SenmlLabel::kString: return DataType::kString;
    case SenmlLabel::kBoolean: return DataType::kBoolean;
    case SenmlLabel::kData: return DataType::kOpaque;
    default: return DataType::kNone;
  }
}

}  // namespace

Result<void> SenmlResolver::Name::assign(const Value& value) noexcept {
  if (value.type() != DataType::kString) return wrong_type();
  const std::string_view given = value.as_string();
  if (given.size() > text.size()) return malformed();
  size = given.copy(text.data(), text.size());
  return {};
}

void SenmlResolver::begin() noexcept {
  name_.size = 0;
  value_ = {};
  time_.reset();
  seen_ = 0;
}

Result<void> SenmlResolver::set(SenmlLabel label, const Value& value) noexcept {
  constexpr int kLowestLabel = -5;
  const std::uint32_t bit = 1U << (static_cast<int>(label) - kLowestLabel);
  if ((seen_ & bit) != 0) return malformed();
  seen_ |= bit;
  switch (label) {
    case SenmlLabel::kBaseVersion: return check_version(value);
    case SenmlLabel::kBaseName: return base_name_.assign(value);
    case SenmlLabel::kName: return name_.assign(value);
    case SenmlLabel::kBaseValue: base_value_ = value; return value.numeric() ? Result<void>() : wrong_type();
    case SenmlLabel::kBaseTime:
    case SenmlLabel::kTime: {
      const auto seconds = finite_number(value);
      if (!seconds) return std::unexpected(seconds.error());
      (label == SenmlLabel::kTime ? time_ : base_time_) = *seconds;
      return {};
    }
    default: return set_value(label, value);
  }
}

Result<void> SenmlResolver::set_value(SenmlLabel label, const Value& value) noexcept {
  if (!value_.none()) return malformed();
  if (label == SenmlLabel::kObjlnk) {
    if (value.type() != DataType::kString) return wrong_type();
    const auto link = parse_objlnk(value.as_string());
    if (!link) return std::unexpected(link.error());
    value_ = Value::objlnk(*link);
    return {};
  }
  const bool fits = label == SenmlLabel::kValue ? value.numeric() : value.type() == type_of_label(label);
  if (!fits) return wrong_type();
  value_ = value;
  return {};
}

Result<Path> SenmlResolver::path() const noexcept {
  std::array<char, 2 * kMaxSenmlName> joined;
  std::memcpy(joined.data(), base_name_.text.data(), base_name_.size);
  std::memcpy(joined.data() + base_name_.size, name_.text.data(), name_.size);
  const auto path = Path::parse({joined.data(), base_name_.size + name_.size});
  if (!path || !base_.contains(*path)) return malformed();
  return *path;
}

Result<Value> SenmlResolver::value(const Path& path) const noexcept {
  const bool add_base = !base_value_.none() && (value_.none() || value_.numeric());
  if (!add_base && value_.none()) return value_;
  if (path.depth() < 3) return malformed();
  const Value sum = !add_base ? value_ : value_.none() ? base_value_ : add(base_value_, value_);
  return typed(sum, type_of_(path));
}

Result<void> SenmlResolver::end() noexcept {
  const auto resolved = path();
  if (!resolved) return std::unexpected(resolved.error());
  const auto sum = value(*resolved);
  if (!sum) return std::unexpected(sum.error());
  Record record{*resolved, *sum, {}};
  if (time_ || base_time_) {
    record.time = time_.value_or(0) + base_time_.value_or(0);
    if (!is_finite(*record.time)) return malformed();
  }
  return sink_(record);
}

}  // namespace linnet::lwm2m

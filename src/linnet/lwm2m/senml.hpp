// SPDX-License-Identifier: Apache-2.0
// What SenML JSON and SenML CBOR share (RFC 8428 §4): labels, and the resolution of base fields. Inside
// `lwm2m`.
#pragma once

#include <array>

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m {

/// The fields that LwM2M gives a meaning; the numbers are the CBOR labels (RFC 8428 table 4), and
/// kObjlnk, which CBOR too labels with a text, is one of our own.
enum class SenmlLabel : std::int8_t {
  kBaseVersion = -1,
  kBaseName = -2,
  kBaseTime = -3,
  kBaseValue = -5,
  kName = 0,
  kValue = 2,
  kString = 3,
  kBoolean = 4,
  kTime = 6,
  kData = 8,
  kObjlnk = 9,
  kIgnored = 127,  ///< any other field: not read
};

struct SenmlLabelName {
  std::string_view text;
  SenmlLabel label;
};

/// The labels by their text (RFC 8428 table 1, Core 1.1 §7.4.4).
inline constexpr std::array<SenmlLabelName, 11> kSenmlLabels{{
    {"n", SenmlLabel::kName},
    {"v", SenmlLabel::kValue},
    {"vs", SenmlLabel::kString},
    {"vb", SenmlLabel::kBoolean},
    {"vd", SenmlLabel::kData},
    {"vlo", SenmlLabel::kObjlnk},
    {"t", SenmlLabel::kTime},
    {"bn", SenmlLabel::kBaseName},
    {"bt", SenmlLabel::kBaseTime},
    {"bv", SenmlLabel::kBaseValue},
    {"bver", SenmlLabel::kBaseVersion},
}};

/// A name or base name; longer than the longest path it can lead to none.
inline constexpr std::size_t kMaxSenmlName = Path::kMaxText;

/// Takes the fields of one record after the other, applies the base fields and hands the resolved
/// records on.
class SenmlResolver {
 public:
  SenmlResolver(const Path& base, TypeOf type_of, RecordSink sink) noexcept
      : base_(base), type_of_(type_of), sink_(sink) {}

  /// A new record begins.
  void begin() noexcept;
  /// One field of it, at most once each and at most one value. Text and data must stay until `end`,
  /// names need not.
  [[nodiscard]] Result<void> set(SenmlLabel label, const Value& value) noexcept;
  /// The record is complete.
  [[nodiscard]] Result<void> end() noexcept;

 private:
  struct Name {
    std::array<char, kMaxSenmlName> text;
    std::size_t size = 0;
    [[nodiscard]] Result<void> assign(const Value& value) noexcept;
  };

  [[nodiscard]] Result<void> set_value(SenmlLabel label, const Value& value) noexcept;
  [[nodiscard]] Result<Path> path() const noexcept;
  [[nodiscard]] Result<Value> value(const Path& path) const noexcept;

  Path base_;
  TypeOf type_of_;
  RecordSink sink_;

  Name base_name_;
  Value base_value_;  // kNone where none was given
  std::optional<double> base_time_;

  Name name_;
  Value value_;
  std::optional<double> time_;
  std::uint32_t seen_ = 0;  // one bit for each label
};

}  // namespace linnet::lwm2m

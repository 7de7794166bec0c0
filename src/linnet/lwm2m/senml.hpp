// SPDX-License-Identifier: Apache-2.0
// SenML packs (RFC 8428 §4), which JSON and CBOR write down in two ways: labels, and what a form has to bring
// for the one encoder and the one decoder. Inside `lwm2m`.
#pragma once

#include <array>

#include "linnet/lwm2m/codec.hpp"
#include "linnet/lwm2m/item_reader.hpp"

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
};

/// Where a record keeps a field: there is one of each in it, and one of a value whatever its type.
enum class SenmlPlace : std::uint8_t { kValue, kTime, kBaseValue, kBaseTime, kName, kBaseName, kBaseVersion };

struct SenmlField {
  std::array<char, 4> text;
  std::uint8_t size;
  SenmlLabel label;
  DataType type;  ///< kFloat for any number
  SenmlPlace place;

  [[nodiscard]] constexpr std::string_view name() const noexcept { return {text.data(), size}; }
};

/// The fields with their texts (RFC 8428 table 1, Core 1.1 §7.4.4).
inline constexpr std::array<SenmlField, 11> kSenmlFields{{
    {{"n"}, 1, SenmlLabel::kName, DataType::kString, SenmlPlace::kName},
    {{"v"}, 1, SenmlLabel::kValue, DataType::kFloat, SenmlPlace::kValue},
    {{"vs"}, 2, SenmlLabel::kString, DataType::kString, SenmlPlace::kValue},
    {{"vb"}, 2, SenmlLabel::kBoolean, DataType::kBoolean, SenmlPlace::kValue},
    {{"vd"}, 2, SenmlLabel::kData, DataType::kOpaque, SenmlPlace::kValue},
    {{"vlo"}, 3, SenmlLabel::kObjlnk, DataType::kString, SenmlPlace::kValue},
    {{"t"}, 1, SenmlLabel::kTime, DataType::kFloat, SenmlPlace::kTime},
    {{"bn"}, 2, SenmlLabel::kBaseName, DataType::kString, SenmlPlace::kBaseName},
    {{"bt"}, 2, SenmlLabel::kBaseTime, DataType::kFloat, SenmlPlace::kBaseTime},
    {{"bv"}, 2, SenmlLabel::kBaseValue, DataType::kFloat, SenmlPlace::kBaseValue},
    {{'b', 'v', 'e', 'r'}, 4, SenmlLabel::kBaseVersion, DataType::kFloat, SenmlPlace::kBaseVersion},
}};

/// What is being opened or closed.
enum class SenmlPart : std::uint8_t { kPack, kRecord };

/// How one format writes the parts of a pack, and what differs where it is read.
struct SenmlForm : CodecForm {
  /// A pack of `size` records, or a record.
  void (*open)(ByteWriter& out, SenmlPart part, std::size_t size) noexcept;
  /// What was opened at `start`; a record has so many fields.
  void (*close)(ByteWriter& out, SenmlPart part, std::size_t start, std::size_t fields) noexcept;
  void (*label)(ByteWriter& out, SenmlLabel label, bool first) noexcept;
  void (*text)(ByteWriter& out, std::string_view text) noexcept;
  void (*seconds)(ByteWriter& out, double v) noexcept;
  /// A value of any type. 4.06 (kUnsupported) where the format cannot hold it.
  Result<void> (*value)(ByteWriter& out, const Value& value) noexcept;
  /// Makes the text that `value` holds the bytes that it stands for; null where bytes are written as they
  /// are, and labels as numbers.
  Result<void> (*data)(Value& value, ByteSpan out) noexcept;
  // What a pack is planned with: the bytes of `n` and `bn` beside their texts, of `t` and `bt` beside the
  // number.
  std::uint8_t name_size;
  std::uint8_t base_name_size;
  std::uint8_t time_size;
  std::uint8_t base_time_size;
};

/// As any encoder (codec.hpp), of a codec whose form is a SenmlForm. Runs the walk twice: to plan the base
/// name and base time that make the pack smallest, and to write. Errc::kInvalidArgument for a record that is
/// not at or below the base, for a value above the level of a resource and for a time that is not finite.
[[nodiscard]] Result<std::size_t> encode_senml(const Codec& codec, const Encoding& encoding) noexcept;

/// As any decoder (codec.hpp), of the payload that `reader` stands in front of.
[[nodiscard]] Result<void> decode_senml(const SenmlForm& form, ItemReader& reader,
                                        const Decoding& decoding) noexcept;

}  // namespace linnet::lwm2m

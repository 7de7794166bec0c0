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

struct SenmlField {
  std::string_view name;
  SenmlLabel label;
  DataType type;  ///< kFloat for any number
};

/// The fields with their texts (RFC 8428 table 1, Core 1.1 §7.4.4).
inline constexpr std::array<SenmlField, 11> kSenmlFields{{
    {"n", SenmlLabel::kName, DataType::kString},
    {"v", SenmlLabel::kValue, DataType::kFloat},
    {"vs", SenmlLabel::kString, DataType::kString},
    {"vb", SenmlLabel::kBoolean, DataType::kBoolean},
    {"vd", SenmlLabel::kData, DataType::kOpaque},
    {"vlo", SenmlLabel::kObjlnk, DataType::kString},
    {"t", SenmlLabel::kTime, DataType::kFloat},
    {"bn", SenmlLabel::kBaseName, DataType::kString},
    {"bt", SenmlLabel::kBaseTime, DataType::kFloat},
    {"bv", SenmlLabel::kBaseValue, DataType::kFloat},
    {"bver", SenmlLabel::kBaseVersion, DataType::kFloat},
}};

/// What is being opened or closed.
enum class SenmlPart : std::uint8_t { kPack, kFirstRecord, kRecord };

/// How one format writes the parts of a pack, and what differs where it is read.
struct SenmlForm : CodecForm {
  /// A pack of `size` records, or a record of `size` fields.
  void (*open)(ByteWriter& out, SenmlPart part, std::size_t size) noexcept;
  void (*close)(ByteWriter& out, SenmlPart part) noexcept;
  void (*label)(ByteWriter& out, SenmlLabel label, bool first) noexcept;
  void (*text)(ByteWriter& out, std::string_view text) noexcept;
  void (*seconds)(ByteWriter& out, double v) noexcept;
  /// A value of any type. 4.06 (kUnsupported) where the format cannot hold it.
  Result<void> (*value)(ByteWriter& out, const Value& value) noexcept;
  /// The bytes that a text stands for; null where bytes are written as they are, and labels as numbers.
  Result<ByteView> (*data)(ByteView text, ByteSpan out) noexcept;
};

/// As any encoder (codec.hpp), of a codec whose form is a SenmlForm. Runs the walk twice: to plan the base
/// name and base time that make the pack smallest, and to write. Errc::kInvalidArgument for a record that is
/// not at or below the base, for a value above the level of a resource and for a time that is not finite.
[[nodiscard]] Result<std::size_t> encode_senml(const Codec& codec, const Encoding& encoding) noexcept;

/// As any decoder (codec.hpp), of the payload that `reader` stands in front of.
[[nodiscard]] Result<void> decode_senml(const SenmlForm& form, ItemReader& reader,
                                        const Decoding& decoding) noexcept;

}  // namespace linnet::lwm2m

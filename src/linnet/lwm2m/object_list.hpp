// SPDX-License-Identifier: Apache-2.0
// The payload of Register and Update: which objects and instances a device has, where they are
// rooted and which formats it speaks (Core 1.1 §6.2.1, digest §3; alternate path: TS 6.4.1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/lwm2m/content_format.hpp"
#include "linnet/lwm2m/link_format.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::lwm2m {

inline constexpr std::size_t kMaxAlternatePath = 64;  ///< bytes; a longer one is kTooLarge

/// Content formats that linnet knows, as a set of two bytes; others are not kept.
class FormatSet {
 public:
  constexpr FormatSet() noexcept = default;
  [[nodiscard]] static constexpr FormatSet from_bits(std::uint16_t bits) noexcept {
    FormatSet set;
    set.bits_ = bits & static_cast<std::uint16_t>((1U << kKnown.size()) - 1U);
    return set;
  }

  constexpr void insert(ContentFormat format) noexcept { bits_ |= bit(format); }
  [[nodiscard]] constexpr bool contains(ContentFormat format) const noexcept {
    return (bits_ & bit(format)) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint16_t bits() const noexcept { return bits_; }

  static constexpr std::array<ContentFormat, 10> kKnown{
      ContentFormat::kText,      ContentFormat::kLinkFormat, ContentFormat::kOpaque, ContentFormat::kCbor,
      ContentFormat::kSenmlJson, ContentFormat::kSenmlCbor,  ContentFormat::kOldTlv, ContentFormat::kOldJson,
      ContentFormat::kTlv,       ContentFormat::kJson};

  friend constexpr bool operator==(const FormatSet&, const FormatSet&) = default;

 private:
  [[nodiscard]] static constexpr std::uint16_t bit(ContentFormat format) noexcept {
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
      if (kKnown[i] == format) return static_cast<std::uint16_t>(1U << i);
    }
    return 0;
  }
  std::uint16_t bits_ = 0;
};

/// What the list says of the device as a whole.
struct ObjectListRoot {
  std::string_view alternate_path;  ///< "/lwm2m", without a slash behind; empty where it is the root
  FormatSet formats;                ///< empty where the device names none
};

/// One object (`instance` is kMaxId) or one object instance.
struct ObjectListEntry {
  ObjectId object = 0;
  InstanceId instance = kMaxId;
  std::optional<Version> version = {};  ///< only where this link carries `ver`

  [[nodiscard]] constexpr Path path() const noexcept {
    return instance == kMaxId ? Path(object) : Path(object, instance);
  }
};

using ObjectListVisitor = FunctionRef<Result<void>(const ObjectListEntry&)>;

/// Reads a payload and shows each object and instance in the order of the text. Links that are not
/// LwM2M (outside the alternate path, or not numeric), resources, and objects 0 and 21 are passed
/// over. Errors are 4.00: kMalformed (no link list, IDs out of range, a numeric alternate path,
/// `ver` that is no version), kTooLarge; or what the visitor returned. The root is a view into `text`.
[[nodiscard]] Result<ObjectListRoot> read_object_list(std::string_view text,
                                                      ObjectListVisitor visit) noexcept;

/// The canonical compact form: equal lists, however written, have equal bytes (about 20 for a usual
/// device). A version with no `ver` link is 1.0; instances are ascending; what was listed twice is
/// there once. `scratch` needs one entry a link (kNoSpace otherwise). Returns the bytes written.
///
///   alternate path: length byte, text · formats: 2 bytes · for each object ascending:
///   varint(id - previous id) · varint(instances * 2 + (version is not 1.0)) · [major, minor] ·
///   for each instance ascending: varint(id - previous id)
[[nodiscard]] Result<std::size_t> compact_object_list(std::string_view text,
                                                      std::span<ObjectListEntry> scratch,
                                                      ByteSpan out) noexcept;

/// Reads the compact form; the bytes stay where they are. Any bytes are safe: what does not decode
/// ends the list with kMalformed.
class CompactObjectList {
 public:
  explicit constexpr CompactObjectList(ByteView bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] Result<ObjectListRoot> root() const noexcept;
  /// Every object once with its version, followed by its instances (which carry none).
  [[nodiscard]] Result<void> for_each(ObjectListVisitor visit) const noexcept;
  /// The version of an object, nothing where the device has no such object.
  [[nodiscard]] std::optional<Version> version_of(ObjectId object) const noexcept;
  /// True for an object or object instance in the list.
  [[nodiscard]] bool contains(ObjectId object) const noexcept { return version_of(object).has_value(); }
  [[nodiscard]] bool contains(ObjectId object, InstanceId instance) const noexcept;

 private:
  ByteView bytes_;
};

/// The first link of a Register payload: `</>;rt="oma.lwm2m";ct="..."`; nothing where neither an alternate
/// path, which is the writer's prefix, nor a format is to tell. Objects with their instances follow: an
/// object's own link is needed where it has no instance or another version than 1.0.
void write_root(LinkWriter& links, FormatSet formats) noexcept;

}  // namespace linnet::lwm2m

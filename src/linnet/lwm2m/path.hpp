// SPDX-License-Identifier: Apache-2.0
// Identifiers and paths of the LwM2M data model (Core 1.1 §7, digest §1).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/outlined.hpp"

namespace linnet::lwm2m {

using ObjectId = std::uint16_t;
using InstanceId = std::uint16_t;
using ResourceId = std::uint16_t;
using ShortServerId = std::uint16_t;

/// Never the ID of anything: "none" in an Objlnk, "the Object itself" in object 2.
inline constexpr std::uint16_t kMaxId = 65535;

/// What a path names, by its number of segments.
enum class Level : std::uint8_t { kRoot, kObject, kInstance, kResource, kResourceInstance };

/// Zero to four numeric segments: `/`, `/3`, `/3/0`, `/3/0/11`, `/3/0/11/0`. A value; ordered as a
/// tree is walked (a parent before its children).
class Path {
 public:
  static constexpr std::size_t kMaxDepth = 4;
  static constexpr std::size_t kMaxText = 4 * 6;  ///< longest text form, in bytes

  constexpr Path() noexcept = default;
  LINNET_OUTLINED constexpr explicit Path(ObjectId object) noexcept
      : ids_{object, kMaxId, kMaxId, kMaxId}, depth_(1) {}
  LINNET_OUTLINED constexpr Path(ObjectId object, InstanceId instance) noexcept
      : ids_{object, instance, kMaxId, kMaxId}, depth_(2) {}
  LINNET_OUTLINED constexpr Path(ObjectId object, InstanceId instance, ResourceId resource) noexcept
      : ids_{object, instance, resource, kMaxId}, depth_(3) {}
  constexpr Path(ObjectId object, InstanceId instance, ResourceId resource,
                 InstanceId resource_instance) noexcept
      : ids_{object, instance, resource, resource_instance}, depth_(4) {}

  /// The text form. A leading slash is asked for, none behind; no sign, no leading zero, IDs 0 to
  /// 65534. Errc::kMalformed otherwise.
  [[nodiscard]] static Result<Path> parse(std::string_view text) noexcept;
  /// One segment as it stands between slashes or in a Uri-Path option.
  [[nodiscard]] static Result<std::uint16_t> parse_segment(std::string_view text) noexcept;
  /// Appends the text form (`/` for the root).
  void write(ByteWriter& out) const noexcept;

  [[nodiscard]] constexpr std::size_t depth() const noexcept { return depth_; }
  [[nodiscard]] constexpr Level level() const noexcept { return static_cast<Level>(depth_); }
  [[nodiscard]] constexpr std::uint16_t operator[](std::size_t index) const noexcept { return ids_[index]; }

  /// Only meaningful where the path is deep enough; kMaxId where it is not.
  [[nodiscard]] constexpr ObjectId object() const noexcept { return ids_[0]; }
  [[nodiscard]] constexpr InstanceId instance() const noexcept { return ids_[1]; }
  [[nodiscard]] constexpr ResourceId resource() const noexcept { return ids_[2]; }
  [[nodiscard]] constexpr InstanceId resource_instance() const noexcept { return ids_[3]; }

  /// The path one segment longer. `depth()` must be below 4.
  [[nodiscard]] LINNET_OUTLINED constexpr Path child(std::uint16_t id) const noexcept {
    Path longer = *this;
    longer.ids_[longer.depth_++] = id;
    return longer;
  }
  /// The same of another instance. `depth()` must be 2 or more.
  [[nodiscard]] constexpr Path in_instance(InstanceId id) const noexcept {
    Path other = *this;
    other.ids_[1] = id;
    return other;
  }
  /// The first `depth` segments; `depth` must not be above `depth()`.
  [[nodiscard]] LINNET_OUTLINED constexpr Path prefix(std::size_t depth) const noexcept {
    Path shorter = *this;
    while (shorter.depth_ > depth) shorter.ids_[--shorter.depth_] = kMaxId;
    return shorter;
  }
  /// True where `other` is this path or lies below it.
  [[nodiscard]] LINNET_OUTLINED constexpr bool contains(const Path& other) const noexcept {
    if (other.depth_ < depth_) return false;
    for (std::size_t i = 0; i < depth_; ++i) {
      if (ids_[i] != other.ids_[i]) return false;
    }
    return true;
  }

  friend constexpr bool operator==(const Path&, const Path&) = default;
  friend constexpr std::strong_ordering operator<=>(const Path& a, const Path& b) noexcept {
    const std::size_t common = a.depth_ < b.depth_ ? a.depth_ : b.depth_;
    for (std::size_t i = 0; i < common; ++i) {
      if (a.ids_[i] != b.ids_[i]) return a.ids_[i] <=> b.ids_[i];
    }
    return a.depth_ <=> b.depth_;
  }

 private:
  std::array<std::uint16_t, kMaxDepth> ids_{kMaxId, kMaxId, kMaxId, kMaxId};  // kMaxId behind depth_
  std::uint8_t depth_ = 0;
};

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// What is known of an object and its resources (Core 1.1 appendix D): plain views, the same for a
// constant table in a device's flash and for the storage of a host's registry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/value.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::lwm2m {

/// Which of Read, Write and Execute a resource supports. None at all: only the bootstrap interface
/// writes it.
enum class Operations : std::uint8_t { kNone = 0, kR = 1, kW = 2, kRW = 3, kE = 4 };

[[nodiscard]] constexpr bool readable(Operations operations) noexcept {
  return (static_cast<std::uint8_t>(operations) & 1U) != 0;
}
[[nodiscard]] constexpr bool writable(Operations operations) noexcept {
  return (static_cast<std::uint8_t>(operations) & 2U) != 0;
}
[[nodiscard]] constexpr bool executable(Operations operations) noexcept {
  return (static_cast<std::uint8_t>(operations) & 4U) != 0;
}

struct ResourceModel {
  ResourceId id = 0;
  std::string_view name;
  DataType type = DataType::kNone;  ///< kNone for an executable one
  Operations operations = Operations::kNone;
  bool multiple = false;
  bool mandatory = false;
  std::string_view units;  ///< as the definition writes it ("Cel"), empty for none
  std::string_view range;  ///< as the definition writes it ("0..100"), empty for none
};

struct ObjectModel {
  ObjectId id = 0;
  Version version;
  std::string_view name;
  bool multiple = false;
  bool mandatory = false;
  std::span<const ResourceModel> resources;  ///< ascending by id, each id once

  /// The resource, or null where the object has none of that number.
  [[nodiscard]] constexpr const ResourceModel* find(ResourceId resource) const noexcept {
    const auto at = std::ranges::lower_bound(resources, resource, {}, &ResourceModel::id);
    return at != resources.end() && at->id == resource ? &*at : nullptr;
  }
};

}  // namespace linnet::lwm2m

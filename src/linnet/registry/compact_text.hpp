// SPDX-License-Identifier: Apache-2.0
// The compact text form of object models: the files of models/ (grammar in docs/models.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/lwm2m/object_model.hpp"
#include "linnet/registry/load_error.hpp"

namespace linnet::registry {

inline constexpr std::size_t kMaxNameBytes = 128;  ///< of an object or resource
inline constexpr std::size_t kMaxUnitsBytes = 64;
inline constexpr std::size_t kMaxRangeBytes = 1024;
inline constexpr std::size_t kMaxResourcesPerObject = 4096;

/// Objects and where their resources are kept: the spans of `objects` point into `resources`, all
/// names into the text that was read. May be moved; a copy would point into its origin.
struct ModelSet {
  std::vector<lwm2m::ObjectModel> objects;
  std::vector<lwm2m::ResourceModel> resources;

  ModelSet() = default;
  ModelSet(ModelSet&&) noexcept = default;
  ModelSet& operator=(ModelSet&&) noexcept = default;
};

/// Reads a text, which must outlive the result. `file` names it in an error.
[[nodiscard]] Loaded<ModelSet> read_compact_text(std::string_view text, std::string_view file);

/// Appends one object. Its names, units and range must be single lines without tabs.
void append_compact_text(std::string& out, const lwm2m::ObjectModel& object);

}  // namespace linnet::registry

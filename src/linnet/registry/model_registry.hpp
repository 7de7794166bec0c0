// SPDX-License-Identifier: Apache-2.0
// The object models that a program knows: those built in and those of vendors, in every version.
#pragma once

#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/lwm2m/object_model.hpp"
#include "linnet/registry/compact_text.hpp"
#include "linnet/registry/load_error.hpp"

namespace linnet::registry {

/// Loaded once, then only read: as const it may be shared between threads. Models it hands out live
/// as long as the registry and stay where they are, also when it is moved.
class ModelRegistry {
 public:
  ModelRegistry() = default;
  ModelRegistry(ModelRegistry&&) noexcept = default;
  ModelRegistry& operator=(ModelRegistry&&) noexcept = default;

  /// With the objects of models/ that are built into the program.
  [[nodiscard]] static Loaded<ModelRegistry> embedded();

  // Each adds what it reads and returns the number of objects, or adds nothing and says why. An
  // object that is there in the same version is replaced.

  /// A DDF file.
  [[nodiscard]] Loaded<std::size_t> load_ddf(const std::filesystem::path& file) noexcept;
  /// Every `*.xml` of a folder, in the order of the names; two of them must not define the same
  /// object and version. OMA's lists of reusable resources and of units are passed over.
  [[nodiscard]] Loaded<std::size_t> load_folder(const std::filesystem::path& folder) noexcept;
  /// Compact text that lives as long as the registry.
  [[nodiscard]] Loaded<std::size_t> add_text(std::string_view text, std::string_view file) noexcept;

  /// The object in that version, else the newest of the same major version, else the newest; null
  /// where the object is unknown.
  [[nodiscard]] const lwm2m::ObjectModel* find(lwm2m::ObjectId id, lwm2m::Version version) const noexcept;
  [[nodiscard]] const lwm2m::ObjectModel* find_exact(lwm2m::ObjectId id,
                                                     lwm2m::Version version) const noexcept;
  [[nodiscard]] const lwm2m::ObjectModel* newest(lwm2m::ObjectId id) const noexcept;
  /// By name as people type it: case, blanks, hyphens and underscores do not count. Of several the
  /// newest version of the lowest ID.
  [[nodiscard]] const lwm2m::ObjectModel* find(std::string_view name) const noexcept;

  /// The model of the resource (or resource instance) that `path` names, in the version that `find`
  /// gives; null for shorter paths and unknown ones.
  [[nodiscard]] const lwm2m::ResourceModel* resource(const lwm2m::Path& path,
                                                     lwm2m::Version version) const noexcept;
  /// Its data type, kNone where it is not known.
  [[nodiscard]] lwm2m::DataType type_of(const lwm2m::Path& path, lwm2m::Version version) const noexcept;

  /// All of them, ascending by ID, then version.
  [[nodiscard]] std::span<const lwm2m::ObjectModel* const> objects() const noexcept { return objects_; }
  /// All versions of one object, ascending.
  [[nodiscard]] std::span<const lwm2m::ObjectModel* const> versions(lwm2m::ObjectId id) const noexcept;

 private:
  Loaded<std::size_t> add(ModelSet set);
  Loaded<std::size_t> add_owned(std::string text, std::string_view file);

  std::deque<std::string> texts_;
  std::deque<ModelSet> sets_;
  std::vector<const lwm2m::ObjectModel*> objects_;
};

/// The resource of an object by its name, compared as ModelRegistry::find does; null for none.
[[nodiscard]] const lwm2m::ResourceModel* find_resource(const lwm2m::ObjectModel& object,
                                                        std::string_view name) noexcept;

}  // namespace linnet::registry

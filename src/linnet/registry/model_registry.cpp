// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/model_registry.hpp"

#include <algorithm>
#include <map>
#include <new>
#include <utility>

#include "linnet/registry/ddf_files.hpp"
#include "linnet/registry/embedded_models.hpp"

namespace linnet::registry {
namespace {

using lwm2m::ObjectId;
using lwm2m::ObjectModel;
using lwm2m::ResourceModel;
using lwm2m::Version;

using Key = std::pair<ObjectId, Version>;

Key key_of(const ObjectModel* object) noexcept {
  return {object->id, object->version};
}

constexpr bool counts(char c) noexcept {
  return c != ' ' && c != '-' && c != '_';
}

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  std::size_t i = 0;
  std::size_t j = 0;
  for (;; ++i, ++j) {
    while (i < a.size() && !counts(a[i])) ++i;
    while (j < b.size() && !counts(b[j])) ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (lower(a[i]) != lower(b[j])) return false;
  }
}

std::unexpected<LoadError> out_of_memory() noexcept {
  return std::unexpected(LoadError{{}, 0, "out of memory"});
}

}  // namespace

Loaded<ModelRegistry> ModelRegistry::embedded() {
  ModelRegistry registry;
  auto added = registry.add_text(embedded_models(), "models");
  if (!added) return std::unexpected(std::move(added.error()));
  return registry;
}

Loaded<std::size_t> ModelRegistry::add_text(std::string_view text, std::string_view file) noexcept try {
  auto set = read_compact_text(text, file);
  if (!set) return std::unexpected(std::move(set.error()));
  return add(std::move(*set));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Loaded<std::size_t> ModelRegistry::load_ddf(const std::filesystem::path& file) noexcept try {
  auto ddf = read_ddf_file(file);
  if (!ddf) return std::unexpected(std::move(ddf.error()));
  return add_owned(std::move(ddf->text), ddf->file);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Loaded<std::size_t> ModelRegistry::load_folder(const std::filesystem::path& folder) noexcept try {
  auto files = read_ddf_folder(folder);
  if (!files) return std::unexpected(std::move(files.error()));
  ModelRegistry read;
  std::map<Key, std::string_view> origin;
  for (DdfText& file : *files) {
    const std::size_t before = read.sets_.size();
    auto added = read.add_owned(std::move(file.text), file.file);
    if (!added) return added;
    for (const ObjectModel& object : read.sets_[before].objects) {
      const auto [first, fresh] = origin.emplace(Key(object.id, object.version), file.file);
      if (fresh) continue;
      return std::unexpected(LoadError{file.file, 0,
                                       "object " + std::to_string(object.id) + " is defined in " +
                                           std::string(first->second) + " too, in the same version"});
    }
  }
  for (std::string& text : read.texts_) {
    if (auto added = add_owned(std::move(text), folder.string()); !added) return added;
  }
  return origin.size();
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Loaded<std::size_t> ModelRegistry::add_owned(std::string text, std::string_view file) {
  // A set refers to its text: the text takes its place first.
  texts_.push_back(std::move(text));
  auto added = add_text(texts_.back(), file);
  if (!added) texts_.pop_back();
  return added;
}

Loaded<std::size_t> ModelRegistry::add(ModelSet set) {
  sets_.push_back(std::move(set));
  const ModelSet& kept = sets_.back();
  objects_.reserve(objects_.size() + kept.objects.size());
  for (const ObjectModel& object : kept.objects) {
    const auto at = std::ranges::lower_bound(objects_, key_of(&object), {}, key_of);
    if (at != objects_.end() && key_of(*at) == key_of(&object)) {
      *at = &object;
    } else {
      objects_.insert(at, &object);
    }
  }
  return kept.objects.size();
}

std::span<const ObjectModel* const> ModelRegistry::versions(ObjectId id) const noexcept {
  const auto same =
      std::ranges::equal_range(objects_, id, {}, [](const ObjectModel* object) { return object->id; });
  return {same.begin(), same.end()};
}

const ObjectModel* ModelRegistry::find_exact(ObjectId id, Version version) const noexcept {
  const auto at = std::ranges::lower_bound(objects_, Key(id, version), {}, key_of);
  return at != objects_.end() && key_of(*at) == Key(id, version) ? *at : nullptr;
}

const ObjectModel* ModelRegistry::newest(ObjectId id) const noexcept {
  const auto all = versions(id);
  return all.empty() ? nullptr : all.back();
}

const ObjectModel* ModelRegistry::find(ObjectId id, Version version) const noexcept {
  const ObjectModel* found = newest(id);
  for (const ObjectModel* object : versions(id)) {
    if (object->version == version) return object;
    if (object->version.major == version.major) found = object;
  }
  return found;
}

const ObjectModel* ModelRegistry::find(std::string_view name) const noexcept {
  for (const ObjectModel* object : objects_) {
    if (same_name(object->name, name)) return newest(object->id);
  }
  return nullptr;
}

const ResourceModel* ModelRegistry::resource(const lwm2m::Path& path, Version version) const noexcept {
  if (path.depth() < 3) return nullptr;
  const ObjectModel* object = find(path.object(), version);
  return object == nullptr ? nullptr : object->find(path.resource());
}

lwm2m::DataType ModelRegistry::type_of(const lwm2m::Path& path, Version version) const noexcept {
  const ResourceModel* model = resource(path, version);
  return model == nullptr ? lwm2m::DataType::kNone : model->type;
}

const ResourceModel* find_resource(const ObjectModel& object, std::string_view name) noexcept {
  const auto at = std::ranges::find_if(
      object.resources, [&](const ResourceModel& resource) { return same_name(resource.name, name); });
  return at == object.resources.end() ? nullptr : &*at;
}

}  // namespace linnet::registry

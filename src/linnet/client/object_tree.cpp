// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/object_tree.hpp"

namespace linnet::client {

using lwm2m::DataType;
using lwm2m::RecordSink;

namespace {

Result<void> give(const Path& path, const Value& value, RecordSink sink) noexcept {
  return sink({path, value, std::nullopt});
}

/// What lies right below `path`, from the number `from` on; kMaxId for nothing.
std::uint16_t next_below(const Object& object, const Path& path, std::uint16_t from,
                         ObjectTree::Show show) noexcept {
  if (path.depth() == 1) return object.next_instance(from);
  if (path.depth() == 3) return object.next_resource_instance(path.instance(), path.resource(), from);
  for (const ResourceDefinition& definition : object.definition().resources) {
    const bool shown = show == ObjectTree::Show::kEverything ? !lwm2m::executable(definition.operations)
                                                             : lwm2m::readable(definition.operations);
    if (definition.id >= from && shown && object.has(path.instance(), definition)) return definition.id;
  }
  return kMaxId;
}

}  // namespace

Object* ObjectTree::find(ObjectId object) const noexcept {
  for (Object* candidate : objects_) {
    if (candidate->id() == object) return candidate;
  }
  return nullptr;
}

DataType ObjectTree::type_of(const Path& path) const noexcept {
  const Object* object = find(path.object());
  const ResourceDefinition* definition =
      object != nullptr && path.depth() >= 3 ? object->definition().find(path.resource()) : nullptr;
  return definition != nullptr ? definition->type : DataType::kNone;
}

Result<ObjectTree::Target> ObjectTree::resolve(const Path& path, bool defined) const noexcept {
  Object* object = find(path.object());
  const ResourceDefinition* definition = nullptr;
  bool there = object != nullptr && (path.depth() == 1 || object->exists(path.instance()));
  if (there && path.depth() > 2) {
    definition = object->definition().find(path.resource());
    there = definition != nullptr && (path.depth() == 3 || definition->multiple);
    if (there && !defined) {
      there =
          object->has(path.instance(), *definition) &&
          (path.depth() == 3 || object->exists(path.instance(), path.resource(), path.resource_instance()));
    }
  }
  if (!there) return fail(Errc::kNotFound);
  return Target{object, definition};
}

Result<void> ObjectTree::check_readable(const Path& path) const noexcept {
  if (path.depth() == 0) return fail(Errc::kNotAllowed);
  const auto target = resolve(path);
  if (!target) return std::unexpected(target.error());
  if (target->definition != nullptr && !lwm2m::readable(target->definition->operations)) {
    return fail(Errc::kNotAllowed);
  }
  return {};
}

Result<Value> ObjectTree::read(const Path& path) const noexcept {
  Object* object = find(path.object());
  return object != nullptr ? object->read(path) : fail(Errc::kNotFound);
}

Result<void> ObjectTree::walk(const Path& path, RecordSink sink, Show show) const noexcept {
  const auto target = resolve(path);
  return target ? walk_below(*target->object, path, sink, show) : std::unexpected(target.error());
}

Result<void> ObjectTree::walk_below(Object& object, const Path& path, RecordSink sink, Show show) noexcept {
  const ResourceDefinition* definition = object.definition().find(path.resource());
  if (definition != nullptr && (path.depth() == 4 || !definition->multiple)) {
    const auto value = object.read(path);
    return value ? give(path, *value, sink) : std::unexpected(value.error());
  }
  bool empty = true;
  InstanceId below = 0;
  while ((below = next_below(object, path, below, show)) != kMaxId) {
    empty = false;
    if (const auto walked = walk_below(object, path.child(below), sink, show); !walked) return walked;
    ++below;
  }
  // An instance, or a multiple resource, that has nothing is there all the same.
  return empty && path.depth() > 1 ? give(path, Value(), sink) : Result<void>();
}

}  // namespace linnet::client

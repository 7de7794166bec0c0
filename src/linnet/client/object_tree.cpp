// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/object_tree.hpp"

namespace linnet::client {

using lwm2m::DataType;
using lwm2m::RecordSink;

namespace {

Result<void> give(const Path& path, const Value& value, RecordSink sink) noexcept {
  return sink({path, value, std::nullopt});
}

Result<void> give_value(Object& object, const Path& path, RecordSink sink) noexcept {
  const auto value = object.read(path);
  return value ? give(path, *value, sink) : std::unexpected(value.error());
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
  Target target{find(path.object()), nullptr};
  if (target.object == nullptr) return fail(Errc::kNotFound);
  if (path.depth() == 1) return target;
  if (!target.object->exists(path.instance())) return fail(Errc::kNotFound);
  if (path.depth() == 2) return target;
  target.definition = target.object->definition().find(path.resource());
  if (target.definition == nullptr) return fail(Errc::kNotFound);
  if (path.depth() == 4 && !target.definition->multiple) return fail(Errc::kNotFound);
  if (defined) return target;
  if (!target.object->has(path.instance(), *target.definition)) return fail(Errc::kNotFound);
  if (path.depth() == 4 &&
      !target.object->exists(path.instance(), path.resource(), path.resource_instance())) {
    return fail(Errc::kNotFound);
  }
  return target;
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
  if (!target) return std::unexpected(target.error());
  Object& object = *target->object;
  switch (path.depth()) {
    case 1:
      for (const InstanceId i : object.instances()) {
        if (const auto walked = walk_instance(object, i, sink, show); !walked) return walked;
      }
      return {};
    case 2: return walk_instance(object, path.instance(), sink, show);
    case 3: return walk_resource(object, path, *target->definition, sink);
    default: return give_value(object, path, sink);
  }
}

Result<void> ObjectTree::walk_instance(Object& object, InstanceId instance, RecordSink sink,
                                       Show show) noexcept {
  const Path path(object.id(), instance);
  bool empty = true;
  for (const ResourceDefinition& definition : object.definition().resources) {
    const bool shown = show == Show::kEverything ? !lwm2m::executable(definition.operations)
                                                 : lwm2m::readable(definition.operations);
    if (!shown || !object.has(instance, definition)) continue;
    empty = false;
    if (const auto walked = walk_resource(object, path.child(definition.id), definition, sink); !walked) {
      return walked;
    }
  }
  return empty ? give(path, Value(), sink) : Result<void>();
}

Result<void> ObjectTree::walk_resource(Object& object, const Path& path, const ResourceDefinition& definition,
                                       RecordSink sink) noexcept {
  if (!definition.multiple) return give_value(object, path, sink);
  bool empty = true;
  for (const InstanceId i : object.instances_of(path.instance(), path.resource())) {
    empty = false;
    if (const auto taken = give_value(object, path.child(i), sink); !taken) return taken;
  }
  return empty ? give(path, Value(), sink) : Result<void>();
}

}  // namespace linnet::client

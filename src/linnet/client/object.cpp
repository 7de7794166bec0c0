// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/object.hpp"

#include "linnet/client/engine.hpp"

namespace linnet::client {

bool Object::has(InstanceId /*instance*/, const ResourceDefinition& /*resource*/) const noexcept {
  return true;
}
InstanceId Object::next_resource_instance(InstanceId, ResourceId, InstanceId) const noexcept {
  return kMaxId;
}
Result<void> Object::validate(const Path&, const Value&) const noexcept {
  return {};
}
Result<void> Object::write(const Path&, const Value&) noexcept {
  return fail(Errc::kNotAllowed);
}
void Object::erase(const Path&) noexcept {}
Result<void> Object::execute(const Path&, std::string_view) noexcept {
  return fail(Errc::kNotAllowed);
}
Result<void> Object::can_create(InstanceId) const noexcept {
  return fail(Errc::kNotAllowed);
}
Result<void> Object::can_remove(InstanceId) const noexcept {
  return fail(Errc::kNotAllowed);
}
Result<void> Object::create(InstanceId) noexcept {
  return fail(Errc::kNotAllowed);
}
Result<void> Object::remove(InstanceId) noexcept {
  return fail(Errc::kNotAllowed);
}
InstanceId InstanceRange::next(const Object* object, InstanceId id) noexcept {
  return object != nullptr ? object->next_instance(id) : kMaxId;
}
InstanceId InstanceRange::next(const Object* object, InstanceId instance, ResourceId resource,
                               InstanceId id) noexcept {
  return object != nullptr ? object->next_resource_instance(instance, resource, id) : kMaxId;
}

Result<void> Object::check(const ResourceDefinition& definition, const Path& path,
                           const Value& value) const noexcept {
  if (value.none()) return definition.multiple ? Result<void>() : fail(Errc::kMalformed);
  if (definition.multiple != (path.depth() == 4)) return fail(Errc::kInvalidArgument);
  const auto converted = value.convert(definition.type);
  return converted ? validate(path, *converted) : std::unexpected(converted.error());
}

InstanceId Object::free_instance() const noexcept {
  InstanceId free = 0;
  while (next_instance(free) == free) ++free;
  return free;
}
bool Object::memory(FunctionRef<void(ByteSpan)>) noexcept {
  return false;
}
Instant Object::step(Instant) noexcept {
  return kNever;
}

void Object::changed(const Path& path) noexcept {
  if (engine_ != nullptr) engine_->changed(path);
}

void Object::instances_changed() noexcept {
  if (engine_ != nullptr) engine_->instances_changed(id());
}

}  // namespace linnet::client

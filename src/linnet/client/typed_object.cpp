// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/typed_object.hpp"

namespace linnet::client {

InstanceId TypedObject::next_instance(InstanceId from) const noexcept {
  InstanceId lowest = kMaxId;
  for (const InstanceId id : ids()) {
    if (id >= from && id < lowest) lowest = id;
  }
  return lowest;
}

void* TypedObject::find(InstanceId instance) const noexcept {
  for (std::size_t i = 0; i < type_.room; ++i) {
    if (ids_[i] == instance && instance != kMaxId) return values_ + i * type_.size;
  }
  return nullptr;
}

void* TypedObject::add_instance(InstanceId instance) noexcept {
  if (instance == kMaxId || find(instance) != nullptr) return nullptr;
  for (std::size_t i = 0; i < type_.room; ++i) {
    if (ids_[i] != kMaxId) continue;
    ids_[i] = instance;
    void* place = values_ + i * type_.size;
    type_.reset(place);
    return place;
  }
  return nullptr;
}

bool TypedObject::drop_instance(InstanceId instance) noexcept {
  for (InstanceId& id : ids()) {
    if (id != instance || instance == kMaxId) continue;
    id = kMaxId;
    return true;
  }
  return false;
}

/// What a path of depth 3 or 4 names.
Slot TypedObject::slot(const Path& path) const noexcept {
  Slot slot;
  const ResourceDefinition* resource = definition().find(path.resource());
  if (resource == nullptr) return slot;
  slot.functions = type_.functions;
  slot.storage = type_.resources;
  for (const ResourceDefinition* row = definition().resources.data(); row != resource; ++row) {
    slot.functions += slot.storage->functions();
    ++slot.storage;
  }
  slot.type = resource->type;
  if (path.depth() == 4) slot.instance = path.resource_instance();
  slot.at = static_cast<std::byte*>(find(path.instance()));
  if (slot.at != nullptr) slot.at += slot.storage->offset;
  return slot;
}

bool TypedObject::has(InstanceId instance, const ResourceDefinition& resource) const noexcept {
  // A multiple resource is there without instances too; what is absent has no single value.
  return lwm2m::executable(resource.operations) || (resource.multiple && resource.mandatory) ||
         slot({id(), instance, resource.id}).locate(Locating::kFind);
}

InstanceId TypedObject::next_resource_instance(InstanceId instance, ResourceId resource,
                                               InstanceId from) const noexcept {
  Slot found = slot({id(), instance, resource, from});
  return found.locate(Locating::kFind) ? found.instance : kMaxId;
}

Result<Value> TypedObject::read(const Path& path) noexcept {
  Slot found = slot(path);
  const InstanceId instance = found.instance;
  if (!found.locate(Locating::kFind) || found.instance != instance) return fail(Errc::kNotFound);
  return found.load();
}

Result<void> TypedObject::validate(const Path& path, const Value& value) const noexcept {
  const Slot found = slot(path);
  if (found.storage == nullptr) return fail(Errc::kNotAllowed);
  const Storage& storage = *found.storage;
  const bool taken = storage.takes(found.instance) && found.fits(value) &&
                     (!storage.has_extra || found.functions[storage.has_form].check(value));
  return taken ? Result<void>() : fail(Errc::kInvalidArgument);
}

Result<void> TypedObject::write(const Path& path, const Value& value) noexcept {
  if (const auto valid = validate(path, value); !valid) return valid;
  Slot found = slot(path);
  if (found.at == nullptr) return fail(Errc::kNotFound);
  if (!found.locate(Locating::kMake)) {
    // A list of resource instances may be full.
    return path.depth() < 4 ? Result<void>() : fail(Errc::kNoSpace);
  }
  found.store(value);
  return {};
}

void TypedObject::erase(const Path& path) noexcept {
  Slot found = slot(path);
  if (found.locate(path.depth() == 4 ? Locating::kDropOne : Locating::kDrop)) found.store(Value());
}

Result<void> TypedObject::execute(const Path& path, std::string_view arguments) noexcept {
  const Slot found = slot(path);
  if (found.at == nullptr || found.storage->shape != Shape::kCommand) return fail(Errc::kNotFound);
  const auto done = found.functions->run(found.at, arguments);
  // What a command does may change any value of its instance.
  if (done) changed(path.prefix(2));
  return done;
}

Result<void> TypedObject::can_create(InstanceId instance) const noexcept {
  if (type_.creation != Creation::kByServers) return fail(Errc::kNotAllowed);
  if (find(instance) != nullptr) return fail(Errc::kExists);
  for (const InstanceId id : ids()) {
    if (id == kMaxId) return {};
  }
  return fail(Errc::kNoSpace);
}

Result<void> TypedObject::can_remove(InstanceId /*instance*/) const noexcept {
  return type_.creation == Creation::kByServers ? Result<void>() : fail(Errc::kNotAllowed);
}

Result<void> TypedObject::create(InstanceId instance) noexcept {
  return add_instance(instance) != nullptr ? Result<void>() : fail(Errc::kNoSpace);
}

Result<void> TypedObject::remove(InstanceId instance) noexcept {
  return drop_instance(instance) ? Result<void>() : fail(Errc::kNotFound);
}

bool TypedObject::memory(FunctionRef<void(ByteSpan)> part) noexcept {
  if (!type_.plain) return false;
  part({reinterpret_cast<std::uint8_t*>(ids_), type_.room * sizeof(InstanceId)});
  for (std::size_t i = 0; i < type_.room; ++i) {
    if (ids_[i] != kMaxId) part({reinterpret_cast<std::uint8_t*>(values_ + i * type_.size), type_.size});
  }
  return true;
}

}  // namespace linnet::client

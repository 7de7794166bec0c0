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

void TypedObject::drop_all() noexcept {
  for (InstanceId& id : ids()) id = kMaxId;
}

bool TypedObject::drop_instance(InstanceId instance) noexcept {
  for (InstanceId& id : ids()) {
    if (id != instance || instance == kMaxId) continue;
    id = kMaxId;
    return true;
  }
  return false;
}

const Access& TypedObject::access(const ResourceDefinition& resource) const noexcept {
  return type_.resources[&resource - definition().resources.data()];
}

const Access* TypedObject::access(ResourceId resource) const noexcept {
  const ResourceDefinition* found = definition().find(resource);
  return found != nullptr ? &access(*found) : nullptr;
}

bool TypedObject::has(InstanceId instance, const ResourceDefinition& resource) const noexcept {
  const Access& typed = access(resource);
  // A multiple resource is there without instances too; what is absent has no single value.
  if (typed.storage == nullptr || (resource.multiple && resource.mandatory)) return true;
  return typed.storage->next(typed.address(find(instance)), 0) != kMaxId;
}

InstanceId TypedObject::next_resource_instance(InstanceId instance, ResourceId resource,
                                               InstanceId from) const noexcept {
  const Access* typed = access(resource);
  void* at = find(instance);
  if (typed == nullptr || typed->storage == nullptr || at == nullptr) return kMaxId;
  return typed->storage->next(typed->address(at), from);
}

Result<Value> TypedObject::read(const Path& path) noexcept {
  const Access* typed = access(path.resource());
  void* at = find(path.instance());
  if (typed == nullptr || typed->storage == nullptr || at == nullptr) return fail(Errc::kNotFound);
  const InstanceId element = path.depth() == 4 ? path.resource_instance() : InstanceId{0};
  at = typed->address(at);
  if (typed->storage->next(at, element) != element) return fail(Errc::kNotFound);
  return typed->storage->read(at, element);
}

Result<void> TypedObject::validate(const Path& path, const Value& value) const noexcept {
  const Access* typed = access(path.resource());
  if (typed == nullptr || typed->storage == nullptr) return fail(Errc::kNotAllowed);
  const InstanceId element = path.depth() == 4 ? path.resource_instance() : InstanceId{0};
  const bool taken = typed->storage->fits(value, element) && (typed->check == nullptr || typed->check(value));
  return taken ? Result<void>() : fail(Errc::kInvalidArgument);
}

Result<void> TypedObject::write(const Path& path, const Value& value) noexcept {
  if (const auto valid = validate(path, value); !valid) return valid;
  void* at = find(path.instance());
  if (at == nullptr) return fail(Errc::kNotFound);
  const Access* typed = access(path.resource());
  const InstanceId element = path.depth() == 4 ? path.resource_instance() : InstanceId{0};
  at = typed->address(at);
  typed->storage->write(at, element, value);
  // A list of resource instances may be full.
  return path.depth() < 4 || typed->storage->next(at, element) == element ? Result<void>()
                                                                          : fail(Errc::kNoSpace);
}

void TypedObject::erase(const Path& resource) noexcept {
  const Access* typed = access(resource.resource());
  void* at = find(resource.instance());
  if (typed == nullptr || typed->storage == nullptr || at == nullptr) return;
  typed->storage->erase(typed->address(at));
}

Result<void> TypedObject::execute(const Path& path, std::string_view arguments) noexcept {
  const Access* typed = access(path.resource());
  void* at = find(path.instance());
  if (typed == nullptr || typed->storage != nullptr || at == nullptr) return fail(Errc::kNotFound);
  const auto done = typed->run(at, arguments);
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

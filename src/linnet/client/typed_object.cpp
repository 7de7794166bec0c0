// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/typed_object.hpp"

namespace linnet::client {

namespace {

/// The instance of its resource that a path names; a single value is instance 0.
InstanceId element_of(const Path& path) noexcept {
  return path.depth() == 4 ? path.resource_instance() : InstanceId{0};
}

}  // namespace

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

TypedObject::Slot TypedObject::slot(InstanceId instance, const ResourceDefinition* resource) const noexcept {
  if (resource == nullptr) return {};
  const Storage& storage = type_.resources[resource - definition().resources.data()];
  auto* at = static_cast<std::byte*>(find(instance));
  return {&storage, resource->type, at != nullptr ? at + storage.offset : nullptr};
}

TypedObject::Slot TypedObject::slot(const Path& resource) const noexcept {
  return slot(resource.instance(), definition().find(resource.resource()));
}

const OwnForm* TypedObject::form(const Storage& storage) const noexcept {
  return storage.own != Storage::kNone ? type_.functions[storage.own].form : nullptr;
}

/// Where an instance of the resource lies, null for nowhere.
void* TypedObject::locate(const Slot& slot, InstanceId& element, Locating what) const noexcept {
  const bool possible = slot.at != nullptr && slot.storage->shape != Shape::kCommand &&
                        (slot.storage->limit == Storage::kAnyInstance || element < slot.storage->limit);
  return possible ? client::locate(*slot.storage, form(*slot.storage), slot.at, element, what) : nullptr;
}

bool TypedObject::has(InstanceId instance, const ResourceDefinition& resource) const noexcept {
  const Slot found = slot(instance, &resource);
  // A multiple resource is there without instances too; what is absent has no single value.
  InstanceId first = 0;
  return found.storage->shape == Shape::kCommand || (resource.multiple && resource.mandatory) ||
         locate(found, first, Locating::kFind) != nullptr;
}

InstanceId TypedObject::next_resource_instance(InstanceId instance, ResourceId resource,
                                               InstanceId from) const noexcept {
  return locate(slot(instance, definition().find(resource)), from, Locating::kFind) != nullptr ? from
                                                                                               : kMaxId;
}

Result<Value> TypedObject::read(const Path& path) noexcept {
  const Slot found = slot(path);
  const InstanceId element = element_of(path);
  InstanceId first = element;
  const void* at = locate(found, first, Locating::kFind);
  if (at == nullptr || first != element) return fail(Errc::kNotFound);
  return load(*found.storage, found.type, form(*found.storage), at);
}

Result<void> TypedObject::validate(const Path& path, const Value& value) const noexcept {
  const Slot found = slot(path);
  if (found.storage == nullptr || found.storage->shape == Shape::kCommand) return fail(Errc::kNotAllowed);
  const Storage& storage = *found.storage;
  const bool taken = (storage.limit == Storage::kAnyInstance || element_of(path) < storage.limit) &&
                     fits(storage, form(storage), value) &&
                     (storage.extra == Storage::kNone || type_.functions[storage.extra].check(value));
  return taken ? Result<void>() : fail(Errc::kInvalidArgument);
}

Result<void> TypedObject::write(const Path& path, const Value& value) noexcept {
  if (const auto valid = validate(path, value); !valid) return valid;
  const Slot found = slot(path);
  if (found.at == nullptr) return fail(Errc::kNotFound);
  InstanceId element = element_of(path);
  void* at = locate(found, element, Locating::kMake);
  if (at != nullptr) store(*found.storage, form(*found.storage), at, value);
  // A list of resource instances may be full.
  return at != nullptr || path.depth() < 4 ? Result<void>() : fail(Errc::kNoSpace);
}

void TypedObject::erase(const Path& resource) noexcept {
  const Slot found = slot(resource);
  InstanceId first = 0;
  if (void* left = locate(found, first, Locating::kDrop); left != nullptr)
    store(*found.storage, form(*found.storage), left, Value());
}

Result<void> TypedObject::execute(const Path& path, std::string_view arguments) noexcept {
  const Slot found = slot(path);
  if (found.at == nullptr || found.storage->shape != Shape::kCommand) return fail(Errc::kNotFound);
  const auto done = type_.functions[found.storage->extra].run(found.at, arguments);
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

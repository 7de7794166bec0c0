// SPDX-License-Identifier: Apache-2.0
// Objects declared from plain structures: the table names each member once, and reading, writing,
// validation and enumeration follow from its type.
//
//   struct Valve {
//     bool open = false;
//     std::optional<double> flow;                   // there once it has a value
//     Result<void> purge(std::string_view arguments);
//
//     static constexpr ObjectId kId = 33000;
//     static constexpr auto resources() noexcept {
//       return std::array{command<&Valve::purge>(5523),
//                         resource<&Valve::flow>(5700, Operations::kR),
//                         resource<&Valve::open>(5850, Operations::kRW, Presence::kMandatory)};
//     }
//   };
//   Instances<Valve, 2> valves;                     // room for two, created by the device itself
//   valves.add(0);
//   valves.set<&Valve::flow>(0, 3.5);               // observers hear of it
#pragma once

#include <array>
#include <iterator>
#include <new>
#include <span>
#include <string_view>

#include "linnet/client/typed_resource.hpp"

namespace linnet::client {

/// Who may create and delete instances, beside the bootstrap interface.
enum class Creation : std::uint8_t { kByDevice, kByServers };

/// The part of Instances that does not depend on the structure.
class TypedObject : public Object {
 public:
  [[nodiscard]] InstanceId next_instance(InstanceId from) const noexcept override;
  [[nodiscard]] bool has(InstanceId instance, const ResourceDefinition& resource) const noexcept override;
  [[nodiscard]] InstanceId next_resource_instance(InstanceId instance, ResourceId resource,
                                                  InstanceId from) const noexcept override;
  [[nodiscard]] Result<Value> read(const Path& path) noexcept override;
  [[nodiscard]] Result<void> validate(const Path& path, const Value& value) const noexcept override;
  Result<void> write(const Path& path, const Value& value) noexcept override;
  void erase(const Path& path) noexcept override;
  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;
  [[nodiscard]] Result<void> can_create(InstanceId instance) const noexcept override;
  [[nodiscard]] Result<void> can_remove(InstanceId instance) const noexcept override;
  Result<void> create(InstanceId instance) noexcept override;
  Result<void> remove(InstanceId instance) noexcept override;
  bool memory(FunctionRef<void(ByteSpan)> part) noexcept override;

 protected:
  struct Type {
    const ObjectDefinition& definition;
    const Storage* resources;           ///< in the order of the definition
    const ResourceFunction* functions;  ///< that these name
    std::uint32_t size;                 ///< bytes from one instance to the next
    void (*reset)(void* instance) noexcept;
    std::uint16_t room;  ///< for so many instances
    Creation creation;
    bool plain;  ///< instances are their bytes, and nobody but they knows what they hold
  };

  LINNET_OUTLINED TypedObject(const Type& type, void* values, InstanceId* ids) noexcept
      : Object(type.definition), type_(type), values_(static_cast<std::byte*>(values)), ids_(ids) {
    for (InstanceId& id : this->ids()) id = kMaxId;
  }
  ~TypedObject() = default;

  [[nodiscard]] void* find(InstanceId instance) const noexcept;
  /// The instance, new with default values; null where there is no room or the number is taken.
  void* add_instance(InstanceId instance) noexcept;
  bool drop_instance(InstanceId instance) noexcept;

 private:
  [[nodiscard]] std::span<InstanceId> ids() const noexcept { return {ids_, type_.room}; }
  [[nodiscard]] Slot slot(const Path& path) const noexcept;

  const Type& type_;
  std::byte* values_;
  InstanceId* ids_;  ///< kMaxId where there is no instance
};

/// Up to N instances of T, which names its `kId`, its `resources()` (ascending) and, where it is not
/// 1.0, its `kVersion`. What all instances do together is a Behaviour, a class derived from TypedObject
/// with its constructor.
template <typename T, std::size_t N, Creation kCreation = Creation::kByDevice,
          typename Behaviour = TypedObject>
class Instances final : public Behaviour {
 public:
  Instances() noexcept : Behaviour(kType, &values_, ids_) {}
  Instances(const Instances&) = delete;
  Instances& operator=(const Instances&) = delete;

  /// A new instance with default values; null where there is no room or the number is taken.
  T* add(InstanceId instance) noexcept {
    T* added = static_cast<T*>(this->add_instance(instance));
    if (added != nullptr) this->instances_changed();
    return added;
  }
  bool drop(InstanceId instance) noexcept {
    const bool dropped = this->drop_instance(instance);
    if (dropped) this->instances_changed();
    return dropped;
  }
  [[nodiscard]] T* get(InstanceId instance) noexcept { return static_cast<T*>(this->find(instance)); }

  /// Sets a member and tells observers where the value is another. False: no such instance.
  template <auto kMember, typename V>
  bool set(InstanceId instance, const V& value) noexcept {
    T* at = get(instance);
    if (at == nullptr) return false;
    typename MemberOf<decltype(kMember)>::Type next(value);
    if (at->*kMember == next) return true;
    at->*kMember = next;
    this->changed(Path(T::kId, instance, id_of<kMember>()));
    return true;
  }

  /// The resource that a member is, kMaxId where it is none. Not consteval: with sanitizers GCC takes no
  /// address of a function for a constant.
  template <auto kMember>
  [[nodiscard]] static constexpr ResourceId id_of() noexcept {
    for (const TypedResource& row : kResources) {
      if (row.offset == offset_of<kMember>) return row.definition.id;
    }
    return kMaxId;
  }

 private:
  static constexpr bool kRaw = std::is_trivially_destructible_v<T>;
  static constexpr bool kPlain = std::is_trivially_copyable_v<T> && std::is_same_v<Behaviour, TypedObject>;
  static constexpr auto kResources = T::resources();
  static constexpr auto definitions() noexcept {
    std::array<ResourceDefinition, std::size(kResources)> rows{};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = kResources[i].definition;
    return rows;
  }
  static constexpr auto functions() noexcept {
    constexpr auto kCount = [] {
      std::size_t count = 0;
      for (const TypedResource& row : kResources) count += row.storage.functions();
      return count;
    }();
    std::array<ResourceFunction, kCount> all{};
    std::size_t count = 0;
    for (const TypedResource& row : kResources) {
      if (row.storage.has_form) all[count++] = {.form = row.form};
      if (row.storage.has_extra) all[count++] = row.extra;
    }
    return all;
  }
  static constexpr auto storages() noexcept {
    std::array<Storage, std::size(kResources)> rows{};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = kResources[i].storage;
      rows[i].offset = static_cast<std::uint16_t>(kResources[i].offset());
    }
    return rows;
  }
  static constexpr lwm2m::Version version() noexcept {
    if constexpr (requires { T::kVersion; }) return T::kVersion;
    return lwm2m::kDefaultObjectVersion;
  }
  static constexpr auto kRows = definitions();
  static_assert(std::ranges::is_sorted(kRows, {}, &ResourceDefinition::id), "resources ascending by id");
  static constexpr ObjectDefinition kDefinition{T::kId, version(), kRows};
  static_assert(sizeof(T) <= UINT16_MAX);
  static constexpr auto kStorages = storages();
  static constexpr auto kFunctions = functions();
  static constexpr typename Behaviour::Type kType{kDefinition,
                                                  kStorages.data(),
                                                  kFunctions.data(),
                                                  sizeof(T),
                                                  [](void* instance) noexcept {
                                                    if constexpr (kRaw)
                                                      ::new (instance) T();
                                                    else
                                                      *static_cast<T*>(instance) = T();
                                                  },
                                                  N,
                                                  kCreation,
                                                  kPlain};

  // Where T allows it a T begins with its instance, so that an image need not make it twice.
  alignas(T) std::conditional_t<kRaw, std::array<std::byte, N * sizeof(T)>, std::array<T, N>> values_;
  InstanceId ids_[N];
};

}  // namespace linnet::client

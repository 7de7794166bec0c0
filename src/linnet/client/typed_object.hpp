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
//     static constexpr TypedResource kResources[]{
//         resource<&Valve::open>(5850, Operations::kRW, Presence::kMandatory),
//         resource<&Valve::flow>(5700, Operations::kR),
//         command<&Valve::purge>(5523)};
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

#include "linnet/client/object.hpp"
#include "linnet/client/storage.hpp"

namespace linnet::client {

enum class Presence : std::uint8_t { kOptional, kMandatory };

using ValueCheck = bool (*)(const Value& value) noexcept;
using Command = Result<void> (*)(void* instance, std::string_view arguments) noexcept;

/// How a resource is served, beside its definition: what stays in flash for each.
struct Access {
  const Storage* storage;            ///< null for a command
  void* (*address)(void*) noexcept;  ///< where the member of an instance is
  union {
    ValueCheck check;  ///< beyond type and size; null for none
    Command run;       ///< of a command
  };
};

/// One member of a structure as a resource.
struct TypedResource {
  ResourceDefinition definition;
  Access access;
};

/// Whether an integer of either kind lies between `low` and `high`, both included.
[[nodiscard]] bool between(const Value& value, std::uint32_t low, std::uint32_t high) noexcept;

/// A check for integers.
template <std::uint32_t kLow, std::uint32_t kHigh>
[[nodiscard]] bool in_range(const Value& value) noexcept {
  return between(value, kLow, kHigh);
}

template <typename>
struct MemberOf;
template <typename T, typename M>
struct MemberOf<M T::*> {
  using Owner = T;
  using Type = M;
};
template <typename T, typename R>
struct MemberOf<R (T::*)() const noexcept> {
  using Owner = T;
  using Type = R;
};

template <auto kMember>
[[nodiscard]] void* address_of(void* instance) noexcept {
  return &(static_cast<typename MemberOf<decltype(kMember)>::Owner*>(instance)->*kMember);
}

/// A data member as a resource.
template <auto kMember>
[[nodiscard]] constexpr TypedResource resource(ResourceId id, Operations operations,
                                               Presence presence = Presence::kOptional,
                                               ValueCheck check = nullptr) noexcept {
  using Stored = StorageOf<typename MemberOf<decltype(kMember)>::Type>;
  return {{id, Stored::kType, operations, Stored::kMultiple, presence == Presence::kMandatory},
          {&Stored::kStorage, address_of<kMember>, {.check = check}}};
}

template <typename T>
struct Presentable {
  using Type = T;
  static constexpr bool present(const T&) noexcept { return true; }
  // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): used within the expression that made it
  static const T& get(const T& value) noexcept { return value; }
};
template <typename T>
struct Presentable<std::optional<T>> {
  using Type = T;
  static bool present(const std::optional<T>& value) noexcept { return value.has_value(); }
  static const T& get(const std::optional<T>& value) noexcept { return *value; }
};

template <auto kGet, auto kSet>
struct ComputedStorage {
  using Owner = typename MemberOf<decltype(kGet)>::Owner;
  using Returned = Presentable<typename MemberOf<decltype(kGet)>::Type>;
  using Type = typename Returned::Type;
  static constexpr Form kForm{
      [](const void* at, std::size_t) noexcept {
        return Holder<Type>::read(Returned::get((static_cast<const Owner*>(at)->*kGet)()));
      },
      [](const Value& value, std::size_t) noexcept { return Holder<Type>::fits(value); },
      [](void* at, const Value& value, std::size_t) noexcept {
        if constexpr (!std::is_null_pointer_v<decltype(kSet)>) {
          Type taken{};
          Holder<Type>::write(taken, value);
          (static_cast<Owner*>(at)->*kSet)(taken);
        }
      }};
  static void* locate(void* at, InstanceId& /*instance*/, Locating what) noexcept {
    if (what == Locating::kMake) return at;
    const bool found = what == Locating::kFind && Returned::present((static_cast<const Owner*>(at)->*kGet)());
    return found ? at : nullptr;
  }
  static constexpr Storage kStorage{&kForm, locate, 0, 1};
};

/// A resource that is computed when it is read: `T T::get() const noexcept`, or of std::optional<T>
/// where it may be absent (T a number, time, or a view of what stays); and `void set(T) noexcept`.
template <auto kGet, auto kSet = nullptr>
[[nodiscard]] constexpr TypedResource computed(ResourceId id, Operations operations,
                                               Presence presence = Presence::kOptional,
                                               ValueCheck check = nullptr) noexcept {
  using Stored = ComputedStorage<kGet, kSet>;
  return {{id, Holder<typename Stored::Type>::kType, operations, false, presence == Presence::kMandatory},
          {&Stored::kStorage, [](void* instance) noexcept { return instance; }, {.check = check}}};
}

template <typename>
struct CommandOf;
template <typename T>
struct CommandOf<Result<void> (T::*)(std::string_view) noexcept> {
  using Owner = T;
};
template <typename T>
struct CommandOf<Result<void> (T::*)(std::string_view)> {
  using Owner = T;
};

/// A member function `Result<void> run(std::string_view arguments)` as an executable resource.
template <auto kMember>
[[nodiscard]] constexpr TypedResource command(ResourceId id,
                                              Presence presence = Presence::kOptional) noexcept {
  const Command run = [](void* instance, std::string_view arguments) noexcept {
    return (static_cast<typename CommandOf<decltype(kMember)>::Owner*>(instance)->*kMember)(arguments);
  };
  return {{id, lwm2m::DataType::kNone, Operations::kE, false, presence == Presence::kMandatory},
          {nullptr, nullptr, {.run = run}}};
}

/// The resources of a structure beside those of the one that it is derived from, ascending.
template <std::size_t N, std::size_t M>
[[nodiscard]] constexpr auto joined(const TypedResource (&rows)[N], const TypedResource (&more)[M]) noexcept {
  std::array<TypedResource, N + M> all{};
  constexpr auto kId = [](const TypedResource& row) { return row.definition.id; };
  std::ranges::merge(rows, more, all.begin(), {}, kId, kId);
  return all;
}

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
  void erase(const Path& resource) noexcept override;
  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;
  [[nodiscard]] Result<void> can_create(InstanceId instance) const noexcept override;
  [[nodiscard]] Result<void> can_remove(InstanceId instance) const noexcept override;
  Result<void> create(InstanceId instance) noexcept override;
  Result<void> remove(InstanceId instance) noexcept override;
  bool memory(FunctionRef<void(ByteSpan)> part) noexcept override;

 protected:
  struct Type {
    const ObjectDefinition& definition;
    const Access* resources;  ///< in the order of the definition
    std::uint32_t size;       ///< bytes from one instance to the next
    void (*reset)(void* instance) noexcept;
    std::uint16_t room;  ///< for so many instances
    Creation creation;
    bool plain;  ///< instances are their bytes, and nobody but they knows what they hold
  };

  LINNET_OUTLINED TypedObject(const Type& type, void* values, InstanceId* ids) noexcept
      : Object(type.definition), type_(type), values_(static_cast<std::byte*>(values)), ids_(ids) {}
  ~TypedObject() = default;

  /// From now on there are none.
  void drop_all() noexcept;

  [[nodiscard]] void* find(InstanceId instance) const noexcept;
  /// The instance, new with default values; null where there is no room or the number is taken.
  void* add_instance(InstanceId instance) noexcept;
  bool drop_instance(InstanceId instance) noexcept;

 private:
  [[nodiscard]] std::span<InstanceId> ids() const noexcept { return {ids_, type_.room}; }
  [[nodiscard]] const Access* access(ResourceId resource) const noexcept;
  [[nodiscard]] const Access& access(const ResourceDefinition& definition) const noexcept;

  const Type& type_;
  std::byte* values_;
  InstanceId* ids_;  ///< kMaxId where there is no instance
};

/// Up to N instances of T, which names its `kId`, its `kResources` (ascending) and, where it is not
/// 1.0, its `kVersion`. What all instances do together is a Behaviour, a class derived from TypedObject
/// with its constructor.
template <typename T, std::size_t N, Creation kCreation = Creation::kByDevice,
          typename Behaviour = TypedObject>
class Instances final : public Behaviour {
 public:
  Instances() noexcept : Behaviour(kType, &values_, ids_) { this->drop_all(); }
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
    for (const TypedResource& row : T::kResources) {
      if (row.access.address == address_of<kMember>) return row.definition.id;
    }
    return kMaxId;
  }

 private:
  static constexpr bool kRaw = std::is_trivially_destructible_v<T>;
  static constexpr bool kPlain = std::is_trivially_copyable_v<T> && std::is_same_v<Behaviour, TypedObject>;
  static constexpr auto definitions() noexcept {
    std::array<ResourceDefinition, std::size(T::kResources)> rows{};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = T::kResources[i].definition;
    return rows;
  }
  static constexpr auto accesses() noexcept {
    std::array<Access, std::size(T::kResources)> rows{};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = T::kResources[i].access;
    return rows;
  }
  static constexpr lwm2m::Version version() noexcept {
    if constexpr (requires { T::kVersion; }) return T::kVersion;
    return lwm2m::kDefaultObjectVersion;
  }
  static constexpr auto kRows = definitions();
  static_assert(std::ranges::is_sorted(kRows, {}, &ResourceDefinition::id), "resources ascending by id");
  static constexpr ObjectDefinition kDefinition{T::kId, version(), kRows};
  static constexpr auto kAccesses = accesses();
  static constexpr typename Behaviour::Type kType{kDefinition,
                                                  kAccesses.data(),
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

// SPDX-License-Identifier: Apache-2.0
// One member of a structure as a resource: how it is declared, and how it is served. Objects made of them
// are in typed_object.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
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

}  // namespace linnet::client

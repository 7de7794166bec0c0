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

/// One member of a structure as a resource.
struct TypedResource {
  ResourceDefinition definition;
  Storage storage;
  std::size_t (*offset)() noexcept = nullptr;  ///< of the member in its structure
  ResourceFunction extra{};                    ///< a check or a command
  const OwnForm* form = nullptr;
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

/// A place for a T that is never made, to look where its members lie.
template <typename T>
union Place {
  constexpr Place() noexcept : none(0) {}
  constexpr ~Place() {}
  char none;
  char bytes[sizeof(T)];
  T value;
};
template <typename T>
inline constexpr Place<T> kPlace{};

/// Where a member lies in its structure, found while the program is compiled.
template <auto kMember>
[[nodiscard]] constexpr std::size_t offset_of() noexcept {
  using Member = MemberOf<decltype(kMember)>;
  const auto& place = kPlace<typename Member::Owner>;
  const void* at = std::addressof(place.value.*kMember);
  std::size_t offset = 0;
  while (static_cast<const void*>(&place.bytes[offset]) != at) offset += alignof(typename Member::Type);
  return offset;
}

/// A data member as a resource.
template <auto kMember>
[[nodiscard]] constexpr TypedResource resource(ResourceId id, Operations operations,
                                               Presence presence = Presence::kOptional) noexcept {
  using Stored = StorageOf<typename MemberOf<decltype(kMember)>::Type>;
  constexpr Storage kStorage = Stored::kStorage;
  TypedResource row;
  row.definition =
      ResourceDefinition{id, Stored::kType, operations, Stored::kMultiple, presence == Presence::kMandatory};
  row.storage = kStorage;
  row.offset = offset_of<kMember>;
  row.form = Stored::kForm;
  // With sanitizers GCC takes no address of a function for a constant that could be compared with null.
  row.storage.has_form = kStorage.layout == Layout::kOwn || kStorage.shape == Shape::kOwn;
  return row;
}
/// The same with a check beyond type and size.
template <auto kMember>
[[nodiscard]] constexpr TypedResource resource(ResourceId id, Operations operations, Presence presence,
                                               ValueCheck check) noexcept {
  TypedResource row = resource<kMember>(id, operations, presence);
  row.extra.check = check;
  row.storage.has_extra = true;
  return row;
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
  static constexpr OwnForm kForm{
      [](const void* at) noexcept {
        return Holder<Type>::read(Returned::get((static_cast<const Owner*>(at)->*kGet)()));
      },
      [](const Value& value) noexcept { return Holder<Type>::fits(value); },
      [](void* at, const Value& value) noexcept {
        if constexpr (!std::is_null_pointer_v<decltype(kSet)>) {
          Type taken{};
          Holder<Type>::write(taken, value);
          (static_cast<Owner*>(at)->*kSet)(taken);
        }
      },
      [](void* at, InstanceId& /*instance*/, Locating what) noexcept {
        const bool found =
            what == Locating::kMake ||
            (what == Locating::kFind && Returned::present((static_cast<const Owner*>(at)->*kGet)()));
        return found ? at : nullptr;
      }};
};

[[nodiscard]] constexpr std::size_t whole_structure() noexcept {
  return 0;
}

/// A resource that is computed when it is read: `T T::get() const noexcept`, or of std::optional<T>
/// where it may be absent (T a number, time, or a view of what stays); and `void set(T) noexcept`.
template <auto kGet, auto kSet = nullptr>
[[nodiscard]] constexpr TypedResource computed(ResourceId id, Operations operations,
                                               Presence presence = Presence::kOptional) noexcept {
  using Stored = ComputedStorage<kGet, kSet>;
  TypedResource row;
  row.definition = ResourceDefinition{id, Holder<typename Stored::Type>::kType, operations, false,
                                      presence == Presence::kMandatory};
  row.storage.shape = Shape::kOwn;
  row.storage.limit = 1;
  row.offset = whole_structure;
  row.form = &Stored::kForm;
  row.storage.has_form = true;
  return row;
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
  TypedResource row;
  row.definition =
      ResourceDefinition{id, lwm2m::DataType::kNone, Operations::kE, false, presence == Presence::kMandatory};
  row.offset = whole_structure;
  row.extra.run = run;
  row.storage.has_extra = true;
  return row;
}

/// The resources of a structure beside those of the one that it is derived from, ascending.
template <std::size_t N, std::size_t M>
[[nodiscard]] constexpr auto joined(const std::array<TypedResource, N>& rows,
                                    const std::array<TypedResource, M>& more) noexcept {
  std::array<TypedResource, N + M> all{};
  constexpr auto kId = [](const TypedResource& row) { return row.definition.id; };
  std::ranges::merge(rows, more, all.begin(), {}, kId, kId);
  return all;
}

}  // namespace linnet::client

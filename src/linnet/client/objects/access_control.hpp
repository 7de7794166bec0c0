// SPDX-License-Identifier: Apache-2.0
// Access Control, object 2 version 1.0: one instance for each object instance, and one for each
// object whose instances servers may create. The engine makes, obeys and removes them
// (client/access_control.hpp); servers write what they own.
#pragma once

#include <array>

#include "linnet/client/access_control.hpp"
#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// An identifier, kept in two bytes.
struct Identifier {
  std::uint16_t value = 0;
  friend constexpr bool operator==(Identifier, Identifier) = default;
};

template <>
struct LayoutOf<Identifier> {
  static constexpr Layout kLayout = Layout::kUnsigned;
  static constexpr std::size_t kSize = sizeof(Identifier);
};

template <>
struct Holder<Identifier> {
  static constexpr auto kType = lwm2m::DataType::kInteger;
  static Value read(Identifier v) noexcept { return Value::integer(v.value); }
  static bool fits(const Value& value) noexcept {
    return value.as_integer() >= 0 && value.as_integer() <= UINT16_MAX;
  }
  static void write(Identifier& v, const Value& value) noexcept {
    v.value = static_cast<std::uint16_t>(value.as_integer());
  }
};

/// Up to N entries, each the rights of one Short Server ID; 0 is the default.
template <std::size_t N>
class AccessList {
 public:
  static_assert(N > 0 && N <= UINT8_MAX);

  /// The lowest server that is `from` or above; kMaxId for none.
  [[nodiscard]] ShortServerId next(ShortServerId from) const noexcept {
    AccessList list = *this;
    return list.locate(from, Locating::kFind) != nullptr ? from : kMaxId;
  }
  /// What `server` may do, 0 where it has no entry.
  [[nodiscard]] std::uint16_t rights(ShortServerId server) const noexcept {
    for (const Entry& entry : std::span(entries_).first(size_)) {
      if (entry.server == server) return entry.rights.value;
    }
    return 0;
  }
  /// Does nothing where there is no room.
  void set(ShortServerId server, std::uint16_t rights) noexcept {
    if (Identifier* made = locate(server, Locating::kMake); made != nullptr) made->value = rights;
  }
  void clear() noexcept { size_ = 0; }

  /// The rights of an entry, as OwnForm::locate: of a new one none.
  Identifier* locate(ShortServerId& server, Locating what) noexcept {
    if (what == Locating::kDrop) clear();
    Entry* found = nullptr;  // the lowest from `server` on
    for (Entry& entry : std::span(entries_).first(size_)) {
      if (entry.server >= server && (found == nullptr || entry.server < found->server)) found = &entry;
    }
    const bool there = found != nullptr && found->server == server;
    if (what == Locating::kDropOne) {
      if (there) *found = entries_[--size_];
      return nullptr;
    }
    if (what == Locating::kMake && !there) {
      if (size_ == N) return nullptr;
      found = &entries_[size_++];
      *found = {server, {}};
    }
    if (found == nullptr) return nullptr;
    server = found->server;
    return &found->rights;
  }

 private:
  struct Entry {
    ShortServerId server = 0;
    Identifier rights;
  };
  std::array<Entry, N> entries_{};
  std::uint8_t size_ = 0;
};

template <std::size_t N>
struct StorageOf<AccessList<N>> {
  static constexpr auto kType = Holder<Identifier>::kType;
  static constexpr bool kMultiple = true;
  static void* locate(void* at, InstanceId& server, Locating what) noexcept {
    return static_cast<AccessList<N>*>(at)->locate(server, what);
  }
  static constexpr OwnForm kOwn{nullptr, nullptr, nullptr, locate};
  static constexpr const OwnForm* kForm = &kOwn;
  static constexpr Storage kStorage = storage_of<Identifier>(Shape::kOwn, Storage::kAnyInstance);
};

/// kEntries: servers that one ACL has room for, the default entry among them.
template <std::size_t kEntries>
struct AccessControlInstance {
  Identifier object;
  Identifier instance;  ///< 65535: the object itself, whose instances may be created
  AccessList<kEntries> acl;
  Identifier owner{kMaxId};  ///< 65535: nobody but the bootstrap server

  static constexpr ObjectId kId = kAccessControlObject;
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&AccessControlInstance::object>(0, Operations::kR, Presence::kMandatory, in_range<1, 65534>),
        resource<&AccessControlInstance::instance>(1, Operations::kR, Presence::kMandatory),
        resource<&AccessControlInstance::acl>(2, Operations::kRW),
        resource<&AccessControlInstance::owner>(3, Operations::kRW, Presence::kMandatory)};
  }
};

template <std::size_t N, std::size_t kEntries = 4>
using AccessControlObject = Instances<AccessControlInstance<kEntries>, N>;

}  // namespace linnet::client

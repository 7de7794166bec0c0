// SPDX-License-Identifier: Apache-2.0
// Who may do what to an object instance: the rules of access control over the instances of object 2
// (digest §7, TS 5.2.5, tables 6.7-3 and 6.7-4). Object 2 is all there is to remember; with fewer
// than two server accounts, or without an object 2, every server may do everything.
#pragma once

#include "linnet/base/function_ref.hpp"
#include "linnet/client/features.hpp"
#include "linnet/client/object_tree.hpp"

namespace linnet::client {

inline constexpr ObjectId kAccessControlObject = 2;

/// The bits of an ACL entry.
enum class Right : std::uint8_t {
  kRead = 1,  ///< Read, Observe, Discover, Write-Attributes, and being told by Send
  kWrite = 2,
  kExecute = 4,
  kDelete = 8,
  kCreate = 16,
};

class Rights {
 public:
  constexpr Rights() noexcept = default;
  constexpr explicit Rights(std::int64_t entry) noexcept : bits_(static_cast<std::uint8_t>(entry & kAll)) {}
  template <typename... More>
  constexpr Rights(Right first, More... more) noexcept  // NOLINT(google-explicit-constructor)
      : bits_(static_cast<std::uint8_t>((static_cast<unsigned>(first) | ... | static_cast<unsigned>(more)))) {
  }
  [[nodiscard]] static constexpr Rights all() noexcept { return Rights(kAll); }

  [[nodiscard]] constexpr bool has(Right right) const noexcept {
    return (bits_ & static_cast<unsigned>(right)) != 0;
  }
  [[nodiscard]] constexpr bool none() const noexcept { return bits_ == 0; }
  /// As an ACL entry has it.
  [[nodiscard]] constexpr std::int64_t entry() const noexcept { return bits_; }
  friend constexpr bool operator==(const Rights&, const Rights&) = default;

 private:
  static constexpr std::int64_t kAll = 31;
  std::uint8_t bits_ = 0;
};

class AccessControl {
 public:
  AccessControl() noexcept = default;
  /// `own_rights`: what every server may do to instances that the device made itself, where nobody
  /// has said it yet; with none they get no entry. `tree` must outlive this.
  AccessControl(const ObjectTree& tree, Rights own_rights) noexcept : tree_(&tree), own_rights_(own_rights) {}

  /// Whether rights are asked for at all.
  [[nodiscard]] bool active() const noexcept;
  /// What `server` may do to an instance; kMaxId asks for the Create of the object.
  [[nodiscard]] Rights rights(ShortServerId server, ObjectId object, InstanceId instance) const noexcept;
  /// Whether `server` may do it at `path`: at an object, Create, or with any of its instances. What
  /// is not there is not forbidden: the operation itself says that it is missing.
  [[nodiscard]] bool allows(ShortServerId server, Right right, const Path& path) const noexcept;
  /// `owner` makes the instance: it gets an entry. kNoSpace where there is no room.
  Result<void> add(ObjectId object, InstanceId instance, ShortServerId owner) noexcept;
  /// The instance is gone, and its entry with it.
  void remove(ObjectId object, InstanceId instance) noexcept;
  /// Entries without their instance go, and instances without an entry get one: an instance of
  /// object 1 belongs to the server that it names, what was there while a server was alone belongs
  /// to that server, all else gets the device's own rights. True where object 2 changed.
  bool synchronise() noexcept;

  /// The account of `server` goes (TS 5.2.5): its rights end, what it alone could reach is deleted
  /// where servers could delete it (`remove_instance`) and else becomes the device's own, and what it
  /// owned beside others goes to the one with the most of Write and Delete, the lowest id among equals.
  void hand_over(ShortServerId server, FunctionRef<void(const Path&)> remove_instance) noexcept;

 private:
  [[nodiscard]] Object* entries() const noexcept;
  [[nodiscard]] Path target(InstanceId entry) const noexcept;
  [[nodiscard]] InstanceId find(ObjectId object, InstanceId instance) const noexcept;
  [[nodiscard]] bool exists(const Path& target) const noexcept;
  [[nodiscard]] Rights granted(InstanceId entry, ShortServerId server) const noexcept;
  [[nodiscard]] ShortServerId heir(InstanceId entry, ShortServerId leaving) const noexcept;
  Result<void> make(const Path& target, ShortServerId owner, Rights everyone) noexcept;
  Result<void> write_entry(InstanceId entry, const Path& target, ShortServerId owner,
                           Rights everyone) noexcept;
  bool remove_orphans() noexcept;
  bool add_missing(ShortServerId before) noexcept;

  const ObjectTree* tree_ = nullptr;
  Rights own_rights_;
  ShortServerId alone_ = 0;  ///< the only server, while it is; 0 for none
};

}  // namespace linnet::client

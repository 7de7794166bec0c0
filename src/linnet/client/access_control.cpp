// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/access_control.hpp"

#include <algorithm>
#include <array>

#include "linnet/client/accounts.hpp"

namespace linnet::client {

namespace {

enum AccessControlResource : ResourceId { kObjectId = 0, kInstanceId = 1, kAcl = 2, kOwner = 3 };
constexpr ResourceId kShortServerId = 0;  // of object 1
constexpr InstanceId kEveryone = 0;       // the default entry of an ACL

/// An identifier as its resource has it; kMaxId where there is none.
std::uint16_t identifier(Object* object, InstanceId instance, ResourceId resource) noexcept {
  return static_cast<std::uint16_t>(
      std::min<std::uint32_t>(number_of(object, instance, resource, kMaxId), kMaxId));
}

/// The server of an account of object 1.
ShortServerId server_of_account(const ObjectTree& tree, InstanceId account) noexcept {
  return identifier(tree.find(kServerObject), account, kShortServerId);
}

/// What access control speaks of: all but itself and what no server sees.
bool controlled(ObjectId object) noexcept {
  return object != kAccessControlObject && !hidden(object);
}

}  // namespace

Object* AccessControl::entries() const noexcept {
  return tree_ != nullptr ? tree_->find(kAccessControlObject) : nullptr;
}

bool AccessControl::active() const noexcept {
  if (entries() == nullptr) return false;
  const InstanceRange servers = tree_->instances(kServerObject);
  const InstanceId first = servers.from(0);
  return first != kMaxId && servers.from(static_cast<InstanceId>(first + 1)) != kMaxId;
}

Path AccessControl::target(InstanceId entry) const noexcept {
  return {identifier(entries(), entry, kObjectId), identifier(entries(), entry, kInstanceId)};
}

InstanceId AccessControl::find(ObjectId object, InstanceId instance) const noexcept {
  const Object& table = *entries();
  for (const InstanceId i : table.instances()) {
    if (target(i) == Path(object, instance)) return i;
  }
  return kMaxId;
}

/// An entry may stand for an object, too: that is where Create is granted.
bool AccessControl::exists(const Path& target) const noexcept {
  const Object* object = tree_->find(target.object());
  return object != nullptr && (target.instance() == kMaxId || object->exists(target.instance()));
}

/// What the ACL itself says: the server's own entry, or the default one.
Rights AccessControl::granted(InstanceId entry, ShortServerId server) const noexcept {
  Object& table = *entries();
  const InstanceId row = table.exists(entry, kAcl, server) ? server : kEveryone;
  const auto value = table.read(Path(kAccessControlObject, entry, kAcl, row));
  return value ? Rights(value->as_integer()) : Rights();
}

Rights AccessControl::rights(ShortServerId server, ObjectId object, InstanceId instance) const noexcept {
  if (!active()) return Rights::all();
  // Anybody may see how rights stand; who owns an entry manages it (TS 5.2.5).
  if (object == kAccessControlObject) {
    return identifier(entries(), instance, kOwner) == server ? Rights(Right::kRead, Right::kWrite)
                                                             : Rights(Right::kRead);
  }
  const InstanceId entry = find(object, instance);
  if (entry == kMaxId) return {};
  const bool owner = identifier(entries(), entry, kOwner) == server;
  return owner && !entries()->exists(entry, kAcl, server) ? Rights::all() : granted(entry, server);
}

bool AccessControl::allows(ShortServerId server, Right right, const Path& path) const noexcept {
  if (path.depth() == 0 || !active()) return true;
  const Object* object = tree_->find(path.object());
  if (object == nullptr) return true;
  if (right == Right::kCreate) return rights(server, object->id(), kMaxId).has(right);
  bool empty = true;
  for (const InstanceId i : object->instances()) {
    if (path.depth() > 1 && i != path.instance()) continue;
    if (rights(server, object->id(), i).has(right)) return true;
    empty = false;
  }
  return empty;
}

Result<void> AccessControl::add(ObjectId object, InstanceId instance, ShortServerId owner) noexcept {
  if (!active() || !controlled(object)) return {};
  return make({object, instance}, owner, {});
}

void AccessControl::remove(ObjectId object, InstanceId instance) noexcept {
  if (entries() == nullptr) return;
  if (const InstanceId entry = find(object, instance); entry != kMaxId) (void)entries()->remove(entry);
}

Result<void> AccessControl::make(const Path& target, ShortServerId owner, Rights everyone) noexcept {
  Object& table = *entries();
  const InstanceId entry = table.free_instance();
  if (const auto created = table.create(entry); !created) return created;
  const auto written = write_entry(entry, target, owner, everyone);
  if (!written) (void)table.remove(entry);
  return written;
}

Result<void> AccessControl::write_entry(InstanceId entry, const Path& target, ShortServerId owner,
                                        Rights everyone) noexcept {
  // In the order of the resources.
  const std::array<std::int64_t, 4> values{target.object(), target.instance(), everyone.entry(), owner};
  for (ResourceId resource = kObjectId; resource <= kOwner; ++resource) {
    Path path(kAccessControlObject, entry, resource);
    if (resource == kAcl) {
      entries()->erase(path);
      if (everyone.none()) continue;
      path = path.child(kEveryone);
    }
    if (const auto written = entries()->write(path, Value::integer(values[resource])); !written)
      return written;
  }
  return {};
}

bool AccessControl::remove_orphans() noexcept {
  Object& table = *entries();
  bool any = false;
  for (const InstanceId i : table.instances()) {
    if (!exists(target(i))) any = table.remove(i).has_value() || any;
  }
  return any;
}

/// `before`: the server that had all of it to itself until now, 0 for none.
bool AccessControl::add_missing(ShortServerId before) noexcept {
  bool any = false;
  for (Object* object : tree_->objects()) {
    if (!controlled(object->id())) continue;
    for (const InstanceId i : object->instances()) {
      if (find(object->id(), i) != kMaxId) continue;
      ShortServerId owner = before != 0 ? before : kMaxId;
      if (object->id() == kServerObject) owner = identifier(object, i, kShortServerId);
      const Rights everyone = owner == kMaxId ? own_rights_ : Rights();
      if (owner == kMaxId && everyone.none()) continue;
      any = make({object->id(), i}, owner, everyone).has_value() || any;
    }
  }
  return any;
}

bool AccessControl::synchronise() noexcept {
  if (entries() == nullptr) return false;
  ShortServerId latest = 0;
  bool stays = false;
  std::size_t servers = 0;
  for (const InstanceId i : tree_->instances(kServerObject)) {
    latest = server_of_account(*tree_, i);
    stays = stays || latest == alone_;
    ++servers;
  }
  const ShortServerId before = stays ? alone_ : ShortServerId{0};
  alone_ = servers == 1 ? latest : ShortServerId{0};
  const bool removed = remove_orphans();
  return (servers > 1 && add_missing(before)) || removed;
}

ShortServerId AccessControl::heir(InstanceId entry, ShortServerId leaving) const noexcept {
  ShortServerId heir = 0;
  int best = -1;
  for (const InstanceId i : tree_->instances(kServerObject)) {
    const ShortServerId server = server_of_account(*tree_, i);
    const Rights rights = granted(entry, server);
    if (server == leaving || rights.none()) continue;
    const int sum = (rights.has(Right::kWrite) ? 1 : 0) + (rights.has(Right::kDelete) ? 1 : 0);
    if (sum < best || (sum == best && server > heir)) continue;
    best = sum;
    heir = server;
  }
  return heir;
}

void AccessControl::hand_over(ShortServerId server, FunctionRef<void(const Path&)> remove_instance) noexcept {
  if (entries() == nullptr) return;
  Object& table = *entries();
  for (const InstanceId i : table.instances()) {
    const Path owned = target(i);
    table.erase(Path(kAccessControlObject, i, kAcl, server));
    if (identifier(&table, i, kOwner) != server) continue;
    if (const ShortServerId next = heir(i, server); next != 0) {
      (void)table.write(Path(kAccessControlObject, i, kOwner), Value::integer(next));
      continue;
    }
    if (owned.instance() != kMaxId) remove_instance(owned);
    if (exists(owned)) {
      (void)write_entry(i, owned, kMaxId, own_rights_);
    } else {
      (void)table.remove(i);
    }
  }
}

}  // namespace linnet::client

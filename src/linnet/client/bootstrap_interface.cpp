// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/bootstrap_interface.hpp"

#include "linnet/client/accounts.hpp"
#include "linnet/client/request.hpp"
#include "linnet/lwm2m/link_format.hpp"

namespace linnet::client {

using namespace std::string_view_literals;

using coap::Code;
using lwm2m::ContentFormat;
using lwm2m::Record;

namespace {

constexpr ObjectId kDeviceObject = 3;
constexpr ResourceId kUri = 0, kSecurityServer = 10,
                     kOscoreLink = 17;                            // of object 0
constexpr ResourceId kShortServerId = 0, kLastBootstrapped = 12;  // of object 1
constexpr ResourceId kCurrentTime = 13;                           // of object 3

/// The objects that a bootstrap server configures: an instance of these is what it wrote, and no more.
constexpr bool configured(ObjectId object) noexcept {
  return hidden(object) || object == kServerObject || object == kAccessControlObject;
}

/// Objects whose versions go with the version of the enabler.
constexpr bool of_enabler(ObjectId object) noexcept {
  return object <= 7 || object == kOscoreObject;
}

/// Table 6.7-1 has few codes: what is wrong with a request is 4.00, but for its format and size.
Result<void> refuse(Error error) noexcept {
  switch (error.code) {
    case Errc::kUnsupported:
      return fail(Errc::kUnsupported, static_cast<std::uint8_t>(Code::kUnsupportedContentFormat));
    case Errc::kTooLarge: return fail(Errc::kTooLarge);
    case Errc::kNoSpace:
    case Errc::kBusy:
    case Errc::kIo: return fail(Errc::kNoSpace);
    default: return fail(Errc::kMalformed);
  }
}

bool is_finish(const coap::IncomingRequest& request) noexcept {
  Path behind;
  return read_path(request, "/bs"sv, false, behind) && behind.depth() == 0;
}

/// The Short Server ID that an instance of object 0, 1 or 21 belongs to; 0 for other ones.
ShortServerId server_of(const ObjectTree& tree, ObjectId object, InstanceId instance) noexcept {
  if (object == kServerObject) return id_of(tree.find(object), instance, kShortServerId);
  if (object == kSecurityObject && !is_bootstrap_account(tree, instance)) {
    return id_of(tree.find(object), instance, kSecurityServer);
  }
  if (object != kOscoreObject) return 0;
  Object* security = tree.find(kSecurityObject);
  for (const InstanceId i : InstanceRange(security)) {
    if (link_of(security, i, kOscoreLink) == lwm2m::Objlnk{object, instance}) {
      return server_of(tree, kSecurityObject, i);
    }
  }
  return 0;
}

void write_links(lwm2m::LinkWriter& links, const ObjectTree& tree, const Object& object) noexcept {
  const Path path(object.id());
  write_object(links, object, !of_enabler(object.id()), false);
  for (const InstanceId i : object.instances()) {
    links.link(path.child(i));
    const ShortServerId server = server_of(tree, object.id(), i);
    if (server != 0) links.attribute("ssid"sv, std::uint64_t{server});
    if (object.id() != kSecurityObject) continue;
    if (const auto uri = read_text(tree, path.child(i).child(kUri))) links.quoted("uri"sv, *uri);
  }
}

}  // namespace

void BootstrapInterface::begin() noexcept {
  before_ = Rollback(memory_);
  for (Object* object : tree_->objects()) object->kept = false;
  outcome_ = Outcome::kOpen;
  broken_ = false;
}

void BootstrapInterface::roll_back() noexcept {
  if (changed()) before_.undo(*tree_);
  begin();
}

Result<void> BootstrapInterface::serve(Operation& request) noexcept {
  if (request.message.method == Code::kPost && is_finish(request.message)) return finish();
  // Nothing else comes once the sequence is over.
  if (outcome_ != Outcome::kOpen) return fail(Errc::kUnauthorized);
  // It never stands under an alternate path (TS 6.4.1); some write "/" as an empty segment.
  const auto path = request.find_path({}, true);
  switch (request.message.method) {
    case Code::kGet:
      if (!path) return fail(Errc::kNotFound);
      return request.message.accept == static_cast<std::uint16_t>(ContentFormat::kLinkFormat)
                 ? discover(request)
                 : read(request);
    case Code::kPut: return path ? write(request) : path;
    case Code::kDelete: request.reply.code = Code::kDeleted; return path ? remove(request.path) : path;
    case Code::kPost: return fail(Errc::kMalformed);
    default: return path ? fail(Errc::kNotAllowed) : path;
  }
}

/// The answer to one that comes again is the same.
Result<void> BootstrapInterface::finish() noexcept {
  if (outcome_ == Outcome::kOpen) {
    outcome_ = !broken_ && consistent() ? Outcome::kFinished : Outcome::kRefused;
  }
  return finished() ? Result<void>() : std::unexpected(kNotAcceptable);
}

bool BootstrapInterface::consistent() const noexcept {
  return next_account(*tree_).id != 0 && paired();
}

/// All accounts are whole, however many there are.
bool BootstrapInterface::paired() const noexcept {
  for (const ObjectId id : {kSecurityObject, kServerObject}) {
    Object* object = tree_->find(id);
    for (const InstanceId i : InstanceRange(object)) {
      if (!linked(*object, i)) return false;
      const bool bootstrap = id == kSecurityObject && is_bootstrap_account(*tree_, i);
      const ShortServerId server = server_of(*tree_, id, i);
      const InstanceId security =
          bootstrap ? find_bootstrap_account(*tree_) : find_security_instance(*tree_, server);
      const InstanceId account = bootstrap ? i : find_server_instance(*tree_, server);
      // One of each, and this is it.
      if (security == kMaxId || account == kMaxId) return false;
      if ((id == kSecurityObject ? security : account) != i) return false;
    }
  }
  return true;
}

/// Every link of the instance leads to something, or says that it leads nowhere.
bool BootstrapInterface::linked(Object& object, InstanceId instance) const noexcept {
  for (const ResourceDefinition& definition : object.definition().resources) {
    if (definition.type != lwm2m::DataType::kObjlnk) continue;
    const lwm2m::Objlnk link = link_of(&object, instance, definition.id);
    if (link.object == kMaxId) continue;
    const Object* target = tree_->find(link.object);
    if (target == nullptr || !target->exists(link.instance)) return false;
  }
  return true;
}

Result<void> BootstrapInterface::discover(const Operation& request) const noexcept {
  const Path& path = request.path;
  if (path.depth() > 1) return fail(Errc::kMalformed);
  const Object* only = tree_->find(path.object());
  if (path.depth() == 1 && only == nullptr) return fail(Errc::kNotFound);
  ByteWriter out(request.space);
  lwm2m::LinkWriter links(out);
  links.link(Path());
  links.attribute("lwm2m"sv, "1.1"sv);
  for (const Object* object : tree_->objects()) {
    if (path.depth() == 0 || object == only) write_links(links, *tree_, *object);
  }
  return request.give_links(out);
}

Result<void> BootstrapInterface::read(const Operation& request) const noexcept {
  const Path& path = request.path;
  if (path.depth() == 0 || path.depth() > 2) return fail(Errc::kNotAllowed);
  const Object* object = tree_->find(path.object());
  if (object == nullptr) return fail(Errc::kNotFound);
  // Object 1 too, as the Core and OMA's test case 8 have it; TS 6.4.2 names object 2 alone.
  if (object->id() != kServerObject && object->id() != kAccessControlObject) {
    return fail(Errc::kNotAllowed);
  }
  if (path.depth() == 2 && !object->exists(path.instance())) return fail(Errc::kNotFound);
  return request.encode(request.message.accept, lwm2m::holds_many, [&](lwm2m::RecordSink sink) {
    return tree_->walk(path, sink, ObjectTree::Show::kEverything);
  });
}

/// An object as it is now, once for each sequence.
Result<void> BootstrapInterface::keep(Object& object) noexcept {
  if (object.kept) return {};
  const auto added = before_.keep(*tree_, Path(object.id()));
  object.kept = added.has_value();
  return added;
}

Result<void> BootstrapInterface::write(Operation& request) noexcept {
  const Path& path = request.path;
  Object* object = tree_->find(path.object());
  if (object == nullptr || path.depth() > 3) return fail(Errc::kMalformed);
  const auto found = request.find_codec(path.depth() < 3 ? lwm2m::holds_many : any_format);
  if (!found) return found;
  // All of it is looked at before anything changes.
  const auto checked = request.decode([&](const Record& record) { return check(path, record); });
  if (!checked) return refuse(checked.error());
  if (const auto kept = keep(*object); !kept) return refuse(kept.error());

  Result<void> done;
  if (path.depth() == 1) {
    done = request.decode([&](const Record& record) { return clear(path, record.path); });
  } else {
    done = clear(path, path);
    if (done) done = ensure(*object, path.instance());
  }
  if (done) done = request.decode([&](const Record& record) { return take(record); });
  if (done) return done;
  broken_ = true;
  return refuse(done.error());
}

Result<void> BootstrapInterface::check(const Path& base, const Record& record) const noexcept {
  const Path& path = record.path;
  if (path.depth() < 2 || path.instance() == kMaxId) return fail(Errc::kMalformed);
  if (path.depth() == 2) return record.value.none() ? Result<void>() : fail(Errc::kMalformed);
  const Object& object = *tree_->find(path.object());
  const ResourceDefinition* definition = object.definition().find(path.resource());
  // What this device does not implement does not hinder the rest.
  if (definition == nullptr) return base.depth() < 3 ? Result<void>() : fail(Errc::kNotFound);
  if (lwm2m::executable(definition->operations)) return fail(Errc::kNotAllowed);
  return object.check(*definition, path, record.value);
}

/// Makes room for what a Write brings. It may come again for an instance that is cleared already.
Result<void> BootstrapInterface::clear(const Path& base, const Path& path) noexcept {
  Object& object = *tree_->find(path.object());
  if (!object.exists(path.instance())) return {};
  if (base.depth() < 3 && configured(object.id())) return object.remove(path.instance());
  for (const ResourceDefinition& definition : object.definition().resources) {
    const Path resource = path.prefix(2).child(definition.id);
    const bool meant = base.depth() < 3 ? lwm2m::writable(definition.operations) : resource == base;
    const bool clears = definition.multiple || (base.depth() < 3 && !definition.mandatory);
    if (meant && clears) object.erase(resource);
  }
  return {};
}

Result<void> BootstrapInterface::ensure(Object& object, InstanceId instance) noexcept {
  return object.exists(instance) ? Result<void>() : object.create(instance);
}

Result<void> BootstrapInterface::take(const Record& record) noexcept {
  const Path& path = record.path;
  Object& object = *tree_->find(path.object());
  if (const auto made = ensure(object, path.instance()); !made) return made;
  const ResourceDefinition* definition = object.definition().find(path.resource());
  if (record.value.none() || definition == nullptr) return {};
  const auto value = record.value.convert(definition->type);
  if (!value) return std::unexpected(value.error());
  if (const auto written = object.write(path, *value); !written) return written;
  // When an account was last updated, as far as the device knows.
  const Path clock(kDeviceObject, 0, kCurrentTime);
  if (object.id() != kServerObject || object.definition().find(kLastBootstrapped) == nullptr) return {};
  if (tree_->resolve(clock)) {
    if (const auto now = tree_->read(clock)) {
      (void)object.write(path.prefix(2).child(kLastBootstrapped), *now);
    }
  }
  return {};
}

/// What no Bootstrap-Delete touches: the Device object and the bootstrap account with its OSCORE instance.
bool BootstrapInterface::stays(ObjectId object, InstanceId instance) const noexcept {
  if (object == kDeviceObject) return true;
  const InstanceId account = find_bootstrap_account(*tree_);
  if (account == kMaxId) return false;
  if (object == kSecurityObject) return instance == account;
  return link_of(tree_->find(kSecurityObject), account, kOscoreLink) == lwm2m::Objlnk{object, instance};
}

Result<void> BootstrapInterface::remove(const Path& path) noexcept {
  const Object* object = tree_->find(path.object());
  if (path.depth() > 2 || (path.depth() > 0 && object == nullptr)) return fail(Errc::kMalformed);
  if (path.object() == kDeviceObject) return fail(Errc::kMalformed);
  if (path.depth() == 2 && (!object->exists(path.instance()) || stays(path.object(), path.instance()))) {
    return fail(Errc::kMalformed);
  }
  // With an account goes what belongs to it, in any object.
  const bool everywhere = path.depth() == 0 || path.object() == kSecurityObject;
  for (Object* candidate : tree_->objects()) {
    if (!everywhere && candidate != object) continue;
    if (const auto kept = keep(*candidate); !kept) return refuse(kept.error());
  }
  Result<void> removed;
  for (Object* candidate : tree_->objects()) {
    const auto done = remove_instances(*candidate, path);
    // What cannot be deleted is no instance of the kind that `/` means.
    if (!done && (path.depth() != 0 || done.error().code != Errc::kNotAllowed)) removed = done;
  }
  if (removed) return removed;
  broken_ = broken_ || removed.error().code != Errc::kNotAllowed;
  return refuse(removed.error());
}

/// Those at or below `path`.
Result<void> BootstrapInterface::remove_instances(Object& object, const Path& path) noexcept {
  for (const InstanceId i : object.instances()) {
    if (!path.contains(Path(object.id(), i)) || stays(object.id(), i)) continue;
    if (const auto removed = remove_instance(object, i); !removed) return removed;
  }
  return {};
}

/// Deletes an instance; with a Security instance go the server's account and the keys of OSCORE that no
/// other one has (TS 5.2.5, 5.5.4).
Result<void> BootstrapInterface::remove_instance(Object& object, InstanceId instance) noexcept {
  const bool secures = object.id() == kSecurityObject;
  const ShortServerId id = secures ? server_of(*tree_, kSecurityObject, instance) : ShortServerId{0};
  const lwm2m::Objlnk link = secures ? link_of(&object, instance, kOscoreLink) : lwm2m::Objlnk{};
  if (const auto removed = object.remove(instance); !removed) return removed;
  remove_keys(link);
  if (id == 0) return {};
  if (find_security_instance(*tree_, id) != kMaxId) return {};
  if (const InstanceId account = find_server_instance(*tree_, id); account != kMaxId) {
    if (const auto removed = tree_->find(kServerObject)->remove(account); !removed) return removed;
  }
  access_->hand_over(id, [&](const Path& owned) {
    Object* owner = tree_->find(owned.object());
    if (owner->exists(owned.instance()) && owner->can_remove(owned.instance())) {
      (void)owner->remove(owned.instance());
    }
  });
  return {};
}

void BootstrapInterface::purge_account() noexcept {
  const InstanceId account = find_bootstrap_account(*tree_);
  if (account == kMaxId) return;
  (void)remove_instance(*tree_->find(kSecurityObject), account);
}

void BootstrapInterface::remove_keys(lwm2m::Objlnk link) noexcept {
  Object* contexts = tree_->find(kOscoreObject);
  if (contexts == nullptr || link.object != kOscoreObject || !contexts->exists(link.instance)) return;
  Object* security = tree_->find(kSecurityObject);
  for (const InstanceId other : InstanceRange(security)) {
    if (link_of(security, other, kOscoreLink) == link) return;
  }
  (void)contexts->remove(link.instance);
}

}  // namespace linnet::client

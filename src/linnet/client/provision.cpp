// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/provision.hpp"

#include "linnet/client/accounts.hpp"
#include "linnet/client/engine.hpp"
#include "linnet/client/request.hpp"

namespace linnet::client {

using lwm2m::ContentFormat;
using lwm2m::Record;

namespace {

constexpr ResourceId kBootstrapServerFlag = 1;  // of object 0

}  // namespace

bool BootstrapInterface::brings_bootstrap_account(const ProvisionedObject& object) const noexcept {
  const lwm2m::Codec* codec = lwm2m::find_codec(codecs_, ContentFormat::kTlv);
  if (object.id != kSecurityObject || codec == nullptr) return false;
  bool brings = false;
  const auto type_of = [&](const Path& at) { return tree_->type_of(at); };
  const auto look = [&](const Record& record) -> Result<void> {
    const bool flag = record.path.depth() == 3 && record.path.resource() == kBootstrapServerFlag;
    brings =
        brings || (flag && record.value.type() == lwm2m::DataType::kBoolean && record.value.as_boolean());
    return {};
  };
  (void)codec->decode(Path(object.id), object.instances, type_of, ByteSpan(), look);
  return brings;
}

Result<void> BootstrapInterface::load(const ProvisionedObject& object) noexcept {
  const Object* known = tree_->find(object.id);
  if (known == nullptr) return {};
  if (object.version && object.version->major != known->definition().version.major) {
    return fail(Errc::kUnsupported);
  }
  coap::IncomingRequest message;
  message.content_format = static_cast<std::uint16_t>(ContentFormat::kTlv);
  message.payload = object.instances;
  coap::Reply reply;
  Operation request{message, *tree_, codecs_, {}, reply, Path(object.id)};
  return write(request);
}

Result<void> BootstrapInterface::provision(std::span<const ProvisionedObject> objects) noexcept {
  const Outcome before = outcome_;  // a Finish may yet come again
  begin();
  Result<void> done;
  for (const ObjectId id : {kSecurityObject, kServerObject, kOscoreObject}) {
    if (done && tree_->find(id) != nullptr) done = remove(Path(id));
  }
  bool bootstrap = false;
  for (const ProvisionedObject& object : objects) bootstrap = bootstrap || brings_bootstrap_account(object);
  if (done && bootstrap) purge_account();
  for (const ProvisionedObject& object : objects) {
    if (done) done = load(object);
  }
  const bool any = next_account(*tree_).id != 0 || find_bootstrap_account(*tree_) != kMaxId;
  if (done && (!any || !paired())) done = fail(Errc::kNotAllowed);
  if (!done) roll_back();
  outcome_ = before;
  return done;
}

/// What is deleted here has to go, whether it could be brought back or not.
void BootstrapInterface::withdraw(std::span<const InstanceId> accounts) noexcept {
  Object& security = *tree_->find(kSecurityObject);
  for (const InstanceId account : accounts) {
    if (security.exists(account)) (void)remove_instance(security, account);
  }
}

Result<void> Engine::provision(std::span<const ProvisionedObject> objects) noexcept {
  if (!kBootstrap || tree_.find(kSecurityObject) == nullptr) return fail(Errc::kUnsupported);
  if (bootstrap_.open()) return fail(Errc::kBusy);
  const InstanceId former = find_bootstrap_account(tree_);
  const auto done = bootstrap_interface_.provision(objects);
  if (!done) return done;
  if (find_bootstrap_account(tree_) != former) bootstrap_.purge_at = kNever;
  accounts_replaced();
  return {};
}

Result<void> Engine::withdraw(std::span<const InstanceId> accounts) noexcept {
  if (!kBootstrap || tree_.find(kSecurityObject) == nullptr) return fail(Errc::kUnsupported);
  if (bootstrap_.open()) return fail(Errc::kBusy);
  bootstrap_interface_.withdraw(accounts);
  if (find_bootstrap_account(tree_) == kMaxId) bootstrap_.purge_at = kNever;
  accounts_replaced();
  return {};
}

/// Whom the device knew is forgotten; it begins with those that objects 0 and 1 have now.
void Engine::accounts_replaced() noexcept {
  work_pending_ = accounts_pending_ = true;
  const bool servers = next_account(tree_).id != 0;
  if (servers || find_bootstrap_account(tree_) == kMaxId) move_bootstrap(BootstrapInput::kSettled);
  for (const Object* object : tree_.objects()) instances_changed(object->id());
  changed(Path());
  kSequence ? start_servers() : register_now();
}

}  // namespace linnet::client

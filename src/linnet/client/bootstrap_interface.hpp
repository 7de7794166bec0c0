// SPDX-License-Identifier: Apache-2.0
// The operations of a bootstrap server on a device (TS 6.4.2, table 6.7-1, digest §5): Write, Delete,
// Read, Discover and Finish, which neither access rights nor R and W marks hold back. They are one
// transaction: what they changed stands once Finish has found it consistent, and else goes back.
#pragma once

#include "linnet/client/access_control.hpp"
#include "linnet/client/provision.hpp"
#include "linnet/client/rollback.hpp"
#include "linnet/coap/endpoint.hpp"
#include "linnet/lwm2m/codec.hpp"

namespace linnet::client {

struct Operation;  // of request.hpp

class BootstrapInterface {
 public:
  /// `memory` keeps what the objects held that a sequence changes; a Write or Delete that would need
  /// more is answered 5.00 and changes nothing. All of it must outlive this.
  void init(const ObjectTree& tree, AccessControl& access, std::span<const lwm2m::Codec> codecs,
            ByteSpan memory) noexcept {
    tree_ = &tree;
    access_ = &access;
    codecs_ = codecs;
    memory_ = memory;
  }

  /// A sequence begins: what is there now is what `roll_back` returns to.
  void begin() noexcept;
  /// One request of the bootstrap server, whose `reply` is 2.04 at first. Finish is answered 2.04 and makes
  /// `finished` true where all is consistent; where it is not it is answered 4.06 and makes `refused` true.
  [[nodiscard]] Result<void> serve(Operation& request) noexcept;

  [[nodiscard]] bool finished() const noexcept { return outcome_ == Outcome::kFinished; }
  [[nodiscard]] bool refused() const noexcept { return outcome_ == Outcome::kRefused; }
  /// Whether the sequence has changed anything.
  [[nodiscard]] bool changed() const noexcept { return !before_.empty(); }
  /// Everything as it was when the sequence began.
  void roll_back() noexcept;

  /// What Finish asks: a server account at least, each Server instance with its one Security instance
  /// and the other way round, one bootstrap account at most, and no link to what is not there.
  [[nodiscard]] bool consistent() const noexcept;
  /// Accounts that come from elsewhere than a bootstrap server, see Engine::provision and Engine::withdraw.
  [[nodiscard]] Result<void> provision(std::span<const ProvisionedObject> objects) noexcept;
  void withdraw(std::span<const InstanceId> accounts) noexcept;
  /// Deletes the bootstrap account and the instance of object 21 that it links to, outside a sequence.
  void purge_account() noexcept;

 private:
  enum class Outcome : std::uint8_t { kOpen, kFinished, kRefused };

  [[nodiscard]] Result<void> finish() noexcept;
  [[nodiscard]] Result<void> discover(const Operation& request) const noexcept;
  [[nodiscard]] Result<void> read(const Operation& request) const noexcept;
  // Their errors are those of table 6.7-1.
  [[nodiscard]] Result<void> write(Operation& request) noexcept;
  [[nodiscard]] Result<void> remove(const Path& path) noexcept;

  [[nodiscard]] Result<void> check(const Path& base, const lwm2m::Record& record) const noexcept;
  [[nodiscard]] Result<void> clear(const Path& base, const Path& path) noexcept;
  [[nodiscard]] Result<void> take(const lwm2m::Record& record) noexcept;
  [[nodiscard]] Result<void> ensure(Object& object, InstanceId instance) noexcept;
  [[nodiscard]] bool stays(ObjectId object, InstanceId instance) const noexcept;
  [[nodiscard]] Result<void> remove_instances(Object& object, const Path& path) noexcept;
  [[nodiscard]] Result<void> remove_instance(Object& object, InstanceId instance) noexcept;
  void remove_keys(lwm2m::Objlnk link) noexcept;
  [[nodiscard]] Result<void> keep(Object& object) noexcept;
  [[nodiscard]] bool paired() const noexcept;
  [[nodiscard]] Result<void> load(const ProvisionedObject& object) noexcept;
  [[nodiscard]] bool brings_bootstrap_account(const ProvisionedObject& object) const noexcept;
  [[nodiscard]] bool linked(Object& object, InstanceId instance) const noexcept;

  const ObjectTree* tree_ = nullptr;
  AccessControl* access_ = nullptr;
  std::span<const lwm2m::Codec> codecs_;
  ByteSpan memory_;
  Rollback before_;
  Outcome outcome_ = Outcome::kOpen;
  bool broken_ = false;  ///< an object refused half way
};

}  // namespace linnet::client

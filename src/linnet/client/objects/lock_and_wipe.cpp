// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/lock_and_wipe.hpp"

namespace linnet::client {

namespace {

enum Resource : ResourceId { kState = 0, kWipe = 3, kResult = 5 };

struct Results {
  LockOrWipeResult done, failed;
};

/// By the state that was wanted.
constexpr std::array<Results, 3> kResults{
    {{LockOrWipeResult::kUnlocked, LockOrWipeResult::kNotUnlocked},
     {LockOrWipeResult::kPartiallyLocked, LockOrWipeResult::kNotPartiallyLocked},
     {LockOrWipeResult::kFullyLocked, LockOrWipeResult::kNotFullyLocked}}};

}  // namespace

LockAndWipeInstance* LockAndWipeBehaviour::instance() const noexcept {
  return static_cast<LockAndWipeInstance*>(find(0));
}

void LockAndWipeBehaviour::show(LockOrWipeResult result) noexcept {
  instance()->result = static_cast<std::int8_t>(result);
  changed(Path(id(), 0, kResult));
}

void LockAndWipeBehaviour::restore(LockState state, const LockAndWipeInstance::Targets& targets) noexcept {
  LockAndWipeInstance* at = instance();
  if (at == nullptr) return;
  at->state = state_ = static_cast<std::int8_t>(state);
  at->lock_targets = targets_ = targets;
  changed(Path(id(), 0, kState));
}

Result<void> LockAndWipeBehaviour::validate(const Path& path, const Value& value) const noexcept {
  if (path.resource() == kState && service_ == nullptr) return fail(Errc::kNotAllowed);
  return TypedObject::validate(path, value);
}

Result<void> LockAndWipeBehaviour::execute(const Path& path, std::string_view /*arguments*/) noexcept {
  if (path.resource() != kWipe || service_ == nullptr) return fail(Errc::kNotAllowed);
  const auto wiped = service_->wipe(instance()->wipe_targets);
  show(wiped ? LockOrWipeResult::kWiped : LockOrWipeResult::kNotWiped);
  return wiped;
}

Instant LockAndWipeBehaviour::step(Instant /*now*/) noexcept {
  LockAndWipeInstance* at = instance();
  if (at == nullptr || service_ == nullptr) return kNever;
  const auto wanted = static_cast<LockState>(at->state);
  const bool parts = wanted == LockState::kPartiallyLocked && !(at->lock_targets == targets_);
  if (at->state == state_ && !parts) return kNever;
  const auto [done, failed] = kResults[static_cast<std::size_t>(wanted)];
  if (service_->lock(wanted, at->lock_targets)) {
    state_ = at->state;
    targets_ = at->lock_targets;
    show(done);
  } else {
    at->state = state_;
    at->lock_targets = targets_;
    show(failed);
  }
  changed(Path(id(), 0, kState));
  return kNever;
}

}  // namespace linnet::client

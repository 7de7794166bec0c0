// SPDX-License-Identifier: Apache-2.0
// Lock and Wipe, object 8 version 1.0: servers put a device, or parts of it, out of use and erase its data.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// State, 8/0/0.
enum class LockState : std::uint8_t { kUnlocked = 0, kPartiallyLocked = 1, kFullyLocked = 2 };

/// Lock or Wipe Operation Result, 8/0/5.
enum class LockOrWipeResult : std::uint8_t {
  kInitial = 0,
  kPartiallyLocked = 1,
  kFullyLocked = 2,
  kUnlocked = 3,
  kWiped = 4,
  kNotPartiallyLocked = 5,
  kNotFullyLocked = 6,
  kNotUnlocked = 7,
  kNotWiped = 8,
};

struct LockAndWipeInstance {
  static constexpr std::size_t kMaxTargets = 8;
  using Targets = Multiple<Text<32>, kMaxTargets>;

  std::int8_t state = 0;  ///< a LockState: what is in force, but between a Write and the next step
  Targets lock_targets;
  Targets wipe_items;  ///< for the application to name
  Targets wipe_targets;
  std::int8_t result = 0;  ///< a LockOrWipeResult

  /// The behaviour of the object sees to it.
  Result<void> wipe(std::string_view) noexcept { return {}; }

  static constexpr ObjectId kId = 8;
  using Self = LockAndWipeInstance;
  static constexpr auto resources() noexcept {
    return std::array{resource<&Self::state>(0, Operations::kRW, Presence::kMandatory, in_range<0, 2>),
                      resource<&Self::lock_targets>(1, Operations::kW, Presence::kMandatory),
                      resource<&Self::wipe_items>(2, Operations::kR),
                      command<&Self::wipe>(3, Presence::kMandatory),
                      resource<&Self::wipe_targets>(4, Operations::kW, Presence::kMandatory),
                      resource<&Self::result>(5, Operations::kR, Presence::kMandatory)};
  }
};

/// What really locks and wipes. An error shows in the result.
class LockAndWipeService {
 public:
  /// `targets` say what is locked where the state is kPartiallyLocked. What was locked before and is not
  /// named any more is unlocked.
  virtual Result<void> lock(LockState state, const LockAndWipeInstance::Targets& targets) noexcept = 0;
  /// No target: all that can be wiped. The error is the answer to the Execute too.
  virtual Result<void> wipe(const LockAndWipeInstance::Targets& targets) noexcept = 0;

 protected:
  ~LockAndWipeService() = default;
};

/// A change of State, or of Lock target in a partially locked device, is carried out at the next step, when a
/// Write has brought all that belongs to it; a state that could not be reached goes back. Without a service
/// State cannot be written and Wipe not be executed (4.05).
class LockAndWipeBehaviour : public TypedObject {
 public:
  /// Must outlive the object.
  void provide(LockAndWipeService& service) noexcept { service_ = &service; }
  /// The state that the device is in already, as after a restart: the service is not asked.
  void restore(LockState state, const LockAndWipeInstance::Targets& targets) noexcept;

  [[nodiscard]] Result<void> validate(const Path& path, const Value& value) const noexcept override;
  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;
  Instant step(Instant now) noexcept override;

 protected:
  using TypedObject::TypedObject;
  ~LockAndWipeBehaviour() = default;

 private:
  [[nodiscard]] LockAndWipeInstance* instance() const noexcept;
  void show(LockOrWipeResult result) noexcept;

  LockAndWipeService* service_ = nullptr;
  std::int8_t state_ = 0;  ///< in force, with the targets
  LockAndWipeInstance::Targets targets_;
};

using LockAndWipeObject = Instances<LockAndWipeInstance, 1, Creation::kByDevice, LockAndWipeBehaviour>;

}  // namespace linnet::client

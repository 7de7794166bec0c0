// SPDX-License-Identifier: Apache-2.0
// Object 8 of the simulated device: it tells what is locked, and wipes the values of its other objects.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "linnet/client/objects/lock_and_wipe.hpp"

namespace linnet::device {

/// What a server had locked or wiped.
struct LockReport {
  bool wiped = false;                ///< else locked, or unlocked
  client::LockState state{};         ///< where it is not wiped
  std::vector<std::string> targets;  ///< paths of objects that were wiped, or what the server says is locked
};

class Lock final : public client::LockAndWipeService {
 public:
  using Wipe = std::function<void(lwm2m::ObjectId)>;
  using Told = std::function<void(const LockReport&)>;

  Lock(Wipe wipe, Told told) : wipe_(std::move(wipe)), told_(std::move(told)) {}

  /// Serves the object from now on; its Wipe items are the paths of these.
  void begin(client::LockAndWipeObject& object, std::span<const lwm2m::ObjectId> items);

  Result<void> lock(client::LockState state,
                    const client::LockAndWipeInstance::Targets& targets) noexcept override;
  /// kInvalidArgument for a target that is no item: nothing is wiped then.
  Result<void> wipe(const client::LockAndWipeInstance::Targets& targets) noexcept override;

 private:
  Wipe wipe_;
  Told told_;
  std::vector<lwm2m::ObjectId> items_;
};

}  // namespace linnet::device

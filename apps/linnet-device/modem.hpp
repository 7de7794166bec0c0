// SPDX-License-Identifier: Apache-2.0
// Object 10 of the simulated device: a radio that can be switched off, and a network that grants what its
// timers can say.
#pragma once

#include <functional>

#include "linnet/client/objects/cellular_connectivity.hpp"

namespace linnet::device {

class Modem final : public client::CellularModem {
 public:
  /// `told` hears of the radio when it goes off and on again.
  explicit Modem(std::function<void(bool on)> told) : told_(std::move(told)) {}

  /// Serves the object from now on, with the radio on.
  void begin(client::CellularConnectivityObject& object);
  /// Nothing is sent or heard while it is off.
  [[nodiscard]] bool on() const noexcept { return on_; }

  void radio(bool on) noexcept override;
  /// The network has PSM and eDRX, and rounds timers up to what their elements express.
  void suggest(const client::PowerSaving& wanted) noexcept override;

 private:
  std::function<void(bool on)> told_;
  client::CellularConnectivityObject* object_ = nullptr;
  bool on_ = true;
};

/// Seconds as T3412 extended (TS 24.008 §10.5.7.4a) and T3324 (§10.5.7.3) express them: the next longer time,
/// the longest one for more.
[[nodiscard]] std::int32_t periodic_update_timer(std::int32_t seconds) noexcept;
[[nodiscard]] std::int32_t active_timer(std::int32_t seconds) noexcept;

}  // namespace linnet::device

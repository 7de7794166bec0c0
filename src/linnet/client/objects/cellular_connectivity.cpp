// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/cellular_connectivity.hpp"

namespace linnet::client {

namespace {

constexpr ResourceId kRadioOff = 1;

}  // namespace

CellularConnectivityInstance* CellularConnectivityBehaviour::instance() const noexcept {
  return static_cast<CellularConnectivityInstance*>(find(0));
}

void CellularConnectivityBehaviour::granted(const PowerSaving& values) noexcept {
  CellularConnectivityInstance* at = instance();
  if (at == nullptr) return;
  const bool other = !(static_cast<const PowerSaving&>(*at) == values);
  static_cast<PowerSaving&>(*at) = granted_ = values;
  if (other) changed(Path(id(), 0));
}

Instant CellularConnectivityBehaviour::step(Instant now) noexcept {
  CellularConnectivityInstance* at = instance();
  if (at == nullptr || modem_ == nullptr) return kNever;
  const PowerSaving& wanted = *at;
  if (!(wanted == granted_)) {
    granted_ = wanted;  // before the modem says what it became, maybe from within
    modem_->suggest(wanted);
  }
  step_radio(*at, now);
  return radio_on_at_;
}

void CellularConnectivityBehaviour::step_radio(CellularConnectivityInstance& at, Instant now) noexcept {
  if (now >= radio_on_at_) {
    at.radio_off = 0;
    changed(Path(id(), 0, kRadioOff));
  }
  const std::int32_t wanted = at.radio_off.value_or(0);
  if (wanted == radio_off_) return;
  radio_off_ = wanted;
  radio_on_at_ = wanted > 0 ? now + std::chrono::minutes(wanted) : kNever;
  modem_->radio(wanted == 0);
}

}  // namespace linnet::client

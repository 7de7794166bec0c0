// SPDX-License-Identifier: Apache-2.0
#include "modem.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace linnet::device {

namespace {

constexpr std::int32_t kMost = 31;  // a timer is five bits times a unit
constexpr std::array<std::int32_t, 7> kPeriodicUpdateUnits{2, 30, 60, 600, 3600, 36'000, 1'152'000};  // s
constexpr std::array<std::int32_t, 3> kActiveUnits{2, 60, 360};
constexpr std::uint8_t kModes = client::kPsm | client::kEdrx;

std::int32_t rounded_up(std::int32_t seconds, std::span<const std::int32_t> units) noexcept {
  const std::int32_t wanted = std::max(seconds, 0);
  for (const std::int32_t unit : units) {
    if (wanted <= kMost * unit) return (wanted + unit - 1) / unit * unit;
  }
  return kMost * units.back();
}

}  // namespace

std::int32_t periodic_update_timer(std::int32_t seconds) noexcept {
  return rounded_up(seconds, kPeriodicUpdateUnits);
}

std::int32_t active_timer(std::int32_t seconds) noexcept {
  return rounded_up(seconds, kActiveUnits);
}

void Modem::begin(client::CellularConnectivityObject& object) {
  object_ = &object;
  on_ = true;
  object.get(0)->supported_modes = kModes;
  object.provide(*this);
}

void Modem::radio(bool on) noexcept {
  if (on_ == on) return;
  on_ = on;
  told_(on);
}

void Modem::suggest(const client::PowerSaving& wanted) noexcept {
  client::PowerSaving granted = wanted;
  if (granted.psm_timer) granted.psm_timer = periodic_update_timer(*granted.psm_timer);
  if (granted.active_timer) granted.active_timer = active_timer(*granted.active_timer);
  if (granted.active_modes) *granted.active_modes &= kModes;
  object_->granted(granted);
}

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
// Whether the timers of the radio network and those of LwM2M go together (TS D.8.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/base/function_ref.hpp"
#include "linnet/base/time.hpp"

namespace linnet::lwm2m {

/// What a device is configured with; what is not, or not known, is absent.
struct PowerPlan {
  std::optional<Seconds> psm = {};       ///< Extended T3412 of Power Saving Mode
  std::optional<Seconds> edrx = {};      ///< cycle of extended idle mode DRX
  std::optional<Seconds> lifetime = {};  ///< of the registration
  std::optional<Seconds> pmin = {};
  std::optional<Seconds> pmax = {};
  std::optional<Seconds> rate_interval = {};  ///< what the network's rate control comes to, as a time
};

/// A relation of D.8.5 that does not hold.
enum class PowerConflict : std::uint8_t {
  kLifetimeNotBelowPsm,
  kPmaxNotBelowLifetime,
  kPminNotBelowEdrx,
  kEdrxNotBelowPmax,
  kPmaxAboveRateInterval,
};

/// Reports every relation that both sides are known of and that does not hold:
/// psm > lifetime > pmax and pmin < edrx < pmax <= rate_interval.
void check_power_plan(const PowerPlan& plan, FunctionRef<void(PowerConflict)> report) noexcept;

/// What it means and what to change, a sentence for people.
[[nodiscard]] std::string_view to_sentence(PowerConflict conflict) noexcept;

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/power_plan.hpp"

namespace linnet::lwm2m {

namespace {

using Timer = std::optional<Seconds> PowerPlan::*;

struct Rule {
  Timer shorter;
  Timer longer;
  bool may_be_equal;
  PowerConflict broken;
  std::string_view sentence;
};

constexpr Rule kRules[]{
    {&PowerPlan::lifetime, &PowerPlan::psm, false, PowerConflict::kLifetimeNotBelowPsm,
     "The lifetime is not below the PSM timer (Extended T3412): the device wakes up for the network and for "
     "its Update separately; shorten the lifetime or ask for a longer timer."},
    {&PowerPlan::pmax, &PowerPlan::lifetime, false, PowerConflict::kPmaxNotBelowLifetime,
     "pmax is not below the lifetime: notifications come more rarely than Updates and cannot share their "
     "wake-ups; shorten pmax or lengthen the lifetime."},
    {&PowerPlan::pmin, &PowerPlan::edrx, false, PowerConflict::kPminNotBelowEdrx,
     "pmin is not below the eDRX cycle: a value read when the device wakes up to listen may have to wait for "
     "another cycle; shorten pmin or lengthen the cycle."},
    {&PowerPlan::edrx, &PowerPlan::pmax, false, PowerConflict::kEdrxNotBelowPmax,
     "The eDRX cycle is not below pmax: the device has to wake up for pmax between two cycles; shorten the "
     "cycle or lengthen pmax."},
    {&PowerPlan::pmax, &PowerPlan::rate_interval, true, PowerConflict::kPmaxAboveRateInterval,
     "pmax is above the interval of the network's rate control: the two do not go together; shorten pmax or "
     "agree on another rate."},
};

}  // namespace

void check_power_plan(const PowerPlan& plan, FunctionRef<void(PowerConflict)> report) noexcept {
  for (const Rule& rule : kRules) {
    const auto& shorter = plan.*rule.shorter;
    const auto& longer = plan.*rule.longer;
    if (!shorter || !longer) continue;
    const bool holds = *shorter < *longer || (rule.may_be_equal && *shorter == *longer);
    if (!holds) report(rule.broken);
  }
}

std::string_view to_sentence(PowerConflict conflict) noexcept {
  for (const Rule& rule : kRules) {
    if (rule.broken == conflict) return rule.sentence;
  }
  return {};
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// Shows: NW-6
#include "linnet/lwm2m/power_plan.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace linnet::lwm2m {
namespace {

std::vector<PowerConflict> conflicts(const PowerPlan& plan) {
  std::vector<PowerConflict> found;
  check_power_plan(plan, [&](PowerConflict conflict) { found.push_back(conflict); });
  return found;
}

constexpr PowerPlan kGood{Seconds(7200), Seconds(80), Seconds(3600), Seconds(10), Seconds(600), Seconds(600)};

TEST(PowerPlan, One_that_keeps_every_relation_of_D_8_5_has_no_conflict) {
  EXPECT_TRUE(conflicts(kGood).empty());
  EXPECT_TRUE(conflicts({}).empty());
}

TEST(PowerPlan, Each_relation_that_does_not_hold_is_reported_alone) {
  PowerPlan plan = kGood;
  plan.psm = plan.lifetime;
  EXPECT_EQ(conflicts(plan), std::vector{PowerConflict::kLifetimeNotBelowPsm});
  plan = kGood;
  plan.lifetime = plan.pmax;
  EXPECT_EQ(conflicts(plan), std::vector{PowerConflict::kPmaxNotBelowLifetime});
  plan = kGood;
  plan.pmin = plan.edrx;
  EXPECT_EQ(conflicts(plan), std::vector{PowerConflict::kPminNotBelowEdrx});
  plan = kGood;
  plan.edrx = plan.pmax;
  EXPECT_EQ(conflicts(plan), std::vector{PowerConflict::kEdrxNotBelowPmax});
  plan = kGood;
  plan.rate_interval = Seconds(599);
  EXPECT_EQ(conflicts(plan), std::vector{PowerConflict::kPmaxAboveRateInterval});
}

TEST(PowerPlan, What_is_not_known_is_not_judged) {
  PowerPlan plan;
  plan.psm = Seconds(60);
  plan.edrx = Seconds(60);
  EXPECT_TRUE(conflicts(plan).empty());
  plan.lifetime = Seconds(86'400);
  EXPECT_EQ(conflicts(plan), std::vector{PowerConflict::kLifetimeNotBelowPsm});
}

TEST(PowerPlan, Every_conflict_has_a_sentence_of_its_own) {
  for (int i = 0; i <= static_cast<int>(PowerConflict::kPmaxAboveRateInterval); ++i) {
    const std::string_view sentence = to_sentence(static_cast<PowerConflict>(i));
    EXPECT_TRUE(sentence.ends_with('.')) << i;
    for (int j = 0; j < i; ++j) EXPECT_NE(sentence, to_sentence(static_cast<PowerConflict>(j)));
  }
}

}  // namespace
}  // namespace linnet::lwm2m

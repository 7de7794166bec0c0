// SPDX-License-Identifier: Apache-2.0
// Fleets under the virtual clock. A run that fails prints its seed and the command that replays it;
// LINNET_SEED=N runs that seed alone, LINNET_SEEDS=N so many of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "fleet.hpp"

namespace linnet::simulation {
namespace {

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

/// Runs a plan and says what it was about.
void run(Fleet& fleet, const Plan& plan) {
  fleet.run();
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string replay = "LINNET_SEED=" + std::to_string(plan.seed) + " simulation_test --gtest_filter='" +
                       test->test_suite_name() + "." + test->name() + "'";
  for (const std::string& broken : fleet.broken()) ADD_FAILURE() << broken << "\nreplay: " << replay;
  const NetworkStatistics& network = fleet.network();
  const ServerCounts& server = fleet.server();
  std::printf(
      "seed %llu: %llu events, %llu datagrams (%llu lost), %llu registered, %llu updated, %llu expired,\n"
      "  %llu results (%llu good), %llu notified, %llu crashes, %llu refused by the store\n",
      static_cast<unsigned long long>(plan.seed), static_cast<unsigned long long>(fleet.events()),
      static_cast<unsigned long long>(network.sent), static_cast<unsigned long long>(network.lost),
      static_cast<unsigned long long>(server.registered), static_cast<unsigned long long>(server.updated),
      static_cast<unsigned long long>(server.expired), static_cast<unsigned long long>(server.results),
      static_cast<unsigned long long>(server.successes), static_cast<unsigned long long>(server.notified),
      static_cast<unsigned long long>(server.crashes), static_cast<unsigned long long>(server.refused));
  EXPECT_GT(server.results, 0U);
  EXPECT_GT(server.notified, 0U);
}

/// 1,000 devices that report every few minutes and are asked for something now and then.
Plan a_day() {
  Plan plan;
  plan.seed = number_from("LINNET_SEED").value_or(1);
  plan.devices = 1000;
  plan.duration = Seconds(86'400);
  plan.weather.loss = 10;
  plan.lifetime = {Seconds(3600), Seconds(14'400)};
  plan.default_pmin = 60;
  plan.default_pmax = 1800;
  plan.confirm_after = Seconds(21'600);
  plan.value_moves = {Seconds(120), Seconds(900)};
  plan.operations = {Seconds(600), Seconds(3600)};
  plan.mishaps = {Seconds(21'600), Seconds(86'400)};
  plan.crashes = {Seconds(21'600), Seconds(43'200)};
  plan.sweep_every = Seconds(300);
  return plan;
}

/// Fifty devices for two hours on a network that nobody would buy.
Plan harsh(std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  plan.weather.loss = 30;
  plan.weather.duplication = 10;
  plan.weather.late = 10;
  plan.confirmable_notifications = true;
  return plan;
}

TEST(Simulation, Fleet_a_day_with_ten_percent_loss) {
  const Plan plan = a_day();
  Fleet fleet(plan);
  run(fleet, plan);
}

TEST(Simulation, The_same_seed_gives_the_same_bytes) {
  Plan plan = harsh(number_from("LINNET_SEED").value_or(1));
  plan.devices = 20;
  plan.duration = Seconds(1800);
  Fleet first(plan);
  Fleet second(plan);
  first.run();
  second.run();
  EXPECT_GT(first.network().sent, 1000U);
  EXPECT_EQ(first.network().hash, second.network().hash);
  EXPECT_EQ(first.events(), second.events());
  plan.seed += 1;
  Fleet other(plan);
  other.run();
  EXPECT_NE(first.network().hash, other.network().hash);
}

class HarshNetwork : public testing::TestWithParam<std::uint64_t> {};

TEST_P(HarshNetwork, Fleet_keeps_every_invariant) {
  const Plan plan = harsh(GetParam());
  Fleet fleet(plan);
  run(fleet, plan);
  EXPECT_GT(fleet.server().crashes, 0U);
}

std::uint64_t first_seed() {
  return number_from("LINNET_SEED").value_or(1);
}
std::uint64_t seeds() {
  constexpr std::uint64_t kSeeds = 20;
  return number_from("LINNET_SEED") ? 1 : number_from("LINNET_SEEDS").value_or(kSeeds);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HarshNetwork, testing::Range(first_seed(), first_seed() + seeds()),
                         [](const auto& seed) { return "seed_" + std::to_string(seed.param); });

}  // namespace
}  // namespace linnet::simulation

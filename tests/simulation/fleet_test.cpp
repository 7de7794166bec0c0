// SPDX-License-Identifier: Apache-2.0
// Fleets under the virtual clock. A run that fails prints its seed and the command that replays it:
// LINNET_SEED=N runs that seed alone, LINNET_TRACE=N prints the datagrams of its device N. LINNET_SEEDS=N
// runs so many, from LINNET_FIRST_SEED on, and the large fleets as large as they are meant (tools/simulate);
// every build has a sample of them.
#include <gtest/gtest.h>

#include <algorithm>
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
  const ServerCounts server = fleet.servers();
  std::printf(
      "seed %llu: %llu events, %llu datagrams (%llu lost), %llu registered, %llu updated, %llu expired,\n"
      "  %llu results (%llu good), %llu notified, %llu crashes, %llu refused by the store,\n"
      "  %llu queued (%llu done), %llu unheard by sleeping devices, %llu bootstraps\n",
      static_cast<unsigned long long>(plan.seed), static_cast<unsigned long long>(fleet.events()),
      static_cast<unsigned long long>(network.sent), static_cast<unsigned long long>(network.lost),
      static_cast<unsigned long long>(server.registered), static_cast<unsigned long long>(server.updated),
      static_cast<unsigned long long>(server.expired), static_cast<unsigned long long>(server.results),
      static_cast<unsigned long long>(server.successes), static_cast<unsigned long long>(server.notified),
      static_cast<unsigned long long>(server.crashes), static_cast<unsigned long long>(server.refused),
      static_cast<unsigned long long>(server.queued), static_cast<unsigned long long>(server.done_later),
      static_cast<unsigned long long>(fleet.unheard()), static_cast<unsigned long long>(fleet.bootstraps()));
  EXPECT_GT(server.results, 0U);
  EXPECT_GT(server.notified, 0U);
  EXPECT_GT(server.done_later, 0U);
  EXPECT_GT(fleet.bootstraps(), 0U);
}

/// Somebody asked for the long run.
bool at_length() {
  return number_from("LINNET_SEEDS").has_value();
}

/// 1,000 devices (a tenth of them in every build) that report every few minutes and are asked for
/// something now and then.
Plan a_day() {
  Plan plan;
  plan.seed = number_from("LINNET_SEED").value_or(1);
  plan.devices = at_length() ? 1000 : 100;
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

/// A network that nobody would buy. Small fleets for half an hour find what large ones find, and more
/// of them can be run.
Plan harsh(std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  if (const auto device = number_from("LINNET_TRACE"))
    plan.traced = kFirstDeviceHost + static_cast<std::uint32_t>(*device);
  plan.weather.loss = 30;
  plan.weather.duplication = 10;
  plan.weather.late = 10;
  plan.confirmable_notifications = true;
  plan.devices = 12;
  plan.duration = Seconds(1800);
  plan.mishaps = {Seconds(200), Seconds(1200)};
  return plan;
}

/// Fifty devices for two hours on the same network.
Plan harsh_and_large(std::uint64_t seed) {
  Plan plan = harsh(seed);
  plan.devices = 50;
  plan.duration = Seconds(7200);
  plan.mishaps = {Seconds(600), Seconds(3600)};
  return plan;
}

TEST(Simulation, Fleet_a_day_with_ten_percent_loss) {
  const Plan plan = a_day();
  Fleet fleet(plan);
  run(fleet, plan);
}

TEST(Simulation, The_same_seed_gives_the_same_bytes) {
  Plan plan = harsh(number_from("LINNET_SEED").value_or(1));
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

std::uint64_t seeds(std::uint64_t usual, std::uint64_t share) {
  if (number_from("LINNET_SEED")) return 1;
  const auto wanted = number_from("LINNET_SEEDS");
  return wanted ? std::max<std::uint64_t>(*wanted / share, 1) : usual;
}
std::uint64_t first_seed() {
  return number_from("LINNET_SEED").value_or(number_from("LINNET_FIRST_SEED").value_or(1));
}

/// A tenth of the seeds, so that tests run side by side.
class HarshNetwork : public testing::TestWithParam<std::uint64_t> {};

TEST_P(HarshNetwork, Fleets_keep_every_invariant) {
  constexpr std::uint64_t kParts = 10;
  const std::uint64_t end = first_seed() + seeds(100, 1);
  std::uint64_t unheard = 0;
  const std::uint64_t part = number_from("LINNET_SEED") ? 0 : GetParam();
  for (std::uint64_t seed = first_seed() + part; seed < end; seed += kParts) {
    const Plan plan = harsh(seed);
    Fleet fleet(plan);
    run(fleet, plan);
    EXPECT_GT(fleet.servers().crashes, 0U);
    unheard += fleet.unheard();
  }
  // Not every fleet is so lucky that somebody speaks to a device that sleeps.
  EXPECT_TRUE(unheard > 0 || number_from("LINNET_SEED"));
}

INSTANTIATE_TEST_SUITE_P(Tenth, HarshNetwork, testing::Range<std::uint64_t>(0, 10),
                         [](const auto& part) { return std::to_string(part.param); });

TEST(Simulation, Large_fleets_keep_every_invariant) {
  const std::uint64_t end = first_seed() + seeds(1, 50);
  for (std::uint64_t seed = first_seed(); seed < end; ++seed) {
    const Plan plan = harsh_and_large(seed);
    Fleet fleet(plan);
    run(fleet, plan);
    EXPECT_GT(fleet.servers().crashes, 0U);
  }
}

}  // namespace
}  // namespace linnet::simulation

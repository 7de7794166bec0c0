// SPDX-License-Identifier: Apache-2.0
// Information reporting, cases 301 to 311.
#include "role.hpp"

namespace linnet::conformance {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

class Reporting : public Case {
 protected:
  void SetUp() override { registered(); }

  void battery(std::int32_t percent) {
    device.device.set<&client::DeviceInstance::battery_level>(0, percent);
  }
  void observe_battery() { ask(get("/3/0/9").observe(0).accept(kText), content(kText, "100").observe(0)); }
  static Message value(std::uint32_t sequence, std::string text) {
    return content(kText, std::move(text)).observe(sequence);
  }
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Reporting,
                         testing::Values(Role::kDevice, Role::kServer, Role::kTogether), name_of);

TEST_P(Reporting, Int301_observation_and_notification) {
  ask(put("/3/0/9").query("pmin=5").query("pmax=15"), changed());
  observe_battery();
  // On change, but not before pmin.
  pass_quietly(2s);
  if (has_device()) battery(90);
  pass_quietly(2s);
  pass(1s);
  notified({}, value(1, "90"));
  // Unchanged: at pmax.
  pass_quietly(14s);
  pass(1s);
  notified({}, value(2, "90"));
}

TEST_P(Reporting, Int302_cancel_by_reset) {
  observe_battery();
  pass_quietly(2s);
  if (has_server()) {
    const auto observation = server.engine.find_observation(registration(), lwm2m::Path(3, 0, 9));
    ASSERT_TRUE(observation);
    ASSERT_TRUE(server.engine.forget_observation(*observation, now));
  }
  notified([&] { battery(80); }, value(1, "80"), Reaction::kReset);
  if (has_device()) {
    EXPECT_EQ(device.engine.observations(), 0U);
  }
  if (has_device()) battery(70);
  pass_quietly(60s);
}

TEST_P(Reporting, Int303_cancel_by_observe_1) {
  observe_battery();
  ask(get("/3/0/9").observe(1).accept(kText), content(kText, "100"));
  if (has_device()) {
    EXPECT_EQ(device.engine.observations(), 0U);
  }
  if (has_device()) battery(70);
  pass_quietly(60s);
}

}  // namespace linnet::conformance

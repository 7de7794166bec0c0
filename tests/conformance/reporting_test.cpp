// SPDX-License-Identifier: Apache-2.0
// Information reporting, cases 301 to 311.
#include "linnet/client/objects/ipso.hpp"
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

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Reporting, kEverywhere, name_of);

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
  if (over_stream()) return;  // there is no Reset
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

class CompositeReporting : public Case {
 protected:
  void SetUp() override {
    if (has_device()) add(0, 20);
    registered({&temperature}, "</3303/0>");
  }

  static Message names(std::string pack) { return fetch().accept(kSenmlJson).payload(kSenmlJson, pack); }
  static Message values(std::uint32_t sequence, std::string pack) {
    return content(kSenmlJson, std::move(pack)).observe(sequence);
  }
  void battery(std::int32_t percent) {
    device.device.set<&client::DeviceInstance::battery_level>(0, percent);
  }
  void add(client::InstanceId instance, double value) { temperature.add(instance)->value = value; }
  /// Another object list.
  static Message update(const std::string& objects) {
    Message message = post("/rd/*");
    return message.payload(kLinkFormat, register_message("</1/0>,</3>;ver=1.1,</3/0>," + objects).body);
  }

  static constexpr auto kNames = R"([{"n":"/3/0/9"},{"n":"/3303"}])";
  client::TemperatureObject<2> temperature;
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, CompositeReporting, kEverywhere, name_of);

TEST_P(CompositeReporting, Int304_observe_composite) {
  ask(names(kNames).observe(0),
      values(0, R"([{"n":"/3/0/9","v":100},{"n":"/3303/0/5700","v":20},{"n":"/3303/0/5701","vs":"Cel"}])"));
  pass_quietly(2s);
  notified(
      [&] { battery(90); },
      values(1, R"([{"n":"/3/0/9","v":90},{"n":"/3303/0/5700","v":20},{"n":"/3303/0/5701","vs":"Cel"}])"));
}

TEST_P(CompositeReporting, Int305_cancel_observe_composite) {
  ask(names(kNames).observe(0),
      values(0, R"([{"n":"/3/0/9","v":100},{"n":"/3303/0/5700","v":20},{"n":"/3303/0/5701","vs":"Cel"}])"));
  ask(names(kNames).observe(1),
      content(kSenmlJson,
              R"([{"n":"/3/0/9","v":100},{"n":"/3303/0/5700","v":20},{"n":"/3303/0/5701","vs":"Cel"}])"));
  if (has_device()) {
    EXPECT_EQ(device.engine.observations(), 0U);
    battery(70);
  }
  pass_quietly(60s);
}

TEST_P(CompositeReporting, Int308_observe_composite_and_creating_an_instance) {
  ask(names(kNames).observe(0),
      values(0, R"([{"n":"/3/0/9","v":100},{"n":"/3303/0/5700","v":20},{"n":"/3303/0/5701","vs":"Cel"}])"));
  pass_quietly(2s);
  // The new instance is told by an Update as well.
  tell([&] { add(1, 30); }, update("</3303/0>,</3303/1>"), changed());
  notified({}, values(1, R"([{"bn":"/3/","n":"0/9","v":100},{"bn":"/3303/","n":"0/5700","v":20},)"
                         R"({"n":"0/5701","vs":"Cel"},{"n":"1/5700","v":30},{"n":"1/5701","vs":"Cel"}])"));
}

TEST_P(CompositeReporting, Int309_observe_composite_and_deleting_an_instance) {
  ask(names(kNames).observe(0),
      values(0, R"([{"n":"/3/0/9","v":100},{"n":"/3303/0/5700","v":20},{"n":"/3303/0/5701","vs":"Cel"}])"));
  pass_quietly(2s);
  tell([&] { temperature.drop(0); }, update("</3303>"), changed());
  notified({}, values(1, R"([{"n":"/3/0/9","v":100}])"));
}

TEST_P(CompositeReporting, Int310_observe_composite_and_modified_values) {
  ask(names(kNames).observe(0),
      values(0, R"([{"n":"/3/0/9","v":100},{"n":"/3303/0/5700","v":20},{"n":"/3303/0/5701","vs":"Cel"}])"));
  pass_quietly(2s);
  // A change of any path notifies all.
  notified(
      [&] { temperature.set<&client::TemperatureInstance::value>(0, 21.5); },
      values(1, R"([{"n":"/3/0/9","v":100},{"n":"/3303/0/5700","v":21.5},{"n":"/3303/0/5701","vs":"Cel"}])"));
  pass_quietly(2s);
  notified(
      [&] { battery(80); },
      values(2, R"([{"n":"/3/0/9","v":80},{"n":"/3303/0/5700","v":21.5},{"n":"/3303/0/5701","vs":"Cel"}])"));
}

}  // namespace linnet::conformance

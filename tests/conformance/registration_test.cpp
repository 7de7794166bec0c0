// SPDX-License-Identifier: Apache-2.0
// Registration, cases 101 to 109.
#include "role.hpp"

namespace linnet::conformance {

using client::RegistrationState;
using std::chrono_literals::operator""s;

class Registration : public Case {
 protected:
  void expect_registered() const {
    if (has_device()) {
      EXPECT_EQ(device.engine.state(kAccount), RegistrationState::kRegistered);
    }
    if (has_server()) {
      EXPECT_TRUE(server.engine.find(kEndpoint));
    }
  }
  static Message update() { return post("/rd/*"); }
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Registration, kEverywhere, name_of);

TEST_P(Registration, Int101_initial_registration) {
  start();
  tell({}, register_message(), registered_answer());
  expect_registered();
  if (!has_server()) return;
  const auto shown = server.engine.get(registration());
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->lifetime, 86400U);
  EXPECT_EQ(shown->version, lwm2m::LwM2mVersion::k1_1);
  EXPECT_EQ(shown->binding, lwm2m::Binding(over_stream() ? lwm2m::Binding::kTcp : lwm2m::Binding::kUdp));
  EXPECT_TRUE(shown->objects.contains(3, 0));
}

TEST_P(Registration, Int102_registration_update) {
  registered();
  ask(put("/1/0/1").payload(kText, "30"), changed());
  tell({}, update().query("lt=30"), changed());
  expect_registered();
  if (has_server()) {
    EXPECT_EQ(server.engine.get(registration())->lifetime, 30U);
  }
}

TEST_P(Registration, Int103_de_registration) {
  registered();
  tell([&] { device.engine.deregister(kAccount); }, remove("/rd/*"), deleted());
  if (has_device()) {
    EXPECT_EQ(device.engine.state(kAccount), RegistrationState::kDeregistered);
  }
  if (has_server()) {
    EXPECT_FALSE(server.engine.find(kEndpoint));
  }
}

TEST_P(Registration, Int104_registration_update_trigger) {
  registered();
  ask(post("/1/0/8"), changed());
  tell({}, update(), changed());
  expect_registered();
}

TEST_P(Registration, Int105_discarded_register_update) {
  registered();
  if (has_server()) {
    ASSERT_TRUE(server.engine.remove(registration(), now));
  }
  tell([&] { device.engine.update(kAccount); }, update(), answer(4, 4));
  tell({}, register_message(), registered_answer());
  expect_registered();
}

TEST_P(Registration, Int107_extending_the_lifetime) {
  if (has_device()) device.lifetime = 120;
  start();
  Message shorter = register_message();
  shorter.options[2].second = "lt=120";
  tell({}, shorter, registered_answer());
  pass_quietly(50s);
  // The Update comes by itself before the lifetime ends, and the server counts from it.
  pass(60s);
  if (!has_device()) pass(10s);
  tell({}, update(), changed());
  pass_quietly(50s);
  expect_registered();
}

TEST_P(Registration, Int108_turn_on_queue_mode) {
  device.config.queue_mode = true;
  start();
  tell({}, register_message().query("Q"), registered_answer());
  if (has_server()) {
    EXPECT_TRUE(server.engine.get(registration())->binding.queue());
  }
}

TEST_P(Registration, Int109_behaviour_in_queue_mode) {
  device.config.queue_mode = true;
  start();
  tell({}, register_message().query("Q"), registered_answer());
  // Awake: asked at once. The window is MAX_TRANSMIT_WAIT after the last message, 93 s.
  pass_quietly(50s);
  ask(get("/3/0/0").accept(kText), content(kText, "linnet"));
  pass_quietly(92s);
  ask(get("/3/0/1").accept(kText), content(kText, "conformance"));
  if (has_device()) {
    EXPECT_EQ(device.count(client::EventType::kAsleep), 0U);
  }
  pass_quietly(94s);
  if (has_device()) {
    EXPECT_EQ(device.count(client::EventType::kAsleep), 1U);
    EXPECT_LE(device.engine.sleep_advice().radio_until, now);
  }
  // Asleep: held, in order, until its next contact.
  hold(get("/3/0/2").accept(kText));
  hold(put("/1/0/2").payload(kText, "7"));
  pass_quietly(3600s);
  tell([&] { device.engine.update(kAccount); }, update(), changed());
  released(get("/3/0/2").accept(kText), content(kText, "345000123"));
  released(put("/1/0/2").payload(kText, "7"), changed());
  pass_quietly(94s);
  if (has_device()) {
    EXPECT_EQ(device.count(client::EventType::kAsleep), 2U);
  }
  if (has_server()) {
    EXPECT_FALSE(server.engine.awake(registration(), now));
  }
}

}  // namespace linnet::conformance

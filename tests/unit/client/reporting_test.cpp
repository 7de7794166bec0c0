// SPDX-License-Identifier: Apache-2.0
// Observe, Notify, Cancel and the NOTIFICATION attributes (TS 6.4.5, RFC 7641, digest §8).
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

class Reporting : public DeviceTest {
 protected:
  void SetUp() override { registered(); }
  void temperature(double value) {
    probes.set<&Probe::temperature>(0, value);
    engine.step(now);
  }
  Seen observe(std::string_view path, std::uint8_t token = 0x21) {
    return ask(Code::kGet, path, {.accept = 0, .observe = 0, .token = token});
  }
  void attributes(std::string_view path, std::vector<std::string> query) {
    ASSERT_EQ(ask(Code::kPut, path, {.query = std::move(query)}).code, Code::kChanged);
  }
  /// The values notified since the last call.
  std::vector<std::string> notified() {
    std::vector<std::string> values;
    for (; !wire.out.empty(); wire.out.pop_front()) values.push_back(wire.out.front().payload);
    return values;
  }
  using Values = std::vector<std::string>;
};

// Shows: OP-5
TEST_F(Reporting, Int_301_Observe_answers_with_the_value_and_notifies_a_change) {
  const Seen first = observe("/33000/0/2");
  EXPECT_EQ(first.code, Code::kContent);
  EXPECT_TRUE(first.observe.has_value());
  EXPECT_EQ(first.payload, "20");
  temperature(21.5);
  const Seen notification = take();
  EXPECT_EQ(notification.type, Type::kNonConfirmable);
  EXPECT_EQ(notification.code, Code::kContent);
  EXPECT_EQ(notification.token, coap::Token(std::array<std::uint8_t, 1>{0x21}));
  EXPECT_EQ(notification.observe, *first.observe + 1);
  EXPECT_EQ(notification.format, 0U);
  EXPECT_EQ(notification.payload, "21.5");
  EXPECT_EQ(log.count(EventType::kObserved), 1U);
  EXPECT_EQ(log.count(EventType::kNotified), 1U);
}

TEST_F(Reporting, No_change_no_notification) {
  observe("/33000/0/2");
  temperature(20);
  engine.changed(Path(33000, 0, 2));
  pass(1h);
  EXPECT_TRUE(notified().empty());
}

// Shows: OP-5
TEST_F(Reporting, The_newest_value_comes_at_the_end_of_pmin) {
  attributes("/33000/0/2", {"pmin=10"});
  observe("/33000/0/2");
  temperature(21);
  pass(4s);
  temperature(22);
  pass(5s + 999ms);
  EXPECT_TRUE(notified().empty());
  pass(1ms);
  EXPECT_EQ(notified(), Values{"22"});
}

// Shows: OP-5
TEST_F(Reporting, Pmax_notifies_without_a_change) {
  attributes("/33000/0/2", {"pmax=60"});
  observe("/33000/0/2");
  pass(59s);
  EXPECT_TRUE(notified().empty());
  pass(1s);
  EXPECT_EQ(notified(), Values{"20"});
  pass(60s);
  EXPECT_EQ(notified(), Values{"20"});
}

TEST_F(Reporting, Defaults_of_pmin_and_pmax_come_from_the_Server_object) {
  account->default_pmin = 5;
  account->default_pmax = 30;
  observe("/33000/0/2");
  temperature(21);
  EXPECT_TRUE(notified().empty());
  pass(5s);
  EXPECT_EQ(notified(), Values{"21"});
  pass(30s);
  EXPECT_EQ(notified(), Values{"21"});
}

TEST_F(Reporting, Attributes_of_the_instance_are_inherited_and_nearer_ones_win) {
  attributes("/33000/0", {"pmin=30", "pmax=50"});
  attributes("/33000/0/2", {"pmin=2"});
  observe("/33000/0/2");
  temperature(21);
  pass(2s);
  EXPECT_EQ(notified(), Values{"21"});
  pass(50s);
  EXPECT_EQ(notified(), Values{"21"});
}

TEST_F(Reporting, Gt_notifies_when_it_is_crossed_upwards_only) {
  attributes("/33000/0/2", {"gt=25"});
  observe("/33000/0/2");
  temperature(25);
  EXPECT_TRUE(notified().empty());
  temperature(26);
  EXPECT_EQ(notified(), Values{"26"});
  temperature(30);
  temperature(24);
  EXPECT_TRUE(notified().empty());
  temperature(27);
  EXPECT_EQ(notified(), Values{"27"});
}

TEST_F(Reporting, Lt_notifies_when_it_is_crossed_downwards_only) {
  attributes("/33000/0/2", {"lt=10"});
  observe("/33000/0/2");
  temperature(12);
  EXPECT_TRUE(notified().empty());
  temperature(9);
  EXPECT_EQ(notified(), Values{"9"});
  temperature(11);
  EXPECT_TRUE(notified().empty());
}

TEST_F(Reporting, St_counts_from_the_value_notified_last) {
  attributes("/33000/0/2", {"st=5"});
  observe("/33000/0/2");
  temperature(23);
  temperature(24.5);
  EXPECT_TRUE(notified().empty());
  temperature(25);
  EXPECT_EQ(notified(), Values{"25"});
  temperature(21);
  EXPECT_TRUE(notified().empty());
}

TEST_F(Reporting, A_threshold_crossed_within_pmin_is_notified_with_the_newest_value) {
  attributes("/33000/0/2", {"pmin=10", "gt=25"});
  observe("/33000/0/2");
  temperature(30);
  temperature(22);
  pass(10s);
  EXPECT_EQ(notified(), Values{"22"});
}

TEST_F(Reporting, An_observed_instance_notifies_changes_below_it) {
  ask(Code::kGet, "/33000/0", {.accept = 11542, .observe = 0});
  temperature(21);
  EXPECT_EQ(notified().size(), 1U);
  device.set<&DeviceInstance::battery_level>(0, 50);
  engine.step(now);
  EXPECT_TRUE(notified().empty());
}

TEST_F(Reporting, An_observed_object_notifies_a_new_instance) {
  ask(Code::kGet, "/33000", {.accept = 11542, .observe = 0});
  probes.add(1);
  engine.step(now);
  EXPECT_EQ(log.count(EventType::kNotified), 1U);
}

TEST_F(Reporting, A_write_of_the_server_itself_is_notified) {
  observe("/33000/0/1");
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = 0, .payload = "9"}).code, Code::kChanged);
  EXPECT_EQ(notified(), Values{"9"});
}

// Shows: OP-5
TEST_F(Reporting, Int_302_Reset_ends_the_observation) {
  observe("/33000/0/2");
  temperature(21);
  reset(take());
  EXPECT_EQ(engine.observations(), 0U);
  EXPECT_EQ(log.count(EventType::kCancelled), 1U);
  temperature(22);
  EXPECT_TRUE(notified().empty());
}

// Shows: OP-5
TEST_F(Reporting, Int_303_Observe_1_ends_the_observation) {
  observe("/33000/0/2");
  const Seen answer = ask(Code::kGet, "/33000/0/2", {.accept = 0, .observe = 1, .token = 0x21});
  EXPECT_EQ(answer.code, Code::kContent);
  EXPECT_FALSE(answer.observe.has_value());
  EXPECT_EQ(engine.observations(), 0U);
  temperature(22);
  EXPECT_TRUE(notified().empty());
}

TEST_F(Reporting, What_disappears_gets_a_final_4_04) {
  observe("/33000/0/2");
  probes.drop(0);
  engine.step(now);
  const Seen last = take();
  EXPECT_EQ(last.code, Code::kNotFound);
  EXPECT_EQ(last.type, Type::kConfirmable);
  EXPECT_FALSE(last.observe.has_value());
  EXPECT_EQ(last.token, coap::Token(std::array<std::uint8_t, 1>{0x21}));
  acknowledge(last);
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(Reporting, An_optional_value_that_goes_away_gets_a_final_4_04) {
  probes.get(0)->optional = 1;
  observe("/33000/0/8");
  probes.set<&Probe::optional>(0, std::optional<std::int32_t>());
  engine.step(now);
  EXPECT_EQ(take().code, Code::kNotFound);
}

TEST_F(Reporting, Registering_anew_ends_all_observations) {
  observe("/33000/0/2");
  engine.register_now();
  engine.step(now);
  EXPECT_EQ(engine.observations(), 0U);
  EXPECT_EQ(take().path, "/rd");
}

TEST_F(Reporting, Observing_again_with_the_same_token_keeps_one_observation) {
  const Seen first = observe("/33000/0/2");
  const Seen second = observe("/33000/0/2");
  EXPECT_EQ(engine.observations(), 1U);
  EXPECT_GT(*second.observe, *first.observe);
}

TEST_F(Reporting, Beyond_the_last_observation_the_answer_has_no_Observe) {
  for (std::uint8_t i = 0; i < 8; ++i) {
    const std::string path = "/33000/0/" + std::to_string(i == 7 ? 10 : i);
    EXPECT_TRUE(ask(Code::kGet, path, {.observe = 0, .token = i}).observe.has_value()) << path;
  }
  const Seen last = ask(Code::kGet, "/3/0", {.observe = 0, .token = 0x77});
  EXPECT_EQ(last.code, Code::kContent);
  EXPECT_FALSE(last.observe.has_value());
}

TEST_F(Reporting, Observe_gives_the_errors_of_Read) {
  EXPECT_EQ(observe("/33000/0/77").code, Code::kNotFound);
  EXPECT_EQ(observe("/33000/0/9").code, Code::kMethodNotAllowed);
  EXPECT_EQ(observe("/33000/0").code, Code::kNotAcceptable);
  EXPECT_EQ(observe("/0/0/1").code, Code::kUnauthorized);
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(Reporting, A_clock_that_goes_back_delays_no_pmax) {
  attributes("/33000/0/2", {"pmax=60"});
  observe("/33000/0/2");
  now -= 900s;
  engine.step(now);
  pass(60s);
  EXPECT_EQ(notified(), Values{"20"});
}

TEST_F(Reporting, What_object_1_says_is_no_change_of_other_objects) {
  ask(Code::kGet, "/33000/0", {.accept = 11542, .observe = 0});
  EXPECT_EQ(ask(Code::kPut, "/1/0/3", {.format = 0, .payload = "60"}).code, Code::kChanged);
  pass(59s);
  EXPECT_TRUE(notified().empty());
  pass(1s);  // the new default of pmax
  EXPECT_EQ(notified().size(), 1U);
}

// Shows: OP-5
TEST_F(Reporting, A_value_is_looked_at_no_more_often_than_epmin) {
  attributes("/33000/0/2", {"epmin=10", "gt=25"});
  observe("/33000/0/2");
  pass(4s);
  temperature(30);
  temperature(20);  // back before it was looked at
  pass(6s);
  EXPECT_TRUE(notified().empty());
  temperature(31);
  EXPECT_TRUE(notified().empty());
  pass(10s);
  EXPECT_EQ(notified(), Values{"31"});
}

TEST_F(Reporting, Epmin_delays_the_notification_of_what_has_no_number) {
  attributes("/33000/0/3", {"epmin=10"});
  observe("/33000/0/3");
  probes.set<&Probe::label>(0, std::string_view("one"));
  pass(9s + 999ms);
  EXPECT_TRUE(notified().empty());
  probes.set<&Probe::label>(0, std::string_view("two"));
  pass(1ms);
  EXPECT_EQ(notified(), Values{"two"});
}

// Shows: OP-5
TEST_F(Reporting, A_value_that_nobody_reports_is_looked_at_within_epmax) {
  attributes("/33000/0/2", {"epmax=30"});
  observe("/33000/0/2");
  pass(10s);
  probes.get(0)->temperature = 22;  // behind the engine's back
  pass(19s + 999ms);
  EXPECT_TRUE(notified().empty());
  pass(1ms);
  EXPECT_EQ(notified(), Values{"22"});
  pass(300s);
  EXPECT_TRUE(notified().empty());
}

TEST_F(Reporting, An_inherited_epmax_below_epmin_does_not_hold) {
  attributes("/33000/0", {"epmax=5"});
  attributes("/33000/0/2", {"epmin=10"});
  observe("/33000/0/2");
  probes.get(0)->temperature = 22;
  pass(60s);
  EXPECT_TRUE(notified().empty());
}

TEST_F(Reporting, Conditions_combine_by_or) {
  attributes("/33000/0/2", {"lt=10", "gt=30", "st=5"});
  observe("/33000/0/2");
  temperature(24);
  EXPECT_TRUE(notified().empty());
  temperature(26);  // by st
  EXPECT_EQ(notified(), Values{"26"});
  temperature(30.5);  // by gt
  EXPECT_EQ(notified(), Values{"30.5"});
  temperature(29);
  EXPECT_TRUE(notified().empty());
  temperature(9);  // by lt and st
  EXPECT_EQ(notified(), Values{"9"});
}

TEST_F(Reporting, A_pmax_of_0_is_none) {
  attributes("/33000/0/2", {"pmax=0"});
  observe("/33000/0/2");
  pass(1h);
  EXPECT_TRUE(notified().empty());
}

TEST_F(Reporting, An_inherited_pmax_below_pmin_is_ignored) {
  attributes("/33000/0", {"pmax=5"});
  attributes("/33000/0/2", {"pmin=10"});
  observe("/33000/0/2");
  pass(1h);
  EXPECT_TRUE(notified().empty());
}

/// The network goes and comes back while the registration stands.
class OfflineReporting : public Reporting {
 protected:
  /// What came after the device was back, the Update aside.
  std::vector<std::string> back_online() {
    engine.set_online(true);
    engine.step(now);
    respond(take(), Code::kChanged);
    return notified();
  }
};

TEST_F(OfflineReporting, The_newest_value_is_kept_while_offline_and_sent_later) {
  observe("/33000/0/2");
  observe("/33000/0/3", 0x22);
  engine.set_online(false);
  engine.step(now);
  temperature(21);
  temperature(22);
  probes.set<&Probe::label>(0, std::string_view("new"));
  pass(600s);
  EXPECT_TRUE(notified().empty());
  EXPECT_EQ(back_online(), (Values{"22", "new"}));
}

TEST_F(OfflineReporting, Without_Notification_Storing_it_is_dropped) {
  account->notification_storing = false;
  observe("/33000/0/2");
  engine.set_online(false);
  engine.step(now);
  temperature(22);
  pass(600s);
  EXPECT_TRUE(back_online().empty());
  temperature(23);
  EXPECT_EQ(notified(), Values{"23"});
}

TEST_F(OfflineReporting, What_disappeared_while_offline_is_told_later) {
  observe("/33000/0/2");
  engine.set_online(false);
  engine.step(now);
  probes.drop(0);
  pass(10s);
  EXPECT_EQ(engine.observations(), 1U);
  engine.set_online(true);
  engine.step(now);
  respond(take(), Code::kChanged);
  ASSERT_FALSE(wire.out.empty());
  EXPECT_EQ(take().code, Code::kNotFound);
}

class ConfirmableReporting : public DeviceTest {
 protected:
  void SetUp() override {
    config.confirmable_notifications = true;
    registered();
    ask(Code::kGet, "/33000/0/2", {.accept = 0, .observe = 0});
  }
  void temperature(double value) {
    probes.set<&Probe::temperature>(0, value);
    engine.step(now);
  }
};

TEST_F(ConfirmableReporting, One_is_under_way_at_a_time_and_the_newest_value_follows) {
  temperature(21);
  const Seen first = take();
  EXPECT_EQ(first.type, Type::kConfirmable);
  temperature(22);
  temperature(23);
  EXPECT_TRUE(wire.out.empty());
  acknowledge(first);
  EXPECT_EQ(take().payload, "23");
}

TEST_F(ConfirmableReporting, Reset_ends_the_observation) {
  temperature(21);
  reset(take());
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(ConfirmableReporting, One_without_an_answer_makes_the_device_update_its_registration) {
  temperature(21);
  wire.out.clear();
  pass(93s);
  const auto updates = std::ranges::count(wire.out, "/rd/5a3f", &Seen::path);
  EXPECT_GE(updates, 1);
}

TEST_F(ConfirmableReporting, One_that_must_wait_for_another_message_tells_the_value_of_when_it_leaves) {
  ask(Code::kPut, "/33000/0/2", {.query = {"pmin=10"}});
  engine.update();
  pass(10s);
  const Seen update = take();
  wire.out.clear();  // the Update, sent again
  temperature(21);
  pass(20s);
  for (; !wire.out.empty(); wire.out.pop_front()) EXPECT_EQ(wire.out.front().path, "/rd/5a3f");
  temperature(22);
  respond(update, Code::kChanged);
  const Seen first = take();
  EXPECT_EQ(first.payload, "22");
  acknowledge(first);
  temperature(23);
  pass(9s + 999ms);
  EXPECT_TRUE(wire.out.empty());  // pmin counts from when it left
  pass(1ms);
  EXPECT_EQ(take().payload, "23");
}

TEST_F(ConfirmableReporting, Observations_that_wait_for_each_other_take_turns) {
  ask(Code::kGet, "/33000/0/1", {.accept = 0, .observe = 0, .token = 0x12});
  temperature(21);
  const Seen first = take();
  EXPECT_EQ(first.payload, "21");
  temperature(22);
  probes.set<&Probe::number>(0, 8);
  engine.step(now);
  acknowledge(first);
  EXPECT_EQ(take().payload, "8");
}

TEST_F(Reporting, Another_token_is_another_observation_until_its_Reset) {
  // Two requests that overtook each other: the server means the one that came first.
  observe("/33000/0/2", 0x31);
  observe("/33000/0/2", 0x30);
  EXPECT_EQ(engine.observations(), 2U);
  temperature(21);
  std::array<Seen, 2> told{take(), take()};
  std::ranges::sort(told, {}, [](const Seen& seen) { return seen.token.bytes()[0]; });
  const auto& [forgotten, meant] = told;
  EXPECT_EQ(forgotten.token.bytes()[0], 0x30);
  EXPECT_EQ(meant.token.bytes()[0], 0x31);
  reset(forgotten);
  EXPECT_EQ(engine.observations(), 1U);
  EXPECT_EQ(log.count(EventType::kCancelled), 0U);
  pass(1s);
  temperature(22);
  EXPECT_EQ(take().token, meant.token);
}

TEST_F(Reporting, The_end_of_an_observation_is_told_until_it_is_acknowledged) {
  observe("/33000/0/2");
  probes.drop(0);
  engine.step(now);
  const Seen first = take();
  pass(94s);  // longer than it is sent again; the Update follows
  const auto update = std::ranges::find(wire.out, "/rd/5a3f", &Seen::path);
  ASSERT_NE(update, wire.out.end());
  const Seen copy = *update;
  wire.out.clear();
  respond(copy, Code::kChanged);
  for (int updates = 0; updates < 2 && !wire.out.empty() && !wire.out.front().path.empty(); ++updates) {
    respond(take(), Code::kChanged);
  }
  const Seen again = take();
  EXPECT_EQ(again.code, Code::kNotFound);
  EXPECT_NE(again.id, first.id);
  acknowledge(again);
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(Reporting, A_confirmable_notification_comes_at_least_every_24_hours) {
  account->lifetime = 1'000'000;
  engine.update();
  engine.step(now);
  respond(take(), Code::kChanged);
  attributes("/33000/0/2", {"pmax=3600"});
  observe("/33000/0/2");
  for (int hour = 1; hour < 24; ++hour) {
    pass(1h);
    EXPECT_EQ(take().type, Type::kNonConfirmable) << hour;
  }
  pass(1h);
  const Seen confirmable = take();
  EXPECT_EQ(confirmable.type, Type::kConfirmable);
  acknowledge(confirmable);
  pass(1h);
  EXPECT_EQ(take().type, Type::kNonConfirmable);
}

}  // namespace
}  // namespace linnet::client::test

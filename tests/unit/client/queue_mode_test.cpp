// SPDX-License-Identifier: Apache-2.0
// The awake window of queue mode (TS 6.5, digest §9).
// Shows: OP-10
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

class QueueMode : public DeviceTest {
 protected:
  QueueMode() { config.queue_mode = true; }
};

TEST_F(QueueMode, Int_108_Q_is_in_the_registration) {
  start();
  EXPECT_EQ(take().query, "ep=device&lt=86400&lwm2m=1.1&b=U&Q");
}

TEST_F(QueueMode, Int_109_the_window_closes_MAX_TRANSMIT_WAIT_after_the_last_message_either_way) {
  registered();
  EXPECT_EQ(engine.sleep_advice().radio_until, now + 93s);
  pass(50s);
  ask(Code::kGet, "/3/0/0");
  EXPECT_EQ(engine.sleep_advice().radio_until, now + 93s);
  pass(93s - 1ms);
  EXPECT_EQ(log.count(EventType::kAsleep), 0U);
  pass(1ms);
  EXPECT_EQ(log.count(EventType::kAsleep), 1U);
  EXPECT_EQ(log.count(EventType::kAwake), 1U);
  EXPECT_LE(engine.sleep_advice().radio_until, now);
}

TEST_F(QueueMode, Int_109_a_device_that_sleeps_wakes_up_for_its_Update_and_opens_the_window) {
  registered();
  const Instant registered_at = now;
  pass(200s);
  const SleepAdvice advice = engine.sleep_advice();
  EXPECT_EQ(advice.next, registered_at + 86'400s - 93s);
  EXPECT_EQ(engine.next_deadline(), advice.next);
  now = advice.next;
  engine.step(now);
  const Seen update = take();
  EXPECT_EQ(update.path, "/rd/5a3f");
  EXPECT_EQ(update.type, Type::kConfirmable);
  EXPECT_EQ(engine.sleep_advice().radio_until, kNever) << "an answer is to come";
  respond(update, Code::kChanged);
  EXPECT_EQ(engine.sleep_advice().radio_until, now + 93s);
  EXPECT_EQ(log.count(EventType::kAwake), 2U);
}

TEST_F(QueueMode, The_application_sets_the_window) {
  config.awake = Millis(5s);
  registered();
  EXPECT_EQ(engine.sleep_advice().radio_until, now + 5s);
  pass(5s);
  EXPECT_EQ(log.count(EventType::kAsleep), 1U);
}

TEST_F(QueueMode, The_application_closes_the_window_early_but_not_before_the_answer_is_there) {
  registered();
  engine.update();
  engine.step(now);
  const Seen update = take();
  engine.sleep_now();
  engine.step(now);
  EXPECT_EQ(log.count(EventType::kAsleep), 0U);
  EXPECT_EQ(engine.sleep_advice().radio_until, kNever);
  respond(update, Code::kChanged);
  engine.sleep_now();
  engine.step(now);
  EXPECT_EQ(log.count(EventType::kAsleep), 1U);
  EXPECT_EQ(engine.sleep_advice().radio_until, now);
}

TEST_F(QueueMode, A_short_window_stays_open_while_a_message_is_sent_again_and_again) {
  config.awake = Millis(1s);
  registered();
  engine.update();
  engine.step(now);
  pass(40s);
  EXPECT_EQ(engine.sleep_advice().radio_until, kNever);
  EXPECT_GT(wire.out.size(), 1U);
}

TEST_F(QueueMode, A_notification_after_pmax_is_due_in_the_sleep_and_opens_the_window) {
  registered();
  account->default_pmax = 600;
  ask(Code::kGet, "/33000/0/2", {.observe = 0});
  const Instant observed = now;
  pass(200s);
  EXPECT_EQ(engine.sleep_advice().next, observed + 600s);
  pass(400s);
  EXPECT_EQ(take().code, Code::kContent);
  EXPECT_EQ(engine.sleep_advice().radio_until, now + 93s);
}

TEST_F(QueueMode, A_clock_that_goes_back_keeps_the_advice_in_the_time_of_the_caller) {
  registered();
  now -= 300s;
  engine.step(now);
  EXPECT_EQ(engine.sleep_advice().radio_until, now + 93s);
  EXPECT_EQ(engine.sleep_advice().next, now + 86'400s - 93s);
}

TEST_F(DeviceTest, Without_queue_mode_a_registered_device_always_listens) {
  registered();
  pass(1000s);
  EXPECT_EQ(engine.sleep_advice().radio_until, kNever);
  EXPECT_EQ(log.count(EventType::kAsleep), 0U);
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Several servers: their order, delays, retries, transports, and being offline (digest §4; resources
// 13 to 20 and 22 of object 1).
#include "managed_device.hpp"

namespace linnet::client::test {
namespace {

using lwm2m::Binding;

class Sequence : public ManagedDevice {};

// Shows: OP-9
TEST_F(Sequence, Servers_are_registered_with_in_ascending_Registration_Priority_Order) {
  add_account(11).priority = 20;
  add_account(12).priority = 10;
  add_account(13);
  start();
  settle();
  ASSERT_EQ(switchboard.calls.size(), 1U) << "one after the other";
  EXPECT_EQ(switchboard.calls.front().security, 2);
  EXPECT_EQ(accept(0), 12);
  ASSERT_EQ(switchboard.calls.size(), 1U);
  EXPECT_EQ(accept(1), 11);
  EXPECT_EQ(accept(2), 13) << "those without an order come last";
}

TEST_F(Sequence, Servers_without_an_order_do_not_wait_for_each_other) {
  add_account(11);
  add_account(12);
  start();
  settle();
  EXPECT_EQ(switchboard.calls.size(), 2U);
}

// Shows: OP-9
TEST_F(Sequence, The_Initial_Registration_Delay_counts_from_the_end_of_the_one_before) {
  add_account(11).priority = 1;
  ServerInstance& second = add_account(12);
  second.priority = 2;
  second.initial_delay = 30;
  start();
  settle();
  pass(100s);
  accept(0);
  pass(29s);
  EXPECT_TRUE(switchboard.calls.empty());
  pass(1s);
  EXPECT_EQ(accept(1), 12);
}

// Shows: OP-9
TEST_F(Sequence, After_a_failure_the_next_server_has_its_turn) {
  ServerInstance& first = add_account(11);
  first.priority = 1;
  first.retry_count = 1;
  first.sequence_count = 0;
  add_account(12).priority = 2;
  start();
  settle();
  connect(0);
  respond(take(), Code::kForbidden);
  EXPECT_EQ(engine.state(11), RegistrationState::kFailed);
  EXPECT_EQ(accept(1), 12);
}

// No attempt is allowed, and what trying again cannot mend needs none.
TEST_F(Sequence, A_retry_count_of_zero_is_over_at_once) {
  ServerInstance& account = add_account(11);
  account.retry_count = 0;
  account.sequence_count = 0;
  start();
  settle();
  ASSERT_EQ(engine.state(11), RegistrationState::kConnecting);
  engine.unreachable(11, Errc::kUnauthorized);
  engine.step(now);
  EXPECT_EQ(engine.state(11), RegistrationState::kFailed);
}

// Shows: OP-9
TEST_F(Sequence, A_failure_with_Registration_Failure_Block_stops_the_order_until_it_is_mended) {
  ServerInstance& first = add_account(11);
  first.priority = 1;
  first.failure_block = true;
  first.retry_count = 1;
  first.sequence_count = 0;
  first.sequence_delay = 500;
  add_account(12).priority = 2;
  add_account(13);
  start();
  settle();
  connect(0);
  respond(take(), Code::kForbidden);
  EXPECT_TRUE(switchboard.calls.empty());
  pass(500s);
  EXPECT_EQ(accept(0), 11);
  EXPECT_EQ(accept(1), 12);
  EXPECT_EQ(accept(2), 13);
}

// Shows: OP-9
TEST_F(Sequence, Communication_Retry_Timer_doubles_for_Communication_Retry_Count_attempts) {
  ServerInstance& account = add_account(11);
  account.retry_count = 3;
  account.retry_timer = 10;
  account.sequence_delay = 1000;
  account.sequence_count = 1;
  start();
  settle();
  std::vector<Instant> attempts;
  for (int i = 0; i < 6; ++i) {
    attempts.push_back(now);
    refuse();
    if (i < 5) {
      while (switchboard.calls.empty()) pass(1s);
    }
  }
  const std::vector<Millis> expected{10s, 20s, 1000s, 10s, 20s};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(attempts[i + 1] - attempts[i], expected[i]) << i;
  }
  EXPECT_EQ(engine.state(11), RegistrationState::kFailed);
  EXPECT_EQ(log.count(EventType::kRegistrationGaveUp), 1U);
}

TEST_F(Sequence, A_Communication_Sequence_Delay_of_the_largest_value_means_no_further_sequence) {
  ServerInstance& account = add_account(11);
  account.retry_count = 1;
  account.sequence_delay = UINT32_MAX;
  start();
  settle();
  refuse();
  EXPECT_EQ(engine.state(11), RegistrationState::kFailed);
  pass(1000h);
  EXPECT_TRUE(switchboard.calls.empty());
}

TEST_F(Sequence, What_trying_again_cannot_mend_has_failed_at_once) {
  add_account(11);
  start();
  settle();
  refuse(Errc::kUnauthorized);
  EXPECT_EQ(engine.state(11), RegistrationState::kFailed);
}

TEST_F(Sequence, Each_attempt_has_a_link_of_its_own) {
  add_account(11).retry_timer = 10;
  start();
  settle();
  connect(3);
  respond(take(), Code::kForbidden);
  EXPECT_EQ(switchboard.closed, std::vector<std::uint32_t>{3});
  pass(10s);
  EXPECT_EQ(accept(4), 11);
}

TEST_F(Sequence, Registered_servers_are_independent_of_each_other) {
  add_account(11).priority = 1;
  add_account(12).priority = 2;
  start();
  settle();
  accept(0);
  accept(1);
  engine.update(11);
  settle();
  respond(take(), Code::kNotFound);
  const Sent again = take();
  EXPECT_EQ(again.message.path, "/rd");
  EXPECT_EQ(index(again.link), 0U);
  EXPECT_EQ(engine.state(12), RegistrationState::kRegistered);
}

TEST_F(Sequence, Disable_closes_the_link_and_opens_another_after_86400_seconds_unless_it_says_otherwise) {
  add_account(11);
  start();
  settle();
  accept(0);
  EXPECT_EQ(ask(0, Code::kPost, {"1", "0", "4"}).message.code, Code::kChanged);
  respond(take(), Code::kDeleted);
  EXPECT_EQ(engine.state(11), RegistrationState::kDisabled);
  EXPECT_EQ(switchboard.closed, std::vector<std::uint32_t>{0});
  pass(86'399s);
  EXPECT_TRUE(switchboard.calls.empty());
  pass(1s);
  EXPECT_EQ(accept(1), 11);
  servers.get(0)->disable_timeout = 60;
  ask(1, Code::kPost, {"1", "0", "4"});
  respond(take(), Code::kDeleted);
  pass(60s);
  EXPECT_EQ(accept(2), 11);
}

// Shows: OP-12
TEST_F(Sequence, Transports_are_tried_beginning_with_the_preferred_one) {
  ServerInstance& account = add_account(11);
  account.binding.assign("UTN");
  account.preferred_transport.emplace("T");
  start();
  settle();
  EXPECT_EQ(switchboard.calls.front().transport, Binding(Binding::kTcp));
  refuse();
  EXPECT_EQ(switchboard.calls.front().transport, Binding(Binding::kUdp));
  refuse();
  EXPECT_EQ(switchboard.calls.front().transport, Binding(Binding::kNonIp));
  EXPECT_EQ(log.count(EventType::kRegistrationFailed), 0U) << "one attempt so far";
  refuse();
  EXPECT_EQ(engine.state(11), RegistrationState::kWaiting);
  EXPECT_EQ(log.count(EventType::kRegistrationFailed), 1U);
}

// Shows: OP-12
TEST_F(Sequence, Writing_another_Preferred_Transport_changes_the_transport_and_registers) {
  ServerInstance& account = add_account(11);
  account.binding.assign("UT");
  account.preferred_transport.emplace("U");
  start();
  settle();
  accept(0);
  EXPECT_EQ(ask(0, Code::kPut, {"1", "0", "22"}, "T").message.code, Code::kChanged);
  EXPECT_EQ(switchboard.closed, std::vector<std::uint32_t>{0});
  ASSERT_EQ(switchboard.calls.size(), 1U);
  EXPECT_EQ(switchboard.calls.front().transport, Binding(Binding::kTcp));
  accept(1);
  pass(60s);
  EXPECT_TRUE(switchboard.calls.empty());
  EXPECT_TRUE(net.out.empty());
}

TEST_F(Sequence, A_transport_that_cannot_be_reached_leaves_the_server_on_the_one_before) {
  ServerInstance& account = add_account(11);
  account.binding.assign("UT");
  start();
  settle();
  accept(0);
  ask(0, Code::kPut, {"1", "0", "22"}, "T");
  refuse();
  EXPECT_EQ(switchboard.calls.front().transport, Binding(Binding::kUdp));
  accept(1);
  pass(600s);
  EXPECT_TRUE(switchboard.calls.empty());
}

// Shows: OP-11
TEST_F(Sequence, A_Registration_Update_Trigger_may_name_the_transport_to_come_back_over) {
  add_account(11).binding.assign("UT");
  start();
  settle();
  accept(0);
  EXPECT_EQ(ask(0, Code::kPost, {"1", "0", "8"}, "0='U'").message.code, Code::kChanged);
  const Sent update = take();
  EXPECT_EQ(update.message.path, "/rd/0") << "it is there already";
  respond(update, Code::kChanged);
  EXPECT_EQ(ask(0, Code::kPost, {"1", "0", "8"}, "0=\"T\"").message.code, Code::kChanged);
  EXPECT_EQ(switchboard.calls.front().transport, Binding(Binding::kTcp));
  accept(1);
  EXPECT_EQ(ask(1, Code::kPost, {"1", "0", "8"}, "0='X'").message.code, Code::kBadRequest);
  EXPECT_EQ(ask(1, Code::kPost, {"1", "0", "8"}, "0='N'").message.code, Code::kChanged);
  EXPECT_EQ(take().message.path, "/rd/1") << "N is not in the binding";
}

// Shows: OP-9
TEST_F(Sequence, A_lost_link_is_opened_again_and_registers_unless_the_session_was_kept) {
  add_account(11);
  start();
  settle();
  accept(0);
  engine.disconnect(11);
  settle();
  connect(1, Session::kKept);
  const Sent update = take();
  EXPECT_EQ(update.message.path, "/rd/0");
  respond(update, Code::kChanged);
  engine.disconnect(11);
  settle();
  EXPECT_EQ(accept(2), 11);
}

TEST_F(Sequence, A_session_that_is_kept_makes_no_registration_out_of_one_that_failed) {
  ServerInstance& account = add_account(11);
  account.retry_count = 2;
  account.retry_timer = 10;
  start();
  settle();
  accept(0);
  engine.update();
  settle();
  respond(take(), Code::kNotFound);
  respond(take(), Code::kForbidden);
  pass(10s);
  connect(1, Session::kKept);
  EXPECT_EQ(take().message.path, "/rd");
}

TEST_F(Sequence, Offline_nothing_is_sent_and_the_registration_is_updated_afterwards) {
  add_account(11);
  start();
  settle();
  accept(0);
  engine.set_online(false);
  pass(3600s);
  EXPECT_EQ(switchboard.closed, std::vector<std::uint32_t>{0});
  EXPECT_TRUE(net.out.empty());
  EXPECT_TRUE(switchboard.calls.empty());
  engine.set_online(true);
  settle();
  connect(1, Session::kKept);
  EXPECT_EQ(take().message.path, "/rd/0");
}

TEST_F(Sequence, Offline_for_longer_than_the_lifetime_the_device_registers_anew) {
  add_account(11).lifetime = 600;
  start();
  settle();
  accept(0);
  engine.set_online(false);
  pass(601s);
  engine.set_online(true);
  settle();
  connect(1, Session::kKept);
  EXPECT_EQ(take().message.path, "/rd");
}

TEST_F(Sequence, Being_offline_costs_no_attempts) {
  ServerInstance& account = add_account(11);
  account.retry_count = 2;
  account.retry_timer = 10;
  start();
  settle();
  refuse();
  engine.set_online(false);
  pass(100s);
  engine.set_online(true);
  settle();
  refuse();
  EXPECT_EQ(engine.state(11), RegistrationState::kWaiting);
  pass(10s);
  refuse();
  EXPECT_EQ(log.count(EventType::kRegistrationFailed), 3U);
  EXPECT_EQ(engine.state(11), RegistrationState::kWaiting) << "a second sequence is to come";
}

TEST_F(Sequence, An_account_that_appears_is_registered_with_and_one_that_goes_is_deregistered) {
  add_account(11);
  start();
  settle();
  accept(0);
  add_account(12);
  settle();
  EXPECT_EQ(connect(1), 12);
  for (Sent sent = take(); sent.message.path != "/rd"; sent = take()) respond(sent, Code::kChanged);
  servers.drop(0);
  settle();
  Sent sent = take();
  while (sent.message.code != Code::kDelete && !net.out.empty()) sent = take();
  EXPECT_EQ(sent.message.path, "/rd/0");
  respond(sent, Code::kDeleted);
  EXPECT_EQ(engine.state(11), RegistrationState::kOffline);
  EXPECT_EQ(switchboard.closed, std::vector<std::uint32_t>{0});
}

TEST_F(Sequence, Stopped_servers_hear_nothing_and_starting_begins_with_the_accounts_that_are_there) {
  add_account(11);
  start();
  settle();
  accept(0);
  engine.stop_servers();
  pass(48h);
  EXPECT_TRUE(net.out.empty());
  EXPECT_EQ(switchboard.closed, std::vector<std::uint32_t>{0});
  servers.drop(0);
  security.drop(0);
  add_account(15);
  engine.start_servers();
  settle();
  EXPECT_EQ(accept(1), 15);
}

TEST_F(Sequence, Timers_survive_a_clock_that_jumps_in_either_direction) {
  ServerInstance& account = add_account(11);
  account.initial_delay = 100;
  account.retry_timer = 50;
  start();
  settle();
  pass(40s);
  now -= 500s;
  engine.step(now);
  pass(59s);
  EXPECT_TRUE(switchboard.calls.empty());
  pass(1s);
  refuse();
  now += 10'000s;
  engine.step(now);
  settle();
  ASSERT_EQ(switchboard.calls.size(), 1U);
  accept(0);
  ask(0, Code::kPost, {"1", "0", "4"});
  respond(take(), Code::kDeleted);
  now -= 10'000s;
  engine.step(now);
  pass(86'399s);
  EXPECT_TRUE(switchboard.calls.empty());
  pass(1s);
  EXPECT_EQ(accept(1), 11);
}

TEST_F(Sequence, A_connector_may_answer_from_within) {
  class Immediate final : public Connector {
   public:
    explicit Immediate(Engine& engine) : engine_(engine) {}
    void open(ShortServerId server, InstanceId, Binding transport) noexcept override {
      if (transport == Binding(Binding::kUdp)) return engine_.unreachable(server, Errc::kIo);
      (void)engine_.connect(server, coap::LinkId{5});
    }
    void close(coap::LinkId) noexcept override {}

   private:
    Engine& engine_;
  } immediate(engine);
  config.connector = &immediate;
  add_account(11).binding.assign("UT");
  start();
  settle();
  const Sent request = take();
  EXPECT_EQ(index(request.link), 5U);
  EXPECT_EQ(request.message.path, "/rd");
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Queue Mode at the server (TS 6.5): who is held, until when, in which order, and how it ends.
// Shows: OP-10
#include "tests/unit/server/queue_fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;

TEST_F(QueueTest, OP_10_a_sleeping_device_is_asked_at_its_next_Update_behind_the_answer_to_it) {
  const std::string location = sleeping(0, "node");
  links.sent[0].clear();
  const QueuedId id = read("node", "/3/0/9");
  EXPECT_TRUE(mail(0).empty());
  EXPECT_EQ(shown("node", id)->state, QueuedState::kWaiting);

  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  const auto sent = mail(0);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(code_of(sent[0]), Code::kChanged);
  EXPECT_EQ(code_of(sent[1]), Code::kGet);
  last_request[0] = sent[1];
  EXPECT_EQ(shown("node", id)->state, QueuedState::kSent);
  answer_last(0, Code::kContent, "87");
  const auto done = shown("node", id);
  EXPECT_EQ(done->state, QueuedState::kDone);
  EXPECT_EQ(done->result.code, Code::kContent);
  EXPECT_EQ(as_text(done->result.payload), "87");
  EXPECT_EQ(listener.queue, (Log{"queued /3/0/9", "started /3/0/9", "done /3/0/9"}));
  EXPECT_TRUE(listener.results.empty());
}

TEST_F(QueueTest, a_device_without_queue_mode_is_asked_at_once) {
  register_device(0, "node");
  advance(kAsleep);
  links.sent[0].clear();
  read("node", "/3/0/9");
  EXPECT_EQ(asked(0), Log{"/3/0/9"});
}

TEST_F(QueueTest, an_operation_that_comes_while_the_device_is_awake_is_sent_at_once) {
  send(0, registering_queued("node"));
  read("node", "/3/0/9");
  EXPECT_EQ(asked(0), Log{"/3/0/9"});
}

TEST_F(QueueTest, OP_10_operations_are_done_in_their_order_one_at_a_time) {
  const std::string location = sleeping(0, "node");
  for (const char* path : {"/3/0/0", "/3/0/1", "/3/0/2"}) read("node", path);
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  EXPECT_EQ(asked(0), Log{"/3/0/0"});
  EXPECT_EQ(engine->queued("node"), 3U);
  // An acknowledgement alone is no response: the next one waits (TS 6.5).
  const auto message = coap::Message::decode(last_request[0]);
  Bytes empty(4);
  coap::MessageWriter out(empty, coap::Type::kAcknowledgement, Code::kEmpty, message->message_id(),
                          coap::Token());
  engine->receive(coap::LinkId{0}, empty, now);
  EXPECT_TRUE(asked(0).empty());
  Request separate;
  separate.type = coap::Type::kNonConfirmable;
  separate.code = Code::kContent;
  separate.format = 0;
  separate.token.assign(message->token().bytes().begin(), message->token().bytes().end());
  engine->receive(coap::LinkId{0}, encode(separate), now);
  EXPECT_EQ(asked(0), Log{"/3/0/1"});
  EXPECT_EQ(answer_last(0), Log{"/3/0/2"});
  EXPECT_EQ(answer_last(0), Log{});
  EXPECT_EQ(engine->queued("node"), 0U);
}

TEST_F(QueueTest, an_answer_that_is_an_error_is_a_result_and_the_next_one_follows) {
  const std::string location = sleeping(0, "node");
  const QueuedId first = read("node", "/3/0/0");
  read("node", "/3/0/1");
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  asked(0);
  EXPECT_EQ(answer_last(0, Code::kNotFound), Log{"/3/0/1"});
  EXPECT_EQ(shown("node", first)->state, QueuedState::kDone);
  EXPECT_EQ(shown("node", first)->result.code, Code::kNotFound);
}

TEST_F(QueueTest, OP_10_the_window_closes_after_MAX_TRANSMIT_WAIT_of_silence) {
  const auto location = options_of(send(0, registering_queued("node")), coap::OptionNumber::kLocationPath);
  const RegistrationId id = id_of("node");
  EXPECT_TRUE(engine->awake(id, now));
  advance(kWindow - Seconds{1});
  EXPECT_TRUE(engine->awake(id, now));
  send(0, updating(location[1]));
  advance(kWindow - Millis{1});
  EXPECT_TRUE(engine->awake(id, now));
  advance(Millis{1});
  EXPECT_FALSE(engine->awake(id, now));
  links.sent[0].clear();
  read("node", "/3/0/9");
  EXPECT_TRUE(mail(0).empty());
}

TEST_F(QueueTest, a_notification_and_any_request_of_the_device_open_the_window) {
  sleeping(0, "node");
  const auto observe = engine->perform(id_of("node"), operation(OperationKind::kObserve, "/3/0/9"), now);
  ASSERT_TRUE(observe);
  const Bytes request = received(0);
  Request first;
  first.code = Code::kContent;
  first.observe = 1;
  first.format = 0;
  answer(0, request, first);
  advance(kAsleep);
  read("node", "/3/0/0");
  Request notification = first;
  notification.type = coap::Type::kNonConfirmable;
  notification.observe = 2;
  const auto token = coap::Message::decode(request)->token();
  notification.token.assign(token.bytes().begin(), token.bytes().end());
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(notification), now);
  EXPECT_EQ(asked(0), Log{"/3/0/0"});
  answer_last(0);

  advance(kAsleep);
  read("node", "/3/0/1");
  Request question;
  question.code = Code::kGet;
  question.path = {".well-known", "core"};
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(question), now);
  EXPECT_EQ(asked(0), Log{"/3/0/1"});
}

// RFC 7252 §3: what is sent is compared byte by byte: a confirmable GET of /3/0/0 to the new address.
TEST_F(QueueTest, OP_10_a_notification_from_a_new_address_opens_the_window_there) {
  sleeping(0, "node");
  ASSERT_TRUE(engine->perform(id_of("node"), operation(OperationKind::kObserve, "/3/0/9"), now));
  const Bytes request = received(0);
  Request first;
  first.code = Code::kContent;
  first.observe = 1;
  first.format = 0;
  answer(0, request, first);
  advance(kAsleep);
  read("node", "/3/0/0");
  EXPECT_FALSE(engine->awake(id_of("node"), now));
  Request notification = first;
  notification.type = coap::Type::kNonConfirmable;
  notification.observe = 2;
  const auto token = coap::Message::decode(request)->token();
  notification.token.assign(token.bytes().begin(), token.bytes().end());
  links.sent[0].clear();
  listener.events.clear();
  engine->receive(coap::LinkId{1}, encode(notification), now);
  EXPECT_TRUE(engine->awake(id_of("node"), now));
  EXPECT_EQ(engine->get(id_of("node"))->link, coap::LinkId{1});
  EXPECT_EQ(listener.events, Log{"updated node link"});
  EXPECT_EQ(listener.values.size(), 1U);
  EXPECT_TRUE(mail(0).empty());
  const std::vector<Bytes> sent = mail(1);
  ASSERT_EQ(sent.size(), 1U);
  const Bytes& get = sent[0];
  ASSERT_GT(get.size(), 4U);
  const std::size_t token_size = get[0] & 0x0FU;
  EXPECT_EQ(get[0] >> 4U, 4U);  // version 1, confirmable
  EXPECT_EQ(get[1], 0x01);      // 0.01, GET
  const Bytes options(get.begin() + 4 + static_cast<std::ptrdiff_t>(token_size), get.end());
  const Bytes path{0xB1, '3', 0x01, '0', 0x01, '0'};
  ASSERT_GE(options.size(), path.size());
  EXPECT_EQ(Bytes(options.begin(), options.begin() + static_cast<std::ptrdiff_t>(path.size())), path);
}

// A Send names nobody (TS 6.4.5): only a link that has proved whose it is can be followed.
TEST_F(QueueTest, OP_10_a_Send_over_a_new_link_that_proves_its_endpoint_opens_the_window_there) {
  sleeping(0, "node");
  read("node", "/3/0/0");
  links.sent[0].clear();
  Request push;
  push.path = {"dp"};
  push.format = 110;
  push.payload = R"([{"n":"/3/0/9","v":80}])";
  EXPECT_EQ(code_of(send(1, push)), Code::kNotFound);
  listener.proved[2] = "other";
  EXPECT_EQ(code_of(send(2, push)), Code::kNotFound);
  EXPECT_FALSE(engine->awake(id_of("node"), now));
  listener.proved[3] = "node";
  links.sent[3].clear();
  engine->receive(coap::LinkId{3}, encode(push), now);
  const std::vector<Bytes> sent = mail(3);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(code_of(sent[0]), Code::kChanged);
  EXPECT_EQ(options_of(sent[1], coap::OptionNumber::kUriPath), (Log{"3", "0", "0"}));
  EXPECT_EQ(engine->get(id_of("node"))->link, coap::LinkId{3});
  EXPECT_EQ(listener.sent.size(), 1U);
  EXPECT_TRUE(mail(0).empty());
}

TEST_F(QueueTest, what_another_peer_says_wakes_nobody) {
  sleeping(0, "node");
  read("node", "/3/0/9");
  links.sent[0].clear();
  Request question;
  question.code = Code::kGet;
  question.path = {".well-known", "core"};
  send(1, question);
  send(1, updating("AAAAAAAA"));
  EXPECT_TRUE(mail(0).empty());
}

TEST_F(QueueTest, OP_10_a_request_that_times_out_closes_the_window_and_stays_queued) {
  const std::string location = sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  read("node", "/3/0/1");
  send(0, updating(location));
  EXPECT_TRUE(engine->awake(id_of("node"), now));
  advance(kAsleep);
  EXPECT_FALSE(engine->awake(id_of("node"), now));
  EXPECT_EQ(shown("node", id)->state, QueuedState::kWaiting);
  EXPECT_EQ(shown("node", id)->attempts, 1U);
  EXPECT_EQ(listener.queue, (Log{"queued /3/0/0", "queued /3/0/1", "started /3/0/0", "queued /3/0/0"}));
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  EXPECT_EQ(asked(0), Log{"/3/0/0"});
  EXPECT_EQ(answer_last(0), Log{"/3/0/1"});
}

TEST_F(QueueTest, OP_10_a_request_that_times_out_fails_where_its_caller_asked_so) {
  const std::string location = sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0", {Seconds{3600}, Unanswered::kFail});
  send(0, updating(location));
  advance(kAsleep);
  EXPECT_EQ(shown("node", id)->state, QueuedState::kDone);
  EXPECT_EQ(shown("node", id)->result.failure, Errc::kTimeout);
  EXPECT_EQ(shown("node", id)->reason, QueuedReason::kUnanswered);
}

TEST_F(QueueTest, Execute_and_Create_are_not_repeated_unless_asked) {
  const std::string location = sleeping(0, "node");
  const QueuedId once = enqueue("node", operation(OperationKind::kExecute, "/3/0/4"));
  send(0, updating(location));
  advance(kAsleep);
  EXPECT_EQ(shown("node", once)->state, QueuedState::kDone);
  EXPECT_EQ(shown("node", once)->result.failure, Errc::kTimeout);
  const QueuedId again =
      enqueue("node", operation(OperationKind::kExecute, "/3/0/4"), {Seconds{3600}, Unanswered::kRepeat});
  send(0, updating(location));
  advance(kAsleep);
  EXPECT_EQ(shown("node", again)->state, QueuedState::kWaiting);
}

TEST_F(QueueTest, OP_10_an_operation_expires_while_its_device_sleeps) {
  const std::string location = sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0", {Seconds{600}, {}});
  const QueuedId other = read("node", "/3/0/1");
  advance(Seconds{599});
  EXPECT_EQ(shown("node", id)->state, QueuedState::kWaiting);
  advance(Seconds{1});
  EXPECT_EQ(shown("node", id)->state, QueuedState::kExpired);
  EXPECT_EQ(listener.queue.back(), "expired /3/0/0");
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  EXPECT_EQ(asked(0), Log{"/3/0/1"});
  EXPECT_EQ(shown("node", other)->state, QueuedState::kSent);
}

TEST_F(QueueTest, one_that_is_under_way_when_its_time_is_over_keeps_its_answer_and_is_not_repeated) {
  const std::string location = sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0", {Seconds{10}, {}});
  send(0, updating(location));
  asked(0);
  advance(Seconds{20});
  EXPECT_EQ(shown("node", id)->state, QueuedState::kSent);
  advance(kAsleep);
  EXPECT_EQ(shown("node", id)->state, QueuedState::kExpired);

  send(0, updating(location));
  const QueuedId answered = read("node", "/3/0/1", {Seconds{1}, {}});
  asked(0);
  advance(Seconds{2});
  answer_last(0);
  EXPECT_EQ(shown("node", answered)->state, QueuedState::kDone);
}

TEST_F(QueueTest, OP_10_a_waiting_operation_can_be_cancelled) {
  const std::string location = sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  read("node", "/3/0/1");
  EXPECT_TRUE(engine->cancel("node", id, now));
  EXPECT_EQ(shown("node", id)->state, QueuedState::kCancelled);
  EXPECT_EQ(shown("node", id)->reason, QueuedReason::kCaller);
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  EXPECT_EQ(asked(0), Log{"/3/0/1"});
  EXPECT_TRUE(engine->cancel("node", id, now));  // its result is dropped
  EXPECT_FALSE(shown("node", id));
  EXPECT_EQ(engine->cancel("node", id, now).error().code, Errc::kNotFound);
  EXPECT_EQ(engine->cancel("other", id, now).error().code, Errc::kNotFound);
}

TEST_F(QueueTest, one_that_was_sent_can_be_cancelled_and_the_next_one_follows) {
  const std::string location = sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  read("node", "/3/0/1");
  send(0, updating(location));
  EXPECT_TRUE(engine->cancel("node", id, now));
  links.sent[0].clear();
  engine->step(now);
  EXPECT_EQ(asked(0), Log{"/3/0/1"});
}

TEST_F(QueueTest, a_queue_outlives_a_new_registration_and_the_end_of_a_lifetime) {
  sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  links.sent[1].clear();
  send(1, registering_queued("node", "300"));  // another address, another location
  EXPECT_EQ(asked(1), Log{"/3/0/0"});
  advance(Seconds{1000});
  EXPECT_FALSE(engine->find("node"));
  EXPECT_EQ(shown("node", id)->state, QueuedState::kWaiting);
  links.sent[2].clear();
  engine->receive(coap::LinkId{2}, encode(registering_queued("node")), now);
  EXPECT_EQ(asked(2), Log{"/3/0/0"});
  answer_last(2);
  EXPECT_EQ(shown("node", id)->state, QueuedState::kDone);
}

TEST_F(QueueTest, what_was_under_way_when_its_device_registers_anew_is_repeated_or_fails_as_asked) {
  const std::string location = sleeping(0, "node");
  const QueuedId repeated = read("node", "/3/0/0");
  const QueuedId once = enqueue("node", operation(OperationKind::kExecute, "/3/0/4"));
  send(0, updating(location));
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(registering_queued("node")), now);
  engine->step(now);
  EXPECT_EQ(shown("node", repeated)->attempts, 2U);
  asked(0);
  EXPECT_EQ(answer_last(0), Log{"/3/0/4"});
  engine->receive(coap::LinkId{0}, encode(registering_queued("node")), now);
  EXPECT_EQ(shown("node", once)->state, QueuedState::kDone);
  EXPECT_EQ(shown("node", once)->result.failure, Errc::kClosed);
}

TEST_F(QueueTest, De_register_and_forgetting_by_hand_cancel_the_queue) {
  const std::string location = sleeping(0, "leaving");
  const QueuedId left = read("leaving", "/3/0/0");
  send(0, deregistering(location));
  EXPECT_EQ(shown("leaving", left)->state, QueuedState::kCancelled);
  EXPECT_EQ(shown("leaving", left)->reason, QueuedReason::kDeregistered);

  sleeping(1, "forgotten");
  const QueuedId forgotten = read("forgotten", "/3/0/0");
  ASSERT_TRUE(engine->remove(id_of("forgotten"), now));
  EXPECT_EQ(shown("forgotten", forgotten)->reason, QueuedReason::kForgotten);
}

TEST_F(QueueTest, bounds_hold_for_each_device_for_all_and_for_bytes) {
  EngineConfig config = small_config();
  config.max_queued = 3;
  config.max_queued_per_device = 2;
  start(config);
  sleeping(0, "a");
  sleeping(1, "b");
  read("a", "/3/0/0");
  read("a", "/3/0/1");
  const Operation one_more = operation(OperationKind::kRead, "/3/0/2");
  EXPECT_EQ(try_enqueue("a", one_more).error().code, Errc::kBusy);
  read("b", "/3/0/0");
  EXPECT_EQ(try_enqueue("b", one_more).error().code, Errc::kBusy);

  config.max_queued = 100;
  config.max_queued_bytes = 6000;
  start(config);
  sleeping(0, "a");
  sleeping(1, "b");
  const Bytes large(3000);
  Operation write = operation(OperationKind::kWriteReplace, "/5/0/0");
  write.format = lwm2m::ContentFormat::kOpaque;
  write.payload = large;
  EXPECT_TRUE(try_enqueue("a", write));
  EXPECT_EQ(try_enqueue("b", write).error().code, Errc::kBusy);
}

TEST_F(QueueTest, what_cannot_be_is_refused_at_once) {
  sleeping(0, "node");
  const Operation good = operation(OperationKind::kRead, "/3/0/2");
  EXPECT_EQ(try_enqueue("nobody", good).error().code, Errc::kNotFound);
  EXPECT_EQ(try_enqueue("node", operation(OperationKind::kExecute, "/3/0")).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(try_enqueue("node", good, {Seconds{0}, {}}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(try_enqueue("node", good, {EngineConfig::kLongestHold + Seconds{1}, {}}).error().code,
            Errc::kInvalidArgument);
  Operation write = operation(OperationKind::kWriteReplace, "/5/0/0");
  write.format = lwm2m::ContentFormat::kOpaque;
  const Bytes large(8193);
  write.payload = large;
  EXPECT_EQ(try_enqueue("node", write).error().code, Errc::kTooLarge);
}

TEST_F(QueueTest, what_turns_out_impossible_when_it_is_sent_is_done_with_that_failure) {
  const std::string location = sleeping(0, "node");
  const QueuedId first = enqueue("node", operation(OperationKind::kObserve, "/3/0/9"));
  const QueuedId second = enqueue("node", operation(OperationKind::kObserve, "/3/0/9"));
  read("node", "/3/0/0");
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  asked(0);
  Request value;
  value.code = Code::kContent;
  value.observe = 1;
  value.format = 0;
  links.sent[0].clear();
  const Bytes next = answer(0, last_request[0], value);
  EXPECT_TRUE(shown("node", first)->result.observation);
  EXPECT_EQ(shown("node", second)->result.failure, Errc::kExists);
  EXPECT_EQ(options_of(next, coap::OptionNumber::kUriPath), (Log{"3", "0", "0"}));
}

TEST_F(QueueTest, results_are_kept_for_their_time_and_up_to_their_number) {
  EngineConfig config = small_config();
  config.max_results = 2;
  config.keep_results = Seconds{60};
  start(config);
  send(0, registering_queued("node"));
  std::vector<QueuedId> ids;
  for (const char* path : {"/3/0/0", "/3/0/1", "/3/0/2"}) {
    ids.push_back(read("node", path));
    asked(0);
    answer_last(0);
    advance(Seconds{10});
  }
  EXPECT_FALSE(shown("node", ids[0]));
  EXPECT_TRUE(shown("node", ids[1]));
  advance(Seconds{40});
  EXPECT_FALSE(shown("node", ids[1]));
  EXPECT_TRUE(shown("node", ids[2]));
  std::size_t count = 0;
  engine->for_each_queued("node", [&](const QueuedOperation&) { ++count; });
  EXPECT_EQ(count, 1U);
}

TEST_F(QueueTest, a_queue_that_finds_no_room_among_operations_tries_again) {
  const std::string location = sleeping(0, "node");
  read("node", "/3/0/0");
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(engine->perform(id_of("node"), operation(OperationKind::kRead, "/3/0/9"), now));
  asked(0);
  engine->receive(coap::LinkId{0}, encode(updating(location)), now);
  for (int i = 0; i < 4; ++i) answer_last(0);
  EXPECT_EQ(engine->queued("node"), 1U);
  advance(Seconds{1});
  EXPECT_EQ(listener.queue.back(), "started /3/0/0");
}

TEST_F(QueueTest, names_grow_though_the_calendar_goes_back) {
  sleeping(0, "node");
  const QueuedId first = read("node", "/3/0/0");
  now -= Seconds{100};
  EXPECT_GT(read("node", "/3/0/1"), first);
}

TEST_F(QueueTest, Create_tells_the_instance_that_it_named_where_the_device_does_not) {
  sleeping(0, "node");
  Operation create = operation(OperationKind::kCreate, "/16");
  create.format = lwm2m::ContentFormat::kTlv;
  create.instance = lwm2m::Path(16, 3);
  const QueuedId id = enqueue("node", create);
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(registering_queued("node")), now);
  asked(0);
  answer_last(0, Code::kCreated, "");
  EXPECT_EQ(shown("node", id)->result.created, lwm2m::Path(16, 3));
}

TEST_F(QueueTest, a_link_that_goes_while_one_is_under_way_lets_it_wait) {
  const std::string location = sleeping(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  send(0, updating(location));
  engine->drop(coap::LinkId{0}, now);
  advance(Seconds{1});
  EXPECT_EQ(shown("node", id)->state, QueuedState::kWaiting);
  links.sent[3].clear();
  engine->receive(coap::LinkId{3}, encode(updating(location)), now);
  EXPECT_EQ(asked(3), Log{"/3/0/0"});
}

}  // namespace
}  // namespace linnet::server::test

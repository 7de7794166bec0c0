// SPDX-License-Identifier: Apache-2.0
// Observe, Notify and Cancel: TS 6.4.5, RFC 7641.
#include "linnet/server/observation_table.hpp"
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using lwm2m::Path;

class ObservationTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    location = register_device(0, "node");
  }
  Result<OperationId> perform(OperationKind kind, const Path& path) {
    Operation operation;
    operation.kind = kind;
    operation.path = path;
    return engine->perform(id_of("node"), operation, now);
  }
  /// Observes, accepted with that sequence; leaves the token in `token`.
  void observe(const Path& path, std::uint32_t sequence) {
    ASSERT_TRUE(perform(OperationKind::kObserve, path));
    const Bytes request = received(0);
    const auto message = coap::Message::decode(request);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->options().find_uint(coap::OptionNumber::kObserve), 0U);
    token.assign(message->token().bytes().begin(), message->token().bytes().end());
    answer(0, request, value("first", sequence));
  }
  static Request value(const std::string& payload, std::optional<std::uint32_t> sequence) {
    Request response;
    response.code = Code::kContent;
    response.format = 0;
    response.observe = sequence;
    response.payload = payload;
    return response;
  }
  /// A confirmable notification; what the server sends back.
  Bytes notify(const std::string& payload, std::optional<std::uint32_t> sequence, std::uint32_t link = 0) {
    Request notification = value(payload, sequence);
    notification.token = token;
    return send(link, notification);
  }
  std::vector<std::string> values() {
    std::vector<std::string> all;
    for (const auto& seen : listener.values) all.emplace_back(seen.payload.begin(), seen.payload.end());
    return all;
  }

  static constexpr std::uint8_t kAcknowledgement = 0x60;
  static constexpr std::uint8_t kReset = 0x70;
  std::string location;
  Bytes token;
};

TEST_F(ObservationTest, OP_5_observe_is_accepted_and_values_are_reported) {
  observe(Path(3, 0, 9), 5);
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_TRUE(listener.results[0].observation);
  EXPECT_EQ(listener.results[0].payload, bytes_of("first"));
  EXPECT_EQ(notify("80", 6).at(0), kAcknowledgement);
  ASSERT_EQ(listener.values.size(), 1U);
  EXPECT_EQ(listener.values[0].registration, id_of("node"));
  EXPECT_EQ(listener.values[0].observation, *listener.results[0].observation);
  EXPECT_EQ(listener.values[0].endpoint, "node");
  EXPECT_EQ(listener.values[0].path, Path(3, 0, 9));
  EXPECT_EQ(listener.values[0].payload, bytes_of("80"));
  EXPECT_EQ(engine->find_observation(id_of("node"), Path(3, 0, 9)), listener.results[0].observation);
}

TEST_F(ObservationTest, OP_5_a_device_that_does_not_accept_is_not_observed) {
  ASSERT_TRUE(perform(OperationKind::kObserve, Path(3, 0, 9)));
  answer(0, received(0), value("only this", std::nullopt));
  EXPECT_EQ(listener.results.at(0).code, Code::kContent);
  EXPECT_FALSE(listener.results.at(0).observation);
  ASSERT_TRUE(perform(OperationKind::kObserve, Path(3, 0, 9)));
  Request error;
  error.code = Code::kNotFound;
  answer(0, received(0), error);
  EXPECT_FALSE(listener.results.at(1).observation);
  EXPECT_EQ(engine->statistics().observations, 0U);
}

TEST_F(ObservationTest, OP_5_values_that_come_late_are_dropped_by_the_24_bit_rule) {
  observe(Path(3, 0, 9), 10);
  notify("b", 12);
  EXPECT_EQ(notify("a", 11).at(0), kAcknowledgement);
  notify("again", 12);
  notify("c", 0xFFFFFE);  // far ahead: more than half the circle, so it is older
  EXPECT_EQ(values(), std::vector<std::string>{"b"});
}

TEST_F(ObservationTest, OP_5_the_sequence_may_wrap) {
  observe(Path(3, 0, 9), 0xFFFFFF);
  notify("wrapped", 0);
  EXPECT_EQ(values(), std::vector<std::string>{"wrapped"});
}

TEST_F(ObservationTest, OP_5_after_128_seconds_any_sequence_is_newer) {
  observe(Path(3, 0, 9), 100);
  now += Seconds{128};
  notify("still old", 50);
  now += Seconds{1};
  notify("new", 50);
  EXPECT_EQ(values(), std::vector<std::string>{"new"});
}

TEST_F(ObservationTest, OP_5_an_error_notification_ends_it) {
  observe(Path(3, 0, 9), 1);
  Request error;
  error.code = Code::kNotFound;
  error.token = token;
  EXPECT_EQ(send(0, error).at(0), kAcknowledgement);
  EXPECT_EQ(listener.values.at(0).code, Code::kNotFound);
  EXPECT_EQ(listener.events.back(), "observation ended: error");
  EXPECT_EQ(notify("x", 2).at(0), kReset);
}

TEST_F(ObservationTest, OP_5_a_value_without_observe_is_the_last) {
  observe(Path(3, 0, 9), 1);
  EXPECT_EQ(notify("last", std::nullopt).at(0), kAcknowledgement);
  EXPECT_EQ(values(), std::vector<std::string>{"last"});
  EXPECT_EQ(listener.events.back(), "observation ended: error");
}

TEST_F(ObservationTest, OP_5_an_unknown_token_is_answered_with_a_reset) {
  token = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(notify("x", 1).at(0), kReset);
  observe(Path(3, 0, 9), 1);
  token.back() ^= 1;
  EXPECT_EQ(notify("x", 2).at(0), kReset);
  token.pop_back();
  EXPECT_EQ(notify("x", 2).at(0), kReset);
  EXPECT_TRUE(listener.values.empty());
}

TEST_F(ObservationTest, OP_5_cancel_tells_the_device_with_the_same_token_and_options) {
  observe(Path(3, 0, 9), 1);
  ASSERT_TRUE(perform(OperationKind::kCancelObserve, Path(3, 0, 9)));
  EXPECT_EQ(listener.events.back(), "observation ended: cancelled");
  const Bytes request = received(0);
  const auto message = coap::Message::decode(request);
  EXPECT_EQ(message->options().find_uint(coap::OptionNumber::kObserve), 1U);
  EXPECT_EQ(Bytes(message->token().bytes().begin(), message->token().bytes().end()), token);
  answer(0, request, value("now", std::nullopt));
  EXPECT_EQ(listener.results.back().kind, OperationKind::kCancelObserve);
  EXPECT_EQ(listener.results.back().payload, bytes_of("now"));
  EXPECT_EQ(notify("x", 2).at(0), kReset);
  EXPECT_EQ(perform(OperationKind::kCancelObserve, Path(3, 0, 9)).error().code, Errc::kNotFound);
}

TEST_F(ObservationTest, OP_5_a_forgotten_observation_is_cancelled_by_a_reset) {
  observe(Path(3, 0, 9), 1);
  const ObservationId id = *listener.results.at(0).observation;
  EXPECT_TRUE(engine->forget_observation(id, now));
  EXPECT_EQ(engine->forget_observation(id, now).error().code, Errc::kNotFound);
  EXPECT_EQ(notify("x", 2).at(0), kReset);
  EXPECT_TRUE(perform(OperationKind::kObserve, Path(3, 0, 9)));
}

TEST_F(ObservationTest, OP_5_what_is_observed_is_not_observed_twice) {
  observe(Path(3, 0, 9), 1);
  EXPECT_EQ(perform(OperationKind::kObserve, Path(3, 0, 9)).error().code, Errc::kExists);
  EXPECT_TRUE(perform(OperationKind::kObserve, Path(3, 0)));
}

TEST_F(ObservationTest, OP_5_registering_anew_ends_observations_and_update_does_not) {
  observe(Path(3, 0, 9), 1);
  send(0, updating(location));
  notify("80", 2);
  EXPECT_EQ(listener.values.size(), 1U);
  register_device(0, "node");
  EXPECT_EQ(listener.events.at(2), "observation ended: registration");
  EXPECT_EQ(notify("x", 3).at(0), kReset);
}

TEST_F(ObservationTest, OP_5_deregister_and_expiry_end_observations) {
  observe(Path(3, 0, 9), 1);
  send(0, deregistering(location));
  EXPECT_EQ(notify("x", 2).at(0), kReset);
  location = register_device(0, "node");
  observe(Path(3, 0, 9), 1);
  advance(Seconds{310});
  EXPECT_EQ(notify("x", 2).at(0), kReset);
  EXPECT_EQ(engine->statistics().observations, 0U);
}

TEST_F(ObservationTest, follows_a_device_whose_address_changed) {
  observe(Path(3, 0, 9), 1);
  EXPECT_EQ(notify("moved", 2, 7).at(0), kAcknowledgement);
  EXPECT_EQ(values(), std::vector<std::string>{"moved"});
  listener.refused = "node";
  EXPECT_EQ(notify("foreign", 3, 8).at(0), kReset);
}

TEST_F(ObservationTest, bounds_the_observations_of_a_device) {
  for (std::uint16_t i = 0; i < 4; ++i) observe(Path(3, 0, i), 1);
  EXPECT_EQ(perform(OperationKind::kObserve, Path(3, 0, 4)).error().code, Errc::kBusy);
  std::size_t count = 0;
  engine->for_each_observation(
      id_of("node"), [&](ObservationId, const Observed& observed) { count += observed.path.depth() == 3; });
  EXPECT_EQ(count, 4U);
}

TEST_F(ObservationTest, an_observe_that_times_out_leaves_nothing) {
  ASSERT_TRUE(perform(OperationKind::kObserve, Path(3, 0, 9)));
  advance(Seconds{120});
  EXPECT_EQ(listener.results.at(0).failure, Errc::kTimeout);
  EXPECT_EQ(engine->statistics().observations, 0U);
}

TEST_F(ObservationTest, TR_8_a_notification_in_blocks_is_reported_whole) {
  observe(Path(3, 0), 1);
  Request first = value(std::string(64, 'a'), 2);
  first.token = token;
  first.block2 = 0x0A;  // number 0, more, 64 bytes
  Bytes rest = send(0, first);
  if (code_of(rest) != Code::kGet) rest = received(0);  // beside the acknowledgement
  const auto message = coap::Message::decode(rest);
  ASSERT_TRUE(message);
  ASSERT_EQ(message->options().find_uint(coap::OptionNumber::kBlock2), 0x12U);
  EXPECT_TRUE(values().empty());
  Request last = value("end", std::nullopt);
  last.block2 = 0x12;
  answer(0, rest, last);
  EXPECT_EQ(values(), std::vector<std::string>{std::string(64, 'a') + "end"});
  EXPECT_EQ(listener.results.size(), 1U);  // of Observe alone
}

TEST(ObservationTableTest, is_compact) {
  EXPECT_EQ(sizeof(Observation), 32U);
}

}  // namespace
}  // namespace linnet::server::test

// SPDX-License-Identifier: Apache-2.0
// Observations that outlive the server: their records, and notifications after a restart (docs/state.md).
// Shows: OP-5
#include "linnet/server/observation_record.hpp"
#include "linnet/server/observation_table.hpp"
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using coap::OptionNumber;
using lwm2m::ContentFormat;
using lwm2m::Path;

constexpr std::array kPaths{Path(3, 0, 9), Path(1)};

class ObservationRestartTest : public EngineTest {
 protected:
  void SetUp() override {
    config.durable = true;
    start(config);
    register_device("node");
  }
  void commit() {
    for (const auto& change : listener.changes) {
      if (change.ticket) engine->committed(*change.ticket, now);
    }
    listener.changes.clear();
  }
  void register_device(const std::string& endpoint) {
    send(0, registering(endpoint));
    commit();
    links.sent[0].clear();
  }
  Operation observing(const Path& path) {
    Operation operation;
    operation.kind = OperationKind::kObserve;
    operation.path = path;
    return operation;
  }
  Operation observing_both() {
    Operation operation;
    operation.kind = OperationKind::kObserveComposite;
    operation.paths = kPaths;
    return operation;
  }
  /// Observes, accepted with sequence 7; leaves the token in `token`.
  ObservationId observe(const Operation& operation) {
    EXPECT_TRUE(engine->perform(id_of("node"), operation, now));
    const Bytes request = received(0);
    token = token_of(request);
    answer(0, request, value(7));
    return listener.results.back().observation.value_or(ObservationId{});
  }
  static Request value(std::uint32_t sequence) {
    Request response;
    response.code = Code::kContent;
    response.format = 0;
    response.observe = sequence;
    response.payload = "80";
    return response;
  }
  static Bytes token_of(const Bytes& datagram) {
    const auto message = coap::Message::decode(datagram);
    return {message->token().bytes().begin(), message->token().bytes().end()};
  }
  std::uint8_t notify(std::uint32_t sequence) {
    Request notification = value(sequence);
    notification.token = token;
    const Bytes back = send(0, notification);
    return back.empty() ? 0 : back[0];
  }
  Bytes record_of(ObservationId id) {
    Bytes bytes(max_observation_record(config.max_composite_paths));
    bytes.resize(engine->encode_observation(id, bytes).value_or(0));
    return bytes;
  }
  /// A new engine with what the store kept of the registration.
  void restart() {
    Bytes registration(1024);
    const auto size = engine->encode_registration(id_of("node"), now, UnixTime{1000}, registration);
    ASSERT_TRUE(size);
    links.sent.clear();
    start(config);
    now += Seconds{2};
    ASSERT_TRUE(engine->restore(ByteView(registration).first(*size), UnixTime{1300}, now, UnixTime{1002}));
  }
  std::vector<Change::Kind> told() {
    std::vector<Change::Kind> kinds;
    for (const auto& change : listener.observation_changes) kinds.push_back(change.kind);
    return kinds;
  }

  static constexpr std::uint8_t kAcknowledgement = 0x60;
  static constexpr std::uint8_t kReset = 0x70;
  EngineConfig config = small_config();
  Bytes token;
};

TEST_F(ObservationRestartTest, a_notification_after_the_restart_is_reported) {
  const ObservationId id = observe(observing(Path(3, 0, 9)));
  EXPECT_EQ(told(), std::vector{Change::Kind::kPut});
  EXPECT_EQ(listener.observation_changes[0].id, id);
  const Bytes record = record_of(id);
  restart();
  EXPECT_EQ(notify(8), kReset);  // what is not brought back is not known
  ASSERT_EQ(engine->restore_observation(record, now), id);
  EXPECT_EQ(engine->statistics().observations, 1U);
  // Its numbers may have begun anew meanwhile: the first one is taken as it is.
  EXPECT_EQ(notify(3), kAcknowledgement);
  ASSERT_EQ(listener.values.size(), 1U);
  EXPECT_EQ(listener.values[0].observation, id);
  EXPECT_EQ(listener.values[0].path, Path(3, 0, 9));
  EXPECT_EQ(listener.values[0].endpoint, "node");
  notify(2);
  EXPECT_EQ(listener.values.size(), 1U);
}

TEST_F(ObservationRestartTest,
       a_composite_one_comes_back_with_its_paths_and_is_cancelled_as_it_was_asked_for) {
  const ObservationId id = observe(observing_both());
  const Bytes record = record_of(id);
  restart();
  ASSERT_EQ(engine->restore_observation(record, now), id);
  EXPECT_EQ(notify(8), kAcknowledgement);
  EXPECT_EQ(listener.values.at(0).paths, std::vector<Path>(kPaths.begin(), kPaths.end()));
  Operation cancel = observing_both();
  cancel.kind = OperationKind::kCancelObserveComposite;
  links.sent.clear();
  ASSERT_TRUE(engine->perform(id_of("node"), cancel, now));
  const Bytes request = received(0);
  EXPECT_EQ(token_of(request), token);
  EXPECT_EQ(coap::Message::decode(request)->options().find_uint(OptionNumber::kContentFormat), 112U);
  EXPECT_EQ(engine->statistics().observations, 0U);
}

TEST_F(ObservationRestartTest, without_its_registration_there_is_none) {
  const Bytes record = record_of(observe(observing(Path(3, 0, 9))));
  start(config);
  EXPECT_EQ(engine->restore_observation(record, now).error().code, Errc::kNotFound);
  register_device("node");  // anew: another registration
  EXPECT_EQ(engine->restore_observation(record, now).error().code, Errc::kNotFound);
  EXPECT_EQ(engine->statistics().observations, 0U);
}

TEST_F(ObservationRestartTest, its_place_is_its_own) {
  const Bytes first = record_of(observe(observing(Path(3, 0, 0))));
  const Bytes second = record_of(observe(observing(Path(3, 0, 1))));
  restart();
  ASSERT_TRUE(engine->restore_observation(second, now));
  const Bytes token_before = token;
  observe(observing(Path(3, 0, 9)));  // takes the place that is free
  EXPECT_EQ(engine->restore_observation(first, now).error().code, Errc::kExists);
  EXPECT_EQ(engine->restore_observation(second, now).error().code, Errc::kExists);
  observe(observing(Path(3, 0, 11)));
  token = token_before;
  EXPECT_EQ(notify(9), kAcknowledgement);
  EXPECT_EQ(listener.values.back().path, Path(3, 0, 1));
  EXPECT_EQ(engine->statistics().observations, 3U);
}

TEST_F(ObservationRestartTest, every_end_is_told_to_the_store_once) {
  const std::vector kBoth{Change::Kind::kPut, Change::Kind::kErase};
  const auto ended = [&](auto end) {
    listener.observation_changes.clear();
    const ObservationId id = observe(observing(Path(3, 0, 9)));
    end(id);
    EXPECT_EQ(told(), kBoth);
    EXPECT_EQ(listener.observation_changes.back().id, id);
    EXPECT_EQ(engine->encode_observation(id, {}).error().code, Errc::kNotFound);
    links.sent.clear();
  };
  ended([&](ObservationId id) { EXPECT_TRUE(engine->forget_observation(id, now)); });
  ended([&](ObservationId) {
    Operation cancel = observing(Path(3, 0, 9));
    cancel.kind = OperationKind::kCancelObserve;
    EXPECT_TRUE(engine->perform(id_of("node"), cancel, now));
    answer(0, received(0), value(1));
  });
  ended([&](ObservationId) {
    Request error;
    error.code = Code::kNotFound;
    error.token = token;
    send(0, error);
  });
  ended([&](ObservationId) { register_device("node"); });
  ended([&](ObservationId) { engine->forget_endpoint("node", now); });
  register_device("node");
  ended([&](ObservationId) { advance(Seconds{310}); });
}

TEST_F(ObservationRestartTest, what_is_not_accepted_is_not_kept) {
  ASSERT_TRUE(engine->perform(id_of("node"), observing(Path(3, 0, 9)), now));
  Request error;
  error.code = Code::kNotFound;
  answer(0, received(0), error);
  EXPECT_TRUE(listener.observation_changes.empty());
}

TEST_F(ObservationRestartTest, a_damaged_record_is_refused) {
  const Bytes record = record_of(observe(observing_both()));
  restart();
  for (std::size_t i = 0; i < record.size(); ++i) {
    Bytes damaged = record;
    damaged[i] ^= 0x10;
    EXPECT_FALSE(engine->restore_observation(damaged, now)) << i;
    EXPECT_FALSE(engine->restore_observation(ByteView(record).first(i), now)) << i;
  }
  EXPECT_TRUE(engine->restore_observation(record, now));
}

TEST_F(ObservationRestartTest, one_beyond_the_tables_of_now_has_no_space) {
  for (std::uint16_t i = 0; i < 3; ++i) observe(observing(Path(3, 0, i)));
  const ObservationId last = observe(observing(Path(3, 0, 9)));
  const ObservationId both_id = [&] {
    EXPECT_TRUE(engine->forget_observation(last, now));
    return observe(observing_both());
  }();
  const Bytes both = record_of(both_id);
  config.max_composite_paths = 1;
  restart();
  EXPECT_EQ(engine->restore_observation(both, now).error().code, Errc::kNoSpace);
  config.max_composite_paths = 2;
  config.max_observations = 3;
  restart();
  EXPECT_EQ(engine->restore_observation(both, now).error().code, Errc::kNoSpace);
}

TEST(ObservationRecord, has_the_form_that_is_written_down) {
  ObservationRecord record;
  record.registration = RegistrationId(1, 2, 0x0304);
  record.id = ObservationId{0x05060708090A0B};
  record.accept = 112;
  record.observed = Observed(kPaths);
  std::array<std::uint8_t, 64> bytes;
  const auto size = encode_record(record, bytes);
  ASSERT_TRUE(size);
  const Bytes expected{'O', 1,   1, 0, 0,  2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
                       0,   112, 1, 0, 10, 3, 0, 3, 0, 0, 0, 9, 1, 0,  1};
  EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(*size) - 4), expected);
}

}  // namespace
}  // namespace linnet::server::test

// SPDX-License-Identifier: Apache-2.0
// Queued operations and the store: accepted after the commit, there after a restart, done as often as
// their kind allows, and on their way to another shard.
// Shows: OP-10
#include "tests/unit/server/queue_fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;

class QueueDurabilityTest : public QueueTest {
 protected:
  void SetUp() override { start(durable(0)); }
  static EngineConfig durable(std::uint8_t shard) {
    EngineConfig config = small_config();
    config.durable = true;
    config.shard = shard;
    return config;
  }
  /// The store takes all that it was given.
  void commit() {
    for (; done_ < listener.changes.size(); ++done_) {
      if (listener.changes[done_].ticket) engine->committed(*listener.changes[done_].ticket, now);
    }
    for (; queue_done_ < listener.queue_changes.size(); ++queue_done_) {
      const auto change = listener.queue_changes[queue_done_];
      if (change.kind == Change::Kind::kPut) {
        disk_[change.id] = change;
      } else {
        disk_.erase(change.id);
      }
      if (change.ticket) engine->committed(*change.ticket, now);
    }
  }
  void refuse_last() {
    queue_done_ = listener.queue_changes.size();
    engine->refused(*listener.queue_changes.back().ticket, now);
  }
  void register_asleep(std::uint32_t link, const std::string& endpoint) {
    send(link, registering_queued(endpoint));
    commit();
    advance(kAsleep);
  }
  void wake(std::uint32_t link, const std::string& endpoint) {
    const auto text = id_of(endpoint).text();
    links.sent[link].clear();
    engine->receive(coap::LinkId{link}, encode(updating({text.data(), text.size()})), now);
    commit();
  }
  /// Ends the engine, keeps what is on disk, and brings the device and its queue back.
  void restart(const std::string& endpoint) {
    Bytes record(512);
    const auto wall = UnixTime{std::chrono::floor<Seconds>(wall_millis()).count()};
    record.resize(engine->encode_registration(id_of(endpoint), now, wall, record).value_or(0));
    start(durable(0));
    ASSERT_TRUE(engine->restore(record, UnixTime{wall.seconds + 86'400}, now, wall));
    // No order that means anything.
    for (auto at = disk_.rbegin(); at != disk_.rend(); ++at) {
      ASSERT_EQ(engine->restore_operation(at->second.record, at->second.expires, RestoreFrom::kStore),
                at->first);
    }
    engine->step(now);
  }

  std::map<QueuedId, RecordingListener::QueueStored> disk_;

 private:
  std::size_t done_ = 0, queue_done_ = 0;
};

TEST_F(QueueDurabilityTest, OP_10_an_operation_is_accepted_after_it_is_committed) {
  register_asleep(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  EXPECT_EQ(shown("node", id)->state, QueuedState::kSaving);
  EXPECT_TRUE(listener.queue.empty());
  EXPECT_EQ(listener.queue_changes.back().expires, now + Seconds{86'400});
  wake(0, "node");
  EXPECT_EQ(listener.queue, (Log{"queued /3/0/0", "started /3/0/0"}));
}

TEST_F(QueueDurabilityTest, one_that_the_store_refuses_was_never_accepted_and_is_never_sent) {
  register_asleep(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  refuse_last();
  EXPECT_EQ(listener.queue, Log{"refused /3/0/0"});
  EXPECT_FALSE(shown("node", id));
  wake(0, "node");
  EXPECT_TRUE(asked(0).empty());
}

TEST_F(QueueDurabilityTest, OP_10_a_restart_brings_the_queue_back_in_order) {
  register_asleep(0, "node");
  std::vector<QueuedId> ids;
  for (const char* path : {"/3/0/0", "/3/0/1", "/3/0/2"}) ids.push_back(read("node", path));
  commit();
  restart("node");
  EXPECT_FALSE(engine->awake(id_of("node"), now));
  EXPECT_EQ(engine->queued("node"), 3U);
  EXPECT_EQ(shown("node", ids[1])->expires, now + Seconds{86'400});
  wake(0, "node");
  EXPECT_EQ(asked(0), Log{"/3/0/0"});
  EXPECT_EQ(answer_last(0), Log{"/3/0/1"});
  EXPECT_EQ(answer_last(0), Log{"/3/0/2"});
  answer_last(0);
  commit();
  EXPECT_TRUE(disk_.empty());
  EXPECT_GT(read("node", "/3/0/3"), ids[2]);
}

TEST_F(QueueDurabilityTest, what_expired_while_the_server_was_away_is_told_and_not_sent) {
  register_asleep(0, "node");
  const QueuedId id = read("node", "/3/0/0", {Seconds{60}, {}});
  commit();
  now += Seconds{100};
  restart("node");
  EXPECT_EQ(shown("node", id)->state, QueuedState::kExpired);
  wake(0, "node");
  EXPECT_TRUE(asked(0).empty());
  EXPECT_TRUE(disk_.empty());
}

TEST_F(QueueDurabilityTest, a_read_whose_answer_was_lost_with_the_server_is_asked_again) {
  register_asleep(0, "node");
  read("node", "/3/0/0");
  commit();
  wake(0, "node");
  ASSERT_EQ(asked(0), Log{"/3/0/0"});
  restart("node");
  wake(0, "node");
  EXPECT_EQ(asked(0), Log{"/3/0/0"});
}

TEST_F(QueueDurabilityTest,
       an_Execute_is_on_disk_as_sent_before_it_is_sent_and_not_sent_again_after_a_restart) {
  register_asleep(0, "node");
  const QueuedId id = enqueue("node", operation(OperationKind::kExecute, "/3/0/4"));
  read("node", "/3/0/0");
  commit();
  const auto text = id_of("node").text();
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating({text.data(), text.size()})), now);
  EXPECT_TRUE(asked(0).empty());
  commit();
  EXPECT_EQ(asked(0), Log{"/3/0/4"});
  restart("node");
  EXPECT_EQ(shown("node", id)->state, QueuedState::kDone);
  EXPECT_EQ(shown("node", id)->result.failure, Errc::kTimeout);
  EXPECT_EQ(shown("node", id)->reason, QueuedReason::kRestart);
  wake(0, "node");
  EXPECT_EQ(asked(0), Log{"/3/0/0"});
  EXPECT_EQ(disk_.size(), 1U);
}

TEST_F(QueueDurabilityTest, an_Execute_that_the_store_cannot_mark_waits_and_is_tried_again) {
  register_asleep(0, "node");
  enqueue("node", operation(OperationKind::kExecute, "/3/0/4"));
  commit();
  const auto text = id_of("node").text();
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(updating({text.data(), text.size()})), now);
  refuse_last();
  EXPECT_TRUE(asked(0).empty());
  advance(Seconds{1});
  commit();
  EXPECT_EQ(asked(0), Log{"/3/0/4"});
}

TEST_F(QueueDurabilityTest, a_cancelled_operation_is_gone_when_that_is_committed) {
  register_asleep(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  EXPECT_EQ(engine->cancel("node", id, now).error().code, Errc::kNotFound) << "nobody knows of it yet";
  commit();
  ASSERT_TRUE(engine->cancel("node", id, now));
  EXPECT_EQ(shown("node", id)->state, QueuedState::kWaiting);
  EXPECT_EQ(engine->cancel("node", id, now).error().code, Errc::kNotFound) << "once is enough";
  refuse_last();
  EXPECT_EQ(listener.queue.back(), "queued /3/0/0");
  ASSERT_TRUE(engine->cancel("node", id, now));
  wake(0, "node");
  EXPECT_TRUE(asked(0).empty());
  EXPECT_EQ(listener.queue.back(), "cancelled /3/0/0");
  EXPECT_TRUE(disk_.empty());
}

TEST_F(QueueDurabilityTest, an_Execute_that_was_sent_is_not_sent_again_because_the_store_did_not_drop_it) {
  register_asleep(0, "node");
  const QueuedId id = enqueue("node", operation(OperationKind::kExecute, "/3/0/4"));
  commit();
  wake(0, "node");
  ASSERT_EQ(asked(0), Log{"/3/0/4"});
  ASSERT_TRUE(engine->cancel("node", id, now));
  refuse_last();
  EXPECT_EQ(shown("node", id)->state, QueuedState::kDone);
  EXPECT_EQ(shown("node", id)->reason, QueuedReason::kUnanswered);
  wake(0, "node");
  EXPECT_TRUE(asked(0).empty());
  EXPECT_TRUE(disk_.empty());
}

TEST_F(QueueDurabilityTest, a_device_that_registers_anew_is_asked_once_when_that_is_on_disk) {
  register_asleep(0, "node");
  const QueuedId id = read("node", "/3/0/0");
  commit();
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(registering_queued("node")), now);
  EXPECT_TRUE(asked(0).empty()) << "what it had registered before is about to end";
  commit();
  EXPECT_EQ(asked(0), Log{"/3/0/0"});
  EXPECT_EQ(shown("node", id)->attempts, 1U);
}

TEST_F(QueueDurabilityTest, a_device_that_says_that_it_goes_is_asked_for_nothing_more) {
  register_asleep(0, "node");
  read("node", "/3/0/0");
  commit();
  const auto text = id_of("node").text();
  links.sent[0].clear();
  engine->receive(coap::LinkId{0}, encode(deregistering({text.data(), text.size()})), now);
  commit();
  EXPECT_TRUE(asked(0).empty());
}

TEST_F(QueueDurabilityTest, De_register_takes_the_queue_from_the_disk) {
  register_asleep(0, "node");
  read("node", "/3/0/0");
  commit();
  read("node", "/3/0/1");
  const auto text = id_of("node").text();
  send(0, deregistering({text.data(), text.size()}));
  commit();
  EXPECT_TRUE(disk_.empty());
  EXPECT_EQ(engine->statistics().queued, 0U);
}

TEST_F(QueueDurabilityTest, a_queue_follows_its_device_to_another_shard_in_order) {
  register_asleep(0, "node");
  read("node", "/3/0/0");
  enqueue("node", operation(OperationKind::kExecute, "/3/0/4"));
  commit();
  const QueuedId saving = read("node", "/3/0/2");
  engine->forget_endpoint("node", now);
  std::vector<RecordingListener::QueueStored> moved;
  const auto take = [&](const QueuedChange& change) {
    moved.push_back({change.kind, change.ticket, std::string(change.endpoint), change.id, change.expires,
                     Bytes(change.record.begin(), change.record.end())});
  };
  engine->take_operations("node", take);
  EXPECT_EQ(moved.size(), 2U);
  EXPECT_EQ(shown("node", saving)->state, QueuedState::kSaving);
  commit();
  EXPECT_EQ(listener.queue.back(), "queued /3/0/2");
  engine->take_operations("node", take);
  EXPECT_EQ(engine->statistics().queued, 0U);
  EXPECT_EQ(disk_.size(), 3U) << "moving is no change for the store";

  start(durable(1));
  now += Seconds{1};
  send(1, registering_queued("node"));
  commit();
  read("node", "/3/0/3");
  asked(1);
  for (auto at = moved.rbegin(); at != moved.rend(); ++at) {
    EXPECT_TRUE(engine->restore_operation(at->record, at->expires, RestoreFrom::kShard));
  }
  engine->step(now);
  commit();
  EXPECT_EQ(asked(1), Log{"/3/0/0"});
  answer_last(1);
  commit();
  EXPECT_EQ(asked(1), Log{"/3/0/4"});
  EXPECT_EQ(answer_last(1, Code::kChanged, ""), Log{"/3/0/2"});
  EXPECT_EQ(answer_last(1), Log{"/3/0/3"});
  EXPECT_EQ(engine->restore_operation(moved[0].record, moved[0].expires, RestoreFrom::kShard), moved[0].id)
      << "its result is no obstacle: names do not come twice";
}

TEST_F(QueueDurabilityTest, a_damaged_record_is_refused_at_every_byte) {
  register_asleep(0, "node");
  read("node", "/3/0/0");
  commit();
  const Bytes record = disk_.begin()->second.record;
  start(durable(0));
  for (std::size_t i = 0; i < record.size(); ++i) {
    Bytes damaged = record;
    damaged[i] ^= 0x10;
    EXPECT_FALSE(engine->restore_operation(damaged, now + Seconds{60}, RestoreFrom::kStore)) << i;
    EXPECT_FALSE(engine->restore_operation(ByteView(record).first(i), now + Seconds{60}, RestoreFrom::kStore))
        << i;
  }
  EXPECT_EQ(engine->statistics().queued, 0U);
  EXPECT_TRUE(engine->restore_operation(record, now + Seconds{60}, RestoreFrom::kStore));
  EXPECT_EQ(engine->restore_operation(record, now + Seconds{60}, RestoreFrom::kStore).error().code,
            Errc::kExists);
}

}  // namespace
}  // namespace linnet::server::test

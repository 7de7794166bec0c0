// SPDX-License-Identifier: Apache-2.0
// The contract of RegistrationStore, over every implementation.
#include <gmock/gmock.h>

#include <thread>

#include "linnet/store/memory_store.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace linnet::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

enum class Kind { kMemory, kSqlite, kSealed };

class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  static constexpr ShardIndex kShards = 4;

  void SetUp() override {
    if (GetParam() == Kind::kMemory) {
      store_ = make_memory_store({.shards = kShards, .retention = Retention::kRecords}, listener_);
    } else {
      SqliteStoreConfig config{.folder = folder_.state(), .shards = kShards};
      if (GetParam() == Kind::kSealed) config.seal = SealConfig{};
      auto opened = open_sqlite_store(config, listener_);
      ASSERT_TRUE(opened) << opened.error().message;
      store_ = std::move(*opened);
    }
    ASSERT_NE(store_, nullptr);
  }
  void TearDown() override { store_.reset(); }

  void save(Ticket ticket, std::string_view key, std::string_view record, std::int64_t expiry) {
    EXPECT_TRUE(store_->save(0, ticket, key, as_bytes(record), UnixTime{expiry}));
  }

  TemporaryFolder folder_;
  RecordingListener listener_;
  std::unique_ptr<RegistrationStore> store_;
};

TEST_P(StoreContract, saved_record_is_loaded_with_its_expiry) {
  save(1, "urn:dev:1", "record", 1'800'000'000);
  EXPECT_TRUE(store_->flush());
  EXPECT_EQ(contents_of(*store_), (Contents{{"urn:dev:1", {"record", 1'800'000'000}}}));
}

TEST_P(StoreContract, expired_records_are_loaded_too) {
  save(1, "old", "record", -5);
  EXPECT_TRUE(store_->flush());
  EXPECT_EQ(contents_of(*store_), (Contents{{"old", {"record", -5}}}));
}

TEST_P(StoreContract, keys_and_records_may_be_any_bytes_and_empty) {
  const std::string bytes("\0\xff'\"%\0", 6);
  save(1, bytes, bytes, 7);
  save(2, "", "", 8);
  EXPECT_TRUE(store_->flush());
  EXPECT_EQ(contents_of(*store_), (Contents{{bytes, {bytes, 7}}, {"", {"", 8}}}));
}

TEST_P(StoreContract, secrets_come_back_as_they_were) {
  for (const RecordKind kind : kSecretKinds) {
    for (const std::string_view record : {"first", "", "a key \xff"}) {
      EXPECT_TRUE(store_->save(3, kNoTicket, {kind, "name"}, as_bytes(record), kKeptForGood));
      EXPECT_TRUE(store_->flush());
      std::vector<std::string> found;
      EXPECT_TRUE(store_->load(kind, [&](const RecordView& stored) {
        EXPECT_EQ(stored.key, "name");
        found.emplace_back(as_text(stored.value));
      }));
      EXPECT_THAT(found, ElementsAre(record));
    }
  }
  EXPECT_THAT(contents_of(*store_), IsEmpty());
}

TEST_P(StoreContract, every_ticket_is_answered_once_in_the_order_of_its_shard) {
  for (Ticket ticket = 1; ticket <= 5; ++ticket) save(ticket, "key" + std::to_string(ticket), "r", 1);
  EXPECT_TRUE(store_->remove(1, 77, "key1"));
  EXPECT_TRUE(store_->flush());
  EXPECT_THAT(listener_.committed(0), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(listener_.committed(1), ElementsAre(77));
  EXPECT_THAT(listener_.refused(0), IsEmpty());
}

TEST_P(StoreContract, operations_without_a_ticket_are_done_and_not_reported) {
  save(kNoTicket, "quiet", "r", 1);
  save(kNoTicket, "gone", "r", 1);
  EXPECT_TRUE(store_->remove(0, kNoTicket, "gone"));
  EXPECT_TRUE(store_->flush());
  EXPECT_THAT(listener_.committed(0), IsEmpty());
  EXPECT_EQ(contents_of(*store_), (Contents{{"quiet", {"r", 1}}}));
}

TEST_P(StoreContract, later_operations_on_a_key_win) {
  save(1, "a", "first", 10);
  save(2, "a", "second", 20);
  save(3, "b", "first", 10);
  EXPECT_TRUE(store_->remove(0, 4, "b"));
  save(5, "c", "first", 10);
  EXPECT_TRUE(store_->remove(0, 6, "c"));
  save(7, "c", "again", 30);
  EXPECT_TRUE(store_->flush());
  EXPECT_EQ(contents_of(*store_), (Contents{{"a", {"second", 20}}, {"c", {"again", 30}}}));
}

TEST_P(StoreContract, removing_what_is_not_there_is_committed) {
  EXPECT_TRUE(store_->remove(0, 9, "nobody"));
  EXPECT_TRUE(store_->flush());
  EXPECT_THAT(listener_.committed(0), ElementsAre(9));
}

TEST_P(StoreContract, touch_changes_the_expiry_alone_and_makes_no_record) {
  save(1, "a", "record", 10);
  EXPECT_TRUE(store_->touch(0, "a", UnixTime{20}));
  EXPECT_TRUE(store_->touch(0, "a", UnixTime{15}));
  EXPECT_TRUE(store_->touch(0, "nobody", UnixTime{30}));
  EXPECT_TRUE(store_->flush());
  EXPECT_EQ(contents_of(*store_), (Contents{{"a", {"record", 15}}}));
}

TEST_P(StoreContract, save_overrides_touches_before_it) {
  save(1, "a", "record", 10);
  EXPECT_TRUE(store_->touch(0, "a", UnixTime{999}));
  save(2, "a", "record", 20);
  save(3, "b", "record", 10);
  EXPECT_TRUE(store_->touch(0, "b", UnixTime{999}));
  EXPECT_TRUE(store_->remove(0, 4, "b"));
  EXPECT_TRUE(store_->flush());
  EXPECT_EQ(contents_of(*store_), (Contents{{"a", {"record", 20}}}));
}

TEST_P(StoreContract, bounds_are_refused_before_anything_is_taken_over) {
  const std::string key(kMaxKeySize, 'k');
  const std::vector<std::uint8_t> record(kMaxRecordSize, 1);
  EXPECT_TRUE(store_->save(0, 1, key, record, UnixTime{1}));
  EXPECT_EQ(store_->save(0, 2, key + "k", {}, UnixTime{1}).error().code, Errc::kTooLarge);
  const std::vector<std::uint8_t> larger(kMaxRecordSize + 1, 1);
  EXPECT_EQ(store_->save(0, 3, "a", larger, UnixTime{1}).error().code, Errc::kTooLarge);
  EXPECT_EQ(store_->save(kShards, 4, "a", {}, UnixTime{1}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(store_->remove(kShards, 4, "a").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(store_->touch(kShards, "a", UnixTime{1}).error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(store_->flush());
  EXPECT_EQ(contents_of(*store_).at(key).value.size(), kMaxRecordSize);
  EXPECT_THAT(listener_.committed(0), ElementsAre(1));
}

TEST_P(StoreContract, shards_save_at_once_and_each_hears_of_its_own) {
  constexpr Ticket kEach = 500;
  std::vector<std::thread> shards;
  for (ShardIndex shard = 0; shard < kShards; ++shard) {
    shards.emplace_back([this, shard] {
      for (Ticket ticket = 1; ticket <= kEach; ++ticket) {
        const std::string key = std::to_string(shard) + "/" + std::to_string(ticket);
        EXPECT_TRUE(store_->save(shard, ticket, key, as_bytes(key), UnixTime{1}));
        EXPECT_TRUE(store_->touch(shard, key, UnixTime{2}));
      }
    });
  }
  for (std::thread& shard : shards) shard.join();
  EXPECT_TRUE(store_->flush());
  for (ShardIndex shard = 0; shard < kShards; ++shard) {
    const auto tickets = listener_.committed(shard);
    ASSERT_EQ(tickets.size(), kEach);
    EXPECT_TRUE(std::is_sorted(tickets.begin(), tickets.end()));
  }
  const Contents contents = contents_of(*store_);
  EXPECT_EQ(contents.size(), kEach * kShards);
  EXPECT_TRUE(std::all_of(contents.begin(), contents.end(),
                          [](const auto& entry) { return entry.second == Stored{entry.first, 2}; }));
  EXPECT_EQ(store_->counters().committed, kEach * kShards);
  EXPECT_EQ(store_->counters().touched, kEach * kShards);
  EXPECT_EQ(store_->counters().queued, 0U);
}

TEST_P(StoreContract, close_answers_what_is_open_and_refuses_what_comes_after) {
  for (Ticket ticket = 1; ticket <= 200; ++ticket) save(ticket, std::to_string(ticket), "r", 1);
  store_->close();
  EXPECT_EQ(listener_.committed(0).size(), 200U);
  EXPECT_EQ(store_->save(0, 1, "late", {}, UnixTime{1}).error().code, Errc::kClosed);
  EXPECT_EQ(store_->remove(0, 1, "late").error().code, Errc::kClosed);
  EXPECT_EQ(store_->touch(0, "late", UnixTime{1}).error().code, Errc::kClosed);
  EXPECT_EQ(store_->flush().error().code, Errc::kClosed);
  EXPECT_EQ(store_->load(RecordKind::kRegistration, [](const RecordView&) {}).error().code, Errc::kClosed);
  store_->close();
}

TEST_P(StoreContract, close_during_saves_loses_no_ticket_that_was_taken) {
  std::vector<Ticket> taken;
  std::thread shard([&] {
    for (Ticket ticket = 1;; ++ticket) {
      const auto saved = store_->save(2, ticket, std::to_string(ticket), {}, UnixTime{1});
      if (saved) {
        taken.push_back(ticket);
      } else if (saved.error().code == Errc::kClosed) {
        return;
      }
    }
  });
  static_cast<void>(listener_.await_committed(2, 100));
  store_->close();
  shard.join();
  EXPECT_EQ(listener_.committed(2), taken);
}

TEST_P(StoreContract, healthy_from_the_start) {
  EXPECT_EQ(store_->health().condition, Condition::kOk);
  EXPECT_TRUE(store_->health().detail.empty());
}

INSTANTIATE_TEST_SUITE_P(stores, StoreContract,
                         ::testing::Values(Kind::kMemory, Kind::kSqlite, Kind::kSealed),
                         [](const auto& store) {
                           if (store.param == Kind::kMemory) return "memory";
                           return store.param == Kind::kSqlite ? "sqlite" : "sealed";
                         });

TEST(MemoryStore, that_keeps_nothing_answers_and_loads_nothing) {
  RecordingListener listener;
  const auto store = make_memory_store({}, listener);
  EXPECT_TRUE(store->save(0, 1, "a", {}, UnixTime{1}));
  EXPECT_THAT(listener.committed(), ElementsAre(1));
  EXPECT_THAT(contents_of(*store), IsEmpty());
}

}  // namespace
}  // namespace linnet::store::test

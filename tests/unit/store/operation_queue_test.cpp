// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/operation_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace linnet::store {
namespace {

Result<void> push(OperationQueue& queue, Ticket ticket, std::string_view key = "k", ByteView record = {}) {
  return queue.push(Verb::kSave, 0, ticket, key, record, UnixTime{1});
}

std::vector<Ticket> drain(OperationQueue& queue, Operation* list) {
  std::vector<Ticket> tickets;
  while (list != nullptr) {
    Operation* const operation = list;
    list = list->next;
    tickets.push_back(operation->ticket);
    queue.release(operation);
  }
  return tickets;
}

TEST(OperationQueue, gives_operations_in_the_order_of_hand_over) {
  OperationQueue queue({1, 10, 1000});
  for (Ticket ticket = 1; ticket <= 4; ++ticket) ASSERT_TRUE(push(queue, ticket));
  EXPECT_EQ(drain(queue, queue.take()), (std::vector<Ticket>{1, 2, 3, 4}));
  EXPECT_EQ(queue.take(), nullptr);
}

TEST(OperationQueue, holds_kind_key_record_and_expiry) {
  OperationQueue queue({1, 10, 1000});
  ASSERT_TRUE(queue.push(Verb::kSave, 0, 5, "name", as_bytes("value"), UnixTime{9}));
  Operation* const operation = queue.take();
  EXPECT_EQ(operation->kind(), RecordKind::kRegistration);
  EXPECT_EQ(as_text(operation->key()), "name");
  EXPECT_EQ(operation->full_key(), "\x01name");
  EXPECT_EQ(as_text(operation->record()), "value");
  EXPECT_EQ(operation->expiry.seconds, 9);
  queue.release(operation);
}

TEST(OperationQueue, is_busy_at_its_number_of_operations_until_one_is_released) {
  OperationQueue queue({1, 2, 1000});
  EXPECT_TRUE(push(queue, 1));
  EXPECT_TRUE(push(queue, 2));
  EXPECT_EQ(push(queue, 3).error().code, Errc::kBusy);
  Operation* const list = queue.take();
  EXPECT_EQ(push(queue, 4).error().code, Errc::kBusy);
  drain(queue, list);
  EXPECT_TRUE(push(queue, 5));
  EXPECT_EQ(drain(queue, queue.take()), (std::vector<Ticket>{5}));
}

TEST(OperationQueue, is_busy_at_its_number_of_bytes) {
  OperationQueue queue({1, 10, 20});
  const std::vector<std::uint8_t> record(17);
  EXPECT_TRUE(push(queue, 1, "k", record));  // kind, key and record: 19 bytes
  EXPECT_EQ(push(queue, 2).error().code, Errc::kBusy);
  EXPECT_EQ(queue.size(), 1U);
  drain(queue, queue.take());
  EXPECT_TRUE(push(queue, 3, "kk", record));
  drain(queue, queue.take());
}

TEST(OperationQueue, sealed_gives_what_is_there_once_and_takes_nothing_more) {
  OperationQueue queue({1, 10, 1000});
  ASSERT_TRUE(push(queue, 1));
  EXPECT_EQ(drain(queue, queue.seal()), (std::vector<Ticket>{1}));
  EXPECT_EQ(queue.seal(), nullptr);
  EXPECT_EQ(queue.take(), nullptr);
  EXPECT_EQ(push(queue, 2).error().code, Errc::kClosed);
  std::promise<bool> flushed;
  EXPECT_EQ(queue.push_flush(flushed).error().code, Errc::kClosed);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(OperationQueue, wakes_the_consumer_for_every_save_of_many_producers) {
  constexpr ShardIndex kShards = 3;
  constexpr Ticket kEach = 20'000;
  OperationQueue queue({kShards, 1000, 1U << 20});
  std::vector<std::thread> producers;
  for (ShardIndex shard = 0; shard < kShards; ++shard) {
    producers.emplace_back([&queue, shard] {
      for (Ticket ticket = 1; ticket <= kEach; ++ticket) {
        while (!queue.push(Verb::kSave, shard, ticket, "key", {}, UnixTime{})) std::this_thread::yield();
      }
    });
  }
  std::vector<Ticket> last(kShards);
  for (std::size_t count = 0; count < kShards * kEach;) {
    queue.wait(OperationQueue::Clock::time_point::max());
    for (Operation* list = queue.take(); list != nullptr; ++count) {
      Operation* const operation = list;
      list = list->next;
      ASSERT_EQ(operation->ticket, last[operation->shard] + 1);
      last[operation->shard] = operation->ticket;
      queue.release(operation);
    }
  }
  for (std::thread& producer : producers) producer.join();
}

}  // namespace
}  // namespace linnet::store

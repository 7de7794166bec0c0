// SPDX-License-Identifier: Apache-2.0
#include "linnet/base/timer_queue.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace linnet {
namespace {

template <typename Queue>
struct Timers {
  explicit Timers(std::uint32_t capacity) {
    ArenaMeter meter;
    Queue::measure(meter, capacity);
    memory.assign(meter.size(), std::byte{0xA5});
    Arena arena(memory);
    queue.init(arena, capacity);
    EXPECT_TRUE(arena.complete());
  }

  std::vector<std::byte> memory;
  Queue queue;
};

template <typename>
class TimerQueues : public testing::Test {};
using Both = testing::Types<TimerHeap, TimerList>;
TYPED_TEST_SUITE(TimerQueues, Both);

TYPED_TEST(TimerQueues, an_empty_one_waits_for_nothing) {
  Timers<TypeParam> timers(4);
  EXPECT_EQ(timers.queue.next(), kNever);
  EXPECT_FALSE(timers.queue.take_due(Instant::max()));
  timers.queue.clear(2);
  EXPECT_EQ(timers.queue.size(), 0U);
}

TYPED_TEST(TimerQueues, agrees_with_a_sorted_map_whatever_is_set_and_cleared) {
  constexpr std::uint32_t kCapacity = 200;
  Timers<TypeParam> timers(kCapacity);
  std::map<std::uint32_t, Instant> model;
  std::mt19937 random(1);
  Instant now{};
  for (int i = 0; i < 50'000; ++i) {
    const auto id = static_cast<std::uint32_t>(random() % kCapacity);
    if (random() % 4 == 0) {
      timers.queue.clear(id);
      model.erase(id);
    } else {
      model[id] = now + Millis(random() % 1000);
      timers.queue.set(id, model[id]);
    }
    Instant first = kNever;
    for (const auto& [other, at] : model) first = std::min(first, at);
    ASSERT_EQ(timers.queue.next(), first);
    ASSERT_EQ(timers.queue.size(), model.size());
    if (i % 10 != 0) continue;
    now += Millis(random() % 50);
    Instant before{};
    while (const auto due = timers.queue.take_due(now)) {
      ASSERT_EQ(model.count(*due), 1U);
      EXPECT_LE(before, model[*due]);
      EXPECT_LE(model[*due], now);
      before = model[*due];
      model.erase(*due);
    }
    for (const auto& [other, at] : model) ASSERT_GT(at, now);
  }
}

}  // namespace
}  // namespace linnet

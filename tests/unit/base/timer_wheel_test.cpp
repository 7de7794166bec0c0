// SPDX-License-Identifier: Apache-2.0
#include "linnet/base/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace linnet {
namespace {

template <typename Tick>
class TimerWheelTest : public testing::Test {
 protected:
  TimerWheelTest() : nodes(1000) {
    wheel.init(nodes);
    for (std::uint32_t i = 0; i < nodes.size(); ++i) wheel.reset(i);
  }
  std::vector<std::uint32_t> due(Tick now) {
    std::vector<std::uint32_t> fired;
    wheel.advance(now, [&](std::uint32_t timer) { fired.push_back(timer); });
    return fired;
  }
  std::vector<typename TimerWheel<Tick>::Node> nodes;
  TimerWheel<Tick> wheel;
};
using Ticks = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(TimerWheelTest, Ticks);

TYPED_TEST(TimerWheelTest, fires_at_the_tick_and_not_before) {
  for (const TypeParam deadline : {1U, 63U, 64U, 65U, 4095U, 4096U, 100'000U, 0x7FFFFFFFU, 0xFFFFFFFEU}) {
    TimerWheel<TypeParam> fresh;
    fresh.init(this->nodes);
    fresh.reset(0);
    fresh.arm(0, deadline);
    int fired = 0;
    const auto count = [&](std::uint32_t) { ++fired; };
    fresh.advance(deadline - 1, count);
    EXPECT_EQ(fired, 0) << deadline;
    EXPECT_LE(fresh.next_deadline(), deadline);
    fresh.advance(deadline, count);
    EXPECT_EQ(fired, 1) << deadline;
    EXPECT_FALSE(fresh.armed(0));
  }
}

TYPED_TEST(TimerWheelTest, is_not_due_any_more_when_cancelled_and_later_when_armed_anew) {
  this->wheel.arm(1, 10);
  this->wheel.arm(2, 10);
  this->wheel.arm(3, 10);
  this->wheel.cancel(2);
  this->wheel.arm(3, 5000);
  EXPECT_EQ(this->due(4999), std::vector<std::uint32_t>{1});
  EXPECT_EQ(this->due(5000), std::vector<std::uint32_t>{3});
  EXPECT_EQ(this->wheel.next_deadline(), TimerWheel<TypeParam>::kNoDeadline);
}

TYPED_TEST(TimerWheelTest, a_deadline_in_the_past_is_due_at_once) {
  this->due(1000);
  this->wheel.arm(7, 3);
  EXPECT_EQ(this->wheel.next_deadline(), TypeParam{1000});
  EXPECT_EQ(this->due(1000), std::vector<std::uint32_t>{7});
}

TYPED_TEST(TimerWheelTest, keeps_order_with_many_random_timers_steps_and_cancellations) {
  std::uint32_t state = 7;
  const auto random = [&](std::uint32_t bound) { return (state = state * 1664525U + 1013904223U) % bound; };
  std::map<std::uint32_t, TypeParam> armed;
  TypeParam now = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::uint32_t timer = random(1000);
    if (random(4) == 0) {
      this->wheel.cancel(timer);
      armed.erase(timer);
    } else {
      const TypeParam deadline = now + 1 + random(random(2) == 0 ? 100 : 300'000);
      this->wheel.arm(timer, deadline);
      armed[timer] = deadline;
    }
    if (random(8) != 0) continue;
    now += random(random(10) == 0 ? 20'000 : 50);
    TypeParam last = 0;
    this->wheel.advance(now, [&](std::uint32_t fired) {
      ASSERT_TRUE(armed.contains(fired));
      EXPECT_LE(armed[fired], now);
      EXPECT_GE(armed[fired], last);
      last = armed[fired];
      armed.erase(fired);
    });
    for (const auto& [timer_left, deadline] : armed) ASSERT_GT(deadline, now) << timer_left;
  }
}

}  // namespace
}  // namespace linnet

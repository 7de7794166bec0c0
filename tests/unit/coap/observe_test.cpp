// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/observe.hpp"

#include <gtest/gtest.h>

namespace linnet::coap {
namespace {

constexpr Instant kStart{Millis(1000)};

TEST(NotificationOrder, follows_the_24_bit_rule) {
  NotificationOrder order;
  EXPECT_TRUE(order.newer(10, kStart));
  EXPECT_FALSE(order.newer(10, kStart));
  EXPECT_FALSE(order.newer(9, kStart));
  EXPECT_TRUE(order.newer(11, kStart));
  EXPECT_TRUE(order.newer(11 + (1U << 23) - 1, kStart));
  EXPECT_FALSE(order.newer(11, kStart));
}

TEST(NotificationOrder, wraps_around) {
  NotificationOrder order;
  EXPECT_TRUE(order.newer(0xFFFFFF, kStart));
  EXPECT_TRUE(order.newer(0, kStart));
  EXPECT_FALSE(order.newer(0xFFFFFF, kStart));
}

TEST(NotificationOrder, half_the_circle_away_is_not_newer) {
  NotificationOrder order;
  EXPECT_TRUE(order.newer(0, kStart));
  EXPECT_FALSE(order.newer(1U << 23, kStart));
}

TEST(NotificationOrder, anything_is_newer_after_more_than_128_seconds) {
  NotificationOrder order;
  EXPECT_TRUE(order.newer(100, kStart));
  EXPECT_FALSE(order.newer(50, kStart + Seconds(128)));
  EXPECT_TRUE(order.newer(50, kStart + Seconds(128) + Millis(1)));
}

TEST(NotificationSequence, numbers_wrap_at_24_bits_and_confirmation_is_due_once_a_day) {
  NotificationSequence sequence(kStart);
  EXPECT_EQ(sequence.current(), 0U);
  EXPECT_EQ(sequence.next(), 1U);
  for (std::uint32_t i = 1; i < 0xFFFFFF; ++i) static_cast<void>(sequence.next());
  EXPECT_EQ(sequence.next(), 0U);
  EXPECT_FALSE(sequence.confirmation_due(kStart + std::chrono::hours(24) - Millis(1)));
  EXPECT_TRUE(sequence.confirmation_due(kStart + std::chrono::hours(24)));
  sequence.confirmed(kStart + std::chrono::hours(24));
  EXPECT_FALSE(sequence.confirmation_due(kStart + std::chrono::hours(47)));
}

}  // namespace
}  // namespace linnet::coap

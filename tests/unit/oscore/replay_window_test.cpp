// SPDX-License-Identifier: Apache-2.0
#include "linnet/oscore/replay_window.hpp"

#include <gtest/gtest.h>

namespace linnet::oscore {
namespace {

// Shows: SE-8
TEST(ReplayWindow, takes_each_number_once_in_any_order) {
  ReplayWindow window;
  for (const PartialIv piv : {5U, 3U, 4U, 0U, 40U, 6U}) {
    EXPECT_TRUE(window.is_new(piv)) << piv;
    window.take(piv);
    EXPECT_FALSE(window.is_new(piv)) << piv;
  }
  EXPECT_TRUE(window.is_new(1));
  EXPECT_TRUE(window.is_new(41));
}

TEST(ReplayWindow, what_is_too_old_to_know_is_not_new) {
  ReplayWindow window;
  window.take(1);
  window.take(100);
  EXPECT_FALSE(window.is_new(100 - ReplayWindow::kSize));
  EXPECT_TRUE(window.is_new(100 - ReplayWindow::kSize + 1));
  EXPECT_FALSE(window.is_new(1));
}

TEST(ReplayWindow, a_leap_to_the_last_number_forgets_nothing_it_must_know) {
  ReplayWindow window;
  window.take(0);
  window.take(kMaxPartialIv);
  EXPECT_FALSE(window.is_new(kMaxPartialIv));
  EXPECT_FALSE(window.is_new(0));
  EXPECT_TRUE(window.is_new(kMaxPartialIv - 1));
}

TEST(ReplayWindow, starts_with_a_lower_limit) {
  ReplayWindow window;
  window.start_at(20);
  EXPECT_FALSE(window.is_new(20));
  EXPECT_FALSE(window.is_new(19));
  EXPECT_FALSE(window.is_new(0));
  EXPECT_TRUE(window.is_new(21));
  window.take(84);
  EXPECT_TRUE(window.is_new(21));
  EXPECT_FALSE(window.is_new(20));
}

}  // namespace
}  // namespace linnet::oscore

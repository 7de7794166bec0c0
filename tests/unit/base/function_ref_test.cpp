// SPDX-License-Identifier: Apache-2.0
#include "linnet/base/function_ref.hpp"

#include <gtest/gtest.h>

namespace linnet {
namespace {

int call(FunctionRef<int(int)> function) {
  return function(4);
}

int twice(int x) noexcept {
  return 2 * x;
}

TEST(FunctionRef, CallsAFunctionByNameAndByAddress) {
  EXPECT_EQ(call(twice), 8);
  EXPECT_EQ(call(&twice), 8);
}

TEST(FunctionRef, RefersToAnObjectAndDoesNotCopyIt) {
  int calls = 0;
  auto count = [calls](int x) mutable { return x + ++calls; };
  EXPECT_EQ(call(count), 5);
  EXPECT_EQ(call(count), 6);
}

TEST(FunctionRef, CallsAConstObject) {
  const int three = 3;
  const auto add = [&three](int x) { return x + three; };
  EXPECT_EQ(call(add), 7);
}

}  // namespace
}  // namespace linnet

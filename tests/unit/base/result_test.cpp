// SPDX-License-Identifier: Apache-2.0
#include "linnet/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace linnet {
namespace {

Result<std::uint16_t> half_of(std::uint16_t number) {
  if (number % 2 != 0) return fail(Errc::kInvalidArgument, 0x80);
  return static_cast<std::uint16_t>(number / 2);
}

Result<void> check(std::uint16_t number) {
  const auto half = half_of(number);
  if (!half) return std::unexpected(half.error());
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  const auto four = half_of(8);
  ASSERT_TRUE(four.has_value());
  EXPECT_EQ(*four, 4);
  EXPECT_EQ(four.value_or(7), 4);
  const auto none = half_of(7);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), (Error{Errc::kInvalidArgument, 0x80}));
  EXPECT_EQ(none.value_or(7), 7);
}

TEST(Result, PassesAnErrorOnWithItsResponse) {
  EXPECT_TRUE(check(2));
  EXPECT_EQ(check(3).error(), (Error{Errc::kInvalidArgument, 0x80}));
}

TEST(Result, KeepsEveryCodeAndResponse) {
  for (auto code = static_cast<unsigned>(Errc::kMalformed); code <= static_cast<unsigned>(Errc::kIo);
       ++code) {
    for (unsigned response = 0; response <= 0xFF; ++response) {
      const Error error{static_cast<Errc>(code), static_cast<std::uint8_t>(response)};
      ASSERT_EQ(Result<void>(fail(error.code, error.response)).error(), error);
      ASSERT_EQ(Result<const char*>(fail(error.code, error.response)).error(), error);
      ASSERT_EQ(Result<std::string>(fail(error.code, error.response)).error(), error);
    }
  }
}

TEST(Result, ZeroAndNullAreValues) {
  EXPECT_TRUE(Result<bool>(false).has_value());
  EXPECT_TRUE(Result<int>(0).has_value());
  EXPECT_TRUE(Result<const char*>(nullptr).has_value());
}

TEST(Result, MovesWhatCannotBeCopiedAsBytes) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(3);
  ASSERT_TRUE(made);
  const Result<std::unique_ptr<int>> moved = std::move(made);
  EXPECT_EQ(**moved, 3);
}

TEST(Result, ComparesValuesAndErrors) {
  EXPECT_EQ(half_of(8), Result<std::uint16_t>(std::uint16_t{4}));
  EXPECT_NE(half_of(8), half_of(6));
  EXPECT_NE(half_of(8), half_of(7));
  EXPECT_EQ(half_of(5), half_of(7));
}

TEST(Result, AnOutcomeFitsARegister) {
  static_assert(sizeof(Result<void>) == sizeof(unsigned));
  static_assert(sizeof(Result<std::uint16_t>) == 4);
  static_assert(sizeof(Result<bool>) == 4);
  static_assert(std::is_trivially_copyable_v<Result<std::uint64_t>>);
}

}  // namespace
}  // namespace linnet

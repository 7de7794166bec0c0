// SPDX-License-Identifier: Apache-2.0
// Doubles by their bits, against what the processor makes of them.
#include "linnet/lwm2m/float_bits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace linnet::lwm2m {
namespace {

std::uint64_t bits(double v) {
  return std::bit_cast<std::uint64_t>(v);
}

TEST(FloatBits, SinglesAreThoseOfTheProcessor) {
  std::mt19937 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto single = static_cast<std::uint32_t>(random());
    const double wide = static_cast<double>(std::bit_cast<float>(single));
    if (std::isnan(wide)) continue;
    ASSERT_EQ(bits(widen(single, kSingleFormat)), bits(wide)) << single;
    ASSERT_EQ(narrow(wide, kSingleFormat), single);
  }
}

TEST(FloatBits, EdgesOfTheSingles) {
  using Single = std::numeric_limits<float>;
  for (const float v : {0.0F, -0.0F, Single::denorm_min(), Single::min(), Single::max(), Single::infinity(),
                        -Single::denorm_min(), 1.0F, std::nextafter(Single::min(), 0.0F)}) {
    const auto single = std::bit_cast<std::uint32_t>(v);
    EXPECT_EQ(bits(widen(single, kSingleFormat)), bits(static_cast<double>(v))) << v;
    EXPECT_EQ(narrow(static_cast<double>(v), kSingleFormat), single) << v;
  }
  const double half_of_the_smallest = static_cast<double>(Single::denorm_min()) / 2;
  const double beyond_the_largest = static_cast<double>(Single::max()) * 2;
  for (const double v :
       {0.1, half_of_the_smallest, beyond_the_largest, std::numeric_limits<double>::max(),
        std::numeric_limits<double>::denorm_min(), static_cast<double>(Single::min()) * 1.0000000001}) {
    EXPECT_EQ(narrow(v, kSingleFormat), std::nullopt) << v;
  }
}

TEST(FloatBits, NarrowGivesASingleExactlyWhereThereIsOne) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200'000; ++i) {
    // Few bits of fraction and an exponent around those of singles.
    const std::uint64_t fraction = random() << 40 & ((std::uint64_t{1} << 52) - 1);
    const auto v = std::bit_cast<double>(random() << 63 | (1023 - 160 + random() % 320) << 52 | fraction);
    const bool exact = static_cast<double>(static_cast<float>(v)) == v;
    ASSERT_EQ(narrow(v, kSingleFormat).has_value(), exact) << v;
    if (exact) {
      ASSERT_EQ(*narrow(v, kSingleFormat), std::bit_cast<std::uint32_t>(static_cast<float>(v))) << v;
    }
  }
}

TEST(FloatBits, EveryHalfComesBack) {
  for (std::uint32_t half = 0; half <= 0xFFFF; ++half) {
    const double v = widen(half, kHalfFormat);
    const auto exponent = static_cast<int>(half >> 10 & 0x1F);
    const double magnitude =
        exponent == 0 ? std::ldexp(half & 0x3FF, -24) : std::ldexp(0x400 | (half & 0x3FF), exponent - 25);
    if (exponent == 0x1F) {
      EXPECT_EQ(std::isnan(v), (half & 0x3FF) != 0);
    } else {
      ASSERT_EQ(bits(v), bits(half >> 15 != 0 ? -magnitude : magnitude));
    }
    if (!std::isnan(v)) {
      ASSERT_EQ(narrow(v, kHalfFormat), half);
    }
  }
  for (const double v : {65505.0, 65536.0, 0.1, std::ldexp(1.0, -25), 2049.0}) {
    EXPECT_EQ(narrow(v, kHalfFormat), std::nullopt) << v;
  }
}

TEST(FloatBits, NanStaysNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const FloatFormat format : {kHalfFormat, kSingleFormat}) {
    const auto narrowed = narrow(nan, format);
    ASSERT_TRUE(narrowed);
    EXPECT_TRUE(std::isnan(widen(*narrowed, format)));
  }
  EXPECT_TRUE(is_nan(nan) && is_nan(-nan) && !is_finite(nan));
  EXPECT_FALSE(is_nan(std::numeric_limits<double>::infinity()) || is_nan(0.0));
  EXPECT_FALSE(is_finite(-std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(is_finite(std::numeric_limits<double>::max()) && is_finite(-0.0));
}

TEST(FloatBits, IntegersRoundToNearestEven) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t v = random() >> random() % 64;
    ASSERT_EQ(rounded_to_double(v), static_cast<double>(v)) << v;
  }
  constexpr std::uint64_t kTie = (std::uint64_t{1} << 53) + 1;
  for (const std::uint64_t v : {std::uint64_t{0}, std::uint64_t{1}, kTie - 1, kTie, kTie + 1, kTie + 2,
                                std::numeric_limits<std::uint64_t>::max()}) {
    EXPECT_EQ(rounded_to_double(v), static_cast<double>(v)) << v;
  }
}

TEST(FloatBits, ScaledIntegersRoundOnce) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 200'000; ++i) {
    // 53 bits are exact, so that ldexp rounds once, at the edge of the subnormal numbers.
    const std::uint64_t v = random() >> (11 + random() % 53);
    const int exponent = static_cast<int>(random() % 2300) - 1200;
    ASSERT_EQ(bits(round_to_double(v, exponent)), bits(std::ldexp(static_cast<double>(v), exponent)))
        << v << " x 2^" << exponent;
  }
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t v = random();
    ASSERT_EQ(round_to_double(v, 0), static_cast<double>(v)) << v;
  }
  const double largest = std::numeric_limits<double>::max();
  const double infinity = std::numeric_limits<double>::infinity();
  constexpr std::uint64_t kOnes = (std::uint64_t{1} << 53) - 1;
  EXPECT_EQ(round_to_double(kOnes, 971), largest);
  EXPECT_EQ(round_to_double(kOnes * 2 + 1, 970), infinity);
  EXPECT_EQ(round_to_double(1, 1024), infinity);
  const double smallest = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(round_to_double(1, -1074), smallest);
  EXPECT_EQ(round_to_double(1, -1075), 0.0);  // a tie
  EXPECT_EQ(round_to_double(3, -1076), smallest);
  constexpr std::uint64_t kTie = std::uint64_t{1} << 63 | std::uint64_t{1} << 10;
  EXPECT_EQ(round_to_double(kTie, -63), 1.0);
  EXPECT_GT(round_to_double(kTie | 1, -63), 1.0);
}

TEST(FloatBits, SameNumberIsEqualityWithNanEqualToItself) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(same_number(0.0, -0.0) && same_number(nan, nan) && same_number(1.5, 1.5));
  EXPECT_FALSE(same_number(1.5, -1.5) || same_number(0.0, std::numeric_limits<double>::denorm_min()));
}

}  // namespace
}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/value_range.hpp"

#include <gtest/gtest.h>

#include <string>

namespace linnet::registry {
namespace {

using lwm2m::DataType;
using lwm2m::Value;

bool takes(std::string_view range, double value) {
  return ValueRange::parse(range, DataType::kFloat).accepts(Value::number(value));
}

bool takes_length(std::string_view range, std::size_t length) {
  const std::string text(length, 'x');
  return ValueRange::parse(range, DataType::kString).accepts(Value::string(text));
}

TEST(ValueRange, both_ends_belong_to_it) {
  for (const std::string_view range : {"0..100", "0-100", "0.0..100.0", "0 .. 100"}) {
    EXPECT_TRUE(takes(range, 0)) << range;
    EXPECT_TRUE(takes(range, 100)) << range;
    EXPECT_FALSE(takes(range, -0.1)) << range;
    EXPECT_FALSE(takes(range, 100.1)) << range;
  }
}

TEST(ValueRange, takes_negative_ends_and_fractions) {
  EXPECT_TRUE(takes("-24..24", -24));
  EXPECT_FALSE(takes("-24..24", -25));
  EXPECT_FALSE(takes("0.000001..1.0", 0));
  EXPECT_TRUE(takes("0.000001..1.0", 0.5));
}

TEST(ValueRange, lists_name_each_value) {
  EXPECT_TRUE(takes("16,32,48", 32));
  EXPECT_FALSE(takes("16,32,48", 33));
  EXPECT_TRUE(takes("5, 10, 15, 20", 20));
}

TEST(ValueRange, bounds_texts_and_bytes_by_length) {
  EXPECT_TRUE(takes_length("0..255 bytes", 255));
  EXPECT_FALSE(takes_length("0..255 bytes", 256));
  EXPECT_FALSE(takes_length("1..64 Bytes", 0));
  EXPECT_TRUE(takes_length("32 bytes", 32));
  EXPECT_TRUE(takes_length("32 bytes", 0));
  EXPECT_FALSE(takes_length("32 bytes", 33));
  const std::array<std::uint8_t, 3> bytes{};
  EXPECT_FALSE(ValueRange::parse("2", DataType::kOpaque).accepts(Value::opaque(bytes)));
}

TEST(ValueRange, what_is_not_understood_bounds_nothing) {
  for (const std::string_view range : {"", "8 bit", "ON;OFF", "<7 to >12.5", "[1:4]", "2 Instances", "255",
                                       "0: OFF 1: ON", "100..1", "99999999999999999999999..", "-", ".."}) {
    EXPECT_TRUE(takes(range, 1e9)) << range;
  }
}

TEST(ValueRange, finds_the_nearest_value_inside) {
  EXPECT_EQ(ValueRange::parse("100..255", DataType::kInteger).nearest(0), 100);
  EXPECT_EQ(ValueRange::parse("16,32,48", DataType::kInteger).nearest(30), 32);
  EXPECT_EQ(ValueRange().nearest(7), 7);
}

}  // namespace
}  // namespace linnet::registry

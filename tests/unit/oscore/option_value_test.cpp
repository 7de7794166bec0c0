// SPDX-License-Identifier: Apache-2.0
// Shows: SE-8
#include "linnet/oscore/option_value.hpp"

#include <gtest/gtest.h>

#include "tests/unit/oscore/hex.hpp"

namespace linnet::oscore {
namespace {

using testing::hex;
using testing::to_hex;

std::string encoded_hex(const OptionValue& value) {
  std::array<std::uint8_t, OptionValue::kMaxSize> space{};
  const Result<std::size_t> size = value.encode(space);
  return size ? to_hex(ByteView(space).first(*size)) : "none";
}

// The examples of RFC 8613 §6.3.
TEST(OptionValue, encodes_the_examples) {
  const auto kid = hex("25");
  const auto context = hex("44616c656b");
  EXPECT_EQ(encoded_hex({5, std::nullopt, ByteView(kid)}), "090525");
  EXPECT_EQ(encoded_hex({0, std::nullopt, ByteView()}), "0900");
  EXPECT_EQ(encoded_hex({5, ByteView(context), ByteView()}), "19050544616c656b");
  EXPECT_EQ(encoded_hex({}), "");
  EXPECT_EQ(encoded_hex({7, std::nullopt, std::nullopt}), "0107");
}

TEST(OptionValue, decodes_what_it_encodes) {
  const auto bytes =
      hex("1d0102030405"
          "03aabbcc"
          "010203");
  const Result<OptionValue> value = OptionValue::decode(bytes);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->piv, 0x0102030405U);
  EXPECT_EQ(to_hex(*value->kid_context), "aabbcc");
  EXPECT_EQ(to_hex(*value->kid), "010203");
  EXPECT_EQ(encoded_hex(*value), to_hex(bytes));
}

TEST(OptionValue, refuses_what_is_malformed) {
  for (const char* const bad : {"00", "0e00000000000000", "0f00000000000000", "2901", "4901", "8901", "09",
                                "0a01", "0a0005", "1901", "190105aabb", "010700", "10", "1003aabb"}) {
    EXPECT_FALSE(OptionValue::decode(hex(bad))) << bad;
  }
}

TEST(OptionValue, wraps_id_contexts_in_byte_strings) {
  std::array<std::uint8_t, 64> space{};
  const auto eight = hex("0102030405060708");
  const auto long_one = hex("000102030405060708090a0b0c0d0e0f1011121314151617");
  EXPECT_EQ(to_hex(ByteView(space).first(*wrap(eight, space))), "480102030405060708");
  EXPECT_EQ(to_hex(*unwrap(hex("480102030405060708"))), to_hex(eight));
  const Result<std::size_t> size = wrap(long_one, space);
  ASSERT_TRUE(size);
  EXPECT_EQ(to_hex(ByteView(space).first(2)), "5818");
  EXPECT_EQ(to_hex(*unwrap(ByteView(space).first(*size))), to_hex(long_one));
  for (const char* const bad : {"", "40", "5818", "4801", "0801020304050607", "4101ff", "59000101"}) {
    EXPECT_FALSE(unwrap(hex(bad))) << bad;
  }
}

}  // namespace
}  // namespace linnet::oscore

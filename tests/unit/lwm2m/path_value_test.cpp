// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "linnet/lwm2m/content_format.hpp"
#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

std::string text_of(const Path& path) {
  std::uint8_t text[Path::kMaxText];
  ByteWriter out(text);
  path.write(out);
  return std::string(as_text(out.written()));
}

TEST(Path, reads_and_writes_every_depth) {
  for (const char* text : {"/", "/3", "/3/0", "/3/0/11", "/3/0/11/0", "/65534/65534/65534/65534"}) {
    const auto path = Path::parse(text);
    ASSERT_TRUE(path) << text;
    EXPECT_EQ(text_of(*path), text);
  }
  EXPECT_EQ(Path::parse("/3/0/11/1"), Path(3, 0, 11, 1));
}

TEST(Path, refuses_what_is_no_path) {
  for (const char* text : {"", "3", "//", "/3/", "/03", "/+3", "/-1", "/3//1", "/65535", "/99999", "/100000",
                           "/1/2/3/4/5", "/a", "/3 ", " /3", "/3/0x1"}) {
    EXPECT_FALSE(Path::parse(text)) << text;
  }
}

TEST(Value, converts_between_numbers_where_nothing_is_lost) {
  EXPECT_EQ(Value::integer(5).convert(DataType::kUnsigned), Value::unsigned_integer(5));
  EXPECT_EQ(Value::integer(5).convert(DataType::kTime), Value::time(5));
  EXPECT_EQ(Value::integer(-5).convert(DataType::kFloat), Value::number(-5));
  EXPECT_EQ(Value::number(-5).convert(DataType::kInteger), Value::integer(-5));
  EXPECT_EQ(Value::number(-9223372036854775808.0).convert(DataType::kTime),
            Value::time(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(Value::string("<a>").convert(DataType::kCorelnk), Value::corelnk("<a>"));
  EXPECT_FALSE(Value::integer(-1).convert(DataType::kUnsigned));
  EXPECT_FALSE(Value::unsigned_integer(1ULL << 63).convert(DataType::kInteger));
  EXPECT_FALSE(Value::integer((1LL << 53) + 1).convert(DataType::kFloat));
  EXPECT_FALSE(Value::integer(std::numeric_limits<std::int64_t>::max()).convert(DataType::kFloat));
  EXPECT_FALSE(Value::number(0.5).convert(DataType::kInteger));
  EXPECT_FALSE(Value::number(18446744073709551616.0).convert(DataType::kUnsigned));
  EXPECT_FALSE(Value::number(std::numeric_limits<double>::quiet_NaN()).convert(DataType::kInteger));
  EXPECT_FALSE(Value::boolean(true).convert(DataType::kInteger));
  EXPECT_FALSE(Value::string("1").convert(DataType::kInteger));
}

TEST(Value, compares_floats_by_bits_and_nan_as_equal) {
  EXPECT_EQ(Value::number(std::numeric_limits<double>::quiet_NaN()),
            Value::number(-std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(Value::number(0.0) == Value::number(-0.0));
  EXPECT_FALSE(Value::integer(1) == Value::time(1));
}

TEST(ContentFormat, names_its_media_type) {
  EXPECT_EQ(media_type(ContentFormat::kSenmlCbor), "application/senml+cbor");
  EXPECT_EQ(media_type(ContentFormat::kTlv), "application/vnd.oma.lwm2m+tlv");
  EXPECT_EQ(media_type(static_cast<ContentFormat>(50)), "");
}

}  // namespace
}  // namespace linnet::lwm2m

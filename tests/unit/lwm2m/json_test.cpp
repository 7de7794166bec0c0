// SPDX-License-Identifier: Apache-2.0
// The JSON of LwM2M 1.0.
#include <gtest/gtest.h>

#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

constexpr ContentFormat kJson = ContentFormat::kJson;
constexpr Path kDevice(3, 0);

Records read(const Path& base, std::string_view payload, DataType type = DataType::kNone) {
  const Decoded result = decoded(kJson, base, payload, type);
  EXPECT_FALSE(result.error) << payload;
  return result.records;
}

TEST(Json, writes_base_name_and_entries) {
  const Records records{{Path(3, 0, 0), Value::string("Open Mobile Alliance")},
                        {Path(3, 0, 6, 1), Value::integer(5)},
                        {Path(3, 0, 8), Value::number(1.5)},
                        {Path(3, 0, 9), Value::boolean(false)},
                        {Path(3, 0, 10), Value::objlnk({66, 0})},
                        {Path(3, 0, 11), Value::opaque(as_bytes("\x01\x02"))},
                        {Path(3, 0, 13), Value::time(1367491215), 10.0}};
  EXPECT_EQ(
      encoded(kJson, kDevice, records),
      R"({"bn":"/3/0/","e":[{"n":"0","sv":"Open Mobile Alliance"},{"n":"6/1","v":5},{"n":"8","v":1.5},)"
      R"({"n":"9","bv":false},{"n":"10","ov":"66:0"},{"n":"11","sv":"AQI="},{"n":"13","t":10,"v":1367491215}]})");
  EXPECT_EQ(encoded(kJson, Path(3), {{Path(3, 0, 9), Value::integer(1)}}),
            R"({"bn":"/3/","e":[{"n":"0/9","v":1}]})");
  EXPECT_EQ(encoded(kJson, Path(3, 0, 9), {{Path(3, 0, 9), Value::integer(1)}}),
            R"({"bn":"/3/0/","e":[{"n":"9","v":1}]})");
  EXPECT_EQ(encoded(kJson, Path(3, 0, 7, 1), {{Path(3, 0, 7, 1), Value::integer(1)}}),
            R"({"bn":"/3/0/7/","e":[{"n":"1","v":1}]})");
  EXPECT_EQ(encoded(kJson, kDevice, {{kDevice, {}}}), R"({"bn":"/3/0/","e":[]})");
  EXPECT_EQ(encoded(kJson, Path(), {}), "!unsupported");
}

TEST(Json, reads_names_relative_to_the_request_where_there_is_no_base_name) {
  const Records records{{Path(3, 0, 0), Value::string("a")}, {Path(3, 0, 6, 0), Value::integer(1)}};
  EXPECT_EQ(read(kDevice, R"({"e":[{"n":"0","sv":"a"},{"n":"6/0","v":1}]})"), records);
  EXPECT_EQ(read(Path(3), R"({"e":[{"n":"0/0","sv":"a"},{"n":"/0/6/0","v":1}]})"), records);
  EXPECT_EQ(read(Path(3, 0, 9), R"({"e":[{"n":"","v":1}]})"), (Records{{Path(3, 0, 9), Value::integer(1)}}));
  EXPECT_EQ(read(Path(3, 0, 9), R"({"e":[{"v":1}]})"), (Records{{Path(3, 0, 9), Value::integer(1)}}));
}

TEST(Json, reads_the_base_name_wherever_it_stands) {
  const Records records{{Path(3, 0, 9), Value::integer(1), 105.0}};
  EXPECT_EQ(read(kDevice, R"({"e":[{"v":1,"t":5,"n":"9"}],"bt":100,"bn":"/3/0/"})"), records);
  EXPECT_EQ(read(kDevice, R"({"bn":"/3/0","bt":100,"x":{"e":[1]},"e":[{"n":"9","t":5,"v":1,"x":null}]})"),
            records);
  EXPECT_EQ(read(Path(3, 0, 9), R"({"bn":"/3/0/9","bt":100,"e":[{"n":"","t":5,"v":1}]})"), records);
  EXPECT_EQ(read(Path(3), R"({"bn":"/","bt":100,"e":[{"n":"3/0/9","t":5,"v":1}]})"), records);
}

TEST(Json, takes_the_type_of_the_resource) {
  EXPECT_EQ(read(kDevice, R"({"e":[{"n":"9","sv":"AQI="}]})", DataType::kOpaque),
            (Records{{Path(3, 0, 9), Value::opaque(as_bytes("\x01\x02"))}}));
  EXPECT_EQ(read(kDevice, R"({"e":[{"n":"9","v":1}]})", DataType::kTime),
            (Records{{Path(3, 0, 9), Value::time(1)}}));
  EXPECT_EQ(decode_error(kJson, kDevice, R"({"e":[{"n":"9","v":1}]})", DataType::kBoolean), kWrong);
  EXPECT_EQ(decode_error(kJson, kDevice, R"({"e":[{"n":"9","bv":1}]})"), kWrong);
}

TEST(Json, refuses_what_is_malformed) {
  for (const char* payload :
       {R"({})", R"({"bn":"/3/0/"})", R"({"e":[],"e":[]})", R"({"e":[]}x)", R"({"e":[{"n":"9"}]})",
        R"({"e":[{"n":"9","v":1,"sv":"a"}]})", R"({"bn":"/4/0/","e":[{"n":"9","v":1}]})",
        R"({"e":[{"n":"x","v":1}]})", R"({"e":[{"n":"","v":1}]})", R"({"bn":"/3/0/","bn":"/3/0/","e":[]})",
        R"({"e":[{"n":"9","ov":"1"}]})", R"({"bn":"/this/is/far/longer/than/any/path","e":[]})",
        R"({"e":[{"n":"9","v":1}],})"}) {
    EXPECT_EQ(decode_error(kJson, kDevice, payload), kBad) << payload;
  }
  EXPECT_EQ(decode_error(kJson, kDevice, R"({"e":[{"n":"9","v":1}])"), kCut);
  EXPECT_EQ(decode_error(kJson, kDevice, R"({"e":5})"), kWrong);
  EXPECT_EQ(decode_error(kJson, kDevice, R"([])"), kWrong);
  EXPECT_EQ(decode_error(kJson, kDevice, R"({"bt":"5","e":[]})"), kWrong);
  EXPECT_EQ(decode_error(kJson, kDevice, R"({"e":[{"n":"9","sv":"AQIDBA=="}]})", DataType::kOpaque, 3),
            kLarge);
}

}  // namespace
}  // namespace linnet::lwm2m

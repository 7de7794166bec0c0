// SPDX-License-Identifier: Apache-2.0
// Every data type in every shape through every format that can hold it.
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

using F = ContentFormat;

std::vector<Value> values() {
  static const std::string long_text(300, 'a');
  return {
      Value::string(""),
      Value::string("\"quoted\\ \x01\b\f\n\r\t/ \u00fc\u6c34\U00010151"),
      Value::string(long_text),
      Value::integer(0),
      Value::integer(-129),
      Value::integer(std::numeric_limits<std::int64_t>::min()),
      Value::integer(std::numeric_limits<std::int64_t>::max()),
      Value::unsigned_integer(0),
      Value::unsigned_integer(std::numeric_limits<std::uint64_t>::max()),
      Value::number(0),
      Value::number(-0.0),
      Value::number(23.1),
      Value::number(-1.5),
      Value::number(1e17),
      Value::number(16777217),
      Value::number(std::numeric_limits<double>::max()),
      Value::number(std::numeric_limits<double>::denorm_min()),
      Value::boolean(true),
      Value::boolean(false),
      Value::opaque({}),
      Value::opaque(as_bytes(long_text)),
      Value::opaque(as_bytes("\xFF\xFE?>")),
      Value::time(1367491215),
      Value::time(-1),
      Value::objlnk({10, 3}),
      Value::objlnk({65535, 65535}),
      Value::corelnk("</3/0>;title=\"a\""),
  };
}

void check(F format, const Path& base, const Records& records, DataType type) {
  const std::string payload = encoded(format, base, records);
  ASSERT_FALSE(payload.starts_with('!')) << payload;
  const Decoded result = decoded(format, base, payload, type);
  EXPECT_FALSE(result.error) << to_hex(payload);
  EXPECT_EQ(result.records, records) << static_cast<int>(format) << " " << to_hex(payload);
  // Not a byte of room to spare, and one less is too little.
  EXPECT_EQ(encoded(format, base, records, payload.size()), payload);
  if (!payload.empty()) {
    EXPECT_EQ(encoded(format, base, records, payload.size() - 1), "!no space left");
  }
}

// Shows: OP-14
TEST(RoundTrip, every_type_in_every_shape_and_format) {
  const Path resource(3, 0, 9);
  const Path instance(3, 0, 300, 65534);
  for (const Value& v : values()) {
    for (const F format : {F::kText, F::kOpaque, F::kCbor}) {
      if (format == F::kOpaque && v.type() != DataType::kOpaque) continue;
      check(format, resource, {{resource, v}}, v.type());
      check(format, instance, {{instance, v}}, v.type());
    }
    const Records of_resource{{Path(3, 0, 300, 0), v}, {instance, v}};
    const Records of_instance{{resource, v}, {Path(3, 0, 300, 0), v}, {instance, v}, {Path(3, 0, 301), v}};
    Records of_object = of_instance;
    of_object.emplace_back(Path(3, 1, 0, 0), v);
    of_object.emplace_back(Path(3, 65534, 65534), v);
    for (const F format : {F::kTlv, F::kOldTlv, F::kJson, F::kOldJson, F::kSenmlJson, F::kSenmlCbor}) {
      check(format, resource, {{resource, v}}, v.type());
      check(format, instance, {{instance, v}}, v.type());
      check(format, Path(3, 0, 300), of_resource, v.type());
      check(format, Path(3, 0), of_instance, v.type());
      check(format, Path(3), of_object, v.type());
    }
    Records of_several = of_object;
    of_several.emplace_back(Path(5, 0, 3), v);
    of_several.emplace_back(Path(65534, 65534, 65534, 65534), v);
    for (const F format : {F::kSenmlJson, F::kSenmlCbor}) check(format, Path(), of_several, v.type());
  }
}

TEST(RoundTrip, senml_keeps_times_and_names_without_values) {
  const Records named{
      {Path(3), {}}, {Path(3, 0), {}}, {Path(3, 0, 9), {}}, {Path(3, 0, 7, 1), {}}, {Path(5, 0), {}}};
  const Value v = Value::number(20.5);
  const Records timed{{Path(3303, 0, 5700), v, 1.6e9},
                      {Path(3303, 0, 5700), v, 1.6e9 + 60},
                      {Path(3303, 0, 5700), v, 1600000120.25}};
  const Records mixed{
      {Path(3303, 0, 5700), v, 0.0}, {Path(3303, 0, 5701), v}, {Path(3303, 1, 5700), v, -10.5}};
  const Records far{{Path(3303, 0, 5700), v, 1e300}, {Path(3303, 0, 5700), v, 0.1}};
  for (const F format : {F::kSenmlJson, F::kSenmlCbor}) {
    check(format, Path(), {}, DataType::kNone);
    check(format, Path(), named, DataType::kNone);
    for (const Records& records : {timed, mixed, far}) check(format, Path(), records, DataType::kFloat);
  }
  for (const Records& records : {timed, mixed, far}) check(F::kJson, Path(3303), records, DataType::kFloat);
}

TEST(RoundTrip, formats_of_decimal_text_have_no_infinity) {
  const Records records{{Path(3, 0, 9), Value::number(std::numeric_limits<double>::infinity())}};
  for (const F format : {F::kText, F::kJson, F::kSenmlJson}) {
    EXPECT_EQ(encoded(format, Path(3, 0, 9), records), "!unsupported");
  }
  for (const F format : {F::kCbor, F::kTlv, F::kSenmlCbor})
    check(format, Path(3, 0, 9), records, DataType::kFloat);
}

TEST(RoundTrip, an_encoder_refuses_records_outside_its_base) {
  const Records records{{Path(4, 0, 9), Value::integer(1)}};
  for (const F format : {F::kTlv, F::kJson, F::kSenmlJson, F::kSenmlCbor}) {
    EXPECT_EQ(encoded(format, Path(3), records), "!invalid argument");
    EXPECT_EQ(encoded(format, Path(4), {{Path(4, 0), Value::integer(1)}}), "!invalid argument");
  }
}

}  // namespace
}  // namespace linnet::lwm2m

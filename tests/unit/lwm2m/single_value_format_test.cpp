// SPDX-License-Identifier: Apache-2.0
// text/plain, application/octet-stream and application/cbor: one value.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

using F = ContentFormat;
constexpr Path kResource(3, 0, 9);

std::string one(F format, const Value& value) {
  return encoded(format, kResource, {{kResource, value}});
}

Value read(F format, std::string_view payload, DataType type) {
  static Decoded result;
  result = decoded(format, kResource, payload, type);
  EXPECT_FALSE(result.error) << to_hex(payload);
  if (result.records.size() != 1) return {};
  EXPECT_EQ(result.records[0].path, kResource);
  return result.records[0].view().value;
}

TEST(Text, writes_each_type_in_its_text_form) {
  EXPECT_EQ(one(F::kText, Value::string("grün")), "grün");
  EXPECT_EQ(one(F::kText, Value::integer(-5)), "-5");
  EXPECT_EQ(one(F::kText, Value::unsigned_integer(~0ULL)), "18446744073709551615");
  EXPECT_EQ(one(F::kText, Value::number(-1.5)), "-1.5");
  EXPECT_EQ(one(F::kText, Value::boolean(true)), "1");
  EXPECT_EQ(one(F::kText, Value::boolean(false)), "0");
  EXPECT_EQ(one(F::kText, Value::time(1367491215)), "1367491215");
  EXPECT_EQ(one(F::kText, Value::objlnk({10, 3})), "10:3");
  EXPECT_EQ(one(F::kText, Value::objlnk({65535, 65535})), "65535:65535");
  EXPECT_EQ(one(F::kText, Value::corelnk("</3/0>")), "</3/0>");
  EXPECT_EQ(one(F::kText, Value::opaque(as_bytes("\x01\x02"))), "AQI=");
  EXPECT_EQ(one(F::kText, Value::number(INFINITY)), "!unsupported");
}

TEST(Text, reads_each_type_from_its_text_form) {
  EXPECT_EQ(read(F::kText, "-5", DataType::kInteger), Value::integer(-5));
  EXPECT_EQ(read(F::kText, "18446744073709551615", DataType::kUnsigned), Value::unsigned_integer(~0ULL));
  EXPECT_EQ(read(F::kText, "20", DataType::kFloat), Value::number(20));
  EXPECT_EQ(read(F::kText, "-1.5E-1", DataType::kFloat), Value::number(-0.15));
  EXPECT_EQ(read(F::kText, "1", DataType::kBoolean), Value::boolean(true));
  EXPECT_EQ(read(F::kText, "1367491215", DataType::kTime), Value::time(1367491215));
  EXPECT_EQ(read(F::kText, "10:3", DataType::kObjlnk), Value::objlnk({10, 3}));
  EXPECT_EQ(read(F::kText, "", DataType::kString), Value::string(""));
  EXPECT_EQ(read(F::kText, "</3/0>", DataType::kCorelnk), Value::corelnk("</3/0>"));
  EXPECT_EQ(read(F::kText, "AQI=", DataType::kOpaque), Value::opaque(as_bytes("\x01\x02")));
  EXPECT_EQ(read(F::kText, "5", DataType::kNone), Value::string("5"));
}

TEST(Text, refuses_what_is_not_of_the_type) {
  EXPECT_EQ(decode_error(F::kText, kResource, "5a", DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "", DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "1.5", DataType::kInteger), kWrong);
  EXPECT_EQ(decode_error(F::kText, kResource, "-1", DataType::kUnsigned), kWrong);
  EXPECT_EQ(decode_error(F::kText, kResource, "true", DataType::kBoolean), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "10:65536", DataType::kObjlnk), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "10", DataType::kObjlnk), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "\xC3", DataType::kString), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "\xED\xA0\x80", DataType::kString), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "\xC0\x80", DataType::kString), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "\xF4\x90\x80\x80", DataType::kString), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "A*I=", DataType::kOpaque), kBad);
  EXPECT_EQ(decode_error(F::kText, kResource, "AQIDBA==", DataType::kOpaque, 3), kLarge);
}

TEST(Opaque, is_the_bytes_themselves) {
  EXPECT_EQ(one(F::kOpaque, Value::opaque(as_bytes("\x01\x02"))), "\x01\x02");
  EXPECT_EQ(one(F::kOpaque, Value::string("a")), "!unsupported");
  EXPECT_EQ(read(F::kOpaque, "\x01\x02", DataType::kOpaque), Value::opaque(as_bytes("\x01\x02")));
  EXPECT_EQ(decode_error(F::kOpaque, kResource, "a", DataType::kString), kWrong);
}

TEST(SingleValue, holds_one_resource_or_one_resource_instance_only) {
  const Value five = Value::integer(5);
  for (const F format : {F::kText, F::kCbor}) {
    EXPECT_EQ(encoded(format, Path(3, 0, 7, 1), {{Path(3, 0, 7, 1), five}}),
              format == F::kText ? "5" : "\x05");
    EXPECT_EQ(encoded(format, Path(3, 0, 7), {{Path(3, 0, 7, 1), five}}), "!unsupported");
    EXPECT_EQ(encoded(format, Path(3, 0), {{Path(3, 0, 7), five}}), "!unsupported");
    EXPECT_EQ(encoded(format, kResource, {{kResource, five}, {kResource, five}}), "!unsupported");
    EXPECT_EQ(encoded(format, kResource, {}), "!unsupported");
    EXPECT_EQ(encoded(format, kResource, {{kResource, {}}}), "!unsupported");
    EXPECT_EQ(encoded(format, kResource, {{kResource, five}}, 0), "!no space left");
    EXPECT_EQ(decode_error(format, Path(3, 0), "5"), kUnread);
  }
}

TEST(Cbor, writes_the_numbers_of_rfc_8949_appendix_a_in_the_shortest_form) {
  const std::pair<Value, const char*> vectors[] = {
      {Value::integer(0), "00"},
      {Value::integer(10), "0a"},
      {Value::integer(23), "17"},
      {Value::integer(24), "1818"},
      {Value::integer(100), "1864"},
      {Value::integer(1000), "1903e8"},
      {Value::integer(1000000), "1a000f4240"},
      {Value::integer(1000000000000), "1b000000e8d4a51000"},
      {Value::unsigned_integer(18446744073709551615U), "1bffffffffffffffff"},
      {Value::integer(-1), "20"},
      {Value::integer(-10), "29"},
      {Value::integer(-100), "3863"},
      {Value::integer(-1000), "3903e7"},
      {Value::number(0.0), "f90000"},
      {Value::number(-0.0), "f98000"},
      {Value::number(1.0), "f93c00"},
      {Value::number(1.1), "fb3ff199999999999a"},
      {Value::number(1.5), "f93e00"},
      {Value::number(65504.0), "f97bff"},
      {Value::number(100000.0), "fa47c35000"},
      {Value::number(3.4028234663852886e+38), "fa7f7fffff"},
      {Value::number(1.0e+300), "fb7e37e43c8800759c"},
      {Value::number(5.960464477539063e-8), "f90001"},
      {Value::number(0.00006103515625), "f90400"},
      {Value::number(-4.0), "f9c400"},
      {Value::number(-4.1), "fbc010666666666666"},
      {Value::number(INFINITY), "f97c00"},
      {Value::number(NAN), "f97e00"},
      {Value::number(-INFINITY), "f9fc00"},
      {Value::boolean(false), "f4"},
      {Value::boolean(true), "f5"},
      {Value::time(1363896240), "c11a514b67b0"},
      {Value::string(""), "60"},
      {Value::string("IETF"), "6449455446"},
      {Value::string("\u00fc"), "62c3bc"},
      {Value::opaque(as_bytes("\x01\x02\x03\x04")), "4401020304"},
      {Value::objlnk({10, 3}), "6431303a33"},
  };
  for (const auto& [value, hex] : vectors) {
    EXPECT_EQ(to_hex(one(F::kCbor, value)), hex);
    EXPECT_EQ(read(F::kCbor, from_hex(hex), value.type()), value) << hex;
  }
}

TEST(Cbor, reads_every_form_of_a_number) {
  const std::pair<const char*, Value> vectors[] = {
      {"1800", Value::integer(0)},
      {"1b0000000000000005", Value::integer(5)},
      {"1bffffffffffffffff", Value::unsigned_integer(~0ULL)},
      {"3bffffffffffffffff", Value::number(-18446744073709551616.0)},
      {"3b7fffffffffffffff", Value::integer(std::numeric_limits<std::int64_t>::min())},
      {"c249010000000000000000", Value::number(18446744073709551616.0)},
      {"c349010000000000000000", Value::number(-18446744073709551616.0)},
      {"c2420100", Value::integer(256)},
      {"c34100", Value::integer(-1)},
      {"c25f41014100ff", Value::integer(256)},
      {"fa7f800000", Value::number(INFINITY)},
      {"fb7ff8000000000000", Value::number(NAN)},
      {"fbfff0000000000000", Value::number(-INFINITY)},
      {"c11a514b67b0", Value::time(1363896240)},
      {"c1fb41d452d9ec200000", Value::number(1363896240.5)},
      {"c48221196ab3", Value::number(273.15)},
      {"c4820203", Value::number(300)},
      {"c4820003", Value::integer(3)},
      {"c48220c3420100", Value::number(-25.7)},
      {"c49f2005ff", Value::number(0.5)},
      {"c5822003", Value::number(1.5)},
      {"d9d9f705", Value::integer(5)},
      {"d74401020304", Value::opaque(as_bytes("\x01\x02\x03\x04"))},
      {"7f657374726561646d696e67ff", Value::string("streaming")},
      {"5f42010243030405ff", Value::opaque(as_bytes("\x01\x02\x03\x04\x05"))},
      {"7fff", Value::string("")},
  };
  for (const auto& [hex, value] : vectors)
    EXPECT_EQ(read(F::kCbor, from_hex(hex), DataType::kNone), value) << hex;
  EXPECT_EQ(read(F::kCbor, from_hex("f93c00"), DataType::kInteger), Value::integer(1));
  EXPECT_EQ(read(F::kCbor, from_hex("c11a514b67b0"), DataType::kInteger), Value::integer(1363896240));
  EXPECT_EQ(read(F::kCbor, from_hex("1864"), DataType::kTime), Value::time(100));
}

TEST(Cbor, refuses_what_is_not_well_formed_or_not_one_value) {
  for (const char* hex : {"1c", "1f", "3f", "df", "ff", "f818", "0505", "62c328", "61ff", "5f6161ff",
                          "7f7f6161ffff", "c205", "c405", "c48101", "c483010203"}) {
    EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex(hex)), kBad) << hex;
  }
  for (const char* hex : {"", "18", "19ff", "f9", "6261", "5f", "7f6161", "c4", "c482", "c48201", "c1",
                          "c49f01", "7bffffffffffffffff"}) {
    EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex(hex)), kCut) << hex;
  }
  for (const char* hex : {"80", "a0", "f6", "f7", "f820", "c482f90000f90000", "c4821a7fffffff01"}) {
    EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex(hex)), kWrong) << hex;
  }
  EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex("c1c1c1c1c105")), kLarge);
  EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex("5f42010243030405ff"), DataType::kNone, 4), kLarge);
  EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex("6161"), DataType::kInteger), kWrong);
  EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex("01"), DataType::kBoolean), kWrong);
  EXPECT_EQ(decode_error(F::kCbor, kResource, from_hex("6161"), DataType::kObjlnk), kBad);
}

TEST(Codec, knows_its_formats) {
  EXPECT_EQ(decode_error(static_cast<F>(50), kResource, "{}"), kUnread);
  EXPECT_EQ(decode_error(F::kLinkFormat, kResource, "</3>"), kUnread);
  EXPECT_EQ(encoded(F::kLinkFormat, kResource, {}), "!unsupported");
  EXPECT_EQ(all_codecs().size(), 9U);
  EXPECT_EQ(find_codec(all_codecs().first(2), F::kTlv), nullptr);
  EXPECT_EQ(find_codec(all_codecs(), F::kTlv)->format, F::kTlv);
}

}  // namespace
}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

constexpr ContentFormat kTlv = ContentFormat::kTlv;
constexpr Path kDevice(3, 0);

// The Device object of the worked example in Core 1.0 §6.4.3.1.
const Records& device() {
  static const Records records{
      {Path(3, 0, 0), Value::string("Open Mobile Alliance")},
      {Path(3, 0, 1), Value::string("Lightweight M2M Client")},
      {Path(3, 0, 2), Value::string("345000123")},
      {Path(3, 0, 3), Value::string("1.0")},
      {Path(3, 0, 6, 0), Value::integer(1)},
      {Path(3, 0, 6, 1), Value::integer(5)},
      {Path(3, 0, 7, 0), Value::integer(3800)},
      {Path(3, 0, 7, 1), Value::integer(5000)},
      {Path(3, 0, 8, 0), Value::integer(125)},
      {Path(3, 0, 8, 1), Value::integer(900)},
      {Path(3, 0, 9), Value::integer(100)},
      {Path(3, 0, 10), Value::integer(15)},
      {Path(3, 0, 11, 0), Value::integer(0)},
      {Path(3, 0, 13), Value::time(1367491215)},
      {Path(3, 0, 14), Value::string("+02:00")},
      {Path(3, 0, 16), Value::string("U")},
  };
  return records;
}

constexpr const char* kDeviceHex =
    "c800144f70656e204d6f62696c6520416c6c69616e6365"
    "c801164c69676874776569676874204d324d20436c69656e74"
    "c80209333435303030313233"
    "c303312e30"
    "8606410001410105"
    "8807 08 42000ed8 42011388"
    "8708 41007d 42010384"
    "c10964"
    "c10a0f"
    "830b410000"
    "c40d5182428f"
    "c60e2b30323a3030"
    "c11055";

DataType device_type(const Path& path) {
  for (const OwnedRecord& record : device()) {
    if (record.path.resource() == path.resource()) return record.value.type();
  }
  return DataType::kNone;
}

TEST(Tlv, reads_and_writes_the_device_of_the_core_specification) {
  const std::string payload = from_hex(kDeviceHex);
  EXPECT_EQ(payload.size(), 121U);
  EXPECT_EQ(to_hex(encoded(kTlv, kDevice, device())), to_hex(payload));
  EXPECT_EQ(decoded(kTlv, kDevice, payload, device_type).records, device());
  EXPECT_EQ(encoded(ContentFormat::kOldTlv, kDevice, device()), payload);
}

TEST(Tlv, wraps_the_instances_of_an_object) {
  const std::string instance = from_hex(kDeviceHex);
  const std::string object = from_hex("080079") + instance;
  EXPECT_EQ(to_hex(encoded(kTlv, Path(3), device())), to_hex(object));
  EXPECT_EQ(decoded(kTlv, Path(3), object, device_type).records, device());
  // and the wrapper may stand in the payload of the instance
  EXPECT_EQ(decoded(kTlv, kDevice, object, device_type).records, device());
}

TEST(Tlv, leaves_the_instance_unnamed_where_the_payload_does) {
  const Path unnamed(3, kMaxId, 9);
  const Decoded result = decoded(kTlv, Path(3), from_hex("c10964"), DataType::kInteger);
  EXPECT_EQ(result.records, (Records{{unnamed, Value::integer(100)}}));
  EXPECT_EQ(to_hex(encoded(kTlv, Path(3), result.records)), "c10964");
}

// Core 1.0 §6.4.3.2: object links, and Access Control instances whose ACL is a multiple resource.
TEST(Tlv, reads_and_writes_the_object_links_of_the_core_specification) {
  const Records links{
      {Path(65, 0, 0, 0), Value::objlnk({66, 0})},
      {Path(65, 0, 0, 1), Value::objlnk({66, 1})},
      {Path(65, 0, 1), Value::string("8613800755500")},
      {Path(65, 0, 2), Value::integer(1234567890)},
  };
  const std::string payload =
      from_hex("88000c440000420000440100420001c8010d38363133383030373535353030c402499602d2");
  EXPECT_EQ(to_hex(encoded(kTlv, Path(65, 0), links)), to_hex(payload));
  const auto type = [](const Path& path) {
    return path.resource() == 0   ? DataType::kObjlnk
           : path.resource() == 1 ? DataType::kString
                                  : DataType::kInteger;
  };
  EXPECT_EQ(decoded(kTlv, Path(65, 0), payload, type).records, links);

  const Records access{
      {Path(2, 0, 0), Value::integer(1)},      {Path(2, 0, 1), Value::integer(0)},
      {Path(2, 0, 2, 127), Value::integer(7)}, {Path(2, 0, 3), Value::integer(127)},
      {Path(2, 2, 0), Value::integer(3)},      {Path(2, 2, 1), Value::integer(0)},
      {Path(2, 2, 2, 127), Value::integer(7)}, {Path(2, 2, 2, 310), Value::integer(1)},
      {Path(2, 2, 3), Value::integer(127)},
  };
  const std::string object = from_hex(
      "08000ec10001c101008302417f07c1037f"
      "080212c10003c101008702417f0761013601c1037f");
  EXPECT_EQ(to_hex(encoded(kTlv, Path(2), access)), to_hex(object));
  EXPECT_EQ(decoded(kTlv, Path(2), object, DataType::kInteger).records, access);
}

TEST(Tlv, sends_a_resource_and_a_resource_instance_alone) {
  EXPECT_EQ(to_hex(encoded(kTlv, Path(3, 0, 9), {{Path(3, 0, 9), Value::integer(100)}})), "c10964");
  const Records voltages{{Path(3, 0, 7, 0), Value::integer(3800)}, {Path(3, 0, 7, 1), Value::integer(5000)}};
  EXPECT_EQ(to_hex(encoded(kTlv, Path(3, 0, 7), voltages)), "88070842000ed842011388");
  EXPECT_EQ(decoded(kTlv, Path(3, 0, 7), from_hex("88070842000ed842011388"), DataType::kInteger).records,
            voltages);
  EXPECT_EQ(decoded(kTlv, Path(3, 0, 7), from_hex("42000ed842011388"), DataType::kInteger).records, voltages);
  const Records second{{Path(3, 0, 7, 1), Value::integer(5000)}};
  EXPECT_EQ(to_hex(encoded(kTlv, Path(3, 0, 7, 1), second)), "42011388");
  EXPECT_EQ(decoded(kTlv, Path(3, 0, 7, 1), from_hex("42011388"), DataType::kInteger).records, second);
  EXPECT_EQ(decoded(kTlv, Path(3, 0, 7, 1), from_hex("840742011388"), DataType::kInteger).records, second);
}

TEST(Tlv, names_what_is_empty) {
  const Records empty{
      {Path(2, 0), {}}, {Path(2, 1, 2), {}}, {Path(2, 1, 3), Value::integer(1)}, {Path(2, 300), {}}};
  EXPECT_EQ(to_hex(encoded(kTlv, Path(2), empty)),
            "0000"
            "0501"
            "8002"
            "c10301"
            "20012c");
  EXPECT_EQ(decoded(kTlv, Path(2), from_hex("000005018002c1030120012c"), DataType::kInteger).records, empty);
  EXPECT_EQ(encoded(kTlv, Path(2, 0), {{Path(2, 0), {}}}), "");
  EXPECT_EQ(encoded(kTlv, Path(2), {}), "");
  EXPECT_TRUE(decoded(kTlv, Path(2), "").records.empty());
}

TEST(Tlv, sends_numbers_in_the_fewest_bytes) {
  const auto payload = [](const Value& value) {
    return to_hex(encoded(kTlv, Path(1, 0, 1), {{Path(1, 0, 1), value}}));
  };
  EXPECT_EQ(payload(Value::integer(0)), "c10100");
  EXPECT_EQ(payload(Value::integer(127)), "c1017f");
  EXPECT_EQ(payload(Value::integer(128)), "c2010080");
  EXPECT_EQ(payload(Value::integer(-128)), "c10180");
  EXPECT_EQ(payload(Value::integer(-129)), "c201ff7f");
  EXPECT_EQ(payload(Value::integer(32768)), "c40100008000");
  EXPECT_EQ(payload(Value::integer(-2147483649)), "c80108ffffffff7fffffff");
  EXPECT_EQ(payload(Value::unsigned_integer(255)), "c101ff");
  EXPECT_EQ(payload(Value::unsigned_integer(256)), "c2010100");
  EXPECT_EQ(payload(Value::unsigned_integer(0x10000)), "c40100010000");
  EXPECT_EQ(payload(Value::unsigned_integer(~0ULL)), "c80108ffffffffffffffff");
  EXPECT_EQ(payload(Value::number(1.5)), "c4013fc00000");
  EXPECT_EQ(payload(Value::number(1.1)), "c801083ff199999999999a");
  EXPECT_EQ(payload(Value::boolean(true)), "c10101");
}

TEST(Tlv, gives_long_values_and_wide_identifiers_longer_headers) {
  for (const std::size_t size : {7U, 8U, 255U, 256U, 65535U, 65536U}) {
    const std::string text(size, 'x');
    const Records records{{Path(5, 1, 300, 400), Value::string(text)}};
    const std::string payload = encoded(kTlv, Path(5), records, 100000);
    const std::size_t width = size < 8 ? 0 : size < 256 ? 1 : size < 65536 ? 2 : 3;
    const std::string_view item = std::string_view(payload).substr(payload.size() - size - 3 - width);
    EXPECT_EQ(static_cast<unsigned char>(item[0]), 0x60U | width << 3 | (width == 0 ? size : 0)) << size;
    EXPECT_EQ(decoded(kTlv, Path(5), payload, DataType::kString).records, records) << size;
    EXPECT_EQ(encoded(kTlv, Path(5), records, payload.size()), payload);
    EXPECT_EQ(encoded(kTlv, Path(5), records, payload.size() - 1), "!no space left");
  }
}

TEST(Tlv, reads_opaque_where_the_type_is_not_known) {
  EXPECT_EQ(decoded(kTlv, kDevice, from_hex("c10964")).records,
            (Records{{Path(3, 0, 9), Value::opaque(as_bytes("\x64"))}}));
}

TEST(Tlv, refuses_what_is_cut_off) {
  for (const char* hex :
       {"c1", "c109", "c20964", "c80964", "e1", "e101", "c8", "c80901", "d00900", "d8090000"}) {
    EXPECT_EQ(decode_error(kTlv, kDevice, from_hex(hex), DataType::kInteger), kCut) << hex;
  }
  // a length that runs over the end of its container
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("820741010141 0101"), DataType::kInteger), kCut);
}

TEST(Tlv, refuses_items_in_the_wrong_place) {
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("0100c10964"), DataType::kInteger), kCut);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("0301c10964"), DataType::kInteger),
            kBad);  // another instance
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("410964"), DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(kTlv, Path(3), from_hex("410964"), DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(kTlv, Path(3, 0, 9), from_hex("c10864"), DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("8307c10964"), DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("85078307410064"), DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(kTlv, Path(3), from_hex("0500 0300c10964"), DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(kTlv, Path(3), from_hex("23ffffc10964"), DataType::kInteger), kBad);
  EXPECT_EQ(decode_error(kTlv, Path(), from_hex("c10964"), DataType::kInteger), kUnread);
  EXPECT_EQ(encoded(kTlv, Path(), {}), "!unsupported");
}

TEST(Tlv, refuses_values_of_another_type) {
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("c009"), DataType::kInteger), kWrong);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("c309010203"), DataType::kInteger), kWrong);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("c10902"), DataType::kBoolean), kWrong);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("c2093c00"), DataType::kFloat), kWrong);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("c209000a"), DataType::kObjlnk), kWrong);
  EXPECT_EQ(decode_error(kTlv, kDevice, from_hex("c109ff"), DataType::kString), kBad);
}

TEST(Tlv, stops_with_the_error_of_the_sink) {
  const auto sink = [](const Record&) -> Result<void> { return fail(Errc::kNotAllowed, 0x85); };
  const auto type = [](const Path&) { return DataType::kInteger; };
  const std::string payload = from_hex("c10964");
  EXPECT_EQ(decode(kTlv, kDevice, as_bytes(payload), type, {}, sink).error(),
            (Error{Errc::kNotAllowed, 0x85}));
}

}  // namespace
}  // namespace linnet::lwm2m

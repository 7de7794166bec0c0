// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/values.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "linnet/registry/model_registry.hpp"

namespace linnet::api {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using lwm2m::ContentFormat;
using lwm2m::DataType;
using lwm2m::Path;
using lwm2m::Value;

const registry::ModelRegistry& models() {
  static const auto registry = registry::ModelRegistry::embedded();
  return *registry;
}

const lwm2m::ObjectModel* model(lwm2m::ObjectId object) {
  return models().newest(object);
}

/// What JSON becomes as a value of a type, back as JSON; the detail of the problem where it is none.
std::string as(DataType type, const std::string& json) {
  const auto value = from_json(Json::parse(json), type, "/1/0/1");
  return value ? to_json(value->view()).dump() : value.error().detail;
}

void expect_refused(DataType type, const std::string& json) {
  const auto value = from_json(Json::parse(json), type, "/1/0/1");
  ASSERT_FALSE(value) << json;
  EXPECT_EQ(value.error().status, 400U);
  EXPECT_THAT(value.error().detail, HasSubstr("/1/0/1"));
}

TEST(Values, TakeTheJsonThatTheirTypeIs) {
  EXPECT_EQ(as(DataType::kString, R"("text")"), R"("text")");
  EXPECT_EQ(as(DataType::kInteger, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(as(DataType::kUnsigned, "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(as(DataType::kFloat, "-12.5"), "-12.5");
  EXPECT_EQ(as(DataType::kFloat, "3"), "3.0");
  EXPECT_EQ(as(DataType::kBoolean, "true"), "true");
  EXPECT_EQ(as(DataType::kTime, "0"), R"("1970-01-01T00:00:00Z")");
  EXPECT_EQ(as(DataType::kOpaque, R"("AAEC/w==")"), R"("AAEC/w==")");
  EXPECT_EQ(as(DataType::kOpaque, R"("")"), R"("")");
  EXPECT_EQ(as(DataType::kObjlnk, R"("10:3")"), R"("10:3")");
  EXPECT_EQ(as(DataType::kCorelnk, R"("</3/0>")"), R"("</3/0>")");
}

TEST(Values, TakeTheTextFormForAnyType) {
  EXPECT_EQ(as(DataType::kInteger, R"("-5")"), "-5");
  EXPECT_EQ(as(DataType::kInteger, R"("9007199254740993")"), "9007199254740993");
  EXPECT_EQ(as(DataType::kUnsigned, R"("18446744073709551615")"), "18446744073709551615");
  EXPECT_EQ(as(DataType::kFloat, R"("-12.5")"), "-12.5");
  EXPECT_EQ(as(DataType::kBoolean, R"("1")"), "true");
  EXPECT_EQ(as(DataType::kBoolean, R"("0")"), "false");
  EXPECT_EQ(as(DataType::kBoolean, R"("true")"), "true");
  EXPECT_EQ(as(DataType::kBoolean, R"("false")"), "false");
  EXPECT_EQ(as(DataType::kTime, R"("1769860800")"), R"("2026-01-31T12:00:00Z")");
}

TEST(Values, OfAnotherTypeAreRefusedByName) {
  for (const char* const json : {"1", "true", "null", "[]", "{}"}) expect_refused(DataType::kString, json);
  for (const char* const json : {"1.5", "true", R"("x")", R"("")", "null", "9223372036854775808"})
    expect_refused(DataType::kInteger, json);
  for (const char* const json : {"-1", R"("-1")", "1.5"}) expect_refused(DataType::kUnsigned, json);
  for (const char* const json : {"true", R"("warm")", "[1]"}) expect_refused(DataType::kFloat, json);
  for (const char* const json : {"1", "0", R"("yes")", R"("TRUE")"}) expect_refused(DataType::kBoolean, json);
  for (const char* const json : {R"("A")", R"("&&&&")", "1"}) expect_refused(DataType::kOpaque, json);
  for (const char* const json : {R"("10")", R"("10:70000")", R"(":")", "10"})
    expect_refused(DataType::kObjlnk, json);
}

TEST(Values, ThatAreLongAreShownInPart) {
  const auto value = from_json(Json(std::string(100'000, 'x')), DataType::kInteger, "/1/0/1");
  ASSERT_FALSE(value);
  EXPECT_LT(value.error().detail.size(), 200U);
}

TEST(Times, AreReadAsRfc3339) {
  EXPECT_EQ(as(DataType::kTime, R"("2026-01-31T12:00:00Z")"), R"("2026-01-31T12:00:00Z")");
  EXPECT_EQ(as(DataType::kTime, R"("2026-01-31t12:00:00z")"), R"("2026-01-31T12:00:00Z")");
  EXPECT_EQ(as(DataType::kTime, R"("2026-01-31T12:00:00.999Z")"), R"("2026-01-31T12:00:00Z")");
  EXPECT_EQ(as(DataType::kTime, R"("2026-01-31T12:00:00+05:30")"), R"("2026-01-31T06:30:00Z")");
  EXPECT_EQ(as(DataType::kTime, R"("2026-01-31T23:30:00-01:00")"), R"("2026-02-01T00:30:00Z")");
  EXPECT_EQ(as(DataType::kTime, R"("2024-02-29T00:00:00Z")"), R"("2024-02-29T00:00:00Z")");
  EXPECT_EQ(as(DataType::kTime, R"("2016-12-31T23:59:60Z")"), R"("2017-01-01T00:00:00Z")");
  EXPECT_EQ(as(DataType::kTime, R"("1969-12-31T23:59:59Z")"), R"("1969-12-31T23:59:59Z")");
}

TEST(Times, InAnyOtherFormAreRefused) {
  for (const char* const text :
       {"2026-01-31", "2026-01-31T12:00:00", "2026-1-31T12:00:00Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T-1:00:00Z",
        "2026-01-31T12:-5:00Z", " 2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z ", "-999-01-31T12:00:00Z",
        "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+5:30", "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+-1:00", "2026-01-31T12:00:00+01:60", "now"}) {
    expect_refused(DataType::kTime, Json(text).dump());
  }
}

TEST(Times, BeyondFourDigitYearsAreWrittenAsSeconds) {
  EXPECT_EQ(time_text(UnixTime{253'402'300'799}), "9999-12-31T23:59:59Z");
  EXPECT_EQ(time_text(UnixTime{253'402'300'800}), "253402300800");
  EXPECT_EQ(time_text(UnixTime{-62'167'219'200}), "0000-01-01T00:00:00Z");
  EXPECT_EQ(time_text(UnixTime{INT64_MIN}), "-9223372036854775808");
}

/// The records of a body below `base` as JSON, or the detail of the problem.
std::string records_of(const std::string& body, const Path& base, const lwm2m::ObjectModel* of) {
  const auto records = read_body(Json::parse(body), base, of);
  if (!records) return records.error().detail;
  Json out = Json::object();
  for (const OwnedRecord& record : *records) out[path_text(record.path)] = to_json(record.value.view());
  return out.dump();
}

TEST(Bodies, NameResourcesByNumberOrName) {
  EXPECT_EQ(records_of(R"({"values": {"Lifetime": 300, "2": "5", "binding": "U"}})", Path(1, 0), model(1)),
            R"({"/1/0/1":300,"/1/0/2":5,"/1/0/7":"U"})");
  EXPECT_EQ(records_of(R"({"value": 300})", Path(1, 0, 1), model(1)), R"({"/1/0/1":300})");
  EXPECT_THAT(records_of(R"({"values": {"Lifetyme": 1}})", Path(1, 0), model(1)), HasSubstr("'Lifetyme'"));
  EXPECT_THAT(records_of(R"({"values": {"1": 1, "Lifetime": 2}})", Path(1, 0), model(1)), HasSubstr("twice"));
}

TEST(Bodies, GiveMultipleResourcesByInstance) {
  EXPECT_EQ(records_of(R"({"values": {"0": {"0": "host", "3": "sn"}}})", Path(16, 0), model(16)),
            R"({"/16/0/0/0":"host","/16/0/0/3":"sn"})");
  EXPECT_EQ(records_of(R"({"value": {"1": "a"}})", Path(16, 0, 0), model(16)), R"({"/16/0/0/1":"a"})");
  EXPECT_EQ(records_of(R"({"value": "a"})", Path(16, 0, 0, 1), model(16)), R"({"/16/0/0/1":"a"})");
  EXPECT_EQ(records_of(R"({"value": {}})", Path(16, 0, 0), model(16)), R"({"/16/0/0":null})");
  EXPECT_THAT(records_of(R"({"value": "a"})", Path(16, 0, 0), model(16)), HasSubstr("multiple"));
  EXPECT_THAT(records_of(R"({"value": {"0": 1}})", Path(1, 0, 1), model(1)), HasSubstr("not a multiple"));
  EXPECT_THAT(records_of(R"({"value": {"0": 1}})", Path(16, 0, 0, 1), model(16)),
              HasSubstr("not a multiple"));
  EXPECT_THAT(records_of(R"({"value": {"first": "a"}})", Path(16, 0, 0), model(16)), HasSubstr("'first'"));
  EXPECT_THAT(records_of(R"({"value": {"65535": "a"}})", Path(16, 0, 0), model(16)), HasSubstr("'65535'"));
}

TEST(Bodies, WithoutAModelSayTheTypesThemselves) {
  EXPECT_EQ(records_of(R"({"values": {"0": "a", "1": 2, "2": 2.5, "3": true}})", Path(32'000, 0), nullptr),
            R"({"/32000/0/0":"a","/32000/0/1":2,"/32000/0/2":2.5,"/32000/0/3":true})");
  EXPECT_THAT(records_of(R"({"values": {"name": 1}})", Path(32'000, 0), nullptr), HasSubstr("'name'"));
}

TEST(Bodies, OfAnotherFormAreRefused) {
  EXPECT_THAT(records_of("[]", Path(1, 0), model(1)), HasSubstr("JSON object"));
  EXPECT_THAT(records_of("{}", Path(1, 0, 1), model(1)), HasSubstr("\"value\""));
  EXPECT_THAT(records_of(R"({"values": []})", Path(1, 0), model(1)), HasSubstr("\"values\""));
}

TEST(Payloads, HoldWhatTheRecordsSay) {
  const auto records = read_body(Json::parse(R"({"values": {"1": 300}})"), Path(1, 0), model(1));
  ASSERT_TRUE(records);
  const auto tlv = encode_records(*records, Path(1, 0), ContentFormat::kTlv);
  ASSERT_TRUE(tlv);
  EXPECT_EQ(*tlv, (std::vector<std::uint8_t>{0xC2, 0x01, 0x01, 0x2C}));
}

TEST(Payloads, HaveRoomForTheLongestText) {
  const OwnedRecord record{Path(3, 0, 0), OwnedValue(Value::string(std::string(50'000, '\x01')))};
  EXPECT_TRUE(encode_records({record}, Path(3, 0, 0), ContentFormat::kSenmlJson));
}

TEST(Payloads, ThatAFormatCannotHoldAre400) {
  const auto records = read_body(Json::parse(R"({"values": {"1": 1, "2": 2}})"), Path(1, 0), model(1));
  const auto text = encode_records(*records, Path(1, 0), ContentFormat::kText);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().status, 400U);
}

TEST(Payloads, AreShownWithNamesTypesAndUnits) {
  const std::string senml = R"([{"bn":"/3303/0/","n":"5700","v":21.5},{"n":"5701","vs":"Cel"}])";
  const auto values =
      values_json(ContentFormat::kSenmlJson, Path(3303, 0), as_bytes(senml), model, UnixTime{});
  ASSERT_TRUE(values);
  EXPECT_EQ(values->dump(),
            R"([{"name":"Sensor Value","path":"/3303/0/5700","type":"Float","units":"","value":21.5},)"
            R"({"name":"Sensor Units","path":"/3303/0/5701","type":"String","units":"","value":"Cel"}])");
}

TEST(Payloads, OfSeveralObjectsHaveTheNamesOfEach) {
  const std::string senml = R"([{"n":"/3303/0/5700","v":21.5},{"n":"/3/0/9","v":80,"t":-1}])";
  const auto values =
      values_json(ContentFormat::kSenmlJson, Path(), as_bytes(senml), model, UnixTime{1'700'000'000});
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 2U);
  EXPECT_EQ((*values)[0]["name"], "Sensor Value");
  EXPECT_FALSE((*values)[0].contains("time"));
  EXPECT_EQ((*values)[1]["name"], "Battery Level");
  EXPECT_EQ((*values)[1]["type"], "Integer");
  EXPECT_EQ((*values)[1]["time"], "2023-11-14T22:13:19Z");
}

/// RFC 8428 §4.5.3.
TEST(Times, OfSenMLAreRelativeBelowTwoToThe28) {
  constexpr UnixTime kNow{1'700'000'000};
  EXPECT_EQ(senml_time_text(0, kNow), "2023-11-14T22:13:20Z");
  EXPECT_EQ(senml_time_text(-20.5, kNow), "2023-11-14T22:12:59.500Z");
  EXPECT_EQ(senml_time_text(1.25, kNow), "2023-11-14T22:13:21.250Z");
  EXPECT_EQ(senml_time_text(268'435'455, kNow), "2032-05-17T19:37:35Z");
  EXPECT_EQ(senml_time_text(268'435'456, kNow), "1978-07-04T21:24:16Z");
  EXPECT_EQ(senml_time_text(1.6e9, kNow), "2020-09-13T12:26:40Z");
  EXPECT_EQ(senml_time_text(1600000000.9996, kNow), "2020-09-13T12:26:41Z");
  EXPECT_EQ(senml_time_text(1e300, kNow), "1e+300");
  EXPECT_EQ(senml_time_text(-1e300, kNow), "-1e+300");
}

TEST(Payloads, ThatDoNotDecodeAre502) {
  const auto values = values_json(ContentFormat::kSenmlJson, Path(3, 0), as_bytes("[{"), model, UnixTime{});
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().status, 502U);
}

}  // namespace
}  // namespace linnet::api

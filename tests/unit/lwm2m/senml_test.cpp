// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

constexpr ContentFormat kJson = ContentFormat::kSenmlJson;
constexpr ContentFormat kCbor = ContentFormat::kSenmlCbor;
const Path kRoot;

Records read(ContentFormat format, std::string_view payload, DataType type = DataType::kNone) {
  const Decoded result = decoded(format, kRoot, payload, type);
  EXPECT_FALSE(result.error) << payload;
  return result.records;
}

// Transport document 6.4.5: location and radio signal strength by Send.
TEST(SenmlJson, reads_and_writes_the_send_of_the_transport_document) {
  const Records records{{Path(6, 0, 0), Value::number(43.61092)},
                        {Path(6, 0, 1), Value::number(3.87723)},
                        {Path(4, 0, 2), Value::integer(-49)}};
  EXPECT_EQ(read(kJson, R"([
  {"n":"/6/0/0", "v":43.61092},
  {"n":"/6/0/1", "v":3.87723},
  {"n":"/4/0/2", "v":-49}
])"),
            records);
  EXPECT_EQ(encoded(kJson, kRoot, records),
            R"([{"n":"/6/0/0","v":43.61092},{"n":"/6/0/1","v":3.87723},{"n":"/4/0/2","v":-49}])");
}

TEST(SenmlJson, gives_an_instance_its_path_as_base_name) {
  const Records records{{Path(3, 0, 0), Value::string("Open Mobile Alliance")},
                        {Path(3, 0, 9), Value::integer(100)},
                        {Path(3, 0, 7, 0), Value::integer(3800)},
                        {Path(3, 0, 22), Value::objlnk({66, 1})},
                        {Path(3, 0, 30), Value::opaque(as_bytes("\xFB\xFF"))},
                        {Path(3, 0, 31), Value::boolean(true)}};
  EXPECT_EQ(encoded(kJson, Path(3, 0), records),
            R"([{"bn":"/3/0/","n":"0","vs":"Open Mobile Alliance"},{"n":"9","v":100},{"n":"7/0","v":3800},)"
            R"({"n":"22","vlo":"66:1"},{"n":"30","vd":"-_8"},{"n":"31","vb":true}])");
}

TEST(SenmlJson, chooses_the_names_that_make_the_pack_smallest) {
  const Value v = Value::integer(1);
  EXPECT_EQ(encoded(kJson, Path(3, 0, 9), {{Path(3, 0, 9), v}}), R"([{"n":"/3/0/9","v":1}])");
  EXPECT_EQ(
      encoded(kJson, Path(3, 0, 7),
              {{Path(3, 0, 7, 0), v},
               {Path(3, 0, 7, 1), v},
               {Path(3, 0, 7, 2), v},
               {Path(3, 0, 7, 3), v},
               {Path(3, 0, 7, 4), v}}),
      R"([{"bn":"/3/0/7/","n":"0","v":1},{"n":"1","v":1},{"n":"2","v":1},{"n":"3","v":1},{"n":"4","v":1}])");
  // a new base name for each instance, once that pays
  Records records;
  for (std::uint16_t instance = 10000; instance < 10002; ++instance) {
    for (std::uint16_t resource = 0; resource < 3; ++resource)
      records.emplace_back(Path(33000, instance, resource), v);
  }
  EXPECT_EQ(encoded(kJson, Path(33000), records),
            R"([{"bn":"/33000/10000/","n":"0","v":1},{"n":"1","v":1},{"n":"2","v":1},)"
            R"({"bn":"/33000/10001/","n":"0","v":1},{"n":"1","v":1},{"n":"2","v":1}])");
}

TEST(SenmlJson, sends_a_series_with_base_time_and_no_names) {
  const Records records{{Path(3303, 0, 5700), Value::number(20.5), 1600000000.0},
                        {Path(3303, 0, 5700), Value::number(20.6), 1600000060.0},
                        {Path(3303, 0, 5700), Value::number(20.7), 1600000120.0}};
  EXPECT_EQ(encoded(kJson, kRoot, records),
            R"([{"bn":"/3303/0/5700","bt":1.6e9,"v":20.5},{"t":60,"v":20.6},{"t":120,"v":20.7}])");
}

TEST(SenmlJson, reads_names_without_values) {
  EXPECT_EQ(read(kJson, R"([{"n":"/3/0/9"},{"n":"/1"},{"bn":"/4/0/","n":"2"}])"),
            (Records{{Path(3, 0, 9), {}}, {Path(1), {}}, {Path(4, 0, 2), {}}}));
  EXPECT_EQ(encoded(kJson, kRoot, {{Path(3, 0, 9), {}}, {Path(1), {}}}), R"([{"n":"/3/0/9"},{"n":"/1"}])");
  EXPECT_EQ(encoded(kJson, kRoot, {}), "[]");
  EXPECT_TRUE(read(kJson, " [ ] ").empty());
}

TEST(SenmlJson, applies_base_fields_in_any_order) {
  const Value v = Value::number(20.5);
  EXPECT_EQ(
      read(kJson, R"([{"v":20.5,"n":"0/5700","bn":"/3303/"},{"n":"1/5700","v":20.5},)"
                  R"({"n":"2","v":20.5,"bn":"/3303/0/"},{"bn":"/3303/0/3","v":20.5}])"),
      (Records{
          {Path(3303, 0, 5700), v}, {Path(3303, 1, 5700), v}, {Path(3303, 0, 2), v}, {Path(3303, 0, 3), v}}));
  EXPECT_EQ(
      read(kJson, R"([{"bn":"/1/0/1","bt":1.320067464e+09,"v":1},{"t":10,"v":2},{"bt":5,"t":-6,"v":3}])"),
      (Records{{Path(1, 0, 1), Value::integer(1), 1320067464.0},
               {Path(1, 0, 1), Value::integer(2), 1320067474.0},
               {Path(1, 0, 1), Value::integer(3), -1.0}}));
  EXPECT_EQ(
      read(kJson, R"([{"bn":"/1/0/","bv":10,"n":"1","v":1},{"n":"2"},{"n":"3","v":0.5},{"n":"4","vs":"a"}])"),
      (Records{{Path(1, 0, 1), Value::integer(11)},
               {Path(1, 0, 2), Value::integer(10)},
               {Path(1, 0, 3), Value::number(10.5)},
               {Path(1, 0, 4), Value::string("a")}}));
}

TEST(SenmlJson, takes_the_type_of_the_resource) {
  EXPECT_EQ(read(kJson, R"([{"n":"/1/0/1","v":1e2}])", DataType::kInteger),
            (Records{{Path(1, 0, 1), Value::integer(100)}}));
  EXPECT_EQ(read(kJson, R"([{"n":"/1/0/1","v":5}])", DataType::kTime),
            (Records{{Path(1, 0, 1), Value::time(5)}}));
  EXPECT_EQ(read(kJson, R"([{"n":"/1/0/1","v":5}])", DataType::kFloat),
            (Records{{Path(1, 0, 1), Value::number(5)}}));
  EXPECT_EQ(read(kJson, R"([{"n":"/1/0/1","vs":"</3>"}])", DataType::kCorelnk),
            (Records{{Path(1, 0, 1), Value::corelnk("</3>")}}));
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","v":1.5}])", DataType::kInteger), kWrong);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","v":1}])", DataType::kBoolean), kWrong);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","vs":"1"}])", DataType::kInteger), kWrong);
  // Leshan 2.0 writes an Objlnk as a string.
  EXPECT_EQ(read(kJson, R"([{"n":"/1/0/1","vs":"1:2"}])", DataType::kObjlnk),
            (Records{{Path(1, 0, 1), Value::objlnk({1, 2})}}));
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","vs":"1-2"}])", DataType::kObjlnk), kBad);
}

TEST(SenmlJson, resolves_escapes) {
  EXPECT_EQ(read(kJson, R"([{"\u006e":"\/1\u002f0/1","v\u0073":"\"\\\/\b\f\n\r\t\u00fc\ud800\udd51"}])"),
            (Records{{Path(1, 0, 1), Value::string("\"\\/\b\f\n\r\t\u00fc\U00010151")}}));
  EXPECT_EQ(read(kJson, R"([{"n":"/1/0/1","vd":"\u0041QI="}])"),
            (Records{{Path(1, 0, 1), Value::opaque(as_bytes("\x01\x02"))}}));
}

TEST(SenmlJson, ignores_unknown_labels_but_not_those_that_must_be_understood) {
  EXPECT_EQ(
      read(
          kJson,
          R"([{"bver":10,"u":"Cel","x":[1,{"a":[null,true]},"]"],"n":"/1/0/1","ut":5,"s":1,"bs":2,"bu":"m","v":1}])"),
      (Records{{Path(1, 0, 1), Value::integer(1)}}));
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","x_":1,"v":1}])"), kBad);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","x\u005f":1,"v":1}])"), kBad);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"bver":11,"n":"/1/0/1","v":1}])"), kUnread);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"bver":0,"n":"/1/0/1","v":1}])"), kBad);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"bver":"10","n":"/1/0/1","v":1}])"), kWrong);
}

TEST(SenmlJson, refuses_what_is_malformed) {
  for (const char* payload : {R"([{"n":"/1/0/1","v":1}]x)",
                              R"([{"n":"/1/0/1","v":1},])",
                              R"([{"n":"/1/0/1",}])",
                              R"([{"n" "/1/0/1"}])",
                              R"([{"n":"/1/0/1" "v":1}])",
                              R"([{"n":"/1/0/1","v":01}])",
                              R"([{"n":"/1/0/1","v":1e999}])",
                              R"([{"n":"/1/0/1","v":1,"v":2}])",
                              R"([{"n":"/1/0/1","v":1,"vs":"a"}])",
                              R"([{"n":"/1/0","v":1}])",
                              R"([{"v":1}])",
                              R"([{"n":"1/0/1","v":1}])",
                              R"([{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}])",
                              R"([{"n":"/1/0/65535","v":1}])",
                              R"([{"n":"/1/0/1","vd":"A"}])",
                              R"([{"n":"/1/0/1","vd":"A+=="}])",
                              R"([{"n":"/1/0/1","vlo":"1"}])",
                              R"([{"n":"/1/0/1","vs":"\ud800"}])",
                              R"([{"n":"/1/0/1","vs":"\udd51"}])",
                              R"([{"n":"/1/0/1","vs":"\x"}])",
                              R"([{"n":"/1/0/1","vs":"\u12g4"}])",
                              "[{\"n\":\"/1/0/1\",\"vs\":\"\n\"}]",
                              "[{\"n\":\"/1/0/1\",\"vs\":\"\xFF\"}]",
                              R"([{"n":"/1/0/1","x":[1,],"v":1}])",
                              R"([{"n":"/1/0/1","x":nul}])",
                              R"([{"n":"/1/0/1","x":[1}}])"}) {
    EXPECT_EQ(decode_error(kJson, kRoot, payload), kBad) << payload;
  }
  for (const char* payload :
       {"", "[", R"([{"n":"/1/0/1","v":1})", R"([{"n":"/1/0)", R"([{"n")", R"([{"n":)"}) {
    EXPECT_EQ(decode_error(kJson, kRoot, payload), kCut) << payload;
  }
  for (const char* payload :
       {"{}", "5", "[5]", R"([{"n":5}])", R"([{"n":"/1/0/1","v":"1"}])", R"([{"n":"/1/0/1","vb":1}])",
        R"([{"n":"/1/0/1","vs":null}])", R"([{"n":"/1/0/1","vd":5}])", R"([{"n":"/1/0/1","v":[1]}])",
        R"([{"n":"/1/0/1","bt":"1"}])"}) {
    EXPECT_EQ(decode_error(kJson, kRoot, payload), kWrong) << payload;
  }
}

TEST(SenmlJson, keeps_to_the_base_and_to_its_bounds) {
  EXPECT_EQ(decode_error(kJson, Path(3, 0), R"([{"n":"/3/1/9","v":1}])"), kBad);
  EXPECT_EQ(decode_error(kJson, Path(3, 0, 9), R"([{"n":"/3/0"}])"), kBad);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","vd":"AQIDBA"}])", DataType::kNone, 3), kLarge);
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"n":"/1/0/1","vs":"abc\n"}])", DataType::kNone, 3), kLarge);
  EXPECT_FALSE(decoded(kJson, kRoot, R"([{"n":"/1/0/1","vs":"abcdefgh"}])", DataType::kNone, 0).error);
  const std::string deep(17, '[');
  EXPECT_EQ(decode_error(kJson, kRoot, R"([{"x":)" + deep), kLarge);
}

// RFC 8428 §6, with the names of a resource in the place of the ones that are no paths.
TEST(SenmlCbor, reads_the_example_of_rfc_8428) {
  const std::string example = from_hex(
      "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a"
      "22fb41d303a15b00106223614120050067766f6c7461676501615602fb405e066666666666"
      "a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccd"
      "a3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00"
      "a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb333333333333");
  EXPECT_EQ(decode_error(kCbor, kRoot, example), kBad);  // well formed, but these names are no paths
  const auto replace = [](std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
    return text;
  };
  std::string ours =
      replace(example, from_hex("781b75726e3a6465763a6f773a3130653230373361303130383030363a"), "\x66/3/31/");
  ours = replace(replace(ours, "\x67voltage",
                         "\x61"
                         "1"),
                 "\x67"
                 "current",
                 "\x61"
                 "2");
  const double start = 1276020076.001;
  EXPECT_EQ(read(kCbor, ours), (Records{{Path(3, 31, 1), Value::number(120.1), start},
                                        {Path(3, 31, 2), Value::number(1.2), start - 5},
                                        {Path(3, 31, 2), Value::number(1.3), start - 4},
                                        {Path(3, 31, 2), Value::number(1.4), start - 3},
                                        {Path(3, 31, 2), Value::number(1.5), start - 2},
                                        {Path(3, 31, 2), Value::number(1.6), start - 1},
                                        {Path(3, 31, 2), Value::number(1.7), start}}));
}

TEST(SenmlCbor, is_as_small_as_can_be) {
  const Records records{{Path(3, 0, 0), Value::string("a")},
                        {Path(3, 0, 9), Value::integer(100)},
                        {Path(3, 0, 13), Value::time(1367491215)},
                        {Path(3, 0, 22), Value::objlnk({6, 1})},
                        {Path(3, 0, 30), Value::opaque(as_bytes("\x01"))},
                        {Path(3, 0, 31), Value::boolean(true)},
                        {Path(3, 0, 32), Value::number(20)},
                        {Path(3, 0, 33), Value::number(1.5)}};
  EXPECT_EQ(to_hex(encoded(kCbor, Path(3, 0), records)),
            "88"
            "a321652f332f302f0061300361"
            "61"
            "a2006139021864"
            "a20062313302"
            "1a5182428f"
            "a20062323263766c6f63363a31"
            "a200623330084101"
            "a20062333104f5"
            "a20062333202f94d00"
            "a20062333302f93e00");
  EXPECT_EQ(to_hex(encoded(kCbor, Path(3, 0, 9), {{Path(3, 0, 9), Value::integer(100)}})),
            "81a200662f332f302f39021864");
  EXPECT_EQ(to_hex(encoded(kCbor, kRoot, {})), "80");
  EXPECT_EQ(to_hex(encoded(kCbor, kRoot, {{Path(3), {}}})), "81a100622f33");
  EXPECT_EQ(to_hex(encoded(kCbor, kRoot,
                           {{Path(3303, 0, 5700), Value::integer(1), 1600000000.0},
                            {Path(3303, 0, 5700), Value::integer(2), 1600000060.0}})),
            "82a3216c2f333330332f302f35373030221a5f5e10000201a206183c0202");
}

TEST(SenmlCbor, reads_all_that_is_well_formed) {
  const Records one{{Path(1, 0, 1), Value::integer(5)}};
  EXPECT_EQ(read(kCbor, from_hex("9fbf00662f312f302f310205ffff")), one);        // indefinite lengths
  EXPECT_EQ(read(kCbor, from_hex("81a2020500662f312f302f31")), one);            // any order
  EXPECT_EQ(read(kCbor, from_hex("81a2007f632f312f62302f6131ff0205")), one);    // a name in chunks
  EXPECT_EQ(read(kCbor, from_hex("d9d9f781d864a200662f312f302f310205")), one);  // tags
  EXPECT_EQ(read(kCbor, from_hex("81a200662f312f302f3102c4820005")), one);      // decimal fraction
  EXPECT_EQ(read(kCbor, from_hex("81a400662f312f302f31020501634365"
                                 "6c"
                                 "05f6")),
            one);  // unit, sum
  EXPECT_EQ(read(kCbor, from_hex("81a300662f312f302f3102056178a2018201a0029fbf00010203ffff")), one);
  EXPECT_EQ(read(kCbor, from_hex("81a200662f312f302f31036161")),
            (Records{{Path(1, 0, 1), Value::string("a")}}));
  EXPECT_EQ(read(kCbor, from_hex("81a200662f312f302f310c05")), (Records{{Path(1, 0, 1), {}}}));
}

TEST(SenmlCbor, refuses_what_is_malformed) {
  for (const char* hex :
       {"81a200662f312f302f3102058000",
        "81a200662f312f302f316278"
        "5f05",
        "81a200662f312f302f31f505", "81a300662f312f302f3102050205", "81a10205",
        "81a200652f312f3078"
        "0205",
        "ff", "81ff", "81a2200a00ff", "9fbf00662f312f302f3102ffff", "81a300662f312f302f31020506f97e00",
        "81a200662f312f302f3163766c6f6131", "81a200662f312f302f310a9fffff"}) {
    EXPECT_EQ(decode_error(kCbor, kRoot, from_hex(hex)).response, 0x80) << hex;
  }
  for (const char* hex :
       {"", "81", "9f", "81a1", "81a200662f312f302f3102", "81bf", "9f81", "9bffffffffffffffff",
        "81bbffffffffffffffff", "81a200662f312f302f310a9b00000000ffffffff"}) {
    const Error error = decode_error(kCbor, kRoot, from_hex(hex));
    EXPECT_TRUE(error == kCut || error == kWrong) << hex;
  }
  EXPECT_EQ(decode_error(kCbor, kRoot, from_hex("a0")), kWrong);
  EXPECT_EQ(decode_error(kCbor, kRoot, from_hex("81a200662f312f302f31026131")), kWrong);
  EXPECT_EQ(decode_error(kCbor, kRoot, from_hex("81a3200b00662f312f302f310205")), kUnread);
  EXPECT_EQ(decode_error(kCbor, kRoot, from_hex("81a2613081818181818181818105")), kLarge);
  EXPECT_EQ(
      decode_error(kCbor, kRoot, from_hex("81a200662f312f302f31037f616161626163ff"), DataType::kNone, 2),
      kLarge);
}

}  // namespace
}  // namespace linnet::lwm2m

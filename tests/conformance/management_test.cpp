// SPDX-License-Identifier: Apache-2.0
// Device management, cases 201 to 281.
#include "role.hpp"

namespace linnet::conformance {

using namespace std::string_literals;

class Management : public Case {
 protected:
  void SetUp() override { registered(); }
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Management, kEverywhere, name_of);

// Object 3 of our device as each format writes it, made by hand from the tables of the documents.
const std::string kDeviceTlv = hex(R"(
    c600 6c696e6e6574   c8010b 636f6e666f726d616e6365   c80209 333435303030313233   c303 312e30
    8606 410001 410105   880708 42000ed8 42011388   8708 41007d 42010384
    c10964   830b 410000   c40d 6553f100   c00e   c00f   c110 55)");
const std::string kDeviceSenmlJson =
    R"([{"bn":"/3/0/","n":"0","vs":"linnet"},{"n":"1","vs":"conformance"},{"n":"2","vs":"345000123"},)"
    R"({"n":"3","vs":"1.0"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},{"n":"7/1","v":5000},)"
    R"({"n":"8/0","v":125},{"n":"8/1","v":900},{"n":"9","v":100},{"n":"11/0","v":0},)"
    R"({"n":"13","v":1700000000},{"n":"14","vs":""},{"n":"15","vs":""},{"n":"16","vs":"U"}])";
const std::string kDeviceJson =
    R"({"bn":"/3/0/","e":[{"n":"0","sv":"linnet"},{"n":"1","sv":"conformance"},{"n":"2","sv":"345000123"},)"
    R"({"n":"3","sv":"1.0"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},{"n":"7/1","v":5000},)"
    R"({"n":"8/0","v":125},{"n":"8/1","v":900},{"n":"9","v":100},{"n":"11/0","v":0},)"
    R"({"n":"13","v":1700000000},{"n":"14","sv":""},{"n":"15","sv":""},{"n":"16","sv":"U"}]})";
const std::string kDeviceSenmlCbor = hex(R"(
    90 a3 21 65 2f332f302f 00 6130 03 66 6c696e6e6574
    a2 00 6131 03 6b 636f6e666f726d616e6365   a2 00 6132 03 69 333435303030313233   a2 00 6133 03 63 312e30
    a2 00 63 362f30 02 01   a2 00 63 362f31 02 05   a2 00 63 372f30 02 190ed8   a2 00 63 372f31 02 191388
    a2 00 63 382f30 02 187d   a2 00 63 382f31 02 190384   a2 00 6139 02 1864   a2 00 64 31312f30 02 00
    a2 00 62 3133 02 1a6553f100   a2 00 62 3134 03 60   a2 00 62 3135 03 60   a2 00 62 3136 03 6155)");
const std::string kServerSenmlJson =
    R"([{"bn":"/1/0/","n":"0","v":1},{"n":"1","v":86400},{"n":"2","v":1},{"n":"3","v":10},)"
    R"({"n":"5","v":86400},{"n":"6","vb":true},{"n":"7","vs":"U"}])";
const std::string kServerSenmlCbor = hex(R"(
    87 a3 21 65 2f312f302f 00 6130 02 01   a2 00 6131 02 1a00015180   a2 00 6132 02 01   a2 00 6133 02 0a
    a2 00 6135 02 1a00015180   a2 00 6136 04 f5   a2 00 6137 03 6155)");

TEST_P(Management, Int201_query_in_plain_text) {
  ask(get("/3/0/0").accept(kText), content(kText, "linnet"));
  ask(get("/3/0/1").accept(kText), content(kText, "conformance"));
  ask(get("/3/0/2").accept(kText), content(kText, "345000123"));
}

TEST_P(Management, Int203_query_in_tlv) {
  ask(get("/3/0").accept(kTlv), content(kTlv, kDeviceTlv));
}

TEST_P(Management, Int204_query_in_json) {
  ask(get("/3/0").accept(kJson), content(kJson, kDeviceJson));
}

TEST_P(Management, Int205_set_in_plain_text) {
  ask(put("/1/0/2").payload(kText, "3"), changed());
  ask(put("/1/0/3").payload(kText, "60"), changed());
  ask(put("/1/0/5").payload(kText, "3600"), changed());
  ask(get("/1/0/2").accept(kText), content(kText, "3"));
  ask(get("/1/0/3").accept(kText), content(kText, "60"));
  ask(get("/1/0/5").accept(kText), content(kText, "3600"));
}

TEST_P(Management, Int211_query_in_cbor) {
  ask(get("/1/0/0").accept(kCbor), content(kCbor, hex("01")));
  ask(get("/1/0/6").accept(kCbor), content(kCbor, hex("f5")));
  ask(get("/1/0/7").accept(kCbor), content(kCbor, hex("6155")));
}

TEST_P(Management, Int212_set_in_cbor) {
  ask(put("/1/0/2").payload(kCbor, hex("03")), changed());
  ask(put("/1/0/3").payload(kCbor, hex("183c")), changed());
  ask(put("/1/0/6").payload(kCbor, hex("f4")), changed());
  ask(get("/1/0/2").accept(kCbor), content(kCbor, hex("03")));
  ask(get("/1/0/3").accept(kCbor), content(kCbor, hex("183c")));
  ask(get("/1/0/6").accept(kCbor), content(kCbor, hex("f4")));
}

TEST_P(Management, Int215_set_in_tlv) {
  ask(post("/1/0").payload(kTlv, hex("c10205 c1033c c1 06 00")), changed());
  ask(get("/1/0/2").accept(kText), content(kText, "5"));
  ask(get("/1/0/3").accept(kText), content(kText, "60"));
  ask(get("/1/0/6").accept(kText), content(kText, "0"));
  ask(get("/1/0/5").accept(kText), content(kText, "86400"));
  // The replacement names lifetime, storing and binding: what it leaves out and is optional goes.
  ask(put("/1/0").payload(kTlv, hex("c4010001 5180 c10601 c1 07 55")), changed());
  ask(get("/1/0/1").accept(kText), content(kText, "86400"));
  ask(get("/1/0/6").accept(kText), content(kText, "1"));
  ask(get("/1/0/2").accept(kText), answer(4, 4));
  ask(get("/1/0/3").accept(kText), answer(4, 4));
}

TEST_P(Management, Int220_set_in_json) {
  ask(post("/1/0").payload(kJson,
                           R"({"bn":"/1/0/","e":[{"n":"2","v":5},{"n":"3","v":60},{"n":"6","bv":false}]})"),
      changed());
  ask(get("/1/0/2").accept(kText), content(kText, "5"));
  ask(get("/1/0/3").accept(kText), content(kText, "60"));
  ask(get("/1/0/6").accept(kText), content(kText, "0"));
  ask(put("/1/0").payload(
          kJson, R"({"bn":"/1/0/","e":[{"n":"1","v":86400},{"n":"6","bv":true},{"n":"7","sv":"U"}]})"),
      changed());
  ask(get("/1/0/6").accept(kText), content(kText, "1"));
  ask(get("/1/0/2").accept(kText), answer(4, 4));
}

TEST_P(Management, Int221_operations_on_security) {
  ask(get("/0/0").accept(kTlv), answer(4, 1));
  ask(get("/0/0/0").accept(kText), answer(4, 1));
  ask(put("/0/0/0").payload(kText, "coap://attacker.example"), answer(4, 1));
  ask(put("/0/0").query("pmin=10"), answer(4, 1));
  ask(put("/0/0/0").query("pmin=10"), answer(4, 1));
  if (has_device()) {
    EXPECT_EQ(device.security.get(0)->uri.view(), device.uri);
  }
}

TEST_P(Management, Int222_read_an_object) {
  ask(get("/1").accept(kSenmlJson), content(kSenmlJson, kServerSenmlJson));
  ask(get("/3").accept(kSenmlJson), content(kSenmlJson, kDeviceSenmlJson));
}

TEST_P(Management, Int223_read_an_object_instance) {
  ask(get("/1/0").accept(kSenmlCbor), content(kSenmlCbor, kServerSenmlCbor));
  ask(get("/3/0").accept(kSenmlCbor), content(kSenmlCbor, kDeviceSenmlCbor));
}

TEST_P(Management, Int224_read_a_resource) {
  ask(get("/3/0/0").accept(kText), content(kText, "linnet"));
  ask(get("/3/0/9").accept(kText), content(kText, "100"));
  ask(get("/3/0/13").accept(kText), content(kText, "1700000000"));
  ask(get("/3/0/6").accept(kTlv), content(kTlv, hex("8606 410001 410105")));
  ask(get("/3/0/16").accept(kText), content(kText, "U"));
  ask(get("/1/0/6").accept(kText), content(kText, "1"));
}

TEST_P(Management, Int225_read_a_resource_instance) {
  ask(get("/3/0/11/0").accept(kText), content(kText, "0"));
  ask(get("/3/0/7/1").accept(kText), content(kText, "5000"));
  ask(get("/3/0/7/2").accept(kText), answer(4, 4));
}

TEST_P(Management, Int226_write_partial_update_object_instance) {
  ask(post("/1/0").payload(kSenmlJson, R"([{"bn":"/1/0/","n":"2","v":7}])"), changed());
  ask(get("/1/0/2").accept(kText), content(kText, "7"));
  ask(get("/1/0/1").accept(kText), content(kText, "86400"));
  ask(get("/1/0/3").accept(kText), content(kText, "10"));
  ask(get("/1/0/6").accept(kText), content(kText, "1"));
}

TEST_P(Management, Int227_write_replace_resource) {
  ask(put("/1/0/1").payload(kText, "600"), changed());
  tell({}, post("/rd/*").query("lt=600"), changed());
  ask(get("/1/0/1").accept(kText), content(kText, "600"));
}

TEST_P(Management, Int231_query_in_senml_json) {
  ask(get("/3").accept(kSenmlJson), content(kSenmlJson, kDeviceSenmlJson));
  ask(get("/3/0").accept(kSenmlJson), content(kSenmlJson, kDeviceSenmlJson));
  ask(get("/3/0/9").accept(kSenmlJson), content(kSenmlJson, R"([{"n":"/3/0/9","v":100}])"));
  ask(get("/3/0/11/0").accept(kSenmlJson), content(kSenmlJson, R"([{"n":"/3/0/11/0","v":0}])"));
}

TEST_P(Management, Int232_query_in_senml_cbor) {
  ask(get("/3/0/9").accept(kSenmlCbor), content(kSenmlCbor, hex("81a2 00 66 2f332f302f39 02 1864")));
  ask(get("/3/0/11/0").accept(kSenmlCbor), content(kSenmlCbor, hex("81a2 00 69 2f332f302f31312f30 02 00")));
  ask(get("/3/0/6").accept(kSenmlCbor),
      content(kSenmlCbor, hex("82 a3 21 67 2f332f302f362f 00 6130 02 01 a2 00 6131 02 05")));
}

TEST_P(Management, Int233_set_in_senml_cbor) {
  ask(post("/1/0").payload(kSenmlCbor, hex("82 a3 21 65 2f312f302f 00 6132 02 04 a2 00 6133 02 1832")),
      changed());
  ask(get("/1/0/2").accept(kSenmlCbor), content(kSenmlCbor, hex("81a2 00 66 2f312f302f32 02 04")));
  ask(put("/1/0/3").payload(kSenmlCbor, hex("81a2 21 66 2f312f302f33 02 1837")), changed());
  ask(get("/1/0/3").accept(kSenmlCbor), content(kSenmlCbor, hex("81a2 00 66 2f312f302f33 02 1837")));
}

TEST_P(Management, Int234_set_in_senml_json) {
  ask(post("/1/0").payload(kSenmlJson, R"([{"bn":"/1/0/","n":"2","v":4},{"n":"3","v":50}])"), changed());
  ask(get("/1/0/2").accept(kSenmlJson), content(kSenmlJson, R"([{"n":"/1/0/2","v":4}])"));
  ask(put("/1/0/3").payload(kSenmlJson, R"([{"bn":"/1/0/3","v":55}])"), changed());
  ask(get("/1/0/3").accept(kSenmlJson), content(kSenmlJson, R"([{"n":"/1/0/3","v":55}])"));
}

TEST_P(Management, Int237_read_an_object_with_no_accept) {
  // Our server always names the format that it wants; our device chooses SenML CBOR by itself.
  Message request = get("/3/0/6");
  if (has_server()) request.accept(kSenmlCbor);
  ask(request, content(kSenmlCbor, hex("82 a3 21 67 2f332f302f362f 00 6130 02 01 a2 00 6131 02 05")));
}

TEST_P(Management, Int241_execute_reboot) {
  ask(post("/3/0/4"), changed());
  if (has_device()) {
    EXPECT_EQ(device.reboots, 1);
  }
  // It restarts and registers anew.
  tell([&] { device.engine.register_now(kAccount); }, register_message(), registered_answer());
}

TEST_P(Management, Int256_write_failure) {
  ask(put("/3/0/0").payload(kText, "other"), answer(4, 5));
  ask(get("/3/0/0").accept(kText), content(kText, "linnet"));
}

TEST_P(Management, Int260_discover) {
  const std::string resources =
      "</3/0/0>,</3/0/1>,</3/0/2>,</3/0/3>,</3/0/4>,</3/0/5>,</3/0/6>;dim=2,</3/0/7>;dim=2,</3/0/8>;dim=2,"
      "</3/0/9>,</3/0/11>;dim=1,</3/0/12>,</3/0/13>,</3/0/14>,</3/0/15>,</3/0/16>";
  ask(get("/3").accept(kLinkFormat), content(kLinkFormat, "</3>;ver=1.1,</3/0>," + resources));
  ask(put("/3").query("pmin=10"), changed());
  ask(put("/3/0").query("pmax=60"), changed());
  ask(put("/3/0/7").query("gt=42.2").query("lt=50"), answer(4, 0));
  ask(put("/3/0/9").query("gt=50").query("lt=42.2"), changed());
  ask(get("/3/0/9").accept(kLinkFormat), content(kLinkFormat, "</3/0/9>;pmin=10;pmax=60;gt=50;lt=42.2"));
}

TEST_P(Management, Int261_write_attributes_on_a_multiple_resource) {
  ask(put("/3/0/7").query("pmin=10").query("pmax=200"), changed());
  ask(put("/3/0/7/1").query("pmin=20").query("epmin=5").query("epmax=50"), changed());
  ask(put("/3").query("epmax=90"), changed());
  ask(get("/3/0/7").accept(kLinkFormat),
      content(kLinkFormat,
              "</3/0/7>;dim=2;pmin=10;pmax=200;epmax=90,</3/0/7/0>,</3/0/7/1>;pmin=20;epmin=5;epmax=50"));
}

}  // namespace linnet::conformance

// SPDX-License-Identifier: Apache-2.0
// Operations on several paths at once, cases 229, 230, 235, 236, 257, 280 and 281.
#include "role.hpp"

namespace linnet::conformance {

class Composite : public Case {
 protected:
  void SetUp() override { registered(); }

  static Message read(std::string names) { return fetch().accept(kSenmlJson).payload(kSenmlJson, names); }
  static Message write(std::string values) { return ipatch().payload(kSenmlJson, values); }
  static Message values(std::string pack) { return content(kSenmlJson, pack); }
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Composite, kEverywhere, name_of);

TEST_P(Composite, Int229_read_composite) {
  ask(read(R"([{"n":"/3/0/0"},{"n":"/1/0/1"},{"n":"/3/0/11/0"},{"n":"/3/0/6"}])"),
      values(R"([{"n":"/3/0/0","vs":"linnet"},{"n":"/1/0/1","v":86400},{"n":"/3/0/11/0","v":0},)"
             R"({"n":"/3/0/6/0","v":1},{"n":"/3/0/6/1","v":5}])"));
  ask(read(R"([{"n":"/1/0"}])"),
      values(R"([{"bn":"/1/0/","n":"0","v":1},{"n":"1","v":86400},{"n":"2","v":1},{"n":"3","v":10},)"
             R"({"n":"5","v":86400},{"n":"6","vb":true},{"n":"7","vs":"U"}])"));
  // The same in SenML CBOR: [{0: "/3/0/9"}, {0: "/1/0/6"}] and [{0: "/3/0/9", 2: 100}, {0: "/1/0/6", 4:
  // true}].
  ask(fetch().accept(kSenmlCbor).payload(kSenmlCbor, hex("82 a1 00 66 2f332f302f39 a1 00 66 2f312f302f36")),
      content(kSenmlCbor, hex("82 a2 00 66 2f332f302f39 02 1864 a2 00 66 2f312f302f36 04 f5")));
}

TEST_P(Composite, Int230_write_composite) {
  ask(write(R"([{"n":"/1/0/2","v":4},{"n":"/3/0/15","vs":"Europe/Berlin"},{"n":"/3/0/13","v":1700000000}])"),
      changed());
  ask(get("/1/0/2").accept(kText), content(kText, "4"));
  ask(get("/3/0/15").accept(kText), content(kText, "Europe/Berlin"));
  // [{0: "/1/0/2", 2: 5}, {0: "/3/0/15", 3: "CET"}]
  ask(ipatch().payload(kSenmlCbor,
                       hex("82 a2 00 66 2f312f302f32 02 05 a2 00 67 2f332f302f3135 03 63 434554")),
      changed());
  ask(get("/1/0/2").accept(kText), content(kText, "5"));
  ask(get("/3/0/15").accept(kText), content(kText, "CET"));
}

TEST_P(Composite, Int235_read_composite_on_the_root_path) {
  // Everything readable; objects 0 and 21 are left out.
  ask(read(R"([{"n":"/"}])"),
      values(
          R"([{"bn":"/1/0/","n":"0","v":1},{"n":"1","v":86400},{"n":"2","v":1},{"n":"3","v":10},)"
          R"({"n":"5","v":86400},{"n":"6","vb":true},{"n":"7","vs":"U"},)"
          R"({"bn":"/3/0/","n":"0","vs":"linnet"},{"n":"1","vs":"conformance"},{"n":"2","vs":"345000123"},)"
          R"({"n":"3","vs":"1.0"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},{"n":"7/1","v":5000},)"
          R"({"n":"8/0","v":125},{"n":"8/1","v":900},{"n":"9","v":100},{"n":"11/0","v":0},)"
          R"({"n":"13","v":1700000000},{"n":"14","vs":""},{"n":"15","vs":""},{"n":"16","vs":"U"}])"));
}

TEST_P(Composite, Int236_read_composite_partial_presence) {
  ask(read(R"([{"n":"/3/0/0"},{"n":"/3303/0/5700"},{"n":"/3/0/9"},{"n":"/1/7/1"}])"),
      values(R"([{"n":"/3/0/0","vs":"linnet"},{"n":"/3/0/9","v":100}])"));
  ask(read(R"([{"n":"/3303/0/5700"}])"), values("[]"));
}

TEST_P(Composite, Int257_write_composite) {
  ask(write(R"([{"n":"/1/0/2","v":3},{"n":"/1/0/6","vb":false},{"n":"/3/0/13","v":1700000001}])"), changed());
  ask(get("/1/0/2").accept(kText), content(kText, "3"));
  ask(get("/1/0/6").accept(kText), content(kText, "0"));
  // All or nothing: 3/0/0 is not writable, so 1/0/2 stays.
  ask(write(R"([{"n":"/1/0/2","v":9},{"n":"/3/0/0","vs":"other"}])"), answer(4, 5));
  ask(get("/1/0/2").accept(kText), content(kText, "3"));
}

TEST_P(Composite, Int280_read_composite_succeeds) {
  ask(read(R"([{"n":"/1/0/1"},{"n":"/1/0/7"},{"n":"/3/0/16"}])"),
      values(R"([{"n":"/1/0/1","v":86400},{"n":"/1/0/7","vs":"U"},{"n":"/3/0/16","vs":"U"}])"));
}

TEST_P(Composite, Int281_read_composite_succeeds_in_part) {
  // 1/0/8 is executable, not readable.
  ask(read(R"([{"bn":"/1/0/","n":"7"},{"n":"8"},{"n":"2"}])"),
      values(R"([{"n":"/1/0/7","vs":"U"},{"n":"/1/0/2","v":1}])"));
}

}  // namespace linnet::conformance

// SPDX-License-Identifier: Apache-2.0
// Object 22: one Report of values from anywhere.
// Shows: OP-15
#include "linnet/client/objects/virtual_observe.hpp"

#include "linnet/client/objects/access_control.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kSenmlJson = 110;

class VirtualObserve : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &reports, &probes};
    reports.add(0);
    registered();
    device.get(0)->battery_level = 100;
  }
  Code put(std::string_view path, std::string value) {
    return ask(Code::kPut, path, {.format = kText, .payload = std::move(value)}).code;
  }
  /// Links instance 0, and observes its Report.
  void watch(std::initializer_list<std::string_view> links) {
    std::string pack = "[";
    for (const std::string_view link : links) {
      if (pack.size() > 1) pack += ",";
      pack += R"({"n":"/22/0/0/)" + std::to_string(count_++) + R"(","vs":")" + std::string(link) + "\"}";
    }
    ASSERT_EQ(ask(Code::kPut, "/22/0/0", {.format = kSenmlJson, .payload = pack + "]"}).code, Code::kChanged);
    ASSERT_EQ(ask(Code::kGet, "/22/0/1", {.accept = kText, .observe = 0}).code, Code::kContent);
  }
  /// What the Report says, where it was notified.
  std::string report() {
    for (int i = 0; i < 4 && engine.next_deadline() <= now; ++i) engine.step(now);
    return wire.out.empty() ? "" : take().payload;
  }
  void level(int value) { device.set<&DeviceInstance::battery_level>(0, value); }
  void label(std::string_view text) { probes.set<&Probe::label>(0, Text<16>(text)); }

  VirtualObserveObject<2> reports;

 private:
  int count_ = 0;
};

TEST_F(VirtualObserve, a_change_of_any_link_reports_all_of_them) {
  watch({"</3/0/9>", "</33000/0/3>"});
  EXPECT_EQ(report(), "");
  level(90);
  EXPECT_EQ(report(), R"([{"n":"/3/0/9","v":90},{"n":"/33000/0/3","vs":"probe"}])");
  label("new");
  EXPECT_EQ(report(), R"([{"n":"/3/0/9","v":90},{"n":"/33000/0/3","vs":"new"}])");
  pass(1000s);
  EXPECT_EQ(report(), "");
}

TEST_F(VirtualObserve, conditions_stand_in_the_links) {
  watch({"</3/0/9>;lt=20;pmin=60"});
  level(50);
  EXPECT_EQ(report(), "");
  level(10);
  EXPECT_EQ(report(), "");
  pass(59s);
  EXPECT_EQ(report(), "");
  pass(1s);
  EXPECT_EQ(report(), R"([{"n":"/3/0/9","v":10}])");
}

TEST_F(VirtualObserve, pmax_reports_without_a_change_unless_only_changes_are_wanted) {
  watch({"</3/0/9>;pmax=60", "</33000/0/1>"});
  pass(60s);
  EXPECT_EQ(report(), R"([{"n":"/3/0/9","v":100},{"n":"/33000/0/1","v":7}])");
  EXPECT_EQ(put("/22/0/2", "1"), Code::kChanged);
  pass(600s);
  EXPECT_EQ(report(), "");
  level(99);
  EXPECT_EQ(report(), R"([{"n":"/3/0/9","v":99}])");
}

TEST_F(VirtualObserve, with_the_relation_AND_all_links_must_meet_their_condition) {
  watch({"</3/0/9>;lt=20", "</33000/0/3>"});
  EXPECT_EQ(put("/22/0/4", "1"), Code::kChanged);
  level(10);
  EXPECT_EQ(report(), "");
  label("new");
  EXPECT_EQ(report(), R"([{"n":"/3/0/9","v":10},{"n":"/33000/0/3","vs":"new"}])");
  EXPECT_EQ(put("/22/0/4", "2"), Code::kBadRequest);
}

TEST_F(VirtualObserve, ReportLinks_say_what_is_reported_instead) {
  EXPECT_EQ(ask(Code::kPut, "/22/0/3",
                {.format = kSenmlJson, .payload = R"([{"n":"/22/0/3/0","vs":"</33000/0/1>"}])"})
                .code,
            Code::kChanged);
  watch({"</3/0/9>"});
  level(90);
  EXPECT_EQ(report(), R"([{"n":"/33000/0/1","v":7}])");
}

TEST_F(VirtualObserve, an_empty_link_stops_it_and_what_is_not_there_is_left_out) {
  watch({"</3/0/9>", "</33000/2>"});
  level(90);
  EXPECT_EQ(report(), R"([{"n":"/3/0/9","v":90}])");
  EXPECT_EQ(put("/22/0/0/0", ""), Code::kChanged);
  level(80);
  EXPECT_EQ(report(), "");
}

TEST_F(VirtualObserve, links_that_cannot_be_observed_are_refused) {
  for (const char* link :
       {"</3>", "</0/0/1>", "</21/0>", "</22/1/1>", "<3/0/9>", "</3/0/9>,</3/0/10>", "</3/0/9>;color=red",
        "</3/0/9>;pmin", "</3/0/9>;pmin=\"5\"", "</3/0/9>;pmin=60;pmax=5", "nothing"}) {
    EXPECT_FALSE(ObserveLink::parse(link)) << link;
  }
  watch({"</3/0/9>"});
  EXPECT_EQ(put("/22/0/0/0", "</0/0/1>"), Code::kBadRequest);
  const auto link = ObserveLink::parse("</3/0/7/1>;gt=4.5;pmax=60");
  ASSERT_TRUE(link);
  EXPECT_EQ(link->path, Path(3, 0, 7, 1));
  EXPECT_EQ(link->attributes.get(lwm2m::AttributeName::kGt), 4.5);
  EXPECT_EQ(link->attributes.seconds(lwm2m::AttributeName::kPmax), 60U);
}

TEST_F(VirtualObserve, a_report_without_room_is_an_error) {
  DeviceInstance& about = *device.get(0);
  const std::string text(VirtualObserveInstance::kMaxReport, 'x');
  about.model_number = std::string_view(text);
  watch({"</3/0>"});
  level(90);
  EXPECT_EQ(report(), "");
  EXPECT_EQ(ask(Code::kGet, "/22/0/1", {.accept = kText}).code, Code::kInternalServerError);
}

TEST(VirtualObserveRights, a_value_that_not_all_readers_of_the_report_may_read_is_left_out) {
  class Rules : public DeviceTest {
   public:
    void TestBody() override {
      objects = {&servers, &rights, &device, &reports, &probes};
      reports.add(0)->observe_links.set(0, {Text<96>("</3/0/9>")});
      reports.get(0)->observe_links.set(1, {Text<96>("</33000/0/1>")});
      servers.add(1)->short_server_id = 102;
      const auto entry = [&](InstanceId id, ObjectId object, ShortServerId owner) -> auto& {
        auto& added = *rights.add(id);
        added.object.value = object;
        added.owner.value = owner;
        return added;
      };
      entry(0, 22, kServer).acl.set(102, 1);
      entry(1, 3, kServer);  // 102 may not read it
      entry(2, 33000, kServer).acl.set(102, 1);
      registered();
      device.set<&DeviceInstance::battery_level>(0, 90);
      probes.set<&Probe::number>(0, 8);
      for (int i = 0; i < 4; ++i) engine.step(now);
      EXPECT_EQ(reports.get(0)->report.view(), R"([{"n":"/33000/0/1","v":8}])");
    }
    AccessControlObject<16> rights;
    VirtualObserveObject<1> reports;
  };
  Rules().TestBody();
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Object 10: the radio out of use for a while, and what the network makes of wishes.
// Shows: OB-3
#include "linnet/client/objects/cellular_connectivity.hpp"

#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0;

class Modem final : public CellularModem {
 public:
  explicit Modem(CellularConnectivityObject& object) : object_(object) {}
  void radio(bool on) noexcept override { done.emplace_back(on ? "on" : "off"); }
  void suggest(const PowerSaving& wanted) noexcept override {
    done.push_back("suggest " + std::to_string(wanted.psm_timer.value_or(0)));
    if (most == 0) return;
    PowerSaving granted = wanted;
    granted.psm_timer = std::min(most, wanted.psm_timer.value_or(0));
    object_.granted(granted);
  }
  std::vector<std::string> done;
  std::int32_t most = 0;  ///< s, that the network grants; 0: it does not answer

 private:
  CellularConnectivityObject& object_;
};

class Cellular : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &cellular, &probes};
    cellular.add(0);
    cellular.provide(modem);
    registered();
  }
  Code put(std::string_view path, std::string_view value) {
    return ask(Code::kPut, path, {.format = kText, .payload = std::string(value)}).code;
  }
  std::string get(std::string_view path) { return ask(Code::kGet, path, {.accept = kText}).payload; }
  void wait(Millis time) {
    now += time;
    engine.step(now);
  }

  CellularConnectivityObject cellular;
  Modem modem{cellular};
};

TEST_F(Cellular, the_radio_is_off_for_the_period_and_comes_back) {
  EXPECT_EQ(put("/10/0/1", "2"), Code::kChanged);
  EXPECT_EQ(get("/10/0/1"), "2");
  EXPECT_FALSE(cellular.radio());
  wait(119s);
  EXPECT_EQ(modem.done, std::vector<std::string>{"off"});
  wait(1s);
  EXPECT_TRUE(cellular.radio());
  EXPECT_EQ(modem.done, (std::vector<std::string>{"off", "on"}));
  wire.out.clear();
  EXPECT_EQ(get("/10/0/1"), "0");
}

TEST_F(Cellular, another_period_begins_anew_and_0_ends_it) {
  EXPECT_EQ(put("/10/0/1", "1"), Code::kChanged);
  wait(59s);
  EXPECT_EQ(put("/10/0/1", "65535"), Code::kChanged);
  wait(59s);
  EXPECT_EQ(modem.done, (std::vector<std::string>{"off", "off"}));
  wire.out.clear();
  EXPECT_EQ(put("/10/0/1", "0"), Code::kChanged);
  EXPECT_EQ(modem.done.back(), "on");
  EXPECT_EQ(put("/10/0/1", "65536"), Code::kBadRequest);
}

TEST_F(Cellular, the_engine_is_called_again_when_the_period_ends) {
  EXPECT_EQ(put("/10/0/1", "1"), Code::kChanged);
  EXPECT_LE(engine.next_deadline(), now + 60s);
}

TEST_F(Cellular, the_network_s_value_stands_where_it_grants_another) {
  modem.most = 3600;
  EXPECT_EQ(put("/10/0/4", "7200"), Code::kChanged);
  EXPECT_EQ(get("/10/0/4"), "3600");
  EXPECT_EQ(modem.done, std::vector<std::string>{"suggest 7200"});
}

TEST_F(Cellular, a_wish_stands_until_the_network_answers_and_is_suggested_once) {
  PowerSaving granted;
  granted.psm_timer = 60;
  cellular.granted(granted);
  ask(Code::kGet, "/10/0/4", {.observe = 0});
  EXPECT_EQ(put("/10/0/4", "7200"), Code::kChanged);
  EXPECT_EQ(get("/10/0/4"), "7200");
  wait(1s);
  EXPECT_EQ(modem.done, std::vector<std::string>{"suggest 7200"});
  wire.out.clear();
  granted.psm_timer = 1800;
  granted.active_timer = 10;
  cellular.granted(granted);
  wait(1s);
  EXPECT_EQ(wire.out.size(), 1U);
  wire.out.clear();
  EXPECT_EQ(get("/10/0/4"), "1800");
  EXPECT_EQ(get("/10/0/5"), "10");
  EXPECT_EQ(modem.done, std::vector<std::string>{"suggest 7200"});
}

TEST(CellularAlone, values_are_values_without_a_modem) {
  CellularConnectivityObject cellular;
  cellular.add(0)->radio_off = 5;
  EXPECT_EQ(cellular.step(Instant{}), kNever);
  EXPECT_TRUE(cellular.radio());
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Object 15: capabilities that servers switch.
// Shows: OB-3
#include "linnet/client/objects/device_capability.hpp"

#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0;

class Relays final : public CapabilitySwitch {
 public:
  Result<void> enable(InstanceId instance, bool on) noexcept override {
    switched.push_back(std::to_string(instance) + (on ? " on" : " off"));
    return answer;
  }
  std::vector<std::string> switched;
  Result<void> answer;
};

class DeviceCapability : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &capabilities, &probes};
    capabilities.add(0)->property = "0;2";
    registered();
  }
  std::string get(std::string_view path) { return ask(Code::kGet, path, {.accept = kText}).payload; }
  Code execute(std::string_view path) { return ask(Code::kPost, path).code; }

  Relays relays;
  DeviceCapabilityObject<2> capabilities;
};

TEST_F(DeviceCapability, opEnable_and_opDisable_switch_what_the_application_provides) {
  EXPECT_EQ(execute("/15/0/5"), Code::kMethodNotAllowed);
  EXPECT_EQ(get("/15/0/4"), "0");
  capabilities.provide(relays);
  EXPECT_EQ(execute("/15/0/5"), Code::kChanged);
  EXPECT_EQ(get("/15/0/4"), "1");
  EXPECT_EQ(execute("/15/0/6"), Code::kChanged);
  EXPECT_EQ(get("/15/0/4"), "0");
  EXPECT_EQ(relays.switched, (std::vector<std::string>{"0 on", "0 off"}));
  relays.answer = fail(Errc::kIo);
  EXPECT_EQ(execute("/15/0/5"), Code::kInternalServerError);
  EXPECT_EQ(get("/15/0/4"), "0");
}

TEST_F(DeviceCapability, observers_hear_of_it_only_where_NotifyEn_is_true) {
  capabilities.provide(relays);
  ask(Code::kGet, "/15/0/4", {.accept = kText, .observe = 0});
  EXPECT_EQ(execute("/15/0/5"), Code::kChanged);
  engine.step(now);
  EXPECT_TRUE(wire.out.empty());
  EXPECT_EQ(ask(Code::kPut, "/15/0/7", {.format = kText, .payload = "1"}).code, Code::kChanged);
  EXPECT_EQ(execute("/15/0/6"), Code::kChanged);
  engine.step(now);
  EXPECT_EQ(take().payload, "0");
}

TEST_F(DeviceCapability, Attached_is_there_for_what_can_be_removed) {
  EXPECT_EQ(ask(Code::kGet, "/15/0/3").code, Code::kNotFound);
  EXPECT_TRUE(capabilities.attach(0, true));
  EXPECT_EQ(get("/15/0/3"), "1");
  EXPECT_TRUE(capabilities.attach(0, false));
  EXPECT_EQ(get("/15/0/3"), "0");
  EXPECT_FALSE(capabilities.attach(1, true));
}

}  // namespace
}  // namespace linnet::client::test

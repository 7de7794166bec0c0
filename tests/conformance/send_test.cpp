// SPDX-License-Identifier: Apache-2.0
// Send, cases 306, 307 and 311.
#include "role.hpp"

namespace linnet::conformance {

using lwm2m::Path;
using lwm2m::Record;
using lwm2m::Value;
using std::chrono_literals::operator""s;

class Send : public Case {
 protected:
  void SetUp() override {
    registered();
    if (has_device()) device.servers.get(0)->mute_send = false;
  }
  /// The pack reaches the server's owner as it was sent.
  void pushed(const Trigger& trigger, const Message& message) {
    server.listener.sent.clear();
    tell(trigger, message, changed());
    if (!has_server()) return;
    ASSERT_EQ(server.listener.sent.size(), 1U);
    const Bytes& payload = server.listener.sent[0].payload;
    EXPECT_EQ(std::string(payload.begin(), payload.end()), message.body);
    EXPECT_EQ(server.listener.sent[0].endpoint, kEndpoint);
  }
  void send_battery() {
    const std::array paths{Path(3, 0, 9)};
    ASSERT_TRUE(device.engine.send(kAccount, paths));
  }

  /// [{0: "/3/0/9", 2: 100}]
  const Message battery = post("/dp").payload(kSenmlCbor, hex("81 a2 00 66 2f332f302f39 02 1864"));
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Send, kEverywhere, name_of);

TEST_P(Send, Int306_send) {
  pushed([&] { send_battery(); }, battery);
  if (has_device()) {
    EXPECT_EQ(device.count(client::EventType::kSent), 1U);
  }
  pass_quietly(600s);
}

TEST_P(Send, Int307_muting_send) {
  ask(put("/1/0/23").payload(kText, "1"), changed());
  if (has_device()) {
    const std::array paths{Path(3, 0, 9)};
    EXPECT_EQ(device.engine.send(kAccount, paths).error().code, Errc::kNotAllowed);
  }
  pass_quietly(600s);
  ask(put("/1/0/23").payload(kText, "0"), changed());
  pushed([&] { send_battery(); }, battery);
}

TEST_P(Send, Int311_send_command) {
  const auto values = [&] {
    const std::array records{Record{Path(3, 0, 9), Value::integer(95), 1'700'000'000},
                             Record{Path(3, 0, 9), Value::integer(90), 1'700'000'060},
                             Record{Path(3, 0, 7, 0), Value::integer(3700), 1'700'000'060}};
    ASSERT_TRUE(device.engine.send(kAccount, records));
  };
  // A base name and a base time, then what differs from them.
  pushed(values, post("/dp").payload(kSenmlCbor, hex(R"(83 a4 21 65 2f332f302f 22 1a6553f100 00 6139 02 185f
                                                        a3 00 6139 06 183c 02 185a
                                                        a3 00 63372f30 06 183c 02 190e74)")));
}

}  // namespace linnet::conformance

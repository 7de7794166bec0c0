// SPDX-License-Identifier: Apache-2.0
// Whatever a device asks for that has an effect must be fresh, where the server wants it so (TS 5.7):
// Register, Update, De-register and Send. Shows: SE-10
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using coap::Freshness;

class FreshnessTest : public EngineTest {
 protected:
  void SetUp() override {}

  void begin(Freshness freshness) {
    EngineConfig config = small_config();
    config.endpoint.freshness = freshness;
    start(config);
  }
  Bytes say(const Request& request, const std::string& echo = {}) {
    Request said = request;
    said.echo = echo;
    return send(0, said);
  }
  static std::string echo_of(const Bytes& answer) {
    const auto values = options_of(answer, coap::OptionNumber::kEcho);
    return values.empty() ? "" : values[0];
  }
  /// Nothing happens before the challenge is answered. What comes then.
  Bytes check_challenged(const Request& request) {
    const std::size_t events = listener.events.size() + listener.sent.size();
    const Bytes challenge = say(request);
    EXPECT_EQ(code_of(challenge), Code::kUnauthorized);
    const std::string echo = echo_of(challenge);
    EXPECT_FALSE(echo.empty());
    std::string forged = echo;
    forged.back() = static_cast<char>(forged.back() ^ 1);
    EXPECT_EQ(code_of(say(request, forged)), Code::kUnauthorized);
    EXPECT_EQ(listener.events.size() + listener.sent.size(), events);
    return say(request, echo);
  }
  static Request pushing() {
    Request request;
    request.path = {"dp"};
    request.format = 110;
    request.payload = R"([{"n":"/3/0/9","v":80}])";
    return request;
  }
  static Request deregistering(const std::string& location) {
    Request request;
    request.code = Code::kDelete;
    request.path = {"rd", location};
    return request;
  }
  static std::string location_of(const Bytes& created) {
    const auto location = options_of(created, coap::OptionNumber::kLocationPath);
    return location.size() == 2 ? location[1] : "";
  }
};

TEST_F(FreshnessTest, always_register_update_send_and_deregister_are_each_challenged) {
  begin(Freshness::kAlways);
  const Bytes created = check_challenged(registering("node"));
  ASSERT_EQ(code_of(created), Code::kCreated);
  const std::string location = location_of(created);
  EXPECT_EQ(code_of(check_challenged(updating(location))), Code::kChanged);
  EXPECT_EQ(code_of(check_challenged(pushing())), Code::kChanged);
  EXPECT_EQ(listener.sent.size(), 1U);
  EXPECT_EQ(code_of(check_challenged(deregistering(location))), Code::kDeleted);
  EXPECT_EQ(listener.events.back(), "deregistered node");
}

TEST_F(FreshnessTest, first_a_device_is_challenged_once) {
  begin(Freshness::kFirst);
  const Bytes created = check_challenged(registering("node"));
  const std::string location = location_of(created);
  EXPECT_EQ(code_of(say(updating(location))), Code::kChanged);
  EXPECT_EQ(code_of(say(pushing())), Code::kChanged);
  EXPECT_EQ(code_of(say(registering("node"))), Code::kCreated);
  // Another one is another one.
  EXPECT_EQ(code_of(send(1, registering("other"))), Code::kUnauthorized);
}

// What a device of before asks for is what somebody may have held back.
TEST_F(FreshnessTest, first_each_operation_is_challenged_behind_a_restart) {
  for (const int which : {0, 1, 2}) {
    begin(Freshness::kOff);
    const std::string location = register_device(0, "node");
    constexpr UnixTime kNow{1'700'000'000};
    Bytes record(1024);
    const auto size = engine->encode_registration(id_of("node"), now, kNow, record);
    ASSERT_TRUE(size);
    begin(Freshness::kFirst);
    ASSERT_TRUE(engine->restore(ByteView(record).first(*size), UnixTime{kNow.seconds + 300}, now, kNow));
    const Request asked[] = {updating(location), pushing(), deregistering(location)};
    const Code done[] = {Code::kChanged, Code::kChanged, Code::kDeleted};
    EXPECT_EQ(code_of(check_challenged(asked[which])), done[which]) << which;
  }
}

TEST_F(FreshnessTest, off_nothing_is_challenged) {
  begin(Freshness::kOff);
  const std::string location = register_device(0, "node");
  EXPECT_EQ(code_of(say(updating(location))), Code::kChanged);
  EXPECT_EQ(code_of(say(pushing())), Code::kChanged);
  EXPECT_EQ(code_of(say(deregistering(location))), Code::kDeleted);
}

TEST_F(FreshnessTest, a_link_that_is_given_to_another_peer_is_challenged_anew) {
  begin(Freshness::kFirst);
  EXPECT_EQ(code_of(check_challenged(registering("node"))), Code::kCreated);
  engine->drop(coap::LinkId{0}, now);
  EXPECT_EQ(code_of(say(registering("node"))), Code::kUnauthorized);
}

}  // namespace
}  // namespace linnet::server::test

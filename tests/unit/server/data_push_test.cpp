// SPDX-License-Identifier: Apache-2.0
// Send: TS 6.4.5 and table 6.7-4, the server's side.
// Shows: OP-5
#include "linnet/lwm2m/codec.hpp"
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using lwm2m::ContentFormat;

class DataPushTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    register_device(0, "node");
  }
  static Request pushing(const std::string& payload, std::optional<std::uint32_t> format = 110) {
    Request request;
    request.path = {"dp"};
    request.format = format;
    request.payload = payload;
    return request;
  }
  Code push(const std::string& payload, std::optional<std::uint32_t> format = 110) {
    return code_of(send(0, pushing(payload, format)));
  }
};

TEST_F(DataPushTest, JSON_is_taken_and_handed_on_whole) {
  const std::string pack =
      R"([{"bn":"/3/0/","bt":1700000000,"n":"9","v":80},{"n":"9","t":-60,"v":81},{"n":"0","vs":"x"}])";
  EXPECT_EQ(push(pack), Code::kChanged);
  ASSERT_EQ(listener.sent.size(), 1U);
  EXPECT_EQ(listener.sent[0].registration, id_of("node"));
  EXPECT_EQ(listener.sent[0].endpoint, "node");
  EXPECT_EQ(listener.sent[0].format, ContentFormat::kSenmlJson);
  EXPECT_EQ(listener.sent[0].payload, bytes_of(pack));
  EXPECT_EQ(engine->statistics().sent, 1U);
}

TEST_F(DataPushTest, CBOR_is_taken) {
  // [{-2: "/3/0/9", 2: 80}]
  EXPECT_EQ(push(std::string("\x81\xA2\x21\x66/3/0/9\x02\x18\x50", 13), 112), Code::kChanged);
  ASSERT_EQ(listener.sent.size(), 1U);
  EXPECT_EQ(listener.sent[0].format, ContentFormat::kSenmlCbor);
}

TEST_F(DataPushTest, an_object_that_was_not_registered_is_not_found) {
  EXPECT_EQ(push(R"([{"n":"/3/0/9","v":80},{"n":"/3303/0/5700","v":1}])"), Code::kNotFound);
  EXPECT_EQ(push(R"([{"n":"/0/0/0","vs":"coap://x"}])"), Code::kNotFound);
  EXPECT_EQ(push(R"([{"n":"/21/0/0","vs":"x"}])"), Code::kNotFound);
  // An instance that came since the last Update is of an object that is known.
  EXPECT_EQ(push(R"([{"n":"/3/7/9","v":80}])"), Code::kChanged);
  EXPECT_EQ(listener.sent.size(), 1U);
}

TEST_F(DataPushTest, a_peer_that_is_not_registered_is_not_found) {
  EXPECT_EQ(code_of(send(5, pushing(R"([{"n":"/3/0/9","v":80}])"))), Code::kNotFound);
  EXPECT_TRUE(listener.sent.empty());
}

TEST_F(DataPushTest, after_the_end_of_the_registration_nothing_is_taken) {
  const std::string location = register_device(0, "node");
  send(0, deregistering(location));
  EXPECT_EQ(push(R"([{"n":"/3/0/9","v":80}])"), Code::kNotFound);
  EXPECT_TRUE(listener.sent.empty());
}

TEST_F(DataPushTest, what_is_malformed_is_a_bad_request) {
  for (const char* payload : {"", "[", "{}", "[]", R"([{"n":"/3/0/9"}])", R"([{"n":"/3/0","v":1}])",
                              R"([{"n":"/3/0/9","v":1},{"n":"/3/0/9/x","v":1}])", R"([{"n":"3/0/9","v":1}])",
                              R"([{"n":"/3/0/9","v":1,"v":2}])", R"([{"v":1}])"}) {
    EXPECT_EQ(push(payload), Code::kBadRequest) << payload;
  }
  EXPECT_EQ(push(std::string("\x81\xA2\x21\x66/3/0", 8), 112), Code::kBadRequest);
  EXPECT_TRUE(listener.sent.empty());
}

TEST_F(DataPushTest, the_content_format_is_needed_and_must_be_SenML) {
  EXPECT_EQ(push(R"([{"n":"/3/0/9","v":80}])", std::nullopt), Code::kBadRequest);
  for (const std::uint32_t format : {0U, 42U, 60U, 11542U, 11543U, 40U, 311U}) {
    EXPECT_EQ(push(R"([{"n":"/3/0/9","v":80}])", format), Code::kUnsupportedContentFormat) << format;
  }
  EXPECT_TRUE(listener.sent.empty());
}

TEST_F(DataPushTest, only_POST_is_allowed) {
  Request request = pushing("[]");
  for (const Code method : {Code::kGet, Code::kPut, Code::kDelete, Code::kFetch}) {
    request.code = method;
    EXPECT_EQ(code_of(send(0, request)), Code::kMethodNotAllowed);
  }
}

TEST_F(DataPushTest, a_repeated_message_is_answered_again_and_taken_once) {
  const Bytes datagram = encode(pushing(R"([{"n":"/3/0/9","v":80}])"));
  const Bytes answered = send(0, datagram);
  now += Seconds{3};
  EXPECT_EQ(send(0, datagram), answered);
  EXPECT_EQ(code_of(answered), Code::kChanged);
  EXPECT_EQ(listener.sent.size(), 1U);
}

TEST_F(DataPushTest, without_confirmation_it_is_taken_too) {
  Request request = pushing(R"([{"n":"/3/0/9","v":80}])");
  request.type = coap::Type::kNonConfirmable;
  send(0, request);
  EXPECT_EQ(listener.sent.size(), 1U);
}

}  // namespace
}  // namespace linnet::server::test

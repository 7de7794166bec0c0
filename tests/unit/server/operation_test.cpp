// SPDX-License-Identifier: Apache-2.0
// Device management: TS 6.4.1, 6.4.4 and table 6.7-3, bytes on the link.
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using lwm2m::ContentFormat;
using lwm2m::Path;

class OperationTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    register_device(0, "node");
  }
  void register_with(const std::string& payload, const std::string& version = "1.1") {
    Request request = registering("node");
    request.query = {"ep=node", "lwm2m=" + version};
    request.payload = payload;
    ASSERT_EQ(code_of(send(0, request)), Code::kCreated);
  }
  Result<OperationId> perform(const Operation& operation) {
    return engine->perform(id_of("node"), operation, now);
  }
  Result<OperationId> perform(OperationKind kind, const Path& path) {
    Operation operation;
    operation.kind = kind;
    operation.path = path;
    return perform(operation);
  }
  /// Performs and returns what goes to the device, Message ID and token aside.
  Bytes wire(const Operation& operation) {
    EXPECT_TRUE(perform(operation));
    last_ = received(0);
    const auto message = coap::Message::decode(last_);
    if (!message) return {};
    Bytes rest = {static_cast<std::uint8_t>(last_[0] & 0xF0U), last_[1]};
    rest.insert(rest.end(), last_.begin() + 4 + static_cast<std::ptrdiff_t>(message->token().size()),
                last_.end());
    return rest;
  }
  Bytes wire(OperationKind kind, const Path& path) {
    Operation operation;
    operation.kind = kind;
    operation.path = path;
    return wire(operation);
  }

  Bytes last_;
};

Bytes operator+(Bytes a, std::string_view b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_F(OperationTest, OP_3_read_is_a_get_of_the_path) {
  EXPECT_EQ(wire(OperationKind::kRead, Path(3, 0, 1)), (Bytes{0x40, 0x01, 0xB1, '3', 0x01, '0', 0x01, '1'}));
  Request response;
  response.code = Code::kContent;
  response.format = 0;
  response.payload = "Lightweight M2M Client";
  answer(0, last_, response);
  ASSERT_EQ(listener.results.size(), 1U);
  const auto& result = listener.results[0];
  EXPECT_EQ(result.kind, OperationKind::kRead);
  EXPECT_EQ(result.path, Path(3, 0, 1));
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(result.code, Code::kContent);
  EXPECT_EQ(result.format, ContentFormat::kText);
  EXPECT_EQ(result.payload, bytes_of("Lightweight M2M Client"));
  EXPECT_EQ(engine->statistics().operations, 0U);
}

TEST_F(OperationTest, OP_3_read_asks_for_what_the_device_registered) {
  register_with("</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542\",</3/0>");
  EXPECT_EQ(wire(OperationKind::kRead, Path(3, 0)), (Bytes{0x40, 0x01, 0xB1, '3', 0x01, '0', 0x61, 112}));
  register_with("</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542\",</3/0>");
  EXPECT_EQ(wire(OperationKind::kRead, Path(3, 0, 9)),
            (Bytes{0x40, 0x01, 0xB1, '3', 0x01, '0', 0x01, '9', 0x61, 60}));
  register_with("</3/0>", "1.0");
  EXPECT_EQ(wire(OperationKind::kRead, Path(3, 0)),
            (Bytes{0x40, 0x01, 0xB1, '3', 0x01, '0', 0x62, 0x2D, 0x16}));
}

TEST_F(OperationTest, OP_3_read_asks_for_what_the_caller_wants) {
  Operation operation;
  operation.path = Path(3, 0);
  operation.format = ContentFormat::kSenmlJson;
  EXPECT_EQ(wire(operation), (Bytes{0x40, 0x01, 0xB1, '3', 0x01, '0', 0x61, 110}));
}

TEST_F(OperationTest, OP_6_the_alternate_path_comes_first) {
  register_with("</lwm2m/x>;rt=\"oma.lwm2m\",</lwm2m/x/3/0>");
  EXPECT_EQ(wire(OperationKind::kDelete, Path(3, 0)),
            (Bytes{0x40, 0x04, 0xB5, 'l', 'w', 'm', '2', 'm', 0x01, 'x', 0x01, '3', 0x01, '0'}));
}

TEST_F(OperationTest, OP_3_write_replace_is_a_put_and_partial_update_a_post) {
  Operation operation;
  operation.kind = OperationKind::kWriteReplace;
  operation.path = Path(1, 0, 1);
  operation.format = ContentFormat::kText;
  const Bytes value = bytes_of("60");
  operation.payload = value;
  EXPECT_EQ(wire(operation), (Bytes{0x40, 0x03, 0xB1, '1', 0x01, '0', 0x01, '1', 0x10, 0xFF, '6', '0'}));
  register_with("</1/0>");
  operation.kind = OperationKind::kWriteUpdate;
  operation.path = Path(1, 0);
  operation.format = ContentFormat::kTlv;
  EXPECT_EQ(wire(operation), (Bytes{0x40, 0x02, 0xB1, '1', 0x01, '0', 0x12, 0x2D, 0x16, 0xFF, '6', '0'}));
}

TEST_F(OperationTest, OP_7_a_resource_instance_can_be_read_and_written) {
  EXPECT_EQ(wire(OperationKind::kRead, Path(3, 0, 11, 2)),
            (Bytes{0x40, 0x01, 0xB1, '3', 0x01, '0', 0x02, '1', '1', 0x01, '2'}));
}

TEST_F(OperationTest, OP_3_execute_is_a_post_with_its_arguments) {
  EXPECT_EQ(wire(OperationKind::kExecute, Path(3, 0, 4)),
            (Bytes{0x40, 0x02, 0xB1, '3', 0x01, '0', 0x01, '4'}));
  register_with("</3/0>");
  Operation operation;
  operation.kind = OperationKind::kExecute;
  operation.path = Path(3, 0, 4);
  operation.arguments = "0='a'";
  EXPECT_EQ(wire(operation), Bytes({0x40, 0x02, 0xB1, '3', 0x01, '0', 0x01, '4', 0x10, 0xFF}) + "0='a'");
}

TEST_F(OperationTest, OP_3_create_reports_the_instance_that_the_device_chose) {
  Operation operation;
  operation.kind = OperationKind::kCreate;
  operation.path = Path(3303);
  operation.format = ContentFormat::kTlv;
  EXPECT_EQ(wire(operation), (Bytes{0x40, 0x02, 0xB4, '3', '3', '0', '3', 0x12, 0x2D, 0x16}));
  Request response;
  response.code = Code::kCreated;
  response.location = {"lwm2m", "3303", "7"};
  answer(0, last_, response);
  EXPECT_EQ(listener.results.at(0).created, Path(3303, 7));

  wire(operation);
  response.location = {"44", "7"};  // another object: not believed
  answer(0, last_, response);
  EXPECT_EQ(listener.results.at(1).created, std::nullopt);
  EXPECT_EQ(listener.results.at(1).code, Code::kCreated);
}

TEST_F(OperationTest, OP_3_delete_is_a_delete) {
  EXPECT_EQ(wire(OperationKind::kDelete, Path(3303, 7)),
            (Bytes{0x40, 0x04, 0xB4, '3', '3', '0', '3', 0x01, '7'}));
  Request response;
  response.code = Code::kDeleted;
  answer(0, last_, response);
  EXPECT_EQ(listener.results.at(0).code, Code::kDeleted);
}

TEST_F(OperationTest, OP_3_discover_asks_for_the_link_format) {
  EXPECT_EQ(wire(OperationKind::kDiscover, Path(3)), (Bytes{0x40, 0x01, 0xB1, '3', 0x61, 40}));
}

TEST_F(OperationTest, OP_3_write_attributes_is_a_put_with_a_query_for_each) {
  const std::array writes{lwm2m::AttributeWrite{lwm2m::AttributeName::kPmin, 10.0},
                          lwm2m::AttributeWrite{lwm2m::AttributeName::kSt, std::nullopt}};
  Operation operation;
  operation.kind = OperationKind::kWriteAttributes;
  operation.path = Path(3, 0, 9);
  operation.attributes = writes;
  EXPECT_EQ(wire(operation),
            Bytes({0x40, 0x03, 0xB1, '3', 0x01, '0', 0x01, '9', 0x47}) + "pmin=10" + "\x02st");
}

TEST_F(OperationTest, OP_3_an_error_of_the_device_is_a_result) {
  for (const Code code : {Code::kBadRequest, Code::kUnauthorized, Code::kNotFound, Code::kMethodNotAllowed,
                          Code::kNotAcceptable, Code::kUnsupportedContentFormat}) {
    wire(OperationKind::kRead, Path(3, 0));
    Request response;
    response.code = code;
    answer(0, last_, response);
    EXPECT_EQ(listener.results.back().code, code);
    EXPECT_FALSE(listener.results.back().failure);
  }
}

TEST_F(OperationTest, refuses_what_an_operation_cannot_have) {
  const auto code = [&](OperationKind kind, const Path& path) { return perform(kind, path).error().code; };
  EXPECT_EQ(code(OperationKind::kRead, Path()), Errc::kInvalidArgument);
  EXPECT_EQ(code(OperationKind::kExecute, Path(3, 0)), Errc::kInvalidArgument);
  EXPECT_EQ(code(OperationKind::kDelete, Path(3)), Errc::kInvalidArgument);
  EXPECT_EQ(code(OperationKind::kDiscover, Path(3, 0, 11, 0)), Errc::kInvalidArgument);
  EXPECT_EQ(code(OperationKind::kWriteReplace, Path(3, 0, 1)), Errc::kInvalidArgument);  // no format
  EXPECT_EQ(code(OperationKind::kCreate, Path(3, 0)), Errc::kInvalidArgument);
  EXPECT_EQ(code(OperationKind::kWriteAttributes, Path(3, 0)), Errc::kInvalidArgument);  // nothing to write
  EXPECT_EQ(engine->perform(RegistrationId(0, 5, 5), {}, now).error().code, Errc::kNotFound);
}

TEST_F(OperationTest, is_busy_when_a_device_has_as_many_as_it_may) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(perform(OperationKind::kRead, Path(3, 0)));
  EXPECT_EQ(perform(OperationKind::kRead, Path(3, 0)).error().code, Errc::kBusy);
}

TEST_F(OperationTest, needs_a_link) {
  engine->drop(coap::LinkId{0}, now);
  EXPECT_EQ(perform(OperationKind::kRead, Path(3, 0)).error().code, Errc::kClosed);
}

TEST_F(OperationTest, fails_with_a_timeout_when_nobody_answers) {
  EXPECT_TRUE(perform(OperationKind::kRead, Path(3, 0)));
  advance(Seconds{119});
  EXPECT_EQ(listener.results.size(), 1U);  // the message itself was given up before
  EXPECT_EQ(listener.results.at(0).failure, Errc::kTimeout);
}

TEST_F(OperationTest, fails_at_its_own_timeout_to_the_millisecond) {
  Operation operation;
  operation.path = Path(3, 0);
  operation.timeout = Millis{1500};
  const auto id = perform(operation);
  advance(Millis{1499});
  EXPECT_TRUE(listener.results.empty());
  advance(Millis{1});
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_EQ(listener.results[0].id, *id);
  EXPECT_EQ(listener.results[0].failure, Errc::kTimeout);
  // A late answer is nobody's.
  Request response;
  response.code = Code::kContent;
  answer(0, received(0), response);
  EXPECT_EQ(listener.results.size(), 1U);
}

TEST_F(OperationTest, fails_with_a_reset_that_the_device_sends) {
  wire(OperationKind::kRead, Path(3, 0));
  send(0, Bytes{0x70, 0x00, last_[2], last_[3]});
  advance(Millis{0});
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_EQ(listener.results[0].failure, Errc::kReset);
}

TEST_F(OperationTest, fails_when_the_registration_ends) {
  EXPECT_TRUE(perform(OperationKind::kRead, Path(3, 0)));
  EXPECT_TRUE(perform(OperationKind::kObserve, Path(3, 0)));
  register_device(0, "node");
  ASSERT_EQ(listener.results.size(), 2U);
  EXPECT_EQ(listener.results[0].failure, Errc::kClosed);
  EXPECT_EQ(listener.results[1].failure, Errc::kClosed);
  EXPECT_EQ(engine->statistics().operations, 0U);
  EXPECT_EQ(engine->statistics().observations, 0U);
  EXPECT_EQ(listener.events.back(), "registered node");
}

TEST_F(OperationTest, an_abandoned_operation_has_no_result) {
  const auto id = perform(OperationKind::kRead, Path(3, 0));
  engine->abandon(*id, now);
  engine->abandon(*id, now);
  advance(Seconds{300});
  EXPECT_TRUE(listener.results.empty());
}

TEST_F(OperationTest, takes_a_separate_response) {
  wire(OperationKind::kRead, Path(3, 0, 1));
  const auto message = coap::Message::decode(last_);
  send(0, Bytes{0x60, 0x00, last_[2], last_[3]});
  Request response;
  response.code = Code::kContent;
  response.payload = "x";
  response.token.assign(message->token().bytes().begin(), message->token().bytes().end());
  EXPECT_EQ(send(0, response).at(0), 0x60);  // acknowledged
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_EQ(listener.results[0].payload, bytes_of("x"));
}

}  // namespace
}  // namespace linnet::server::test

// SPDX-License-Identifier: Apache-2.0
// Every operation of table 6.4.4-1 and every response code of table 6.7-3.
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kLinks = 40, kOpaque = 42, kCbor = 60, kSenmlJson = 110, kSenmlCbor = 112,
                        kTlv = 11542;

class Operation : public DeviceTest {
 protected:
  void SetUp() override { registered(); }
  Probe& probe() { return *probes.get(0); }
};

// Shows: OP-3
TEST_F(Operation, Read_2_05_in_the_format_that_was_asked_for) {
  const Seen text = ask(Code::kGet, "/3/0/0", {.accept = kText});
  EXPECT_EQ(text.code, Code::kContent);
  EXPECT_EQ(text.format, kText);
  EXPECT_EQ(text.payload, "linnet");
  EXPECT_EQ(ask(Code::kGet, "/33000/0/1", {.accept = kCbor}).payload, "\x07");
  EXPECT_EQ(ask(Code::kGet, "/33000/0/1", {.accept = kSenmlJson}).payload, R"([{"n":"/33000/0/1","v":7}])");
  EXPECT_EQ(ask(Code::kGet, "/33000/0/1", {.accept = kTlv}).payload, "\xC1\x01\x07");
}

// Shows: OP-7
TEST_F(Operation, Int_225_Read_of_a_resource_instance) {
  probe().many.set(2, 42);
  EXPECT_EQ(ask(Code::kGet, "/33000/0/7/2", {.accept = kText}).payload, "42");
  EXPECT_EQ(ask(Code::kGet, "/33000/0/7/1", {.accept = kText}).code, Code::kNotFound);
}

TEST_F(Operation, Int_222_Read_of_a_whole_object_leaves_out_what_cannot_be_read) {
  const Seen object = ask(Code::kGet, "/33000", {.accept = kSenmlJson});
  EXPECT_EQ(object.code, Code::kContent);
  EXPECT_NE(object.payload.find("\"/33000/0/\""), std::string::npos) << object.payload;
  EXPECT_EQ(object.payload.find("\"n\":\"11\""), std::string::npos) << object.payload;
  EXPECT_EQ(object.payload.find("\"n\":\"8\""), std::string::npos) << object.payload;
}

TEST_F(Operation, Read_2_05_of_an_object_without_instances_is_empty) {
  probes.drop(0);
  const Seen object = ask(Code::kGet, "/33000", {.accept = kTlv});
  EXPECT_EQ(object.code, Code::kContent);
  EXPECT_EQ(object.payload, "");
}

TEST_F(Operation, Int_237_Read_with_no_Accept_gives_a_format_that_holds_it) {
  const Seen object = ask(Code::kGet, "/3");
  EXPECT_EQ(object.code, Code::kContent);
  EXPECT_EQ(object.format, kSenmlCbor);
  EXPECT_EQ(ask(Code::kGet, "/3/0/0").format, kText);
}

TEST_F(Operation, Read_4_04_of_what_is_not_there) {
  for (const char* path : {"/5", "/3/1", "/3/0/99", "/33000/0/8", "/3/0/0/0", "/33000/0/7/0", "/rd", "/3/0/x",
                           "/3/0/0/0/0", "/65535", "/03"}) {
    EXPECT_EQ(ask(Code::kGet, path).code, Code::kNotFound) << path;
  }
}

TEST_F(Operation, Read_4_05_of_what_cannot_be_read) {
  for (const char* path : {"/33000/0/9", "/33000/0/11", "/3/0/4", "/"}) {
    EXPECT_EQ(ask(Code::kGet, path).code, Code::kMethodNotAllowed) << path;
  }
}

TEST_F(Operation, Read_4_06_where_no_format_fits) {
  EXPECT_EQ(ask(Code::kGet, "/3", {.accept = kText}).code, Code::kNotAcceptable);
  EXPECT_EQ(ask(Code::kGet, "/3/0/0", {.accept = 9999}).code, Code::kNotAcceptable);
  EXPECT_EQ(ask(Code::kGet, "/33000/0/1", {.accept = kOpaque}).code, Code::kNotAcceptable);
}

// Shows: OP-3
TEST_F(Operation, Int_221_objects_0_and_21_are_answered_4_01) {
  for (const char* path : {"/0", "/0/0", "/0/0/0", "/21", "/21/0/3"}) {
    EXPECT_EQ(ask(Code::kGet, path).code, Code::kUnauthorized) << path;
    EXPECT_EQ(ask(Code::kGet, path, {.accept = kLinks}).code, Code::kUnauthorized) << path;
    EXPECT_EQ(ask(Code::kPut, path, {.format = kText, .payload = "1"}).code, Code::kUnauthorized) << path;
    EXPECT_EQ(ask(Code::kPut, path, {.query = {"pmin=1"}}).code, Code::kUnauthorized) << path;
    EXPECT_EQ(ask(Code::kPost, path, {.format = kTlv}).code, Code::kUnauthorized) << path;
    EXPECT_EQ(ask(Code::kDelete, path).code, Code::kUnauthorized) << path;
  }
}

TEST_F(Operation, A_stranger_and_a_server_that_is_not_registered_get_4_01) {
  engine.deregister();
  engine.step(now);
  respond(take(), Code::kDeleted);
  EXPECT_EQ(ask(Code::kGet, "/3/0/0").code, Code::kUnauthorized);
}

TEST_F(Operation, Int_205_Write_2_04_of_a_resource_in_text) {
  EXPECT_EQ(ask(Code::kPut, "/1/0/2", {.format = kText, .payload = "5"}).code, Code::kChanged);
  EXPECT_EQ(account->default_pmin, 5);
  EXPECT_EQ(ask(Code::kGet, "/1/0/2", {.accept = kText}).payload, "5");
  EXPECT_EQ(log.count(EventType::kWritten), 1U);
  EXPECT_EQ(log.paths.back(), "/1/0/2");
}

TEST_F(Operation, Write_takes_every_data_type) {
  EXPECT_EQ(ask(Code::kPut, "/33000/0/0", {.format = kText, .payload = "1"}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/2", {.format = kText, .payload = "-2.5"}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/3", {.format = kText, .payload = "name"}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/4", {.format = kOpaque, .payload = "\x01\x02"}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/5", {.format = kText, .payload = "1700000000"}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/6", {.format = kText, .payload = "3:0"}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/12", {.format = kText, .payload = "4294967295"}).code, Code::kChanged);
  EXPECT_TRUE(probe().flag);
  EXPECT_EQ(probe().temperature, -2.5);
  EXPECT_EQ(probe().label.view(), "name");
  EXPECT_EQ(as_text(probe().blob.view()), "\x01\x02");
  EXPECT_EQ(probe().when.seconds, 1'700'000'000);
  EXPECT_EQ(probe().link, (lwm2m::Objlnk{3, 0}));
  EXPECT_EQ(probe().unsigned_number, 4294967295U);
}

TEST_F(Operation, OP_7_Write_of_a_resource_instance_replaces_only_it) {
  probe().many = {1, 2};
  EXPECT_EQ(ask(Code::kPut, "/33000/0/7/1", {.format = kText, .payload = "9"}).code, Code::kChanged);
  EXPECT_EQ(probe().many, (Multiple<std::int32_t, 4>{1, 9}));
  EXPECT_EQ(ask(Code::kPut, "/33000/0/7/3", {.format = kText, .payload = "9"}).code, Code::kNotFound);
}

TEST_F(Operation, Write_replace_of_a_multiple_resource_replaces_the_array) {
  probe().many = {1, 2, 3};
  const std::string payload = R"([{"bn":"/33000/0/7/","n":"2","v":8}])";
  EXPECT_EQ(ask(Code::kPut, "/33000/0/7", {.format = kSenmlJson, .payload = payload}).code, Code::kChanged);
  EXPECT_FALSE(probe().many.has(0));
  EXPECT_EQ(probe().many[2], 8);
}

TEST_F(Operation, Write_partial_of_a_multiple_resource_adds_to_the_array) {
  probe().many = {1, 2, 3};
  const std::string payload = R"([{"bn":"/33000/0/7/","n":"2","v":8}])";
  EXPECT_EQ(ask(Code::kPost, "/33000/0/7", {.format = kSenmlJson, .payload = payload}).code, Code::kChanged);
  EXPECT_EQ(probe().many, (Multiple<std::int32_t, 4>{1, 2, 8}));
}

// Shows: OP-3
TEST_F(Operation, Int_226_Write_partial_changes_only_what_is_named) {
  probe().optional = 4;
  const std::string payload = R"([{"bn":"/33000/0/","n":"3","vs":"x"},{"n":"1","v":50}])";
  EXPECT_EQ(ask(Code::kPost, "/33000/0", {.format = kSenmlJson, .payload = payload}).code, Code::kChanged);
  EXPECT_EQ(probe().label.view(), "x");
  EXPECT_EQ(probe().number, 50);
  EXPECT_EQ(probe().optional, 4);
}

// Shows: OP-3
TEST_F(Operation, Int_215_Write_replace_of_an_instance_removes_what_is_optional_and_not_named) {
  probe().optional = 4;
  probe().many = {1, 2};
  const std::string payload = R"([{"bn":"/33000/0/","n":"3","vs":"x"}])";
  EXPECT_EQ(ask(Code::kPut, "/33000/0", {.format = kSenmlJson, .payload = payload}).code, Code::kChanged);
  EXPECT_EQ(probe().label.view(), "x");
  EXPECT_EQ(probe().number, 7);  // mandatory: stays
  EXPECT_FALSE(probe().optional.has_value());
  EXPECT_EQ(probe().many.present(), 0U);
}

TEST_F(Operation, Write_of_several_resources_is_all_or_nothing) {
  // The last record is at fault each time: wrong type, out of range, read-only, unknown.
  for (const char* last : {R"({"n":"1","vs":"x"})", R"({"n":"1","v":101})", R"({"n":"10","v":1})",
                           R"({"n":"77","v":1})", R"({"n":"7/4","v":1})", R"({"n":"9","v":1})"}) {
    const std::string payload = std::string(R"([{"bn":"/33000/0/","n":"3","vs":"changed"},)") + last + "]";
    const Seen refused = ask(Code::kPost, "/33000/0", {.format = kSenmlJson, .payload = payload});
    EXPECT_EQ(coap::code_class(refused.code), 4) << last;
    EXPECT_EQ(probe().label.view(), "probe") << last;
    EXPECT_EQ(probe().number, 7) << last;
  }
  EXPECT_EQ(log.count(EventType::kWritten), 0U);
}

TEST_F(Operation, Write_4_00_of_a_wrong_type_or_range_or_without_a_format) {
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = kText, .payload = "x"}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = kText, .payload = "101"}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/3", {.format = kText, .payload = std::string(17, 'a')}).code,
            Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.payload = "1"}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/1/0/1", {.format = kText, .payload = "0"}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/1/0/7", {.format = kText, .payload = "XY"}).code, Code::kBadRequest);
}

TEST_F(Operation, Write_4_04_of_what_is_not_there) {
  for (const char* path : {"/5/0/1", "/33000/1/1", "/33000/0/77"}) {
    EXPECT_EQ(ask(Code::kPut, path, {.format = kText, .payload = "1"}).code, Code::kNotFound) << path;
  }
}

TEST_F(Operation, Int_256_Write_4_05_of_what_cannot_be_written) {
  for (const char* path : {"/3/0/0", "/33000/0/10", "/33000/0/9", "/1/0/0", "/33000"}) {
    EXPECT_EQ(ask(Code::kPut, path, {.format = kText, .payload = "1"}).code, Code::kMethodNotAllowed) << path;
  }
  EXPECT_EQ(device.get(0)->manufacturer, "linnet");
}

TEST_F(Operation, Write_4_15_of_a_format_that_is_not_spoken) {
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = 9999, .payload = "1"}).code,
            Code::kUnsupportedContentFormat);
  EXPECT_EQ(ask(Code::kPost, "/33000/0", {.format = kText, .payload = "1"}).code,
            Code::kUnsupportedContentFormat);
}

// Shows: OP-3
TEST_F(Operation, Execute_2_04_hands_the_arguments_over) {
  EXPECT_EQ(ask(Code::kPost, "/33000/0/9", {.format = kText, .payload = "0='a',1"}).code, Code::kChanged);
  EXPECT_EQ(probe().arguments, "0='a',1");
  EXPECT_EQ(log.count(EventType::kExecuted), 1U);
}

// Shows: OB-1
TEST_F(Operation, Int_241_Reboot_asks_the_platform) {
  EXPECT_EQ(ask(Code::kPost, "/3/0/4").code, Code::kChanged);
  EXPECT_EQ(board.reboots, 1);
}

TEST_F(Operation, Execute_may_be_non_confirmable) {
  const Seen answer = ask(Code::kPost, "/33000/0/9", {.type = Type::kNonConfirmable});
  EXPECT_EQ(answer.type, Type::kNonConfirmable);
  EXPECT_EQ(answer.code, Code::kChanged);
}

TEST_F(Operation, Execute_4_00_4_04_and_4_05) {
  EXPECT_EQ(ask(Code::kPost, "/33000/0/9", {.format = kText, .payload = "x=1"}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPost, "/33000/0/9", {.format = kTlv, .payload = "x"}).code, Code::kBadRequest);
  EXPECT_EQ(probe().arguments, "");
  EXPECT_EQ(ask(Code::kPost, "/33000/0/77").code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kPost, "/33000/5/9").code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kPost, "/33000/0/1").code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kPost, "/33000/0/7/0").code, Code::kMethodNotAllowed);
}

// Shows: OP-3
TEST_F(Operation, Create_2_01_with_an_instance_that_the_server_names) {
  const std::string payload = R"([{"bn":"/33000/5/","n":"1","v":50},{"n":"3","vs":"new"}])";
  const Seen created = ask(Code::kPost, "/33000", {.format = kSenmlJson, .payload = payload});
  EXPECT_EQ(created.code, Code::kCreated);
  EXPECT_EQ(created.location, "");
  ASSERT_NE(probes.get(5), nullptr);
  EXPECT_EQ(probes.get(5)->number, 50);
  EXPECT_EQ(probes.get(5)->label.view(), "new");
  EXPECT_EQ(log.count(EventType::kCreated), 1U);
  EXPECT_NE(take().payload.find("</33000/5>"), std::string::npos);
}

TEST_F(Operation, Create_2_01_with_a_location_where_the_device_chooses_the_instance) {
  // TLV resources without an instance around them.
  const Seen created = ask(Code::kPost, "/33000", {.format = kTlv, .payload = "\xC1\x01\x0A"});
  EXPECT_EQ(created.code, Code::kCreated);
  EXPECT_EQ(created.location, "/33000/1");
  ASSERT_NE(probes.get(1), nullptr);
  EXPECT_EQ(probes.get(1)->number, 10);
}

TEST_F(Operation, Create_4_00_of_what_exists_or_lacks_something_mandatory) {
  const std::string exists = R"([{"bn":"/33000/0/","n":"1","v":50}])";
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kSenmlJson, .payload = exists}).code, Code::kBadRequest);
  const std::string lacks = R"([{"bn":"/33000/5/","n":"3","vs":"x"}])";
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kSenmlJson, .payload = lacks}).code, Code::kBadRequest);
  const std::string two = R"([{"bn":"/33000/","n":"5/1","v":1},{"n":"6/1","v":1}])";
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kSenmlJson, .payload = two}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPost, "/33000", {.payload = exists}).code, Code::kBadRequest);
  const std::string range = R"([{"bn":"/33000/5/","n":"1","v":500}])";
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kSenmlJson, .payload = range}).code, Code::kBadRequest);
  EXPECT_EQ(probes.next_instance(1), kMaxId);
}

TEST_F(Operation, Create_4_04_4_05_and_4_15) {
  EXPECT_EQ(ask(Code::kPost, "/5", {.format = kTlv}).code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kPost, "/3", {.format = kTlv}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kPost, "/1", {.format = kTlv}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kText}).code, Code::kUnsupportedContentFormat);
}

TEST_F(Operation, Create_5_00_where_there_is_no_room) {
  probes.add(1);
  probes.add(2);
  engine.step(now);
  respond(take(), Code::kChanged);
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kTlv, .payload = "\xC1\x01\x0A"}).code,
            Code::kInternalServerError);
}

// Shows: OP-3
TEST_F(Operation, Delete_2_02_and_the_server_hears_of_it_in_an_Update) {
  EXPECT_EQ(ask(Code::kDelete, "/33000/0").code, Code::kDeleted);
  EXPECT_EQ(probes.get(0), nullptr);
  EXPECT_TRUE(take().payload.ends_with(",</33000>"));
}

TEST_F(Operation, Delete_4_04_and_4_05) {
  EXPECT_EQ(ask(Code::kDelete, "/33000/9").code, Code::kNotFound);
  for (const char* path : {"/3/0", "/1/0", "/33000", "/33000/0/1", "/33000/0/7/0", "/"}) {
    EXPECT_EQ(ask(Code::kDelete, path).code, Code::kMethodNotAllowed) << path;
  }
}

// Shows: OP-3
TEST_F(Operation, Int_260_Discover_at_every_level) {
  probe().many = {1, 2};
  const Seen object = ask(Code::kGet, "/33000", {.accept = kLinks});
  EXPECT_EQ(object.format, kLinks);
  EXPECT_EQ(
      object.payload,
      "</33000>,</33000/0>,</33000/0/0>,</33000/0/1>,</33000/0/2>,</33000/0/3>,</33000/0/4>,</33000/0/5>,"
      "</33000/0/6>,</33000/0/7>;dim=2,</33000/0/9>,</33000/0/10>,</33000/0/11>,</33000/0/12>");
  EXPECT_TRUE(ask(Code::kGet, "/3", {.accept = kLinks}).payload.starts_with("</3>;ver=1.1,</3/0>,</3/0/0>"));
  EXPECT_TRUE(
      ask(Code::kGet, "/33000/0", {.accept = kLinks}).payload.starts_with("</33000/0>,</33000/0/0>,"));
  EXPECT_EQ(ask(Code::kGet, "/33000/0/7", {.accept = kLinks}).payload,
            "</33000/0/7>;dim=2,</33000/0/7/0>,</33000/0/7/1>");
  EXPECT_EQ(ask(Code::kGet, "/33000/0/8", {.accept = kLinks}).code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kGet, "/33000/0/7/0", {.accept = kLinks}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kGet, "/", {.accept = kLinks}).code, Code::kMethodNotAllowed);
}

// Shows: OP-3
TEST_F(Operation, Int_261_Discover_shows_attributes_own_and_inherited) {
  probe().many = {1};
  EXPECT_EQ(ask(Code::kPut, "/33000", {.query = {"pmin=10"}}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0", {.query = {"pmax=60"}}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/7", {.query = {"pmin=20", "epmin=1"}}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/7/0", {.query = {"gt=4.5"}}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kGet, "/33000/0/7", {.accept = kLinks}).payload,
            "</33000/0/7>;dim=1;pmin=20;pmax=60;epmin=1,</33000/0/7/0>;gt=4.5");
  EXPECT_TRUE(ask(Code::kGet, "/33000", {.accept = kLinks})
                  .payload.starts_with("</33000>;pmin=10,</33000/0>;pmax=60,"));
  EXPECT_EQ(ask(Code::kPut, "/33000/0/7", {.query = {"pmin", "epmin"}}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kGet, "/33000/0/7", {.accept = kLinks}).payload,
            "</33000/0/7>;dim=1;pmin=10;pmax=60,</33000/0/7/0>;gt=4.5");
}

TEST_F(Operation, Write_Attributes_4_00_4_04_and_4_05) {
  for (const char* query : {"pmin=x", "colour=1", "pmin=-1", "st=-1", "gt=abc"}) {
    EXPECT_EQ(ask(Code::kPut, "/33000/0/2", {.query = {query}}).code, Code::kBadRequest) << query;
  }
  EXPECT_EQ(ask(Code::kPut, "/33000/0/2", {.query = {"pmin=20", "pmax=10"}}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/2", {.query = {"gt=1", "lt=2"}}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/2", {.query = {"gt=30", "lt=10", "st=15"}}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/3", {.query = {"gt=1"}}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0", {.query = {"gt=1"}}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/77", {.query = {"pmin=1"}}).code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/9", {.query = {"pmin=1"}}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kGet, "/33000/0/2", {.accept = kLinks}).payload, "</33000/0/2>");
}

TEST_F(Operation, A_duplicate_request_is_answered_again_and_done_once) {
  ask(Code::kPost, "/33000/0/9");
  --next_id;
  EXPECT_EQ(ask(Code::kPost, "/33000/0/9").code, Code::kChanged);
  EXPECT_EQ(log.count(EventType::kExecuted), 1U);
}

TEST_F(Operation, Hostile_requests_get_an_error_or_silence_and_change_nothing_outside_their_target) {
  testing::Dice bytes;
  for (int round = 0; round < 20'000; ++round) {
    std::array<std::uint8_t, 40> datagram{};
    const std::size_t size = bytes.next() % datagram.size();
    for (std::size_t i = 0; i < size; ++i) datagram[i] = static_cast<std::uint8_t>(bytes.next() >> 24);
    if (size > 1) datagram[0] = static_cast<std::uint8_t>(0x40 | (datagram[0] & 0x13));
    if (size > 1) datagram[1] = static_cast<std::uint8_t>(datagram[1] & 7);
    engine.receive(kLink, ByteView(datagram).first(size), now);
    now += 1ms;
    engine.step(now);
    wire.out.clear();
  }
  EXPECT_EQ(device.get(0)->manufacturer, "linnet");
}

}  // namespace
}  // namespace linnet::client::test

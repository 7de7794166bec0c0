// SPDX-License-Identifier: Apache-2.0
// Objects 19 and 20: messages of an application, and events collected on request.
// Shows: OB-3
#include "linnet/client/objects/binary_app_data.hpp"
#include "linnet/client/objects/event_log.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kOpaque = 42, kTlv = 11542;

class LogObjects : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &messages, &logs, &probes};
    messages.add(0);
    logs.add(0);
    registered();
  }
  std::string get(std::string_view path, std::uint32_t format = kText) {
    return ask(Code::kGet, path, {.accept = format}).payload;
  }
  Code put(std::string_view path, std::string value, std::uint32_t format = kText) {
    return ask(Code::kPut, path, {.format = format, .payload = std::move(value)}).code;
  }
  Code execute(std::string_view path, std::string arguments = "") {
    return ask(Code::kPost, path, {.payload = std::move(arguments)}).code;
  }
  bool tell(std::string_view text) { return post(messages, 0, as_bytes(text), UnixTime{1'700'000'000}); }
  void happens(LogClass log_class, std::string_view text) { logs.record(log_class, as_bytes(text)); }

  BinaryAppDataObject<2, 2, 8> messages;
  EventLogObject<2, 8> logs;
};

TEST_F(LogObjects, messages_of_the_device_are_notified_with_their_time) {
  ask(Code::kGet, "/19/0/0", {.accept = kTlv, .observe = 0});
  ASSERT_TRUE(tell("one"));
  engine.step(now);
  EXPECT_EQ(take().payload, std::string("\x85\x00\x43\x00one", 7));
  EXPECT_EQ(get("/19/0/2"), "1700000000");
  ASSERT_TRUE(tell("two"));
  EXPECT_EQ(get("/19/0/0/1", kOpaque), "two");
  wire.out.clear();
  EXPECT_FALSE(tell("three"));
  EXPECT_FALSE(tell("too long."));
  ASSERT_TRUE(clear(messages, 0));
  engine.step(now);
  EXPECT_EQ(take().payload, std::string("\x80\x00", 2));
  EXPECT_EQ(get("/19/0/0", kTlv), std::string("\x80\x00", 2));
  EXPECT_FALSE(post(messages, 1, {}, {}));
}

TEST_F(LogObjects, of_messages_with_the_priority_Latest_only_one_stays) {
  EXPECT_EQ(put("/19/0/1", "2"), Code::kChanged);
  ASSERT_TRUE(tell("one"));
  ASSERT_TRUE(tell("two"));
  EXPECT_EQ(get("/19/0/0/0", kOpaque), "two");
  EXPECT_EQ(ask(Code::kGet, "/19/0/0/1", {.accept = kOpaque}).code, Code::kNotFound);
}

TEST_F(LogObjects, a_server_writes_messages_within_their_bounds) {
  EXPECT_EQ(put("/19/0/0", std::string("\x86\x00\x44\x01word", 8), kTlv), Code::kChanged);
  EXPECT_EQ(put("/19/0/0/1", "hello", kOpaque), Code::kChanged);
  EXPECT_EQ(as_text(messages.get(0)->data[1].view()), "hello");
  EXPECT_EQ(put("/19/0/1", "255"), Code::kBadRequest);
  EXPECT_EQ(put("/19/0/5", "65536"), Code::kBadRequest);
  EXPECT_EQ(put("/19/0/5", "65535"), Code::kChanged);
  EXPECT_EQ(put("/19/0/3", std::string(33, 'x')), Code::kBadRequest);
  EXPECT_EQ(put("/19/0/4", std::string(32, 'x')), Code::kChanged);
  const Seen created =
      ask(Code::kPost, "/19", {.format = kTlv, .payload = std::string("\x84\x00\x42\x00up", 6)});
  EXPECT_EQ(created.code, Code::kCreated);
  EXPECT_EQ(created.location, "/19/1");
}

TEST_F(LogObjects, nothing_is_collected_before_LogStart_and_after_LogStop) {
  EXPECT_EQ(get("/20/0/4013"), "1");
  happens(LogClass::kGeneric, "a");
  EXPECT_EQ(execute("/20/0/4011"), Code::kChanged);
  EXPECT_EQ(get("/20/0/4013"), "0");
  happens(LogClass::kGeneric, "bc");
  happens(LogClass::kPanic, "d");
  EXPECT_EQ(get("/20/0/4014", kOpaque), "bc");
  EXPECT_EQ(get("/20/0/4013"), "2");
  EXPECT_EQ(execute("/20/0/4012"), Code::kChanged);
  happens(LogClass::kGeneric, "e");
  EXPECT_EQ(get("/20/0/4014", kOpaque), "bc");
  EXPECT_EQ(get("/20/0/4013"), "3");
}

TEST_F(LogObjects, argument_0_extends_at_the_start_and_empties_at_the_stop) {
  execute("/20/0/4011");
  happens(LogClass::kGeneric, "a");
  EXPECT_EQ(execute("/20/0/4011", "0='1'"), Code::kChanged);
  happens(LogClass::kGeneric, "b");
  EXPECT_EQ(get("/20/0/4014", kOpaque), "ab");
  EXPECT_EQ(execute("/20/0/4011", "0='0'"), Code::kChanged);
  EXPECT_EQ(get("/20/0/4013"), "0");
  happens(LogClass::kGeneric, "c");
  EXPECT_EQ(execute("/20/0/4012", "0='1'"), Code::kChanged);
  EXPECT_EQ(get("/20/0/4013"), "1");
  EXPECT_EQ(execute("/20/0/4011", "1"), Code::kBadRequest);
  EXPECT_EQ(execute("/20/0/4012", "0='2'"), Code::kBadRequest);
}

TEST_F(LogObjects, an_event_without_room_is_an_error_until_the_next_start) {
  execute("/20/0/4011");
  happens(LogClass::kGeneric, "1234567");
  happens(LogClass::kGeneric, "89");
  EXPECT_EQ(get("/20/0/4014", kOpaque), "1234567");
  EXPECT_EQ(get("/20/0/4013"), "6");
  execute("/20/0/4011");
  EXPECT_EQ(get("/20/0/4013"), "0");
}

TEST_F(LogObjects, each_instance_collects_its_class_and_tells_its_observer) {
  logs.add(1)->log_class = static_cast<std::int16_t>(LogClass::kSecurity);
  execute("/20/1/4011");
  wire.out.clear();
  ask(Code::kGet, "/20/1/4014", {.accept = kOpaque, .observe = 0});
  happens(LogClass::kSecurity, "key");
  engine.step(now);
  EXPECT_EQ(take().payload, "key");
  EXPECT_EQ(put("/20/1/4010", "256"), Code::kBadRequest);
  EXPECT_EQ(put("/20/1/4015", "1"), Code::kBadRequest);
  EXPECT_EQ(put("/20/1/4015", "0"), Code::kChanged);
}

}  // namespace
}  // namespace linnet::client::test

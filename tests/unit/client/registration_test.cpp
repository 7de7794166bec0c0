// SPDX-License-Identifier: Apache-2.0
// Register, Update, De-register (TS 6.4.3, digest §4).
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

class Registration : public DeviceTest {};

// Shows: OP-2
TEST_F(Registration, Register_carries_endpoint_lifetime_version_binding_and_objects) {
  start();
  const Seen request = take();
  EXPECT_EQ(request.type, Type::kConfirmable);
  EXPECT_EQ(request.code, Code::kPost);
  EXPECT_EQ(request.path, "/rd");
  EXPECT_EQ(request.query, "ep=device&lt=86400&lwm2m=1.1&b=U");
  EXPECT_EQ(request.format, 40U);
  EXPECT_EQ(request.payload,
            "</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 "
            "11543\",</1>;ver=1.1,</1/0>,</3>;ver=1.1,</3/0>,</33000/0>");
}

TEST_F(Registration, OP_6_the_alternate_path_stands_before_every_object) {
  config.alternate_path = "/lwm2m";
  config.codecs = lwm2m::all_codecs().first(1);
  start();
  const Seen request = take();
  EXPECT_TRUE(request.payload.starts_with("</lwm2m>;rt=\"oma.lwm2m\"")) << request.payload;
  EXPECT_NE(request.payload.find("</lwm2m/3/0>"), std::string::npos);
  respond(request, Code::kCreated, {"rd", "1"});
  EXPECT_EQ(ask(Code::kGet, "/lwm2m/3/0/0").code, Code::kContent);
  EXPECT_EQ(ask(Code::kGet, "/3/0/0").code, Code::kNotFound);
}

// Shows: OP-10
TEST_F(Registration, Queue_mode_is_a_flag_of_its_own) {
  config.queue_mode = true;
  config.sms = "4912345";
  start();
  EXPECT_EQ(take().query, "ep=device&lt=86400&lwm2m=1.1&b=U&Q&sms=4912345");
}

TEST_F(Registration, The_location_is_kept_and_reported) {
  registered();
  std::array<std::uint8_t, 64> buffer{};
  EXPECT_EQ(engine.location(kServer, buffer), "/rd/5a3f");
  EXPECT_EQ(log.count(EventType::kRegistered), 1U);
  EXPECT_EQ(log.last_text, "/rd/5a3f");
}

TEST_F(Registration, An_acknowledgement_without_a_response_does_not_outlast_the_lifetime) {
  registered();
  account->lifetime = 220;
  engine.update();
  engine.step(now);
  respond(take(), Code::kChanged);
  pass(220s - 93s);
  const Seen update = take();
  acknowledge(update);
  pass(219s);
  EXPECT_TRUE(wire.out.empty());
  pass(1s);
  EXPECT_EQ(take().path, "/rd");
}

TEST_F(Registration, An_empty_Update_comes_before_the_lifetime_ends) {
  registered();
  pass(86'400s - 93s - 1s);
  EXPECT_TRUE(wire.out.empty());
  pass(1s);
  const Seen update = take();
  EXPECT_EQ(update.code, Code::kPost);
  EXPECT_EQ(update.path, "/rd/5a3f");
  EXPECT_EQ(update.query, "");
  EXPECT_EQ(update.payload, "");
  respond(update, Code::kChanged);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kRegistered);
  EXPECT_EQ(log.count(EventType::kUpdated), 1U);
}

TEST_F(Registration, A_short_lifetime_is_refreshed_half_way) {
  start();
  account->lifetime = 60;
  engine.register_now();
  wire.out.clear();
  engine.step(now);
  respond(take(), Code::kCreated, {"rd", "1"});
  pass(29s);
  EXPECT_TRUE(wire.out.empty());
  pass(1s);
  EXPECT_EQ(take().path, "/rd/1");
}

// Shows: OP-2
TEST_F(Registration, Int_102_writing_the_lifetime_causes_an_Update_that_carries_it) {
  registered();
  EXPECT_EQ(ask(Code::kPut, "/1/0/1", {.format = 0, .payload = "300"}).code, Code::kChanged);
  const Seen update = take();
  EXPECT_EQ(update.path, "/rd/5a3f");
  EXPECT_EQ(update.query, "lt=300");
  EXPECT_EQ(update.payload, "");
}

// Shows: OP-11
TEST_F(Registration, Int_104_the_Registration_Update_Trigger_causes_an_Update) {
  registered();
  EXPECT_EQ(ask(Code::kPost, "/1/0/8").code, Code::kChanged);
  EXPECT_EQ(take().path, "/rd/5a3f");
}

TEST_F(Registration, A_new_instance_causes_an_Update_with_the_object_list) {
  registered();
  probes.add(2);
  engine.step(now);
  const Seen update = take();
  EXPECT_EQ(update.format, 40U);
  EXPECT_NE(update.payload.find("</33000/0>,</33000/2>"), std::string::npos) << update.payload;
}

// Shows: OP-2
TEST_F(Registration, Int_105_an_Update_answered_4_04_makes_the_device_register_anew) {
  registered();
  engine.update();
  engine.step(now);
  respond(take(), Code::kNotFound);
  const Seen request = take();
  EXPECT_EQ(request.path, "/rd");
  EXPECT_NE(request.payload, "");
}

TEST_F(Registration, An_Update_without_an_answer_ends_in_a_new_registration) {
  registered();
  engine.update();
  pass(93s);
  EXPECT_EQ(wire.out.back().path, "/rd");
}

// Shows: OP-2
TEST_F(Registration, Int_103_De_register_deletes_the_location) {
  registered();
  engine.deregister();
  engine.step(now);
  const Seen request = take();
  EXPECT_EQ(request.code, Code::kDelete);
  EXPECT_EQ(request.path, "/rd/5a3f");
  respond(request, Code::kDeleted);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kDeregistered);
  pass(48h);
  EXPECT_TRUE(wire.out.empty());
  EXPECT_EQ(log.count(EventType::kDeregistered), 1U);
}

TEST_F(Registration, Disable_keeps_away_for_its_timeout_and_registers_again) {
  registered();
  account->disable_timeout = 600;
  EXPECT_EQ(ask(Code::kPost, "/1/0/4").code, Code::kChanged);
  const Seen request = take();
  EXPECT_EQ(request.code, Code::kDelete);
  respond(request, Code::kDeleted);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kDisabled);
  pass(599s);
  EXPECT_TRUE(wire.out.empty());
  pass(1s);
  EXPECT_EQ(take().path, "/rd");
}

TEST_F(Registration, Failed_attempts_come_after_doubling_delays) {
  start();
  account->retry_count = 3;
  account->retry_timer = 10;
  respond(take(), Code::kForbidden);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kWaiting);
  EXPECT_EQ(log.last_response, Code::kForbidden);
  pass(9s);
  EXPECT_TRUE(wire.out.empty());
  pass(1s);
  respond(take(), Code::kForbidden);
  pass(19s);
  EXPECT_TRUE(wire.out.empty());
  pass(1s);
  EXPECT_EQ(take().path, "/rd");
}

TEST_F(Registration, After_the_last_sequence_the_device_gives_up_and_says_so) {
  start();
  account->retry_count = 1;
  account->sequence_delay = 100;
  account->sequence_count = 1;
  respond(take(), Code::kBadRequest);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kWaiting);
  pass(100s);
  respond(take(), Code::kBadRequest);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kFailed);
  EXPECT_EQ(log.count(EventType::kRegistrationGaveUp), 1U);
  EXPECT_EQ(log.count(EventType::kRegistrationFailed), 2U);
}

TEST_F(Registration, A_created_answer_without_a_location_is_a_failure) {
  start();
  respond(take(), Code::kCreated);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kWaiting);
}

TEST_F(Registration, A_lost_link_stops_everything_and_a_new_one_registers) {
  registered();
  engine.disconnect(kServer);
  pass(48h);
  EXPECT_TRUE(wire.out.empty());
  EXPECT_EQ(engine.state(kServer), RegistrationState::kOffline);
  ASSERT_TRUE(engine.connect(kServer, kLink).has_value());
  engine.step(now);
  EXPECT_EQ(take().path, "/rd");
}

TEST_F(Registration, A_clock_that_goes_back_stops_no_timer) {
  registered();
  now -= 500s;
  engine.step(now);
  pass(86'400s - 93s - 1s);
  EXPECT_TRUE(wire.out.empty());
  pass(1s);
  EXPECT_EQ(take().path, "/rd/5a3f");
}

TEST_F(Registration, A_clock_that_jumps_forward_makes_the_Update_due) {
  registered();
  now += 90'000s;
  engine.step(now);
  EXPECT_EQ(take().path, "/rd/5a3f");
}

TEST_F(Registration, A_long_object_list_goes_in_blocks) {
  config.coap.block_szx = 2;
  start();
  const Seen first = take();
  EXPECT_EQ(first.payload.size(), 64U);
  std::array<std::uint8_t, 32> buffer{};
  coap::MessageWriter writer(buffer, Type::kAcknowledgement, Code::kContinue, coap::MessageId{first.id},
                             first.token);
  writer.option(OptionNumber::kBlock1, std::uint32_t{0x0A});
  deliver(ByteView(buffer).first(writer.finish().value()));
  const Seen second = take();
  EXPECT_EQ(first.payload + second.payload,
            "</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 "
            "11543\",</1>;ver=1.1,</1/0>,</3>;ver=1.1,</3/0>,</33000/0>");
}

TEST(EngineSetup, An_arena_that_is_too_small_is_an_error_when_configuring) {
  ServerObject<1> servers;
  servers.add(0);
  std::array<Object*, 1> objects{&servers};
  Wire wire;
  testing::Dice dice;
  Config config;
  config.endpoint = "device";
  config.codecs = lwm2m::all_codecs();
  const std::size_t needed = Engine::memory_needed(config);
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, needed / 2, needed - needed / 8}) {
    std::vector<std::byte> memory(size);
    Arena arena(memory);
    Engine engine;
    const auto made = engine.init(config, arena, wire, dice, objects);
    ASSERT_FALSE(made.has_value()) << size;
    EXPECT_EQ(made.error().code, Errc::kNoSpace);
  }
  std::vector<std::byte> memory(needed);
  Arena arena(memory);
  Engine engine;
  EXPECT_TRUE(engine.init(config, arena, wire, dice, objects).has_value());
}

TEST(EngineSetup, Objects_out_of_order_and_configurations_out_of_range_are_refused) {
  ServerObject<1> servers;
  DeviceObject device;
  Wire wire;
  testing::Dice dice;
  std::vector<std::byte> memory(1 << 16);
  Config config;
  config.endpoint = "device";
  config.codecs = lwm2m::all_codecs();
  const auto refused = [&](std::vector<Object*> objects) {
    Arena arena(memory);
    Engine engine;
    const auto made = engine.init(config, arena, wire, dice, objects);
    return !made && made.error().code == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused({&device, &servers}));
  EXPECT_TRUE(refused({&servers, &servers}));
  EXPECT_TRUE(refused({&device}));
  EXPECT_FALSE(refused({&servers, &device}));
  config.endpoint = {};
  EXPECT_TRUE(refused({&servers, &device}));
  config.endpoint = "device";
  config.alternate_path = "lwm2m";
  EXPECT_TRUE(refused({&servers, &device}));
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// State over a power cut: the image at every byte of a save, and an engine that starts from it.
#include "linnet/client/objects/oscore.hpp"
#include "managed_device.hpp"
#include "power_cut.hpp"

namespace linnet::client::test {
namespace {

std::string loaded(Flash& flash) {
  StateImage image;
  std::array<std::uint8_t, 512> buffer{};
  const auto payload = image.load(flash, buffer);
  return payload ? std::string(as_text(*payload)) : "nothing";
}

TEST(StateImage, Crc32_is_the_one_of_zlib) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926U);
  EXPECT_EQ(crc32(as_bytes("6789"), crc32(as_bytes("12345"))), 0xCBF43926U);
}

TEST(StateImage, The_newest_of_many_saves_is_loaded) {
  Flash flash(256);
  StateImage image;
  EXPECT_EQ(loaded(flash), "nothing");
  for (const std::string_view text : {"one", "two", "three", "four"}) {
    ASSERT_TRUE(image.save(flash, as_bytes(text)).has_value());
    EXPECT_EQ(loaded(flash), text);
  }
}

TEST(StateImage, What_is_there_already_is_not_written_again) {
  Flash flash(256);
  StateImage image;
  ASSERT_TRUE(image.save(flash, as_bytes("same")).has_value());
  const int writes = flash.writes;
  ASSERT_TRUE(image.save(flash, as_bytes("same")).has_value());
  StateImage restarted;
  std::array<std::uint8_t, 64> buffer{};
  ASSERT_TRUE(restarted.load(flash, buffer).has_value());
  ASSERT_TRUE(restarted.save(flash, as_bytes("same")).has_value());
  EXPECT_EQ(flash.writes, writes);
}

TEST(StateImage, Cutting_the_power_at_any_byte_of_a_save_leaves_the_old_or_the_new_state) {
  const std::string old_state(70, 'o');
  const std::string new_state(90, 'n');
  bool finished = false;
  for (std::size_t bytes = 0; !finished; ++bytes) {
    Flash flash(160);
    StateImage image;
    ASSERT_TRUE(image.save(flash, as_bytes("older still")).has_value());
    ASSERT_TRUE(image.save(flash, as_bytes(old_state)).has_value());
    flash.bytes_left = bytes;
    finished = image.save(flash, as_bytes(new_state)).has_value();
    EXPECT_EQ(loaded(flash), finished ? new_state : old_state) << bytes;
    // And the device that starts from there can save again.
    flash.bytes_left = SIZE_MAX;
    StateImage next;
    std::array<std::uint8_t, 512> buffer{};
    ASSERT_TRUE(next.load(flash, buffer).has_value());
    ASSERT_TRUE(next.save(flash, as_bytes("after")).has_value());
    EXPECT_EQ(loaded(flash), "after") << bytes;
  }
}

TEST(StateImage, A_save_that_failed_can_be_made_again) {
  Flash flash(160);
  StateImage image;
  ASSERT_TRUE(image.save(flash, as_bytes("old")).has_value());
  flash.bytes_left = 165;
  ASSERT_FALSE(image.save(flash, as_bytes("new")).has_value());
  flash.bytes_left = SIZE_MAX;
  ASSERT_TRUE(image.save(flash, as_bytes("new")).has_value());
  EXPECT_EQ(loaded(flash), "new");
}

TEST(StateImage, Any_damaged_byte_leaves_the_old_state_or_none) {
  Flash flash(64);
  StateImage image;
  ASSERT_TRUE(image.save(flash, as_bytes("old state")).has_value());
  ASSERT_TRUE(image.save(flash, as_bytes("new state")).has_value());
  for (std::size_t at = 0; at < 64; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Flash damaged = flash;
      damaged.regions[1][at] ^= static_cast<std::uint8_t>(1 << bit);
      const std::string seen = loaded(damaged);
      // Behind the payload nothing counts.
      const bool counts = at < StateImage::kHeaderSize + 9;
      EXPECT_EQ(seen, counts ? "old state" : "new state") << at;
      damaged.regions[0][0] ^= 1;
      EXPECT_EQ(loaded(damaged), counts ? "nothing" : "new state");
    }
  }
}

TEST(StateImage, Sequence_numbers_go_round) {
  Flash flash(64);
  StateImage image;
  const auto forge = [&](unsigned region, std::uint32_t sequence, std::string_view text) {
    std::array<std::uint8_t, 64> bytes{};
    ByteWriter out(bytes);
    out.bytes(std::array<std::uint8_t, 8>{'L', 'N', 'S', 'T', 1, 0, 0, 0});
    out.uint(sequence, 4);
    out.uint(text.size(), 4);
    out.uint(crc32(as_bytes(text), crc32(out.written())), 4);
    out.text(text);
    std::ranges::copy(out.written(), flash.regions[region].begin());
  };
  forge(0, UINT32_MAX, "old");
  forge(1, 0, "new");
  EXPECT_EQ(loaded(flash), "new");
}

TEST(StateImage, What_does_not_fit_is_refused_and_the_state_before_stands) {
  Flash flash(64);
  StateImage image;
  ASSERT_TRUE(image.save(flash, as_bytes("old")).has_value());
  const auto saved = image.save(flash, as_bytes(std::string(45, 'x')));
  ASSERT_FALSE(saved.has_value());
  EXPECT_EQ(saved.error().code, Errc::kTooLarge);
  EXPECT_EQ(loaded(flash), "old");
}

/// A part as an application brings it.
class Counter final : public Persistent {
 public:
  [[nodiscard]] std::uint16_t part_id() const noexcept override { return 0x8001; }
  void save(ByteWriter& out) const noexcept override { out.u8(value); }
  void load(ByteView state) noexcept override { value = state.empty() ? 0 : state[0]; }
  std::uint8_t value = 0;
};

/// One life of a device, from power on to power off.
class Life final : public ManagedDevice {
 public:
  explicit Life(Flash& flash) {
    objects.push_back(&oscore);
    std::ranges::sort(objects, {}, &Object::id);
    config.medium = &flash;
    config.parts = parts;
    config.max_state = 1500;
    oscore.add(0);
  }
  void TestBody() override {}
  void on() {
    start();
    settle();
  }
  void write_attributes(std::uint32_t link, std::string_view query) {
    EXPECT_EQ(ask(link, Code::kPut, {"33000", "0", "2"}, {}, query).message.code, Code::kChanged);
  }
  std::string discover(std::uint32_t link) {
    return ask(link, Code::kGet, {"33000", "0", "2"}, {}, {}, 40).message.payload;
  }

  OscoreObject<1> oscore;
  Counter counter;
  std::array<Persistent*, 1> parts{&counter};
};

TEST(State, Accounts_registrations_attributes_and_parts_come_back_and_an_Update_follows) {
  Flash flash;
  {
    Life life(flash);
    life.add_account(11);
    life.on();
    life.accept(0);
    EXPECT_EQ(life.ask(0, Code::kPut, {"1", "0", "2"}, "17").message.code, Code::kChanged);
    life.servers.get(0)->retry_count = 9;
    life.security.get(0)->uri.assign("coap://one.example");
    life.write_attributes(0, "pmin=5");
    life.write_attributes(0, "st=0.25");
    life.oscore.get(0)->id_context.emplace();
    life.counter.value = 42;
    life.engine.save_soon();
    life.pass(1s);
  }
  Life life(flash);
  life.on();
  EXPECT_EQ(life.servers.get(0)->short_server_id, 11);
  EXPECT_EQ(life.servers.get(0)->default_pmin, 17);
  EXPECT_EQ(life.servers.get(0)->retry_count, 9U);
  EXPECT_EQ(life.security.get(0)->uri.view(), "coap://one.example");
  EXPECT_TRUE(life.oscore.get(0)->id_context.has_value());
  EXPECT_EQ(life.counter.value, 42);
  EXPECT_EQ(life.connect(0, Session::kKept), 11);
  const Sent update = life.take();
  EXPECT_EQ(update.message.path, "/rd/0");
  EXPECT_NE(update.message.payload.find("</33000/0>"), std::string::npos) << "objects may be others now";
  life.respond(update, Code::kChanged);
  const std::string discovered = life.discover(0);
  EXPECT_NE(discovered.find("pmin=5"), std::string::npos) << discovered;
  EXPECT_NE(discovered.find("st=0.25"), std::string::npos) << discovered;
}

TEST(State, Observations_of_a_server_that_wants_notifications_stored_go_on_with_a_later_sequence) {
  for (const bool stored : {true, false}) {
    Flash flash;
    std::uint32_t sequence = 0;
    {
      Life life(flash);
      life.add_account(11).notification_storing = stored;
      life.on();
      life.accept(0);
      const Sent answer = life.ask(0, Code::kGet, {"33000", "0", "2"}, {}, {}, {}, 0);
      ASSERT_TRUE(answer.message.observe.has_value());
      sequence = *answer.message.observe;
      life.pass(1s);
    }
    Life life(flash);
    life.probes.get(0)->temperature = 33;
    life.on();
    EXPECT_EQ(life.engine.observations(), stored ? 1U : 0U);
    life.connect(0, Session::kKept);
    life.respond(life.take(), Code::kChanged);
    EXPECT_EQ(life.net.out.size(), stored ? 1U : 0U);
    if (!stored) continue;
    const Sent notification = life.take();
    EXPECT_EQ(notification.message.code, Code::kContent);
    EXPECT_EQ(notification.message.token, coap::Token(std::array<std::uint8_t, 1>{0x11}));
    EXPECT_GT(*notification.message.observe, sequence);
    EXPECT_LT(*notification.message.observe - sequence, 1U << 23);
  }
}

TEST(State, With_a_new_session_observations_end) {
  Flash flash;
  {
    Life life(flash);
    life.add_account(11);
    life.on();
    life.accept(0);
    life.ask(0, Code::kGet, {"33000", "0", "2"}, {}, {}, {}, 0);
    life.pass(1s);
  }
  Life life(flash);
  life.on();
  life.connect(0, Session::kNew);
  EXPECT_EQ(life.engine.observations(), 0U);
}

TEST(State, With_a_new_session_or_where_the_server_forgot_the_device_registers) {
  Flash flash;
  {
    Life life(flash);
    life.add_account(11);
    life.on();
    life.accept(0);
    life.pass(1s);
  }
  {
    Life life(flash);
    life.on();
    life.connect(0, Session::kNew);
    EXPECT_EQ(life.take().message.path, "/rd");
  }
  Life life(flash);
  life.on();
  life.connect(0, Session::kKept);
  life.respond(life.take(), Code::kNotFound);
  EXPECT_EQ(life.take().message.path, "/rd");
}

TEST(State, A_registration_that_ended_is_not_kept) {
  Flash flash;
  {
    Life life(flash);
    life.add_account(11);
    life.on();
    life.accept(0);
    life.engine.deregister();
    life.settle();
    life.respond(life.take(), Code::kDeleted);
    life.pass(1s);
  }
  Life life(flash);
  life.on();
  life.connect(0, Session::kKept);
  EXPECT_EQ(life.take().message.path, "/rd");
}

TEST(State, Changes_within_the_delay_are_kept_in_one_go_and_an_Update_writes_nothing) {
  Flash flash;
  Life life(flash);
  life.add_account(11);
  life.on();
  life.accept(0);
  for (int i = 0; i < 5; ++i) life.ask(0, Code::kPut, {"1", "0", "3"}, std::to_string(100 + i));
  EXPECT_EQ(flash.writes, 0) << "never while a message is handled";
  life.pass(2s);
  EXPECT_EQ(flash.writes, 2) << "payload and header";
  life.engine.update();
  life.settle();
  life.respond(life.take(), Code::kChanged);
  life.pass(10s);
  EXPECT_EQ(flash.writes, 2);
}

TEST(State, A_medium_that_refuses_is_told_of_and_tried_again) {
  Flash flash;
  Life life(flash);
  life.add_account(11);
  life.on();
  life.accept(0);
  flash.bytes_left = 10;
  life.pass(1s);
  EXPECT_EQ(life.log.count(EventType::kSaveFailed), 1U);
  flash.bytes_left = SIZE_MAX;
  life.pass(59s);
  EXPECT_EQ(flash.writes, 0);
  life.pass(1s);
  EXPECT_EQ(flash.writes, 2);
}

TEST(State, Nothing_is_kept_between_stopping_and_starting_servers) {
  Flash flash;
  Life life(flash);
  life.add_account(11);
  life.on();
  life.engine.stop_servers();
  life.servers.get(0)->lifetime = 99;
  life.engine.changed(Path(1, 0, 1));
  life.pass(100s);
  EXPECT_EQ(flash.writes, 0);
  life.engine.start_servers();
  life.pass(1s);
  EXPECT_EQ(flash.writes, 2);
}

TEST(State, Cutting_the_power_at_any_byte_of_a_save_starts_a_device_in_the_old_or_the_new_state) {
  Flash before(1024);
  {
    Life life(before);
    life.add_account(11).lifetime = 1000;
    life.on();
    life.accept(0);
    life.pass(1s);
  }
  bool finished = false;
  // What is erased first need not be looked at byte by byte again.
  for (std::size_t bytes = 1020; !finished; ++bytes) {
    Flash flash = before;
    {
      Life life(flash);
      life.on();
      life.connect(0, Session::kKept);
      life.respond(life.take(), Code::kChanged);
      life.servers.get(0)->lifetime = 2000;
      life.engine.changed(Path(1, 0, 1));
      flash.bytes_left = bytes;
      life.pass(1s);
      finished = life.log.count(EventType::kSaveFailed) == 0;
    }
    flash.bytes_left = SIZE_MAX;
    Life life(flash);
    life.on();
    ASSERT_NE(life.servers.get(0), nullptr);
    EXPECT_EQ(life.servers.get(0)->lifetime, finished ? 2000 : 1000) << bytes;
    life.connect(0, Session::kKept);
    EXPECT_EQ(life.take().message.path, "/rd/0");
  }
}

}  // namespace
}  // namespace linnet::client::test

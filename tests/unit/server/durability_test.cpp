// SPDX-License-Identifier: Apache-2.0
// What is answered when it is on disk, what is written behind, and what a restart brings back.
#include "linnet/server/registration_record.hpp"
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using Events = std::vector<std::string>;

class DurabilityTest : public EngineTest {
 protected:
  void SetUp() override { start(durable()); }
  static EngineConfig durable() {
    EngineConfig config = small_config();
    config.durable = true;
    return config;
  }
  /// Registers and commits; the second segment of the location.
  std::string settle(std::uint32_t link, const std::string& endpoint) {
    EXPECT_TRUE(send(link, registering(endpoint)).empty());
    engine->committed(*listener.changes.back().ticket, now);
    const auto location = options_of(received(link), coap::OptionNumber::kLocationPath);
    return location.size() == 2 ? location[1] : "";
  }
  Bytes record_of(const std::string& endpoint) {
    Bytes record(512);
    const auto size = engine->encode_registration(id_of(endpoint), now, wall(), record);
    EXPECT_TRUE(size);
    record.resize(size.value_or(0));
    return record;
  }
  [[nodiscard]] UnixTime wall() const {
    return UnixTime{1'700'000'000 + std::chrono::floor<Seconds>(now.time_since_epoch()).count()};
  }
  [[nodiscard]] UnixTime wall_of(Instant at) const {
    return UnixTime{1'700'000'000 + std::chrono::floor<Seconds>(at.time_since_epoch()).count()};
  }
};

TEST_F(DurabilityTest, register_is_answered_after_it_is_committed) {
  EXPECT_TRUE(send(0, registering("node")).empty());
  ASSERT_EQ(listener.changes.size(), 1U);
  const auto& change = listener.changes[0];
  EXPECT_EQ(change.kind, Change::Kind::kPut);
  EXPECT_EQ(change.endpoint, "node");
  EXPECT_EQ(change.expires, now + Seconds{310});
  EXPECT_TRUE(listener.events.empty());
  EXPECT_FALSE(engine->find("node"));
  Bytes record(512);
  EXPECT_TRUE(engine->encode_registration(change.id, now, wall(), record));

  engine->committed(*change.ticket, now);
  const Bytes answer = received(0);
  EXPECT_EQ(code_of(answer), Code::kCreated);
  EXPECT_EQ(engine->find("node"), change.id);
  EXPECT_EQ(listener.events, Events{"registered node"});
  engine->committed(*change.ticket, now);  // a second time: nothing
  EXPECT_TRUE(received(0).empty());
}

TEST_F(DurabilityTest, a_refused_register_is_answered_with_service_unavailable_and_leaves_the_old_one) {
  const std::string location = settle(0, "node");
  EXPECT_TRUE(send(0, registering("node")).empty());
  engine->refused(*listener.changes.back().ticket, now);
  EXPECT_EQ(code_of(received(0)), Code::kServiceUnavailable);
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kChanged);
  EXPECT_EQ(engine->statistics().registrations, 1U);
}

TEST_F(DurabilityTest, the_old_registration_is_replaced_when_the_new_one_is_committed) {
  const std::string first = settle(0, "node");
  send(1, registering("node"));
  EXPECT_EQ(code_of(send(0, updating(first))), Code::kChanged);
  engine->committed(*listener.changes.back().ticket, now);
  EXPECT_EQ(code_of(received(1)), Code::kCreated);
  EXPECT_EQ(code_of(send(0, updating(first))), Code::kNotFound);
}

TEST_F(DurabilityTest, two_registers_of_one_endpoint_are_committed_in_their_order) {
  send(0, registering("node"));
  send(1, registering("node"));
  const auto changes = listener.changes;
  engine->committed(*changes[0].ticket, now);
  engine->committed(*changes[1].ticket, now);
  EXPECT_EQ(engine->find("node"), changes[1].id);
  EXPECT_EQ(listener.events, (Events{"registered node", "replaced node", "registered node"}));
}

TEST_F(DurabilityTest, a_lifetime_begins_with_the_commit) {
  send(0, registering("node", "20"));
  advance(Seconds{60});
  engine->committed(*listener.changes.back().ticket, now);
  EXPECT_TRUE(engine->find("node"));
  advance(Seconds{30});
  EXPECT_FALSE(engine->find("node"));
}

TEST_F(DurabilityTest, deregister_is_answered_after_it_is_committed) {
  const std::string location = settle(0, "node");
  EXPECT_TRUE(send(0, deregistering(location)).empty());
  EXPECT_EQ(listener.changes.back().kind, Change::Kind::kErase);
  EXPECT_TRUE(engine->find("node"));
  engine->refused(*listener.changes.back().ticket, now);
  EXPECT_EQ(code_of(received(0)), Code::kServiceUnavailable);
  EXPECT_TRUE(engine->find("node"));

  send(0, deregistering(location));
  engine->committed(*listener.changes.back().ticket, now);
  EXPECT_EQ(code_of(received(0)), Code::kDeleted);
  EXPECT_FALSE(engine->find("node"));
}

TEST_F(DurabilityTest, an_update_that_changes_something_waits_and_one_that_only_refreshes_does_not) {
  const std::string location = settle(0, "node");
  const std::size_t before = listener.changes.size();
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kChanged);
  EXPECT_EQ(code_of(send(0, updating(location, {"lt=300", "b=U"}))), Code::kChanged);
  EXPECT_EQ(listener.changes.size(), before);

  EXPECT_TRUE(send(0, updating(location, {"lt=600"})).empty());
  ASSERT_EQ(listener.changes.size(), before + 1);
  engine->refused(*listener.changes.back().ticket, now);
  EXPECT_EQ(code_of(received(0)), Code::kServiceUnavailable);
  // The device says it again, and this time it is kept.
  EXPECT_TRUE(send(0, updating(location, {"lt=600"})).empty());
  engine->committed(*listener.changes.back().ticket, now);
  EXPECT_EQ(code_of(received(0)), Code::kChanged);
}

TEST_F(DurabilityTest, a_new_address_is_written_without_keeping_the_device_waiting) {
  const std::string location = settle(0, "node");
  EXPECT_EQ(code_of(send(7, updating(location))), Code::kChanged);
  EXPECT_EQ(listener.changes.back().kind, Change::Kind::kPut);
  EXPECT_FALSE(listener.changes.back().ticket);
}

TEST_F(DurabilityTest, an_expired_registration_is_erased_unless_the_endpoint_registers_anew_just_then) {
  settle(0, "a");
  settle(1, "b");
  advance(Seconds{305});
  send(2, registering("b"));
  const std::size_t before = listener.changes.size();
  advance(Seconds{6});
  EXPECT_FALSE(engine->find("a"));
  EXPECT_FALSE(engine->find("b"));
  ASSERT_EQ(listener.changes.size(), before + 1);
  EXPECT_EQ(listener.changes.back().endpoint, "a");
  EXPECT_EQ(listener.changes.back().kind, Change::Kind::kErase);
  EXPECT_FALSE(listener.changes.back().ticket);
}

TEST_F(DurabilityTest, deregister_while_the_endpoint_registers_anew_leaves_the_new_record) {
  const std::string location = settle(0, "node");
  send(0, registering("node"));
  const auto put = listener.changes.back();
  EXPECT_EQ(code_of(send(0, deregistering(location))), Code::kDeleted);
  EXPECT_EQ(listener.changes.back().id, put.id);
  engine->committed(*put.ticket, now);
  EXPECT_EQ(engine->find("node"), put.id);
}

TEST_F(DurabilityTest, no_more_changes_than_configured_wait) {
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(send(static_cast<std::uint32_t>(i), registering("d" + std::to_string(i))).empty());
  EXPECT_EQ(code_of(send(9, registering("d9"))), Code::kServiceUnavailable);
}

TEST_F(DurabilityTest, a_link_that_goes_while_a_register_waits_is_not_used_again) {
  send(0, registering("node"));
  engine->drop(coap::LinkId{0}, now);
  engine->committed(*listener.changes.back().ticket, now);
  EXPECT_EQ(engine->get(id_of("node"))->link, coap::kNoLink);
}

TEST_F(DurabilityTest, refreshes_are_shown_once) {
  const std::string a = settle(0, "a");
  const std::string b = settle(1, "b");
  send(0, updating(a));
  send(0, updating(a));
  send(1, updating(b));
  std::vector<std::string> shown;
  engine->drain_touched([&](const Registration& registration) {
    shown.emplace_back(registration.endpoint);
    return shown.size() < 1;
  });
  EXPECT_EQ(shown, std::vector<std::string>{"a"});
  const auto note = [&](const Registration& registration) {
    shown.emplace_back(registration.endpoint);
    return true;
  };
  engine->drain_touched(note);
  EXPECT_EQ(shown, (std::vector<std::string>{"a", "b"}));
  engine->drain_touched(note);
  EXPECT_EQ(shown.size(), 2U);
}

TEST_F(DurabilityTest, a_restart_brings_a_registration_back_with_its_location_and_link) {
  Request request = registering("node");
  request.query.insert(request.query.end(), {"Q", "rack=3"});
  request.payload = "</lwm2m>;rt=\"oma.lwm2m\",</lwm2m/1/0>,</lwm2m/3/0>";
  send(5, request);
  engine->committed(*listener.changes.back().ticket, now);
  const RegistrationId id = id_of("node");
  const auto text = id.text();
  const std::string location(text.data(), text.size());
  advance(Seconds{100});
  const Bytes record = record_of("node");
  const UnixTime expires = wall_of(engine->get(id)->expires);

  start(durable());
  now += Seconds{50};
  ASSERT_EQ(engine->restore(record, expires, now, wall()), id);
  const auto registration = engine->get(id);
  EXPECT_EQ(registration->endpoint, "node");
  EXPECT_EQ(registration->link, coap::LinkId{5});
  EXPECT_TRUE(registration->binding.queue());
  EXPECT_EQ(registration->extras.find("rack"), "3");
  EXPECT_EQ(registration->objects.root()->alternate_path, "/lwm2m");
  EXPECT_EQ(registration->registered, now - Seconds{150});
  // A whole lifetime with its grace, the second that is written behind, and the grace of a restart.
  EXPECT_EQ(registration->expires, now + Seconds{310 + 1 + 60});
  Operation read;
  read.path = lwm2m::Path(3, 0);
  EXPECT_TRUE(engine->perform(id, read, now));
  EXPECT_EQ(code_of(send(5, updating(location))), Code::kChanged);
}

TEST_F(DurabilityTest, a_refresh_that_was_answered_but_not_yet_on_disk_keeps_its_device_registered) {
  settle(0, "node");
  const Bytes record = record_of("node");
  const UnixTime on_disk = wall_of(engine->get(id_of("node"))->expires);
  const auto text = id_of("node").text();
  const std::string location(text.data(), text.size());
  advance(Seconds{290});
  ASSERT_EQ(code_of(send(0, updating(location))), Code::kChanged);

  start(durable());  // killed before that lease of life was written behind
  ASSERT_TRUE(engine->restore(record, on_disk, now, wall()));
  advance(Seconds{290});
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kChanged);
}

TEST_F(DurabilityTest, what_expired_while_the_server_was_away_has_the_grace_to_come_back) {
  settle(0, "node");
  const Bytes record = record_of("node");
  const UnixTime expires = wall_of(now + Seconds{310});
  start(durable());
  now += std::chrono::hours{10};
  ASSERT_TRUE(engine->restore(record, expires, now, wall()));
  advance(Seconds{60});
  EXPECT_TRUE(engine->find("node"));
  advance(Seconds{1});
  EXPECT_FALSE(engine->find("node"));
}

TEST_F(DurabilityTest, places_between_restored_ones_are_used_again) {
  std::vector<std::pair<std::string, Bytes>> kept;
  for (int i = 0; i < 6; ++i) settle(static_cast<std::uint32_t>(i), "d" + std::to_string(i));
  for (const int i : {5, 1, 3})
    kept.emplace_back("d" + std::to_string(i), record_of("d" + std::to_string(i)));
  start(durable());
  for (const auto& [name, record] : kept) {
    EXPECT_TRUE(engine->restore(record, wall_of(now + Seconds{300}), now, wall())) << name;
  }
  EXPECT_EQ(engine->restore(kept[0].second, wall(), now, wall()).error().code, Errc::kExists);
  for (int i = 6; i < 11; ++i) settle(static_cast<std::uint32_t>(i), "d" + std::to_string(i));
  EXPECT_EQ(engine->statistics().registrations, 8U);
  for (const auto& [name, record] : kept) EXPECT_TRUE(engine->find(name)) << name;
}

TEST_F(DurabilityTest, a_damaged_record_is_refused_at_every_byte) {
  settle(0, "node");
  const Bytes record = record_of("node");
  start(durable());
  for (std::size_t i = 0; i < record.size(); ++i) {
    Bytes damaged = record;
    damaged[i] ^= 0x10;
    EXPECT_FALSE(engine->restore(damaged, wall(), now, wall())) << i;
    EXPECT_FALSE(engine->restore(ByteView(record).first(i), wall(), now, wall())) << i;
  }
  EXPECT_EQ(engine->statistics().registrations, 0U);
}

TEST_F(DurabilityTest, a_record_of_another_shard_or_version_is_not_supported) {
  settle(0, "node");
  const Bytes record = record_of("node");
  EngineConfig config = durable();
  config.shard = 1;
  start(config);
  EXPECT_EQ(engine->restore(record, wall(), now, wall()).error().code, Errc::kUnsupported);
  Bytes newer = record;
  newer[1] = 2;
  EXPECT_EQ(engine->restore(newer, wall(), now, wall()).error().code, Errc::kUnsupported);
}

TEST(RegistrationRecordTest, has_the_form_that_is_written_down) {
  RegistrationRecord record;
  record.id = RegistrationId(1, 2, 3);
  record.registered.seconds = 0x0102030405;
  const Bytes address = {127, 0, 0, 1};
  const Bytes extras = {3, 'a', '=', 'b'};
  record.address = address;
  record.content.endpoint = "ep";
  record.content.lifetime = 86400;
  record.content.binding = lwm2m::Binding::kUdp;
  record.content.extras = extras;
  const Bytes objects = {0, 0, 0, 3, 2, 0};  // no alternate path, no formats, object 3 with instance 0
  record.content.objects = objects;
  Bytes out(128);
  const auto size = encode_record(record, out);
  ASSERT_TRUE(size);
  out.resize(*size);
  const Bytes expected = {'R', 1,   1,   0, 0,   2, 0, 3, 0, 1, 0x51, 0x80, 0,   0,   0, 1, 2, 3, 4, 5, 1, 1,
                          2,   'e', 'p', 4, 127, 0, 0, 1, 0, 4, 3,    'a',  '=', 'b', 0, 6, 0, 0, 0, 3, 2, 0};
  ASSERT_EQ(out.size(), expected.size() + 4);
  EXPECT_EQ(Bytes(out.begin(), out.end() - 4), expected);
  const auto again = decode_record(out);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, record.id);
  EXPECT_EQ(again->content.endpoint, "ep");
}

}  // namespace
}  // namespace linnet::server::test

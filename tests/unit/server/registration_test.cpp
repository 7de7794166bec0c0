// SPDX-License-Identifier: Apache-2.0
// Register, Update and De-register: TS 6.4.3 and table 6.7-2, digest §4.
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using Events = std::vector<std::string>;

class RegistrationInterfaceTest : public EngineTest {};

TEST_F(RegistrationInterfaceTest, OP_2_register_answers_created_with_a_location_under_rd) {
  Request request = registering("node-1");
  request.id = 0x1234;
  request.token = {1, 2, 3, 4, 5, 6, 7, 8};
  const Bytes answer = send(0, request);
  const RegistrationId id = id_of("node-1");
  const auto text = id.text();
  Bytes expected = {0x68, 0x41, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 0x82, 'r', 'd', 0x08};
  expected.insert(expected.end(), text.begin(), text.end());
  EXPECT_EQ(answer, expected);
  EXPECT_LE(answer.size(), 26U);
  EXPECT_EQ(listener.events, Events{"registered node-1"});
}

TEST_F(RegistrationInterfaceTest, pages_of_the_owner_serve_as_the_endpoints_memory) {
  EngineConfig config = small_config();
  std::vector<std::byte> pages(Engine::endpoint_memory(config));
  config.endpoint_pages = pages;
  start(config);
  EXPECT_EQ(code_of(send(0, registering("node-1"))), Code::kCreated);
  const auto touched = std::ranges::count_if(pages, [](std::byte byte) { return byte != std::byte{}; });
  EXPECT_GT(touched, 0);

  config.endpoint_pages = std::span(pages).first(pages.size() / 2);
  EXPECT_EQ(Engine().init(config, links, links, random, models, listener).error().code, Errc::kNoSpace);
}

TEST_F(RegistrationInterfaceTest, OP_2_register_keeps_what_the_device_said) {
  Request request = registering("urn:dev:1", "60");
  request.query = {"ep=urn:dev:1", "lt=60", "lwm2m=1.1", "b=US", "Q", "sms=491701234567", "rack=7", "spare"};
  request.payload = "</>;rt=\"oma.lwm2m\";ct=\"60 112\",</1/0>,</3/0>,</5>,</3303>;ver=1.1,</3303/2>";
  ASSERT_EQ(code_of(send(3, request)), Code::kCreated);
  const auto registration = engine->get(id_of("urn:dev:1"));
  ASSERT_TRUE(registration);
  EXPECT_EQ(registration->endpoint, "urn:dev:1");
  EXPECT_EQ(registration->link, coap::LinkId{3});
  EXPECT_EQ(registration->lifetime, 60U);
  EXPECT_EQ(registration->version, lwm2m::LwM2mVersion::k1_1);
  EXPECT_EQ(registration->binding.bits(),
            lwm2m::Binding::kUdp | lwm2m::Binding::kSms | lwm2m::Binding::kQueue);
  EXPECT_EQ(registration->sms(), "491701234567");
  EXPECT_EQ(registration->extras.find("rack"), "7");
  EXPECT_EQ(registration->extras.find("spare"), "");
  EXPECT_FALSE(registration->extras.find("other"));
  EXPECT_EQ(registration->objects.version_of(3303), (lwm2m::Version{1, 1}));
  EXPECT_TRUE(registration->objects.contains(5));
  EXPECT_FALSE(registration->objects.contains(5, 0));
  EXPECT_TRUE(registration->objects.root()->formats.contains(lwm2m::ContentFormat::kSenmlCbor));
  EXPECT_EQ(registration->registered, now);
  EXPECT_EQ(registration->expires, now + Seconds{70});
}

TEST_F(RegistrationInterfaceTest, OP_2_register_has_defaults) {
  Request request = registering("plain");
  request.query = {"ep=plain", "lwm2m=1.1"};
  ASSERT_EQ(code_of(send(0, request)), Code::kCreated);
  const auto registration = engine->get(id_of("plain"));
  EXPECT_EQ(registration->lifetime, 86400U);
  EXPECT_EQ(registration->binding.bits(), lwm2m::Binding::kUdp);
}

TEST_F(RegistrationInterfaceTest, OP_2_register_takes_queue_mode_of_1_0) {
  Request request = registering("old");
  request.query = {"ep=old", "lwm2m=1.0", "b=UQ"};
  ASSERT_EQ(code_of(send(0, request)), Code::kCreated);
  EXPECT_EQ(engine->get(id_of("old"))->version, lwm2m::LwM2mVersion::k1_0);
  EXPECT_TRUE(engine->get(id_of("old"))->binding.queue());
}

TEST_F(RegistrationInterfaceTest, OP_2_register_without_a_mandatory_parameter_is_a_bad_request) {
  const std::vector<std::vector<std::string>> wrong = {
      {"lwm2m=1.1"},                       // no ep
      {"ep=a"},                            // no version
      {"ep=", "lwm2m=1.1"},                // empty name
      {"ep=a", "lwm2m=1.1", "lt=x"},       // no number
      {"ep=a", "lwm2m=1.1", "lt=0"},       //
      {"ep=a", "lwm2m=1.1", "b=Z"},        // unknown binding
      {"ep=a", "ep=b", "lwm2m=1.1"},       // twice
      {"ep=a", "lwm2m=1.1", "sms=+4917"},  // the plus is not part of an MSISDN
  };
  for (const auto& query : wrong) {
    Request request = registering("a");
    request.query = query;
    EXPECT_EQ(code_of(send(0, request)), Code::kBadRequest) << query.front() << " ...";
  }
  EXPECT_TRUE(listener.events.empty());
  EXPECT_EQ(engine->statistics().registrations, 0U);
}

TEST_F(RegistrationInterfaceTest, OP_2_register_needs_a_link_list) {
  Request none = registering("a");
  none.payload.clear();
  EXPECT_EQ(code_of(send(0, none)), Code::kBadRequest);
  Request broken = registering("a");
  broken.payload = "</1/0>,<";
  EXPECT_EQ(code_of(send(0, broken)), Code::kBadRequest);
  Request other = registering("a");
  other.format = 0;
  EXPECT_EQ(code_of(send(0, other)), Code::kBadRequest);
}

TEST_F(RegistrationInterfaceTest, OP_2_register_of_another_version_fails_its_precondition) {
  Request request = registering("a");
  request.query = {"ep=a", "lwm2m=2.0"};
  EXPECT_EQ(code_of(send(0, request)), Code::kPreconditionFailed);
}

TEST_F(RegistrationInterfaceTest, OP_2_register_of_a_refused_endpoint_is_forbidden_or_as_the_owner_says) {
  listener.refused = "evil";
  EXPECT_EQ(code_of(send(0, registering("evil"))), Code::kForbidden);
  listener.refusal = static_cast<std::uint8_t>(Code::kBadRequest);
  EXPECT_EQ(code_of(send(0, registering("evil"))), Code::kBadRequest);
  EXPECT_EQ(code_of(send(0, registering("good"))), Code::kCreated);
}

TEST_F(RegistrationInterfaceTest, what_is_refused_later_must_register_anew) {
  const std::string location = register_device(0, "a");
  listener.refused = "a";
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kNotFound);
  EXPECT_EQ(code_of(send(0, deregistering(location))), Code::kNotFound);
  listener.refused.clear();
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kChanged);
}

TEST_F(RegistrationInterfaceTest, bounds_the_extra_parameters) {
  Request request = registering("a");
  for (int i = 0; i < 6; ++i) request.query.push_back("x" + std::to_string(i) + "=" + std::string(100, 'y'));
  EXPECT_EQ(code_of(send(0, request)), Code::kBadRequest);
}

TEST_F(RegistrationInterfaceTest, NW_10_a_name_is_of_the_tenant_that_its_link_speaks_to) {
  listener.tenants = {{1, "acme"}, {2, "beta"}};
  register_device(0, "node");
  register_device(1, "node");
  const std::string location = register_device(2, "node");
  EXPECT_EQ(listener.events,
            (std::vector<std::string>{"registered node", "registered acme/node", "registered beta/node"}));
  // Each registers anew on its own.
  register_device(1, "node");
  EXPECT_EQ(listener.events[3], "replaced acme/node");
  EXPECT_TRUE(engine->find("beta/node"));
  listener.refused = "beta/node";
  EXPECT_EQ(code_of(send(2, updating(location))), Code::kNotFound);
  std::vector<std::string> listed;
  const auto end = engine->list(0, 10, {.endpoint_contains = {}, .object = {}, .tenant = "acme"},
                                [&](const Registration& seen) { listed.emplace_back(seen.endpoint); });
  EXPECT_FALSE(end);
  EXPECT_EQ(listed, std::vector<std::string>{"acme/node"});
  // What is too long with its tenant is too long.
  EXPECT_EQ(code_of(send(1, registering(std::string(250, 'x')))), Code::kCreated);
  EXPECT_EQ(code_of(send(1, registering(std::string(251, 'x')))), Code::kBadRequest);
}

TEST_F(RegistrationInterfaceTest, refuses_when_full_but_lets_registered_ones_register_again) {
  for (int i = 0; i < 8; ++i) register_device(static_cast<std::uint32_t>(i), "d" + std::to_string(i));
  EXPECT_EQ(code_of(send(9, registering("d8"))), Code::kServiceUnavailable);
  EXPECT_EQ(code_of(send(2, registering("d2"))), Code::kCreated);
  EXPECT_EQ(engine->statistics().registrations, 8U);
}

TEST_F(RegistrationInterfaceTest, OP_2_register_that_conflicts_with_the_configuration_is_answered_conflict) {
  listener.refused = "elsewhere";
  listener.refusal = static_cast<std::uint8_t>(Code::kConflict);
  EXPECT_EQ(code_of(send(0, registering("elsewhere"))), Code::kConflict);
  EXPECT_TRUE(listener.events.empty());
  EXPECT_EQ(code_of(send(0, registering("here"))), Code::kCreated);
}

TEST_F(RegistrationInterfaceTest, OP_2_registering_anew_replaces_the_registration) {
  const std::string first = register_device(0, "node");
  const std::string second = register_device(1, "node");
  EXPECT_NE(first, second);
  EXPECT_EQ(code_of(send(0, updating(first))), Code::kNotFound);
  EXPECT_EQ(code_of(send(1, updating(second))), Code::kChanged);
  EXPECT_EQ(listener.events, (Events{"registered node", "replaced node", "registered node", "updated node"}));
  EXPECT_EQ(engine->statistics().registrations, 1U);
}

TEST_F(RegistrationInterfaceTest, one_link_may_register_several_endpoints) {
  const std::string a = register_device(0, "a");
  register_device(0, "b");
  EXPECT_EQ(engine->registration_of(coap::LinkId{0}), id_of("b"));
  EXPECT_EQ(code_of(send(0, updating(a))), Code::kChanged);
  EXPECT_EQ(engine->statistics().registrations, 2U);
}

TEST_F(RegistrationInterfaceTest, a_repeated_register_is_answered_from_memory) {
  Request request = registering("node");
  request.id = 7;
  const Bytes first = send(0, request);
  EXPECT_EQ(send(0, request), first);
  EXPECT_EQ(listener.events, Events{"registered node"});
}

TEST_F(RegistrationInterfaceTest, OP_2_update_changes_what_it_carries_and_nothing_else) {
  const std::string location = register_device(0, "node");
  Request request = updating(location, {"lt=30", "b=S", "sms=123", "rack=1"});
  const Bytes answer = send(0, request);
  EXPECT_EQ(code_of(answer), Code::kChanged);
  EXPECT_EQ(answer.size(), 5U);
  auto registration = engine->get(id_of("node"));
  EXPECT_EQ(registration->lifetime, 30U);
  EXPECT_EQ(registration->binding.bits(), lwm2m::Binding::kSms);
  EXPECT_EQ(registration->sms(), "123");
  EXPECT_TRUE(registration->objects.contains(3, 0));

  request = updating(location, {"sms=456"});
  request.payload = "</1/0>,</4/0>";
  request.format = 40;
  EXPECT_EQ(code_of(send(0, request)), Code::kChanged);
  registration = engine->get(id_of("node"));
  EXPECT_EQ(registration->lifetime, 30U);
  EXPECT_EQ(registration->sms(), "456");
  EXPECT_EQ(registration->extras.find("rack"), "1");
  EXPECT_TRUE(registration->objects.contains(4, 0));
  EXPECT_FALSE(registration->objects.contains(3, 0));
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kChanged);
  EXPECT_EQ(listener.events, (Events{"registered node", "updated node parameters",
                                     "updated node parameters objects", "updated node"}));
}

TEST_F(RegistrationInterfaceTest, OP_2_update_that_does_not_read_is_a_bad_request_and_changes_nothing) {
  const std::string location = register_device(0, "node");
  EXPECT_EQ(code_of(send(0, updating(location, {"lt=30", "b=?"}))), Code::kBadRequest);
  EXPECT_EQ(code_of(send(0, updating(location, {"ep=other"}))), Code::kBadRequest);
  Request request = updating(location, {"lt=30"});
  request.payload = "nonsense";
  EXPECT_EQ(code_of(send(0, request)), Code::kBadRequest);
  EXPECT_EQ(engine->get(id_of("node"))->lifetime, 300U);
  EXPECT_EQ(listener.events, Events{"registered node"});
}

TEST_F(RegistrationInterfaceTest, OP_2_update_and_deregister_of_an_unknown_location_are_not_found) {
  const std::string location = register_device(0, "node");
  std::string other = location;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  for (const std::string& unknown :
       {other, std::string("AAAAAAAA"), std::string("short"), std::string(8, '/')}) {
    EXPECT_EQ(code_of(send(0, updating(unknown))), Code::kNotFound);
    EXPECT_EQ(code_of(send(0, deregistering(unknown))), Code::kNotFound);
  }
  Request deep = updating(location);
  deep.path.push_back("x");
  EXPECT_EQ(code_of(send(0, deep)), Code::kNotFound);
}

TEST_F(RegistrationInterfaceTest, OP_2_deregister_ends_it) {
  const std::string location = register_device(0, "node");
  EXPECT_EQ(code_of(send(0, deregistering(location))), Code::kDeleted);
  EXPECT_EQ(code_of(send(0, deregistering(location))), Code::kNotFound);
  EXPECT_FALSE(engine->find("node"));
  EXPECT_FALSE(engine->registration_of(coap::LinkId{0}));
  EXPECT_EQ(listener.events, (Events{"registered node", "deregistered node"}));
}

TEST_F(RegistrationInterfaceTest, an_update_from_another_address_takes_the_registration_there) {
  const std::string location = register_device(0, "node");
  EXPECT_EQ(code_of(send(5, updating(location))), Code::kChanged);
  EXPECT_EQ(engine->get(id_of("node"))->link, coap::LinkId{5});
  EXPECT_FALSE(engine->registration_of(coap::LinkId{0}));
  EXPECT_EQ(listener.events.back(), "updated node link");

  listener.refused = "node";  // not with this identity
  EXPECT_EQ(code_of(send(6, updating(location))), Code::kNotFound);
  EXPECT_EQ(code_of(send(6, deregistering(location))), Code::kNotFound);
}

TEST_F(RegistrationInterfaceTest, an_address_is_not_followed_where_the_owner_does_not_want_it) {
  EngineConfig config = small_config();
  config.follow_address = false;
  start(config);
  const std::string location = register_device(0, "node");
  EXPECT_EQ(code_of(send(5, updating(location))), Code::kNotFound);
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kChanged);
}

TEST_F(RegistrationInterfaceTest, OP_2_a_registration_lives_its_lifetime_and_grace_to_the_second) {
  const std::string location = register_device(0, "node");
  advance(Seconds{200});
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kChanged);
  advance(Seconds{310} - Millis{1});
  EXPECT_TRUE(engine->find("node"));
  advance(Millis{1});
  EXPECT_FALSE(engine->find("node"));
  EXPECT_EQ(listener.events.back(), "expired node");
  EXPECT_EQ(code_of(send(0, updating(location))), Code::kNotFound);
}

TEST_F(RegistrationInterfaceTest, OP_2_a_shorter_lifetime_counts_at_once_and_other_requests_do_not_count) {
  const std::string location = register_device(0, "node");
  send(0, updating(location, {"lt=20"}));
  advance(Seconds{15});
  Request other;
  other.code = Code::kGet;
  other.path = {".well-known", "core"};
  send(0, other);
  advance(Seconds{15});
  EXPECT_FALSE(engine->find("node"));
}

TEST_F(RegistrationInterfaceTest, the_longest_lifetime_never_ends) {
  send(0, registering("node", "4294967295"));
  EXPECT_EQ(engine->get(id_of("node"))->expires, kNever);
  advance(std::chrono::hours{24 * 365 * 10});
  EXPECT_TRUE(engine->find("node"));
}

TEST_F(RegistrationInterfaceTest, other_paths_are_not_found_and_other_methods_not_allowed) {
  Request request;
  request.path = {"dp"};
  EXPECT_EQ(code_of(send(0, request)), Code::kNotFound);
  request.path = {};
  EXPECT_EQ(code_of(send(0, request)), Code::kNotFound);
  request.path = {"rd"};
  request.code = Code::kGet;
  EXPECT_EQ(code_of(send(0, request)), Code::kMethodNotAllowed);
  request.path = {"rd", register_device(0, "node")};
  request.code = Code::kPut;
  EXPECT_EQ(code_of(send(0, request)), Code::kMethodNotAllowed);
  request.path = {".well-known", "core"};
  EXPECT_EQ(code_of(send(0, request)), Code::kMethodNotAllowed);
}

TEST_F(RegistrationInterfaceTest, well_known_core_tells_where_to_register) {
  Request request;
  request.code = Code::kGet;
  request.path = {".well-known", "core"};
  request.id = 0x0102;
  Bytes expected = {0x61, 0x45, 0x01, 0x02, 0x42, 0xC1, 40, 0xFF};
  const Bytes payload = bytes_of(R"(</rd>;ct=40,</dp>;ct="110 112")");
  expected.insert(expected.end(), payload.begin(), payload.end());
  EXPECT_EQ(send(0, request), expected);
}

TEST_F(RegistrationInterfaceTest, lists_page_by_page_through_a_filter) {
  for (int i = 0; i < 6; ++i) {
    register_device(static_cast<std::uint32_t>(i), (i % 2 == 0 ? "even-" : "odd-") + std::to_string(i));
  }
  engine->forget_endpoint("even-2", now);
  std::vector<std::string> seen;
  const auto note = [&](const Registration& registration) { seen.emplace_back(registration.endpoint); };
  auto cursor = engine->list(0, 2, {}, note);
  ASSERT_TRUE(cursor);
  EXPECT_EQ(seen.size(), 2U);
  while (cursor) cursor = engine->list(*cursor, 2, {}, note);
  EXPECT_EQ(seen.size(), 5U);
  seen.clear();
  EXPECT_FALSE(engine->list(0, 10, {"even", 3}, note));
  EXPECT_EQ(seen, (std::vector<std::string>{"even-0", "even-4"}));
  seen.clear();
  EXPECT_FALSE(engine->list(0, 10, {"", 3303}, note));
  EXPECT_TRUE(seen.empty());
}

TEST_F(RegistrationInterfaceTest, a_location_names_its_shard) {
  EngineConfig config = small_config();
  config.shard = 9;
  start(config);
  const std::string location = register_device(0, "node");
  const auto shard_of = [&](const Request& request) {
    const Bytes bytes = encode(request);
    return Engine::shard_of(*coap::Message::decode(bytes));
  };
  EXPECT_EQ(shard_of(updating(location)), 9);
  EXPECT_EQ(shard_of(deregistering(location)), 9);
  EXPECT_FALSE(shard_of(registering("node")));
  EXPECT_FALSE(shard_of(updating("not-ours!")));
  Request notification;
  notification.code = coap::Code::kContent;
  notification.token = {9, 0, 0, 1, 0x11, 0x22, 0x33, 0x44};
  EXPECT_EQ(shard_of(notification), 9);
  notification.token.pop_back();
  EXPECT_FALSE(shard_of(notification));
  EXPECT_TRUE(engine->owns(id_of("node")));
  EXPECT_FALSE(engine->owns(RegistrationId(8, 0, 0)));
  EXPECT_TRUE(engine->forget_endpoint("node", now));
  EXPECT_FALSE(engine->forget_endpoint("node", now));
  EXPECT_EQ(listener.events.back(), "forgotten node");
}

TEST_F(RegistrationInterfaceTest, a_link_that_is_dropped_leaves_its_registrations_without_one) {
  const std::string location = register_device(0, "node");
  EXPECT_FALSE(engine->idle(coap::LinkId{0}, now));
  engine->drop(coap::LinkId{0}, now);
  EXPECT_EQ(engine->get(id_of("node"))->link, coap::kNoLink);
  EXPECT_EQ(code_of(send(4, updating(location))), Code::kChanged);
  EXPECT_EQ(engine->get(id_of("node"))->link, coap::LinkId{4});
}

TEST(RegistrationIdTest, text_and_number_are_the_same_id) {
  const RegistrationId id(0xAB, 0x123456, 0xFEDC);
  const auto text = id.text();
  EXPECT_EQ(RegistrationId::parse({text.data(), text.size()}), id);
  EXPECT_EQ(RegistrationId::from_value(id.value()), id);
  EXPECT_EQ(id.shard(), 0xAB);
  EXPECT_EQ(id.index(), 0x123456U);
  EXPECT_EQ(id.tag(), 0xFEDC);
  EXPECT_FALSE(RegistrationId::parse("abcdefg"));
  EXPECT_FALSE(RegistrationId::parse("abcdefg="));
}

}  // namespace
}  // namespace linnet::server::test

// SPDX-License-Identifier: Apache-2.0
// Shows: SE-1, SE-6, SE-11, TR-1
// A running server that speaks DTLS, and devices of GnuTLS over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <tuple>

#include "linnet/net/server.hpp"
#include "pre_shared.hpp"
#include "raw_device.hpp"
#include "running_server.hpp"
#include "secured_device.hpp"
#include "state_folder.hpp"
#include "tests/unit/tls/client_double.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using test::devices;
using test::kKey;
using test::secured;
using test::SecuredDevice;
using test::small_server;
using test::start;
using test::StateFolder;
using test::statistics;
using tls::OwnedBytes;
using tls::test::ClientDouble;

class DtlsServer : public ::testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Shards, DtlsServer, ::testing::Values(1U, 3U));

TEST_P(DtlsServer, a_device_registers_and_is_read) {
  const auto server = start(secured(GetParam()));
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  EXPECT_EQ(device.register_as("dev-one"), Code::kCreated);
  std::promise<Outcome> done;
  server::Operation read;
  read.kind = server::OperationKind::kRead;
  read.path = *lwm2m::Path::parse("/3/0/0");
  ASSERT_TRUE(server->perform("dev-one", read, [&](Outcome outcome) { done.set_value(std::move(outcome)); }));
  const RawMessage asked = device.answer();
  EXPECT_EQ(asked.view().code(), Code::kGet);
  std::array<std::uint8_t, 64> buffer;
  coap::MessageWriter writer(buffer, coap::Type::kAcknowledgement, Code::kContent, asked.view().message_id(),
                             asked.view().token());
  writer.option(coap::OptionNumber::kContentFormat, std::uint32_t{0});
  writer.payload(as_bytes("linnet"));
  device.client().say(as_text(ByteView(buffer).first(*writer.finish())));
  device.exchange();
  EXPECT_EQ(as_text(done.get_future().get().payload), "linnet");
  EXPECT_EQ(statistics(*server).dtls.handshakes, 1U);
  EXPECT_EQ(statistics(*server).dtls.associations, 1U);
}

/// A Send names no registration: the session says whose it is, at whatever shard it was made.
TEST(DtlsShards, a_send_over_a_new_session_finds_the_registration_at_another_shard) {
  const auto server = start(secured(2));
  const Address at = server->listening_dtls()[0];
  SecuredDevice before(at);
  ASSERT_TRUE(before.connect());
  ASSERT_EQ(before.register_as("dev-one"), Code::kCreated);
  std::optional<SecuredDevice> after;
  do {
    after.emplace(at);
  } while (steer(after->wire.address(), 2) == steer(before.wire.address(), 2));
  ASSERT_TRUE(after->connect());
  constexpr std::uint32_t kSenmlJson = 110;
  const auto push = [&] {
    return after->request(Code::kPost, {"dp"}, {}, R"([{"n":"/3/0/9","v":80}])", kSenmlJson);
  };
  EXPECT_EQ(push(), Code::kChanged);
  EXPECT_EQ(push(), Code::kChanged) << "what follows goes the same way";
  EXPECT_EQ(test::find(*server, "dev-one")->address, after->wire.address());
  // Who is registered nowhere is looked for once.
  SecuredDevice stranger(at, "two");
  ASSERT_TRUE(stranger.connect());
  EXPECT_EQ(stranger.request(Code::kPost, {"dp"}, {}, R"([{"n":"/3/0/9","v":80}])", kSenmlJson),
            Code::kNotFound);
}

// TS 5.2.6: 4.00 where the identity is another's.
TEST_P(DtlsServer, an_identity_is_good_for_its_own_endpoint_alone) {
  const auto server = start(secured(GetParam()));
  SecuredDevice device(server->listening_dtls()[0], "one");
  ASSERT_TRUE(device.connect());
  EXPECT_EQ(device.register_as("dev-two"), Code::kBadRequest);
  EXPECT_EQ(device.register_as("dev-one"), Code::kCreated);
}

TEST_P(DtlsServer, an_update_reaches_the_registration_wherever_the_device_is_heard) {
  const auto server = start(secured(GetParam()));
  std::string location;
  for (int i = 0; i < 6; ++i) {
    SecuredDevice device(server->listening_dtls()[0]);
    ASSERT_TRUE(device.connect());
    if (location.empty()) {
      ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
      location = device.location;
    }
    EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
    EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
  }
}

TEST(DtlsAttack, what_was_recorded_or_changed_on_the_way_is_not_answered) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  const OwnedBytes first =
      device.sealed(Code::kPost, {"rd"}, {"ep=dev-one", "lt=300", "lwm2m=1.1"}, "</3/0>");
  device.wire.send(first);
  EXPECT_EQ(device.answer().view().code(), Code::kCreated);
  device.wire.send(first);
  OwnedBytes forged = device.sealed(Code::kGet, {});
  forged.back() ^= 1U;
  device.wire.send(forged);
  OwnedBytes wrong_epoch = forged;
  wrong_epoch[4] = 2;
  device.wire.send(wrong_epoch);
  device.wire.send(ByteView(forged).first(forged.size() / 2));
  device.wire.send(as_bytes("no record"));
  // What comes next is answered, and first: nothing above was.
  EXPECT_EQ(device.request(Code::kPost, {"rd", "none"}), Code::kNotFound);
  const DtlsStatistics seen = statistics(*server).dtls;
  EXPECT_EQ(seen.replayed, 1U);
  EXPECT_EQ(seen.unopened, 4U);
}

TEST(DtlsAttack, records_at_another_address_are_worth_nothing) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  RawDevice thief(server->listening_dtls()[0]);
  thief.send(device.sealed(Code::kPost, {"rd"}, {"ep=dev-one", "lt=300", "lwm2m=1.1"}, "</3/0>"));
  EXPECT_EQ(device.register_as("dev-one"), Code::kCreated);
  EXPECT_FALSE(thief.has_mail(0));
  EXPECT_EQ(statistics(*server).dtls.unopened, 1U);
}

TEST(DtlsAttack, a_flood_of_hellos_costs_no_state) {
  const auto server = start(secured());
  ClientDouble client({.identity = "one", .key = kKey});
  client.go_on();
  for (int i = 0; i < 200; ++i) {
    RawDevice stranger(server->listening_dtls()[0]);
    stranger.send(client.sent.at(0));
    EXPECT_TRUE(stranger.has_mail(10'000));
  }
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.dtls.cookies, 200U);
  EXPECT_EQ(seen.links, 0U);
  SecuredDevice device(server->listening_dtls()[0]);
  EXPECT_TRUE(device.connect());
}

// The answer is shorter than what it answers, so that nobody can be flooded through the server.
TEST(DtlsAttack, a_hello_of_a_spoofed_address_is_answered_by_less_than_it_brings) {
  const auto server = start(secured());
  ClientDouble client({.identity = "one", .key = kKey});
  client.go_on();
  RawDevice stranger(server->listening_dtls()[0]);
  stranger.send(client.sent.at(0));
  const OwnedBytes answer = stranger.receive().bytes;
  EXPECT_LT(answer.size(), client.sent.at(0).size());
  EXPECT_FALSE(stranger.has_mail(0));
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.dtls.cookies, 1U);
  EXPECT_EQ(seen.dtls.failed + seen.dtls.handshakes, 0U);
}

// A record of 13 bytes of header: type, version, epoch, number, length.
OwnedBytes clear_record(std::uint8_t type, const OwnedBytes& content) {
  OwnedBytes record{type, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9};
  record.push_back(static_cast<std::uint8_t>(content.size() >> 8U));
  record.push_back(static_cast<std::uint8_t>(content.size()));
  record.insert(record.end(), content.begin(), content.end());
  return record;
}

// Whoever can send from the device's own address, but has not its keys.
TEST(DtlsAttack, a_stolen_address_without_keys_disturbs_nothing) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  const std::string location = device.location;
  device.wire.send(clear_record(21, {1, 0}));   // close_notify
  device.wire.send(clear_record(21, {2, 40}));  // handshake_failure
  device.wire.send(clear_record(20, {1}));      // ChangeCipherSpec
  device.wire.send(clear_record(23, {0x40, 0x01, 0, 1}));
  device.wire.send(clear_record(22, OwnedBytes(40, 0)));
  OwnedBytes in_epoch_1 = clear_record(21, OwnedBytes(18, 0));
  in_epoch_1[4] = 1;
  device.wire.send(in_epoch_1);
  EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
  EXPECT_EQ(statistics(*server).dtls.associations, 1U);
}

// There is no connection ID: at its new address the device resumes its session, and its Update names where
// its registration is.
TEST_P(DtlsServer, a_device_whose_address_changes_in_the_middle_resumes_and_keeps_its_registration) {
  const auto server = start(secured(GetParam()));
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  const std::string location = device.location;
  SecuredDevice moved(server->listening_dtls()[0]);
  moved.wire.send(device.sealed(Code::kPost, {"rd", location}));
  moved.start_anew("one", device.client().exported());
  ASSERT_TRUE(moved.connect());
  EXPECT_EQ(moved.request(Code::kPost, {"rd", location}), Code::kChanged);
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.dtls.resumed, 1U);
  EXPECT_EQ(seen.dtls.unopened, 1U);
  EXPECT_EQ(seen.engine.registrations, 1U);
}

// Records may overtake each other on the way, each counts once.
TEST(DtlsAttack, records_in_another_order_are_answered_once_each) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  const std::string location = device.location;
  std::vector<OwnedBytes> records;
  for (int i = 0; i < 3; ++i) records.push_back(device.sealed(Code::kPost, {"rd", location}));
  for (const std::size_t i : {2U, 0U, 2U, 1U, 0U}) device.wire.send(records[i]);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(device.answer().view().code(), Code::kChanged);
  // Behind its answer all that was sent before has been heard.
  EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
  EXPECT_EQ(statistics(*server).dtls.replayed, 2U);
}

TEST(DtlsAttack, what_is_too_long_is_refused_and_nothing_else_is) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  OwnedBytes longer_than_it_is = clear_record(23, OwnedBytes(20, 0));
  longer_than_it_is[4] = 1;
  longer_than_it_is[11] = 0xFF;
  device.wire.send(longer_than_it_is);
  OwnedBytes largest = clear_record(23, OwnedBytes(8000, 0));
  largest[4] = 1;
  device.wire.send(largest);
  OwnedBytes hello(12 + 200, 0);  // a ClientHello that says to be of 16 MB
  hello[0] = 1;
  hello[1] = hello[2] = hello[3] = 0xFF;
  device.wire.send(clear_record(22, hello));
  OwnedBytes many;
  while (many.size() < 1000) {
    const OwnedBytes empty = clear_record(23, {});
    many.insert(many.end(), empty.begin(), empty.end());
  }
  device.wire.send(many);
  SecuredDevice shouting(server->listening_dtls()[0], std::string(129, 'i'));
  EXPECT_FALSE(shouting.connect());
  EXPECT_EQ(device.register_as("dev-one"), Code::kCreated);
  EXPECT_EQ(statistics(*server).dtls.associations, 1U);
}

// Whoever hears at one address may begin some handshakes at a time, and no more.
TEST(DtlsAttack, handshakes_of_one_source_are_bounded) {
  ServerConfig config = secured();
  config.dtls.limits.per_source = 2;
  const auto server = start(config);
  std::vector<std::unique_ptr<SecuredDevice>> greedy;
  for (int i = 0; i < 4; ++i) {
    greedy.push_back(std::make_unique<SecuredDevice>(server->listening_dtls()[0]));
    greedy.back()->client().go_on();
    greedy.back()->exchange();  // the cookie
    for (const OwnedBytes& hello : std::exchange(greedy.back()->client().sent, {})) {
      greedy.back()->wire.send(hello);
    }
    EXPECT_EQ(greedy.back()->wire.has_mail(i < 2 ? 10'000 : 200), i < 2);
  }
  EXPECT_EQ(statistics(*server).dtls.cookies, 4U);
}

/// A ClientHello (RFC 6347 §4.2.1) in a record, with parts of these lengths.
OwnedBytes client_hello(std::size_t session, std::size_t cookie, std::size_t ticket) {
  OwnedBytes body{0xFE, 0xFD};
  const auto put = [&](std::size_t number, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) body.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
  };
  const auto fill = [&](std::size_t size) { body.insert(body.end(), size, 0x5A); };
  fill(32);
  put(session, 1);
  fill(session);
  put(cookie, 1);
  fill(cookie);
  put(2, 2);
  put(0xC0A8, 2);
  put(1, 1);
  put(0, 1);
  put(4 + ticket, 2);
  put(35, 2);
  put(ticket, 2);
  fill(ticket);
  OwnedBytes message{1};
  std::swap(message, body);
  const std::size_t size = message.size();
  put(size, 3);
  put(0, 2 + 3);
  put(size, 3);
  body.insert(body.end(), message.begin(), message.end());
  return clear_record(22, body);
}

TEST(DtlsAttack, hellos_with_the_longest_of_everything_cost_no_state) {
  const auto server = start(secured());
  const RawDevice stranger(server->listening_dtls()[0]);
  for (const auto& [session, cookie, ticket] :
       {std::tuple(0U, 255U, 0U), std::tuple(32U, 255U, 1400U), std::tuple(0U, 32U, 1600U)}) {
    const OwnedBytes hello = client_hello(session, cookie, ticket);
    stranger.send(hello);
    const OwnedBytes answer = stranger.receive().bytes;
    EXPECT_EQ(answer.at(13), 3) << "HelloVerifyRequest";
    EXPECT_LT(answer.size(), hello.size());
  }
  // A session ID beyond 32 bytes, and what says to go on behind its end: no hellos.
  stranger.send(client_hello(33, 0, 0));
  OwnedBytes open_end = client_hello(0, 0, 40);
  open_end.resize(open_end.size() - 10);
  open_end[12] = static_cast<std::uint8_t>(open_end[12] - 10);
  stranger.send(open_end);
  // Pieces of one: a server that has no state for them cannot join them (RFC 6347 §4.2.1 lets it not).
  const OwnedBytes whole = client_hello(0, 0, 1000);
  for (std::size_t at = 0; at < 1000; at += 100) {
    OwnedBytes piece(whole.begin() + 13, whole.begin() + 13 + 12);
    piece[7] = static_cast<std::uint8_t>(at >> 8U);
    piece[8] = static_cast<std::uint8_t>(at);
    piece[9] = piece[10] = 0;
    piece[11] = 100;
    piece.insert(piece.end(), 100, 0x5A);
    stranger.send(clear_record(22, piece));
  }
  SecuredDevice device(server->listening_dtls()[0]);
  EXPECT_TRUE(device.connect());
  EXPECT_FALSE(stranger.has_mail(0));
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.dtls.cookies, 4U);
  EXPECT_EQ(seen.dtls.handshakes, 1U);
  EXPECT_EQ(seen.links, 1U);
}

// RFC 7925 §17.
TEST(DtlsAttack, a_new_handshake_inside_a_session_is_refused) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  const std::string location = device.location;
  device.client().go_on();  // a ClientHello under the keys of the session
  device.client().open = true;
  const auto hello = std::exchange(device.client().sent, {});
  ASSERT_EQ(hello.size(), 1U);
  EXPECT_EQ(hello[0].at(4), 1) << "its epoch";
  device.wire.send(hello[0]);
  device.client().receive(device.wire.receive().bytes);
  EXPECT_EQ(device.client().alert, GNUTLS_A_NO_RENEGOTIATION);
  EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
  EXPECT_EQ(statistics(*server).dtls.handshakes, 1U);
}

// RFC 6347 4.2.8.
TEST(DtlsSession, a_new_handshake_at_a_known_address_takes_over_when_it_is_done_and_not_before) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  const std::string location = device.location;
  // A hello of a stranger with that address changes nothing.
  ClientDouble stranger({.identity = "two", .key = kKey});
  stranger.go_on();
  device.wire.send(stranger.sent.at(0));
  EXPECT_EQ(device.wire.receive().bytes.at(0), 22);  // HelloVerifyRequest
  EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
  device.start_anew("one");
  ASSERT_TRUE(device.connect());
  EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
  EXPECT_EQ(statistics(*server).dtls.associations, 1U);
}

TEST(DtlsSession, close_notify_is_answered_and_ends_the_association_but_not_the_registration) {
  const auto server = start(secured());
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  device.client().close();
  device.exchange();
  device.client().receive(device.wire.receive().bytes);
  EXPECT_EQ(device.client().alert, GNUTLS_A_CLOSE_NOTIFY);
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.dtls.associations, 0U);
  EXPECT_EQ(seen.engine.registrations, 1U);
}

TEST_P(DtlsServer, a_restarted_server_answers_the_next_record_without_a_handshake_and_refuses_the_last_one) {
  const StateFolder folder;
  ServerConfig config = secured(GetParam());
  config.open_store = folder.factory();
  auto server = start(config);
  config.dtls.listen = server->listening_dtls();
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  const std::string location = device.location;
  const OwnedBytes last = device.sealed(Code::kPost, {"rd", location});
  device.wire.send(last);
  ASSERT_EQ(device.answer().view().code(), Code::kChanged);
  server.reset();
  server = start(config);
  device.wire.send(last);
  EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
  const DtlsStatistics seen = statistics(*server).dtls;
  EXPECT_EQ(seen.replayed, 1U);
  EXPECT_EQ(seen.handshakes, 0U);
  EXPECT_EQ(seen.associations, 1U);
}

// Whoever hears a number twice drops the record: the answers show that each start has numbers of its own.
TEST_P(DtlsServer, goes_on_over_many_restarts_also_without_a_word_of_its_device) {
  const StateFolder folder;
  ServerConfig config = secured(GetParam());
  config.open_store = folder.factory();
  auto server = start(config);
  config.dtls.listen = server->listening_dtls();
  SecuredDevice device(server->listening_dtls()[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  const std::string location = device.location;
  for (const int silent : {0, 2, 1}) {
    for (int i = 0; i <= silent; ++i) {
      server.reset();
      server = start(config);
    }
    EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
    EXPECT_EQ(device.request(Code::kPost, {"rd", location}), Code::kChanged);
    EXPECT_EQ(statistics(*server).dtls.handshakes, 0U);
  }
}

TEST(DtlsSession, a_ticket_of_before_a_restart_resumes_its_session) {
  const StateFolder folder;
  ServerConfig config = secured();
  config.open_store = folder.factory();
  OwnedBytes session;
  {
    const auto server = start(config);
    SecuredDevice device(server->listening_dtls()[0]);
    ASSERT_TRUE(device.connect());
    session = device.client().exported();
  }
  const auto server = start(config);
  SecuredDevice device(server->listening_dtls()[0]);
  device.start_anew("one", session);
  ASSERT_TRUE(device.connect());
  EXPECT_EQ(device.register_as("dev-one"), Code::kCreated);
  EXPECT_EQ(statistics(*server).dtls.resumed, 1U);
}

}  // namespace
}  // namespace linnet::net

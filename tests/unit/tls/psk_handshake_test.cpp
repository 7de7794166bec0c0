// SPDX-License-Identifier: Apache-2.0
// Shows: SE-1
// linnet's own handshakes with pre-shared keys, against GnuTLS as the client.
#include "linnet/tls/psk_handshake.hpp"

#include <gmock/gmock.h>

#include "tests/unit/tls/client_double.hpp"

namespace linnet::tls {
namespace {

using server::Credential;
using server::Credentials;
using test::ClientDouble;
using test::ClientWish;
using test::ServerEnd;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const OwnedBytes kKey{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr std::int64_t kDay = 24 * 3600;

Credentials::Shared known(std::string_view identity, const OwnedBytes& key = kKey) {
  Credential credential;
  credential.endpoint = "urn:" + std::string(identity.substr(0, 16));
  credential.identity.assign(identity.begin(), identity.end());
  credential.key.assign(key.begin(), key.end());
  std::vector<server::CredentialChange> changes;
  changes.push_back({.put = std::move(credential)});
  auto made = Credentials::none()->apply(changes);
  EXPECT_TRUE(made);
  return *made;
}

std::unique_ptr<ServerSecurity> security(const ServerIdentity& identity = {}) {
  auto made = ServerSecurity::make(Transport::kDatagram, identity);
  EXPECT_TRUE(made) << made.error();
  return std::move(*made);
}

struct Ends {
  std::unique_ptr<ServerSecurity> shown = security();
  ServerEnd server{*shown, known("one")};
  ClientDouble client;

  explicit Ends(const ClientWish& wish = {.identity = "one", .key = kKey}) : client(wish) {
    server.own_psk = true;
    client.go_on();
  }
  Ends& whole() {
    flow(client, server);
    return *this;
  }
  /// What answers the ClientHello stands in server.sent.
  void up_to_key_exchange() {
    while (!server.psk) {
      for (OwnedBytes& bytes : std::exchange(client.sent, {})) server.receive(std::move(bytes));
      if (server.psk) return;
      for (const OwnedBytes& bytes : std::exchange(server.sent, {})) client.receive(bytes);
    }
  }
};

constexpr const char* kBasis =
    "NONE:+VERS-DTLS1.2:+PSK:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+SHA256:+AEAD:+CTYPE-ALL:+";

ClientWish with(const std::string& ciphers) {
  return {.identity = "one", .key = kKey, .priorities = kBasis + ciphers};
}

struct Way {
  const char* name;
  const char* ciphers;
  Protection protection;
};
class EverySuite : public ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(PskHandshake, EverySuite,
                         ::testing::Values(Way{"ccm8", "AES-128-CCM-8", Protection::kCcm8},
                                           Way{"gcm", "AES-128-GCM", Protection::kGcm},
                                           Way{"cbc", "AES-128-CBC:%NO_ETM", Protection::kMacThenCbc},
                                           Way{"cbc_etm", "AES-128-CBC", Protection::kCbcThenMac},
                                           Way{"without_extended_master_secret",
                                               "AES-128-CCM-8:%NO_SESSION_HASH", Protection::kCcm8},
                                           Way{"without_extensions", "AES-128-CCM-8:%NO_EXTENSIONS",
                                               Protection::kCcm8}),
                         [](const auto& way) { return way.param.name; });

TEST_P(EverySuite, opens_an_association_in_which_records_go_both_ways) {
  Ends ends(with(GetParam().ciphers));
  ends.whole();
  ASSERT_TRUE(ends.server.psk);
  ASSERT_TRUE(ends.client.open) << gnutls_strerror(ends.client.error);
  const Association& association = ends.server.association;
  EXPECT_EQ(association.protection, GetParam().protection);
  EXPECT_EQ(association.proof, Proof::kPsk);
  EXPECT_EQ(as_text(association.identity()), "one");
  EXPECT_EQ(association.write_next, 1U);
  ends.client.say("up");
  flow(ends.client, ends.server);
  EXPECT_THAT(ends.server.heard, ElementsAre("up"));
  ends.client.receive(ends.server.sealed("down"));
  EXPECT_THAT(ends.client.heard, ElementsAre("down"));
  EXPECT_THAT(ends.server.refused, IsEmpty());
}

// Shows: SE-11
TEST_P(EverySuite, is_resumed_by_ticket_and_by_id) {
  for (const bool tickets : {true, false}) {
    ClientWish wish = with(GetParam().ciphers);
    wish.tickets = tickets;
    Ends first(wish);
    first.whole();
    ASSERT_TRUE(first.client.open);
    wish.session = first.client.exported();
    ServerEnd server(*first.shown, first.server.credentials);
    server.own_psk = true;
    ClientDouble client(wish);
    client.go_on();
    flow(client, server);
    ASSERT_TRUE(client.open) << gnutls_strerror(client.error);
    ASSERT_TRUE(server.psk);
    EXPECT_TRUE(server.psk->resumed());
    EXPECT_NE(gnutls_session_is_resumed(client.session.get()), 0);
    EXPECT_EQ(as_text(server.association.identity()), "one");
    EXPECT_THAT(server.psk->last_flight(), IsEmpty());
    client.say("again");
    flow(client, server);
    EXPECT_THAT(server.heard, ElementsAre("again"));
    client.receive(server.sealed("and back"));
    EXPECT_THAT(client.heard, ElementsAre("and back"));
  }
}

struct Resumed {
  ServerEnd server;
  ClientDouble client;
  Resumed(const Ends& first, Credentials::Shared credentials, ClientWish wish, std::int64_t later = 0)
      : server(*first.shown, std::move(credentials)), client((wish.session = first.client.exported(), wish)) {
    server.own_psk = true;
    server.now.seconds += later;
    client.go_on();
    flow(client, server);
  }
};

TEST(PskHandshake, a_session_of_a_credential_that_is_gone_is_not_resumed) {
  for (const bool tickets : {true, false}) {
    const ClientWish wish{.identity = "one", .key = kKey, .tickets = tickets};
    Ends first(wish);
    first.whole();
    Resumed second(first, known("two"), wish);
    EXPECT_FALSE(second.server.association.exists());
    EXPECT_EQ(second.client.alert, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
  }
}

TEST(PskHandshake, a_session_is_resumed_for_a_day_and_then_made_anew) {
  const ClientWish wish{.identity = "one", .key = kKey};
  Ends first(wish);
  first.whole();
  Resumed soon(first, first.server.credentials, wish, kDay - 1);
  EXPECT_TRUE(soon.server.psk->resumed());
  Resumed late(first, first.server.credentials, wish, kDay + 1);
  EXPECT_TRUE(late.client.open);
  EXPECT_FALSE(late.server.psk->resumed());
}

// RFC 7627 §5.3.
TEST(PskHandshake, a_session_is_not_resumed_without_the_extended_master_secret_that_it_had) {
  const ClientWish wish{.identity = "one", .key = kKey};
  Ends first(wish);
  first.whole();
  Resumed second(first, first.server.credentials, with("AES-128-CCM-8:%NO_SESSION_HASH"));
  ASSERT_TRUE(second.server.psk);
  EXPECT_FALSE(second.server.psk->resumed());
}

TEST(PskSessions, open_their_own_tickets_alone) {
  const PskSessions sessions({1}, 4);
  const PskSessions same({1}, 4);
  const PskSessions others({2}, 4);
  const UnixTime now{kDay * 20'000 + 5};
  PskSession session;
  session.suite = Suite::kPskCbc;
  session.extended_master_secret = true;
  session.encrypt_then_mac = true;
  session.made = now;
  session.master.bytes.fill(7);
  session.identity_size = kMaxIdentity;
  session.identity_bytes.fill('i');
  OwnedBytes ticket(PskSessions::kMaxTicket);
  ticket.resize(sessions.make_ticket(session, now, ticket));
  ASSERT_FALSE(ticket.empty());
  const auto opened = same.open_ticket(ticket, {now.seconds + kDay - 10});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->suite, Suite::kPskCbc);
  EXPECT_TRUE(opened->extended_master_secret);
  EXPECT_TRUE(opened->encrypt_then_mac);
  EXPECT_EQ(opened->master.bytes, session.master.bytes);
  EXPECT_TRUE(equal(opened->identity(), session.identity()));
  EXPECT_FALSE(others.open_ticket(ticket, now));
  EXPECT_FALSE(sessions.open_ticket(ticket, {now.seconds + kDay + 1}));
  for (std::size_t i = 0; i < ticket.size(); ++i) {
    OwnedBytes changed = ticket;
    changed[i] ^= 1;
    EXPECT_FALSE(sessions.open_ticket(changed, now)) << "byte " << i;
    EXPECT_FALSE(sessions.open_ticket(ByteView(ticket).first(i), now)) << i;
  }
}

TEST(PskHandshake, an_unknown_identity_is_told_so) {
  Ends ends({.identity = "other", .key = kKey});
  ends.whole();
  EXPECT_FALSE(ends.server.association.exists());
  EXPECT_EQ(ends.client.alert, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
}

TEST(PskHandshake, a_wrong_key_opens_nothing) {
  Ends ends({.identity = "one", .key = {9, 9, 9}});
  ends.whole();
  EXPECT_FALSE(ends.client.open);
  EXPECT_FALSE(ends.server.association.exists());
}

// TS 5.2.8.1: identities of 128 bytes, keys of 64.
TEST(PskHandshake, the_longest_identity_and_key_are_taken_and_resumed) {
  const std::string identity(128, 'i');
  const OwnedBytes key(64, 0x5A);
  const ClientWish wish{.identity = identity, .key = key, .priorities = kBasis + std::string("AES-128-CBC")};
  Ends ends(wish);
  ends.server.credentials = known(identity, key);
  ends.whole();
  ASSERT_TRUE(ends.client.open);
  EXPECT_EQ(as_text(ends.server.association.identity()), identity);
  Resumed again(ends, ends.server.credentials, wish);
  EXPECT_TRUE(again.client.open);
  EXPECT_TRUE(again.server.psk->resumed());
}

TEST(PskHandshake, the_extended_master_secret_is_used_where_it_is_offered) {
  Ends ends;
  ends.whole();
  EXPECT_NE(gnutls_session_ext_master_secret_status(ends.client.session.get()), 0U);
}

TEST(PskHandshake, a_flight_that_was_lost_is_sent_again_under_new_record_numbers) {
  Ends ends;
  ends.up_to_key_exchange();
  ASSERT_EQ(ends.server.sent.size(), 1U);
  const OwnedBytes lost = std::exchange(ends.server.sent, {}).at(0);
  EXPECT_EQ(ends.server.psk->until_due(), Millis{60'000});
  ends.server.psk->repeat([&](ByteView bytes) { ends.server.sent.emplace_back(bytes.begin(), bytes.end()); });
  OwnedBytes again = ends.server.sent.at(0);
  ASSERT_EQ(again.size(), lost.size());
  EXPECT_GT(again[10], lost[10]);
  ends.whole();
  EXPECT_TRUE(ends.client.open);
}

TEST(PskHandshake, the_last_flight_may_be_lost_and_sent_again_as_it_is) {
  Ends ends;
  ends.up_to_key_exchange();
  while (!ends.server.association.exists()) {
    for (OwnedBytes& bytes : std::exchange(ends.client.sent, {})) ends.server.receive(std::move(bytes));
    if (ends.server.association.exists()) break;
    for (const OwnedBytes& bytes : std::exchange(ends.server.sent, {})) ends.client.receive(bytes);
  }
  EXPECT_FALSE(ends.client.open);
  ends.server.sent.clear();  // lost
  for (const OwnedBytes& bytes : ends.server.psk->last_flight()) ends.client.receive(bytes);
  EXPECT_TRUE(ends.client.open);
}

// The records of a flight, each in a datagram of its own.
std::vector<OwnedBytes> records_of(const std::vector<OwnedBytes>& datagrams) {
  std::vector<OwnedBytes> records;
  for (OwnedBytes datagram : datagrams) {
    ByteSpan rest = datagram;
    while (const auto record = take_record(rest)) {
      OwnedBytes one(record->header.begin(), record->header.end());
      one.insert(one.end(), record->fragment.begin(), record->fragment.end());
      records.push_back(one);
    }
  }
  return records;
}

TEST(PskHandshake, records_of_the_last_flight_may_come_in_any_order_as_long_as_they_are_repeated) {
  Ends ends;
  ends.up_to_key_exchange();
  for (const OwnedBytes& bytes : std::exchange(ends.server.sent, {})) ends.client.receive(bytes);
  const auto records = records_of(std::exchange(ends.client.sent, {}));
  ASSERT_EQ(records.size(), 3U);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = records.size(); i-- > 0;) ends.server.receive(records[i]);
  }
  EXPECT_TRUE(ends.server.association.exists());
  ends.whole();
  EXPECT_TRUE(ends.client.open);
}

OwnedBytes record_of(ContentType type, std::uint8_t number, std::initializer_list<ByteView> content) {
  OwnedBytes record{static_cast<std::uint8_t>(type), 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 1, number, 0, 0};
  for (const ByteView part : content) record.insert(record.end(), part.begin(), part.end());
  record[11] = static_cast<std::uint8_t>((record.size() - kRecordHeader) >> 8U);
  record[12] = static_cast<std::uint8_t>(record.size() - kRecordHeader);
  return record;
}

TEST(PskHandshake, a_key_exchange_in_pieces_is_joined) {
  Ends ends;
  ends.up_to_key_exchange();
  for (const OwnedBytes& bytes : std::exchange(ends.server.sent, {})) ends.client.receive(bytes);
  const auto records = records_of(std::exchange(ends.client.sent, {}));
  ASSERT_EQ(records.size(), 3U);
  const ByteView message = ByteView(records[0]).subspan(kRecordHeader);
  const ByteView body = message.subspan(kMessageHeader);
  for (std::uint8_t at = 0; at < body.size(); ++at) {
    OwnedBytes header(message.begin(), message.begin() + kMessageHeader);
    header[8] = at;
    header[11] = 1;
    ends.server.receive(record_of(ContentType::kHandshake, at, {header, body.subspan(at, 1)}));
  }
  ends.server.receive(records[1]);
  ends.server.receive(records[2]);
  EXPECT_TRUE(ends.server.association.exists());
  ends.whole();
  EXPECT_TRUE(ends.client.open);
}

TEST(PskHandshake, a_finished_that_was_made_from_other_messages_is_refused) {
  // Somebody on the way takes an extension out of what the server hears: the keys are the same all the same.
  Ends ends(with("AES-128-CCM-8:%NO_SESSION_HASH"));
  ends.server.receive(ends.client.sent.at(0));
  ends.client.sent.clear();
  for (const OwnedBytes& bytes : std::exchange(ends.server.sent, {})) ends.client.receive(bytes);
  OwnedBytes hello = ends.client.sent.at(0);
  const std::array<std::uint8_t, 5> extension{0xFF, 1, 0, 1, 0};
  const auto found = std::ranges::search(hello, extension);
  ASSERT_FALSE(found.empty());
  found.front() = 0x7F;
  ends.client.sent[0] = hello;
  ends.whole();
  EXPECT_FALSE(ends.server.association.exists());
  EXPECT_FALSE(ends.client.open);
  EXPECT_EQ(ends.client.alert, GNUTLS_A_DECRYPT_ERROR);
}

TEST(PskHandshake, what_is_no_part_of_it_changes_nothing) {
  Ends ends;
  ends.up_to_key_exchange();
  const OwnedBytes other_message{14, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  const OwnedBytes nothing;
  ends.server.receive(record_of(ContentType::kApplicationData, 1, {other_message}));
  ends.server.receive(record_of(ContentType::kChangeCipherSpec, 2, {nothing}));
  ends.server.receive(record_of(ContentType::kHandshake, 3, {other_message}));  // a number of before
  ends.server.receive(record_of(ContentType::kAlert, 4, {nothing}));
  ends.server.receive({1, 2, 3});
  ends.whole();
  EXPECT_TRUE(ends.client.open);
}

TEST(PskHandshake, another_message_than_the_key_exchange_is_refused) {
  Ends ends;
  ends.up_to_key_exchange();
  ends.server.sent.clear();
  const OwnedBytes done{14, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0};
  ends.server.receive(record_of(ContentType::kHandshake, 3, {done}));
  ASSERT_EQ(ends.server.sent.size(), 1U);
  EXPECT_EQ(ends.server.sent[0].at(14), 10);  // unexpected_message
}

TEST(PskHandshake, a_client_that_would_rather_show_a_key_is_left_to_the_library) {
  const test::KeyPair own;
  const test::KeyPair device;
  const auto shown = security({.private_key = own.secret});
  ServerEnd server(*shown, known("one"));
  server.own_psk = true;
  ClientDouble client({.identity = "one",
                       .key = kKey,
                       .raw_key = &device,
                       .priorities = "NONE:+VERS-DTLS1.2:+ECDHE-ECDSA:+PSK:+AES-128-CCM-8:+AEAD:+COMP-NULL:"
                                     "+SIGN-ALL:+GROUP-SECP256R1:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK"});
  client.go_on();
  flow(client, server);
  EXPECT_FALSE(server.psk);
  EXPECT_TRUE(server.handshake);
}

TEST(ClientHello, a_damaged_one_is_refused_and_never_read_beyond) {
  ClientDouble client({.identity = "one", .key = kKey});
  client.go_on();
  OwnedBytes datagram = client.sent.at(0);
  ByteSpan rest = datagram;
  const auto record = take_record(rest);
  ASSERT_TRUE(record);
  const OwnedBytes body(record->fragment.begin() + kMessageHeader, record->fragment.end());
  const auto whole = decode_client_hello(body);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->version, 0xFEFD);
  EXPECT_TRUE(whole->null_compression);
  EXPECT_TRUE(whole->renegotiation_info);
  EXPECT_TRUE(whole->extended_master_secret);
  EXPECT_TRUE(whole->ticket);
  for (std::size_t size = 0; size < body.size(); ++size) {
    // It may end in front of its extensions.
    const OwnedBytes shorter(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    const auto decoded = decode_client_hello(shorter);
    EXPECT_FALSE(decoded && decoded->extended_master_secret) << size;
  }
  OwnedBytes twice = body;
  const std::array<std::uint8_t, 4> extension{0, 23, 0, 0};
  twice.insert(twice.end(), extension.begin(), extension.end());
  const std::size_t at =
      static_cast<std::size_t>(whole->suites.data() - body.data()) + whole->suites.size() + 2;
  const std::size_t size = twice.size() - at - 2;
  twice[at] = static_cast<std::uint8_t>(size >> 8U);
  twice[at + 1] = static_cast<std::uint8_t>(size);
  const auto refused = decode_client_hello(twice);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kMalformed);
}

}  // namespace
}  // namespace linnet::tls

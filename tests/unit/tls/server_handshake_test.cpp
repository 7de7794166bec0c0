// SPDX-License-Identifier: Apache-2.0
// Shows: SE-1
// The server's handshakes, and the records of an association against GnuTLS as the other end.
#include "linnet/tls/server_handshake.hpp"

#include <gmock/gmock.h>

#include <span>

#include "tests/unit/tls/client_double.hpp"

namespace linnet::tls {
namespace {

using server::Credential;
using server::CredentialMode;
using server::Credentials;
using test::ClientDouble;
using test::ClientWish;
using test::ServerEnd;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const OwnedBytes kKey{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

Credentials::Shared known(std::vector<Credential> all) {
  std::vector<server::CredentialChange> changes;
  for (Credential& one : all) changes.push_back({.put = std::move(one)});
  auto made = Credentials::none()->apply(changes);
  EXPECT_TRUE(made);
  return *made;
}

Credential psk(std::string_view endpoint, std::string_view identity, const OwnedBytes& key) {
  Credential credential;
  credential.endpoint = endpoint;
  credential.identity.assign(identity.begin(), identity.end());
  credential.key.assign(key.begin(), key.end());
  return credential;
}

Credential raw(std::string_view endpoint, const OwnedBytes& spki) {
  Credential credential;
  credential.endpoint = endpoint;
  credential.mode = CredentialMode::kRawPublicKey;
  credential.identity = spki;
  return credential;
}

std::unique_ptr<ServerSecurity> security(const ServerIdentity& identity = {}) {
  auto made = ServerSecurity::make(Transport::kDatagram, identity);
  EXPECT_TRUE(made) << made.error();
  return std::move(*made);
}

struct PskEnds {
  std::unique_ptr<ServerSecurity> shown = security();
  ServerEnd server{*shown, known({psk("urn:one", "one", kKey)})};
  ClientDouble client;

  explicit PskEnds(const std::string& priorities = {})
      : PskEnds(ClientWish{.identity = "one", .key = kKey, .priorities = priorities}) {}
  explicit PskEnds(const ClientWish& wish) : client(wish) {
    client.go_on();
    flow(client, server);
  }
};

constexpr std::int64_t kThen = 1'700'000'000;
constexpr const char* kBasis =
    "NONE:+VERS-DTLS1.2:+PSK:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+SHA256:+AEAD:+CTYPE-ALL:+";

struct Way {
  const char* name;
  const char* ciphers;
  Protection protection;
};
class EveryProtection : public ::testing::TestWithParam<Way> {};

TEST_P(EveryProtection, records_go_both_ways) {
  PskEnds ends(kBasis + std::string(GetParam().ciphers));
  ASSERT_TRUE(ends.client.open) << gnutls_strerror(ends.client.error) << ends.server.failure;
  EXPECT_EQ(ends.server.association.protection, GetParam().protection);
  EXPECT_EQ(ends.server.association.proof, Proof::kPsk);
  EXPECT_EQ(as_text(ends.server.association.identity()), "one");
  std::string said;
  for (std::size_t size : {1U, 2U, 15U, 16U, 17U, 31U, 32U, 33U, 64U, 200U, 1100U}) {
    said.assign(size, static_cast<char>('a' + size % 26));
    ends.client.say(said);
    flow(ends.client, ends.server);
    ASSERT_FALSE(ends.server.heard.empty()) << size;
    EXPECT_EQ(ends.server.heard.back(), said);
    ends.client.receive(ends.server.sealed(said));
    ASSERT_FALSE(ends.client.heard.empty()) << size;
    EXPECT_EQ(ends.client.heard.back(), said);
  }
  EXPECT_THAT(ends.server.refused, IsEmpty());
}

TEST_P(EveryProtection, what_was_changed_on_the_way_is_refused_wherever_it_was_changed) {
  PskEnds ends(kBasis + std::string(GetParam().ciphers));
  ends.client.say("a message of some length");
  const OwnedBytes sent = ends.client.sent.at(0);
  for (std::size_t at = 0; at < sent.size(); ++at) {
    OwnedBytes changed = sent;
    changed[at] ^= 0x04;
    ends.server.receive(changed);
    EXPECT_THAT(ends.server.heard, IsEmpty()) << "byte " << at;
  }
  for (std::size_t size = 0; size < sent.size(); ++size) {
    ends.server.receive({sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(size)});
    // The same with a length in the header that fits.
    OwnedBytes shorter(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(size));
    if (size < kRecordHeader) continue;
    shorter[11] = static_cast<std::uint8_t>((size - kRecordHeader) >> 8U);
    shorter[12] = static_cast<std::uint8_t>(size - kRecordHeader);
    ends.server.receive(shorter);
    EXPECT_THAT(ends.server.heard, IsEmpty()) << size << " bytes";
  }
  // Nothing of it moved the window.
  ends.server.receive(sent);
  EXPECT_THAT(ends.server.heard, ElementsAre("a message of some length"));
}

INSTANTIATE_TEST_SUITE_P(Ways, EveryProtection,
                         ::testing::Values(Way{"ccm8", "AES-128-CCM-8", Protection::kCcm8},
                                           Way{"gcm", "AES-128-GCM", Protection::kGcm},
                                           Way{"cbc", "AES-128-CBC:%NO_ETM", Protection::kMacThenCbc},
                                           Way{"cbc_etm", "AES-128-CBC", Protection::kCbcThenMac}),
                         [](const auto& way) { return way.param.name; });

TEST(Association, a_record_is_opened_once) {
  PskEnds ends;
  ends.client.say("first");
  const OwnedBytes first = ends.client.sent.at(0);
  ends.server.receive(first);
  ends.server.receive(first);
  EXPECT_THAT(ends.server.heard, ElementsAre("first"));
  EXPECT_THAT(ends.server.refused, ElementsAre(Errc::kExists));
}

TEST(Association, records_may_overtake_each_other_within_the_window) {
  PskEnds ends;
  for (int i = 0; i < 70; ++i) ends.client.say(std::to_string(i));
  const std::vector<OwnedBytes> sent = std::exchange(ends.client.sent, {});
  ends.server.receive(sent[69]);
  for (int i = 69; i >= 0; --i) ends.server.receive(sent[static_cast<std::size_t>(i)]);
  // 69 itself again, and what is 64 and more behind it.
  EXPECT_EQ(ends.server.heard.size(), 64U);
  EXPECT_EQ(ends.server.heard.back(), "6");
  EXPECT_EQ(ends.server.refused.size(), 7U);
}

TEST(Association, another_epoch_is_refused) {
  PskEnds ends;
  ends.client.say("text");
  OwnedBytes sent = ends.client.sent.at(0);
  for (const std::uint8_t epoch : {std::uint8_t{0}, std::uint8_t{2}}) {
    sent[4] = epoch;
    ends.server.receive(sent);
  }
  EXPECT_THAT(ends.server.refused, ElementsAre(Errc::kNotAllowed, Errc::kNotAllowed));
}

TEST(Association, a_record_of_another_session_is_refused) {
  PskEnds ends;
  PskEnds others;
  others.client.say("forged");
  ends.server.receive(others.client.sent.at(0));
  EXPECT_THAT(ends.server.refused, ElementsAre(Errc::kUnauthorized));
}

TEST(Association, close_notify_reaches_the_peer_and_comes_from_it) {
  PskEnds ends;
  ends.client.receive(ends.server.sealed(std::string_view("\1\0", 2), ContentType::kAlert));
  EXPECT_EQ(ends.client.alert, GNUTLS_A_CLOSE_NOTIFY);
  ends.client.close();
  flow(ends.client, ends.server);
  EXPECT_THAT(ends.server.heard, ElementsAre(std::string("\1\0", 2)));
}

TEST(Association, numbers_beyond_the_limit_are_not_used) {
  PskEnds ends;
  Association& association = ends.server.association;
  association.write_limit = (association.write_next + 1) & Association::kLastNumber;
  OwnedBytes buffer(100);
  const std::array<std::uint8_t, 16> random{};
  EXPECT_TRUE(seal(association, ContentType::kApplicationData, 3, buffer, random));
  const auto again = seal(association, ContentType::kApplicationData, 3, buffer, random);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kBusy);
}

// Shows: SE-11
TEST(Association, it_goes_on_from_its_record_without_using_a_number_twice_or_opening_a_record_twice) {
  PskEnds ends;
  ends.client.say("before");
  const OwnedBytes before = ends.client.sent.at(0);
  flow(ends.client, ends.server);
  Association& association = ends.server.association;
  const std::uint64_t limit = association.write_next + 1000;
  OwnedBytes record(kMaxAssociationRecord);
  const auto size = encode_association(association, limit, {.number = 7, .own = true}, record);
  ASSERT_TRUE(size);
  const auto back = decode_association(ByteView(record).first(*size), {.number = 8, .own = true});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->write_next, limit);
  EXPECT_EQ(back->write_limit, limit + kNumbersAside);
  EXPECT_EQ(as_text(back->identity()), "one");
  association = *back;
  association.write_limit = Association::kLastNumber;
  ends.server.receive(before);
  EXPECT_THAT(ends.server.refused, ElementsAre(Errc::kExists));
  ends.client.say("after");
  flow(ends.client, ends.server);
  EXPECT_EQ(ends.server.heard.back(), "after");
  ends.client.receive(ends.server.sealed("answer"));
  EXPECT_THAT(ends.client.heard, ElementsAre("answer"));
}

// Shows: SE-11
TEST(Association, each_start_of_the_server_has_numbers_of_its_own) {
  struct Case {
    std::uint32_t written;  // the start in which it was written down, with all numbers below 1000 used
    Start now;
    std::uint64_t next, limit;
  };
  constexpr std::uint64_t kStep = kNumbersAside;
  constexpr Case kCases[] = {
      {7, {.number = 8, .own = true}, 1000, 1000 + kStep},
      {7, {.number = 10, .own = true}, 1000 + 2 * kStep, 1000 + 3 * kStep},
      // One that could not be counted has none, and leaves out what those before it had.
      {7, {.number = 7, .own = false}, 1000, 1000},
      {7, {.number = 9, .own = false}, 1000 + 2 * kStep, 1000 + 2 * kStep},
      // Written down where nothing was counted: nobody used more without writing it down.
      {0, {.number = 3, .own = true}, 1000, 1000},
      {0, {.number = 0, .own = false}, 1000, 1000},
  };
  PskEnds ends;
  for (const Case& each : kCases) {
    OwnedBytes record(kMaxAssociationRecord);
    const auto size = encode_association(ends.server.association, 1000, {.number = each.written}, record);
    ASSERT_TRUE(size);
    const auto back = decode_association(ByteView(record).first(*size), each.now);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->write_next, each.next);
    EXPECT_EQ(back->write_limit, each.limit);
  }
}

TEST(Association, whose_starts_since_are_not_known_does_not_come_back) {
  PskEnds ends;
  OwnedBytes record(kMaxAssociationRecord);
  const auto size = encode_association(ends.server.association, 1000, {.number = 7}, record);
  ASSERT_TRUE(size);
  const ByteView whole = ByteView(record).first(*size);
  EXPECT_EQ(decode_association(whole, {.number = 7, .own = true}).error().code, Errc::kMalformed);
  EXPECT_EQ(decode_association(whole, {.number = 6, .own = false}).error().code, Errc::kMalformed);
}

TEST(Association, numbers_end_at_the_last_one) {
  PskEnds ends;
  OwnedBytes record(kMaxAssociationRecord);
  const std::uint64_t limit = Association::kLastNumber - 10;
  const auto size = encode_association(ends.server.association, limit, {.number = 1}, record);
  ASSERT_TRUE(size);
  const ByteView whole = ByteView(record).first(*size);
  const auto back = decode_association(whole, {.number = UINT32_MAX, .own = true});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->write_next, Association::kLastNumber);
  EXPECT_EQ(back->write_limit, Association::kLastNumber);
}

TEST(Association, a_damaged_record_is_refused) {
  PskEnds ends;
  constexpr Start kStart{.number = 2, .own = true};
  OwnedBytes record(kMaxAssociationRecord);
  const auto size = encode_association(ends.server.association, 5, {.number = 1}, record);
  ASSERT_TRUE(size);
  for (std::size_t i = 0; i < *size; ++i) {
    EXPECT_FALSE(decode_association(ByteView(record).first(i), kStart)) << i;
  }
  record[0] = 9;
  EXPECT_EQ(decode_association(ByteView(record).first(*size), kStart).error().code, Errc::kUnsupported);
}

TEST(ServerHandshake, a_client_proves_its_address_first_and_costs_nothing_until_then) {
  const auto shown = security();
  ServerEnd server(*shown, known({psk("urn:one", "one", kKey)}));
  ClientDouble client({.identity = "one", .key = kKey});
  client.go_on();
  const OwnedBytes hello = client.sent.at(0);
  server.receive(hello);
  EXPECT_EQ(server.cookies_given, 1U);
  EXPECT_FALSE(server.handshake);
  ASSERT_EQ(server.sent.size(), 1U);
  EXPECT_LE(server.sent[0].size(), hello.size());
  flow(client, server);
  EXPECT_TRUE(client.open);
}

TEST(ServerHandshake, a_cookie_is_good_for_its_address_alone) {
  CookieGuard guard;
  ClientDouble client({.identity = "one", .key = kKey});
  client.go_on();
  const auto reply = [&](ByteView bytes) { client.receive(bytes); };
  OwnedBytes hello = client.sent.at(0);
  client.sent.clear();
  EXPECT_FALSE(guard.check(hello, as_bytes("here"), Instant{}, reply));
  const OwnedBytes with_cookie = client.sent.at(0);
  const auto nothing = [](ByteView) {};
  EXPECT_FALSE(guard.check(with_cookie, as_bytes("elsewhere"), Instant{}, nothing));
  EXPECT_TRUE(guard.check(with_cookie, as_bytes("here"), Instant{}, nothing));
  // One key later it is still good, two later not.
  EXPECT_TRUE(guard.check(with_cookie, as_bytes("here"), Instant{} + Seconds(61), nothing));
  EXPECT_FALSE(guard.check(with_cookie, as_bytes("here"), Instant{} + Seconds(200), nothing));
}

TEST(ServerHandshake, an_unknown_identity_is_told_so) {
  const auto shown = security();
  ServerEnd server(*shown, known({psk("urn:one", "one", kKey)}));
  ClientDouble client({.identity = "other", .key = kKey});
  client.go_on();
  flow(client, server);
  EXPECT_FALSE(client.open);
  EXPECT_FALSE(server.association.exists());
  EXPECT_EQ(client.alert, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
}

TEST(ServerHandshake, a_wrong_key_opens_nothing) {
  const auto shown = security();
  ServerEnd server(*shown, known({psk("urn:one", "one", kKey)}));
  ClientDouble client({.identity = "one", .key = {9, 9, 9}});
  client.go_on();
  flow(client, server);
  EXPECT_FALSE(client.open);
  EXPECT_FALSE(server.association.exists());
}

// TS 5.2.8.1: identities of 128 bytes, keys of 64.
TEST(ServerHandshake, the_longest_identity_and_key_are_taken) {
  const std::string identity(128, 'i');
  const OwnedBytes key(64, 0x5A);
  const auto shown = security();
  ServerEnd server(*shown, known({psk("urn:long", identity, key)}));
  ClientDouble client({.identity = identity, .key = key});
  client.go_on();
  flow(client, server);
  ASSERT_TRUE(client.open);
  EXPECT_EQ(as_text(server.association.identity()), identity);
}

TEST(ServerHandshake, a_longer_identity_gets_no_handshake) {
  const auto shown = security();
  for (const bool own : {false, true}) {
    ServerEnd server(*shown, known({psk("urn:one", "one", kKey)}));
    server.own_psk = own;
    ClientDouble client({.identity = std::string(129, 'i'), .key = kKey});
    client.go_on();
    flow(client, server);
    EXPECT_FALSE(client.open || server.association.exists());
    EXPECT_TRUE(client.alert) << own;
  }
}

// TS 5.2.8: DTLS 1.2.
TEST(ServerHandshake, an_older_version_is_refused_with_its_reason) {
  const auto shown = security();
  for (const bool own : {false, true}) {
    ServerEnd server(*shown, known({psk("urn:one", "one", kKey)}));
    server.own_psk = own;
    ClientDouble client({.identity = "one",
                         .key = kKey,
                         .priorities =
                             "NONE:+VERS-DTLS1.0:+PSK:+AES-128-CBC:+SHA1:+SHA256:+COMP-NULL:+SIGN-ALL:"
                             "+GROUP-ALL:+CTYPE-ALL"});
    client.go_on();
    ASSERT_EQ(client.sent.size(), 1U);
    flow(client, server);
    EXPECT_FALSE(client.open || server.association.exists());
    EXPECT_EQ(client.alert, GNUTLS_A_PROTOCOL_VERSION) << own;
  }
}

TEST(ServerHandshake, the_extended_master_secret_is_used) {
  PskEnds ends;
  EXPECT_NE(gnutls_session_ext_master_secret_status(ends.client.session.get()), 0U);
}

class Resumption : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(ByTicketOrId, Resumption, ::testing::Bool());

// Shows: SE-11
TEST_P(Resumption, a_session_is_resumed_with_the_identity_that_was_proved) {
  const bool tickets = GetParam();
  PskEnds ends({.identity = "one", .key = kKey, .tickets = tickets});
  ASSERT_TRUE(ends.client.open);
  ServerEnd server(*ends.shown, ends.server.credentials);
  ClientDouble client(
      {.identity = "one", .key = kKey, .session = ends.client.exported(), .tickets = tickets});
  client.go_on();
  flow(client, server);
  ASSERT_TRUE(client.open);
  EXPECT_TRUE(server.handshake->resumed());
  EXPECT_EQ(as_text(server.association.identity()), "one");
  client.say("again");
  flow(client, server);
  EXPECT_THAT(server.heard, ElementsAre("again"));
}

TEST_P(Resumption, a_session_is_worth_nothing_once_its_credential_is_gone) {
  const bool tickets = GetParam();
  PskEnds ends({.identity = "one", .key = kKey, .tickets = tickets});
  ServerEnd server(*ends.shown, known({psk("urn:two", "two", kKey)}));
  ClientDouble client(
      {.identity = "one", .key = kKey, .session = ends.client.exported(), .tickets = tickets});
  client.go_on();
  flow(client, server);
  EXPECT_FALSE(server.association.exists());
}

// What a server hands to its cache in a handshake, handed over by hand.
TEST(SessionCache, is_bounded_in_number_and_size_and_the_oldest_gives_its_place) {
  SessionCache cache(2);
  const auto put = [&](std::string_view id, std::size_t size) {
    const OwnedBytes bytes(size, 7);
    cache.keep(datum(as_bytes(id)), datum(bytes));
  };
  const auto holds = [&](std::string_view id) {
    const gnutls_datum_t found = cache.find(datum(as_bytes(id)));
    gnutls_free(found.data);
    return found.size != 0;
  };
  put("first", 10);
  put("second", 10);
  put("first", 20);
  put("large", 5000);
  put("", 10);
  EXPECT_EQ(cache.size(), 2U);
  put("third", 10);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_TRUE(holds("first"));
  EXPECT_FALSE(holds("second"));
  EXPECT_TRUE(holds("third"));
  cache.forget("first");
  EXPECT_FALSE(holds("first"));
}

TEST(ServerHandshake, the_last_flight_may_be_sent_again) {
  const auto shown = security();
  ServerEnd server(*shown, known({psk("urn:one", "one", kKey)}));
  ClientDouble client({.identity = "one", .key = kKey});
  client.go_on();
  while (!server.association.exists()) {
    for (const OwnedBytes& bytes : std::exchange(server.sent, {})) client.receive(bytes);
    for (OwnedBytes& bytes : std::exchange(client.sent, {})) server.receive(std::move(bytes));
  }
  server.sent.clear();  // lost
  EXPECT_FALSE(client.open);
  for (const OwnedBytes& bytes : server.handshake->last_flight()) client.receive(bytes);
  EXPECT_TRUE(client.open);
}

// Shows: SE-2
TEST(ServerHandshake, raw_public_keys_are_proved_and_match_exactly) {
  const test::KeyPair own;
  const test::KeyPair device;
  const test::KeyPair stranger;
  const auto shown = security({.private_key = own.secret});
  const auto credentials = known({raw("urn:raw", device.spki)});
  for (const char* cipher : {"AES-128-CCM-8", "AES-128-CBC"}) {
    ServerEnd server(*shown, credentials);
    ClientDouble client({.raw_key = &device,
                         .priorities = std::string("NONE:+VERS-DTLS1.2:+ECDHE-ECDSA:+COMP-NULL:+SIGN-ALL:"
                                                   "+GROUP-SECP256R1:+SHA256:+AEAD:+CTYPE-SRV-RAWPK:"
                                                   "+CTYPE-CLI-RAWPK:+") +
                                       cipher});
    client.go_on();
    flow(client, server);
    ASSERT_TRUE(client.open) << cipher << gnutls_strerror(client.error) << server.failure;
    EXPECT_EQ(server.association.proof, Proof::kRawPublicKey);
    EXPECT_TRUE(equal(server.association.identity(), device.spki));
    unsigned count = 0;
    const gnutls_datum_t* seen = gnutls_certificate_get_peers(client.session.get(), &count);
    ASSERT_EQ(count, 1U);
    EXPECT_TRUE(equal(view(*seen), own.spki));
  }
  ServerEnd server(*shown, credentials);
  ClientDouble client({.raw_key = &stranger});
  client.go_on();
  flow(client, server);
  EXPECT_FALSE(client.open);
  EXPECT_FALSE(server.association.exists());
  EXPECT_EQ(client.alert, GNUTLS_A_CERTIFICATE_UNKNOWN);
}

Credential anchor(std::string_view endpoints, const OwnedBytes& der) {
  Credential credential;
  credential.endpoint = endpoints;
  credential.mode = CredentialMode::kCertificate;
  credential.key.assign(der.begin(), der.end());
  return credential;
}

test::Wish device_named(std::string name, std::int64_t until = 4'000'000'000) {
  test::Wish wish;
  wish.name = std::move(name);
  wish.from = 1'000'000'000;
  wish.until = until;
  wish.for_clients = true;
  return wish;
}

struct CertificateEnds {
  static test::Identity authority(std::string name) {
    test::Wish wish = device_named(std::move(name));
    wish.authority = true;
    wish.for_clients = false;
    return test::self_signed(wish);
  }
  test::Identity root = authority("root");
  test::Identity other_root = authority("another root");
  test::Identity own = test::issued(root, {.name = "lwm2m.example"});
  std::unique_ptr<ServerSecurity> shown = security({.private_key = own.keys.secret, .chain = {own.der}});
  Credentials::Shared credentials = known({anchor("dev-*", root.der)});

  /// Against these lists from here on.
  void hold_against(const std::vector<OwnedBytes>& lists) {
    const auto revocations = std::make_shared<Revocations>();
    const auto read = RevocationLists::read(lists);
    ASSERT_TRUE(read) << read.error();
    revocations->replace(*read);
    shown = security({.private_key = own.keys.secret, .chain = {own.der}, .revocations = revocations});
  }
  struct Result {
    bool open;
    Association association;
    std::optional<gnutls_alert_description_t> alert;
    std::string failure;
  };
  Result connect(const test::Identity& device, const std::vector<const test::Identity*>& issuers = {}) {
    ServerEnd server(*shown, credentials);
    ClientDouble client({.certificate = &device, .issuers = issuers});
    client.go_on();
    flow(client, server);
    return {client.open, server.association, client.alert, server.failure};
  }
};

// Shows: SE-3
TEST(ServerHandshake, a_certificate_under_a_trust_anchor_proves_the_name_that_it_is_issued_to) {
  CertificateEnds ends;
  const auto result = ends.connect(test::issued(ends.root, device_named("dev-17")));
  ASSERT_TRUE(result.open) << result.failure;
  EXPECT_EQ(result.association.proof, Proof::kCertificate);
  EXPECT_EQ(as_text(result.association.identity()), "dev-17");
}

TEST(ServerHandshake, a_certificate_that_proves_nothing_is_refused_with_its_reason) {
  CertificateEnds ends;
  EXPECT_EQ(ends.connect(test::issued(ends.root, device_named("other-17"))).alert, GNUTLS_A_ACCESS_DENIED);
  EXPECT_EQ(ends.connect(test::issued(ends.other_root, device_named("dev-17"))).alert, GNUTLS_A_UNKNOWN_CA);
  EXPECT_EQ(ends.connect(test::issued(ends.root, device_named("dev-17", 1'500'000'000))).alert,
            GNUTLS_A_CERTIFICATE_EXPIRED);
  test::Wish early = device_named("dev-17");
  early.from = 3'900'000'000;
  EXPECT_EQ(ends.connect(test::issued(ends.root, early)).alert, GNUTLS_A_CERTIFICATE_EXPIRED);
  const test::Identity no_authority = test::issued(ends.root, device_named("dev-17"));
  EXPECT_FALSE(ends.connect(test::issued(no_authority, device_named("dev-18"))).open);
}

TEST(ServerHandshake, a_certificate_for_servers_alone_is_none_of_a_device) {
  CertificateEnds ends;
  test::Wish wish = device_named("dev-17");
  wish.for_clients = false;
  EXPECT_FALSE(ends.connect(test::issued(ends.root, wish)).open);
}

TEST(ServerHandshake, a_path_of_up_to_8_certificates_is_followed_and_a_longer_one_refused) {
  for (const std::size_t length : {8U, 9U}) {
    CertificateEnds ends;
    std::vector<test::Identity> between;
    for (std::size_t i = 0; i + 1 < length; ++i) {
      test::Wish wish = device_named("between " + std::to_string(i));
      wish.authority = true;
      between.push_back(test::issued(between.empty() ? ends.root : between.back(), wish));
    }
    std::vector<const test::Identity*> issuers;
    for (const test::Identity& one : between) issuers.insert(issuers.begin(), &one);
    const auto result = ends.connect(test::issued(between.back(), device_named("dev-17")), issuers);
    EXPECT_EQ(result.open, length == 8) << length << ' ' << result.failure;
    EXPECT_EQ(result.association.exists(), length == 8);
  }
}

// RFC 5280 §5.
TEST(ServerHandshake, a_certificate_on_its_issuers_list_is_told_that_it_was_revoked) {
  CertificateEnds ends;
  const test::Identity good = test::issued(ends.root, device_named("dev-17"));
  const test::Identity bad = test::issued(ends.root, device_named("dev-18"));
  ends.hold_against({test::revocation_list(ends.root, {&bad})});
  EXPECT_TRUE(ends.connect(good).open);
  const auto refused = ends.connect(bad);
  EXPECT_FALSE(refused.association.exists());
  EXPECT_EQ(refused.alert, GNUTLS_A_CERTIFICATE_REVOKED);
  // A list that is out of date still names what it names.
  ends.hold_against({test::revocation_list(ends.root, {&bad}, 1'500'000'000)});
  EXPECT_TRUE(ends.connect(good).open);
  EXPECT_EQ(ends.connect(bad).alert, GNUTLS_A_CERTIFICATE_REVOKED);
}

TEST(ServerHandshake, what_a_revoked_authority_has_issued_is_revoked_with_it) {
  CertificateEnds ends;
  test::Wish wish = device_named("between");
  wish.authority = true;
  const test::Identity between = test::issued(ends.root, wish);
  const test::Identity device = test::issued(between, device_named("dev-17"));
  const OwnedBytes by_the_root = test::revocation_list(ends.root, {});
  ends.hold_against({by_the_root});
  EXPECT_TRUE(ends.connect(device, {&between}).open);
  ends.hold_against({by_the_root, test::revocation_list(between, {&device})});
  EXPECT_EQ(ends.connect(device, {&between}).alert, GNUTLS_A_CERTIFICATE_REVOKED);
  ends.hold_against({test::revocation_list(ends.root, {&between})});
  EXPECT_EQ(ends.connect(device, {&between}).alert, GNUTLS_A_CERTIFICATE_REVOKED);
}

// Whoever can put a list in its place must not make a revoked certificate good again.
TEST(ServerHandshake, a_list_in_the_name_of_an_authority_that_has_not_signed_it_makes_nothing_good) {
  CertificateEnds ends;
  const test::Identity device = test::issued(ends.root, device_named("dev-17"));
  const OwnedBytes forged = test::revocation_list(CertificateEnds::authority("root"), {});
  ends.hold_against({forged});
  EXPECT_EQ(ends.connect(device).alert, GNUTLS_A_CERTIFICATE_UNKNOWN);
  // Beside its own it is that of another authority of the name, which has a new key.
  ends.hold_against({forged, test::revocation_list(ends.root, {})});
  EXPECT_TRUE(ends.connect(device).open);
  ends.hold_against({forged, test::revocation_list(ends.root, {&device})});
  EXPECT_EQ(ends.connect(device).alert, GNUTLS_A_CERTIFICATE_REVOKED);
  // A device that shows another authority of the name, to have the list verified by that.
  const test::Identity impostor = CertificateEnds::authority("root");
  ends.hold_against({test::revocation_list(ends.root, {&device})});
  EXPECT_EQ(ends.connect(device, {&impostor}).alert, GNUTLS_A_CERTIFICATE_REVOKED);
}

TEST(ServerHandshake, a_session_of_a_certificate_that_was_revoked_since_is_not_resumed) {
  CertificateEnds ends;
  const test::Identity device = test::issued(ends.root, device_named("dev-17"));
  const auto revocations = std::make_shared<Revocations>();
  ends.shown =
      security({.private_key = ends.own.keys.secret, .chain = {ends.own.der}, .revocations = revocations});
  OwnedBytes session;
  for (const bool revoked : {false, true}) {
    if (revoked) {
      revocations->replace(
          *RevocationLists::read(std::vector<OwnedBytes>{test::revocation_list(ends.root, {&device})}));
    }
    ServerEnd server(*ends.shown, ends.credentials);
    ClientDouble client({.certificate = &device, .session = session});
    client.go_on();
    flow(client, server);
    EXPECT_EQ(server.association.exists(), !revoked) << server.failure;
    if (!revoked) session = client.exported();
  }
}

TEST(RevocationLists, are_read_from_PEM_and_DER_and_nothing_else) {
  const test::Identity root = CertificateEnds::authority("root");
  const test::Identity device = test::issued(root, device_named("dev-17"));
  const OwnedBytes der = test::revocation_list(root, {&device}, kThen);
  const gnutls_datum_t data = datum(der);
  OwnedDatum armour;
  ASSERT_EQ(gnutls_pem_base64_encode2("X509 CRL", &data, armour.out()), 0);
  OwnedBytes twice(armour.bytes().begin(), armour.bytes().end());
  twice.insert(twice.end(), armour.bytes().begin(), armour.bytes().end());
  const auto lists = RevocationLists::read(std::vector<OwnedBytes>{der, twice});
  ASSERT_TRUE(lists) << lists.error();
  EXPECT_EQ((*lists)->lists(), 3U);
  EXPECT_EQ((*lists)->certificates(), 3U);
  EXPECT_EQ((*lists)->out_of_date({kThen}), 0U);
  EXPECT_EQ((*lists)->out_of_date({kThen + 2 * test::kDay}), 3U);
  for (const OwnedBytes& none : {OwnedBytes{}, OwnedBytes{'-', '-'}, device.der}) {
    EXPECT_FALSE(RevocationLists::read(std::vector<OwnedBytes>{none}));
  }
  for (std::size_t size = 0; size < der.size(); size += 7) {
    EXPECT_FALSE(RevocationLists::read(
        std::vector<OwnedBytes>{OwnedBytes(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(size))}))
        << size;
  }
}

// What an operator revokes is removed from the credentials: the next handshake finds it no more.
TEST(ServerHandshake, a_certificate_is_revoked_by_removing_its_credential) {
  CertificateEnds ends;
  const test::Identity device = test::self_signed(device_named("dev-17"));
  ends.credentials = known({anchor("dev-17", device.der)});
  EXPECT_TRUE(ends.connect(device).open);
  ends.credentials = known({});
  EXPECT_FALSE(ends.connect(device).open);
  EXPECT_FALSE(endpoint_of(Proof::kCertificate, as_bytes("dev-17"), *ends.credentials));
}

// Shows: SE-5
TEST(ServerHandshake, a_certificate_with_a_curve_below_255_bits_is_refused) {
  CertificateEnds ends;
  test::KeyPair weak(GNUTLS_ECC_CURVE_SECP224R1);
  const auto result = ends.connect(test::issued(ends.root, device_named("dev-17"), std::move(weak)));
  EXPECT_FALSE(result.open);
  EXPECT_FALSE(result.association.exists());
}

}  // namespace
}  // namespace linnet::tls

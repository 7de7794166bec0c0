// SPDX-License-Identifier: Apache-2.0
// The device's channel with pre-shared keys and raw public keys, over DTLS and TLS (TS 5.2.8.1, 5.2.8.2).
#include <gtest/gtest.h>

#include "tests/unit/tls/channel_pair.hpp"

namespace linnet::tls::test {
namespace {

using client::Alert;
using client::ChannelState;
using client::SecurityMode;
using ::testing::ElementsAre;

const OwnedBytes kKey(16, 0x5A);

ServerWish psk_server(Transport transport, std::string identity = "device-1", OwnedBytes key = kKey) {
  ServerWish wish;
  wish.transport = transport;
  wish.identity = std::move(identity);
  wish.key = std::move(key);
  return wish;
}

class Channel : public ChannelPair, public ::testing::Test {
 protected:
  std::string suite() const { return gnutls_ciphersuite_get(server->session()); }
};

struct Kind {
  Transport transport;
  Library library;
};

/// What holds for both transports and over both libraries.
class EachChannel : public Channel, public ::testing::WithParamInterface<Kind> {
 protected:
  EachChannel() { library = GetParam().library; }
  static Transport transport() { return GetParam().transport; }
};
INSTANTIATE_TEST_SUITE_P(Kinds, EachChannel,
                         ::testing::Values(Kind{Transport::kDatagram, Library::kGnuTls},
                                           Kind{Transport::kStream, Library::kGnuTls},
                                           Kind{Transport::kDatagram, Library::kMbedTls},
                                           Kind{Transport::kStream, Library::kMbedTls}),
                         [](const auto& p) {
                           return std::string(p.param.transport == Transport::kDatagram ? "DTLS" : "TLS") +
                                  (p.param.library == Library::kGnuTls ? "_GnuTLS" : "_MbedTLS");
                         });

/// Raw public keys, which Mbed TLS has not.
class RawKeys : public Channel, public ::testing::WithParamInterface<Transport> {
 protected:
  static Transport transport() { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Transports, RawKeys, ::testing::Values(Transport::kDatagram, Transport::kStream),
                         [](const auto& p) { return p.param == Transport::kDatagram ? "DTLS" : "TLS"; });

// Shows: SE-1, TR-1
TEST_P(EachChannel, A_pre_shared_key_opens_it_with_AES_128_CCM_8_and_bytes_pass_both_ways) {
  ASSERT_TRUE(connect(psk_server(transport()), psk_parameters("device-1", kKey)));
  EXPECT_EQ(suite(), "TLS_PSK_WITH_AES_128_CCM_8");
  EXPECT_EQ(server->psk_identity, "device-1");
  EXPECT_EQ(server->name, "lwm2m.example");
  EXPECT_NE(gnutls_session_ext_master_secret_status(server->session()), 0U);
  EXPECT_FALSE(channel->resumed());
  ASSERT_TRUE(channel->send(as_bytes("register")));
  flow();
  EXPECT_THAT(server->received, ElementsAre("register"));
  server->send("created");
  server->send("read");
  flow();
  EXPECT_THAT(received, ElementsAre("created", "read"));
}

// Shows: SE-1
TEST_P(EachChannel, The_CBC_suite_is_spoken_where_object_0_names_it) {
  auto parameters = psk_parameters("device-1", kKey);
  parameters.suites = {0x00AE};
  parameters.suite_count = 1;
  ASSERT_TRUE(connect(psk_server(transport()), parameters));
  EXPECT_EQ(suite(), "TLS_PSK_WITH_AES_128_CBC_SHA256");
}

// Shows: SE-1
TEST_P(EachChannel, Identities_of_128_bytes_and_keys_of_64_are_taken) {
  std::string identity(128, 'i');
  identity[3] = '\0';
  const OwnedBytes key(library == Library::kGnuTls ? 64 : 32, 0x77);  // MBEDTLS_PSK_MAX_LEN
  ASSERT_TRUE(connect(psk_server(transport(), identity, key), psk_parameters(identity, key)));
  EXPECT_EQ(server->psk_identity, identity);
}

// Shows: SE-7
TEST_P(EachChannel, A_wrong_key_is_told_by_an_alert_and_ends_the_handshake) {
  ASSERT_TRUE(begin(psk_server(transport()), psk_parameters("device-1", OwnedBytes(16, 0x11))));
  flow();
  EXPECT_NE(channel->state(), ChannelState::kOpen);
  EXPECT_FALSE(server->open);
  if (transport() == Transport::kDatagram) {
    // A record that does not open is dropped in silence (RFC 6347 §4.1.2.7): it ends by time.
    now += config.give_up;
    (void)channel->step(now);
    EXPECT_EQ(channel->end().why, Errc::kTimeout);
  } else {
    EXPECT_EQ(channel->end().why, Errc::kClosed);
    EXPECT_EQ(channel->end().alert, static_cast<Alert>(GNUTLS_A_BAD_RECORD_MAC));
    EXPECT_TRUE(channel->end().by_peer);
  }
}

// Shows: SE-7
TEST_P(EachChannel, An_alert_that_fails_says_that_trying_again_is_in_vain) {
  ASSERT_TRUE(begin(psk_server(transport()), psk_parameters("device-1", kKey)));
  server->alert(GNUTLS_AL_FATAL, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
  to_server.clear();
  flow();
  ASSERT_EQ(channel->state(), ChannelState::kClosed);
  EXPECT_EQ(channel->end().why, Errc::kUnauthorized);
  EXPECT_EQ(channel->end().alert, Alert::kUnknownPskIdentity);
  EXPECT_TRUE(channel->end().by_peer);
}

// Shows: SE-7
TEST_F(Channel, An_alert_that_is_to_be_ignored_does_not_disturb_a_handshake) {
  ASSERT_TRUE(begin(psk_server(Transport::kDatagram), psk_parameters("device-1", kKey)));
  const OwnedBytes unsupported_extension{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 110};
  hear(unsupported_extension);
  EXPECT_EQ(channel->state(), ChannelState::kHandshaking);
  flow();
  EXPECT_EQ(channel->state(), ChannelState::kOpen);
}

// Shows: SE-7
TEST_P(EachChannel, What_the_server_closes_may_be_tried_again) {
  ASSERT_TRUE(connect(psk_server(transport()), psk_parameters("device-1", kKey)));
  server->close();
  flow();
  EXPECT_EQ(channel->state(), ChannelState::kClosed);
  EXPECT_EQ(channel->end().why, Errc::kClosed);
  EXPECT_EQ(channel->end().alert, Alert::kCloseNotify);
  EXPECT_EQ(channel->send(as_bytes("late")).error().code, Errc::kClosed);
}

TEST_P(EachChannel, Closing_it_tells_the_server) {
  ASSERT_TRUE(connect(psk_server(transport()), psk_parameters("device-1", kKey)));
  channel->close();
  flow();
  EXPECT_EQ(server->heard, GNUTLS_A_CLOSE_NOTIFY);
}

TEST_P(EachChannel, A_new_handshake_that_the_server_asks_for_is_refused) {
  ASSERT_TRUE(connect(psk_server(transport()), psk_parameters("device-1", kKey)));
  const int asked = server->rehandshake();
  ASSERT_TRUE(asked == GNUTLS_E_SUCCESS || asked == GNUTLS_E_AGAIN) << sentence(asked);
  flow();
  EXPECT_EQ(channel->state(), ChannelState::kOpen);
  EXPECT_EQ(server->heard, GNUTLS_A_NO_RENEGOTIATION);
  server->send("still here");
  flow();
  EXPECT_THAT(received, ElementsAre("still here"));
}

// Shows: SE-2
TEST_P(RawKeys, Raw_public_keys_are_shown_both_ways) {
  const KeyPair server_keys;
  const KeyPair own;
  ServerWish wish;
  wish.transport = transport();
  wish.raw_key = &server_keys;
  ASSERT_TRUE(connect(std::move(wish),
                      key_parameters(SecurityMode::kRawPublicKey, own.spki, own.secret, server_keys.spki)))
      << refusal() << sentence(server->error);
  EXPECT_EQ(suite(), "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8");
  EXPECT_EQ(gnutls_certificate_type_get2(server->session(), GNUTLS_CTYPE_CLIENT), GNUTLS_CRT_RAWPK);
  EXPECT_EQ(server->client, own.spki);
  EXPECT_EQ(gnutls_group_get(server->session()), GNUTLS_GROUP_SECP256R1);
}

// Shows: SE-2
TEST_P(RawKeys, Another_raw_public_key_than_the_stored_one_is_refused) {
  const KeyPair server_keys;
  const KeyPair other;
  const KeyPair own;
  ServerWish wish;
  wish.transport = transport();
  wish.raw_key = &server_keys;
  EXPECT_FALSE(connect(std::move(wish),
                       key_parameters(SecurityMode::kRawPublicKey, own.spki, own.secret, other.spki)));
  EXPECT_EQ(channel->end().alert, Alert::kBadCertificate);
  EXPECT_EQ(channel->end().why, Errc::kUnauthorized);
  EXPECT_FALSE(channel->end().by_peer);
  EXPECT_EQ(server->heard, GNUTLS_A_BAD_CERTIFICATE) << sentence(server->error);
}

// Shows: SE-2
TEST_F(Channel, A_raw_public_key_may_be_stored_as_its_hash_and_the_CBC_suite_named) {
  const KeyPair server_keys;
  const KeyPair own;
  const OwnedBytes hash = sha256(server_keys.spki);
  auto parameters = key_parameters(SecurityMode::kRawPublicKey, own.spki, own.secret, hash);
  parameters.matching = client::MatchingType::kSha256;
  parameters.suites = {0xC023};
  parameters.suite_count = 1;
  ServerWish wish;
  wish.raw_key = &server_keys;
  ASSERT_TRUE(connect(std::move(wish), parameters)) << sentence(server->error);
  EXPECT_EQ(suite(), "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256");
}

// Shows: SE-5
TEST_F(Channel, Keys_that_cannot_be_used_are_refused_before_anything_is_sent) {
  const KeyPair own;
  const KeyPair other;
  const KeyPair weak(GNUTLS_ECC_CURVE_SECP224R1);
  const auto refused = [&](ByteView identity, ByteView secret) {
    const auto begun = begin(psk_server(Transport::kDatagram),
                             key_parameters(SecurityMode::kRawPublicKey, identity, secret, other.spki));
    EXPECT_TRUE(to_server.empty());
    return !begun && begun.error().code == Errc::kInvalidArgument && !refusal().empty();
  };
  EXPECT_TRUE(refused(other.spki, own.secret)) << "two halves of different keys";
  EXPECT_TRUE(refused(own.spki, as_bytes("no key")));
  EXPECT_TRUE(refused(weak.spki, weak.secret)) << "TS 5.2.3: less than 255 bits";
}

TEST_F(Channel, Suites_that_do_not_go_with_the_mode_leave_nothing_to_offer) {
  auto parameters = psk_parameters("device-1", kKey);
  parameters.suites = {0xC0AE, 0x1301};
  parameters.suite_count = 2;
  EXPECT_EQ(begin(psk_server(Transport::kDatagram), parameters).error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(refusal().empty());
}

// Shows: SE-11
TEST_P(EachChannel, A_session_is_resumed_by_its_ID) {
  std::vector<std::pair<OwnedBytes, OwnedBytes>> cache;
  ServerWish wish = psk_server(transport());
  wish.cache = &cache;
  ASSERT_TRUE(connect(wish, psk_parameters("device-1", kKey)));
  const OwnedBytes session = exported();
  ASSERT_FALSE(session.empty());
  // The key has changed meanwhile: only what was kept can open it.
  wish.key = OwnedBytes(16, 0x99);
  ASSERT_TRUE(connect(wish, psk_parameters("device-1", kKey), session));
  EXPECT_TRUE(channel->resumed());
  EXPECT_NE(gnutls_session_is_resumed(server->session()), 0);
}

// Shows: SE-11
TEST_P(EachChannel, A_session_is_resumed_by_a_ticket_and_made_anew_where_the_server_has_lost_its_key) {
  OwnedDatum first;
  OwnedDatum second;
  ASSERT_EQ(gnutls_session_ticket_key_generate(first.out()), 0);
  ASSERT_EQ(gnutls_session_ticket_key_generate(second.out()), 0);
  ServerWish wish = psk_server(transport());
  wish.ticket_key = *first.out();
  ASSERT_TRUE(connect(wish, psk_parameters("device-1", kKey)));
  const OwnedBytes session = exported();
  ASSERT_TRUE(connect(wish, psk_parameters("device-1", kKey), session));
  EXPECT_TRUE(channel->resumed());
  wish.ticket_key = *second.out();
  ASSERT_TRUE(connect(wish, psk_parameters("device-1", kKey), session));
  EXPECT_FALSE(channel->resumed());
  ASSERT_TRUE(connect(wish, psk_parameters("device-1", kKey), as_bytes("no session at all")));
  EXPECT_FALSE(channel->resumed());
}

TEST_F(Channel, A_flight_that_was_lost_is_sent_again) {
  int lost = 0;
  pass_to_server = [&](const OwnedBytes&) { return ++lost > 2; };
  config.retransmit = Millis(1);
  ASSERT_TRUE(begin(psk_server(Transport::kDatagram), psk_parameters("device-1", kKey)));
  for (int i = 0; i < 1'000'000 && channel->state() == ChannelState::kHandshaking; ++i) {
    const Instant next = channel->step(now);
    EXPECT_LE(next, now + config.give_up);
    flow();
  }
  EXPECT_EQ(channel->state(), ChannelState::kOpen);
  EXPECT_GT(lost, 2);
}

TEST_P(EachChannel, No_answer_at_all_ends_by_time) {
  pass_to_server = [](const OwnedBytes&) { return false; };
  ASSERT_TRUE(begin(psk_server(transport()), psk_parameters("device-1", kKey)));
  EXPECT_LE(channel->step(now), now + config.give_up);
  now += config.give_up;
  (void)channel->step(now);
  EXPECT_EQ(channel->state(), ChannelState::kClosed);
  EXPECT_EQ(channel->end().why, Errc::kTimeout);
  EXPECT_FALSE(channel->end().alert);
}

// Shows: TR-2
TEST_F(Channel, A_stream_may_come_in_any_pieces) {
  ASSERT_TRUE(begin(psk_server(Transport::kStream), psk_parameters("device-1", kKey)));
  const auto deliver_by_bytes = [&] {
    while (!to_server.empty() || !server->sent.empty()) {
      for (const OwnedBytes& bytes : std::exchange(to_server, {})) server->receive(bytes);
      for (const OwnedBytes& bytes : std::exchange(server->sent, {})) {
        for (const std::uint8_t& byte : bytes) hear({&byte, 1});
      }
    }
  };
  deliver_by_bytes();
  ASSERT_EQ(channel->state(), ChannelState::kOpen);
  server->send("piece by piece");
  deliver_by_bytes();
  EXPECT_THAT(received, ElementsAre("piece by piece"));
}

// RFC 8323 §8.2.
TEST_P(EachChannel, On_a_stream_coap_is_agreed_on_by_ALPN_but_at_its_own_port_need_not_be) {
  if (transport() == Transport::kDatagram) return;
  ServerWish wish = psk_server(transport());
  ASSERT_TRUE(connect(wish, psk_parameters("device-1", kKey)));
  gnutls_datum_t protocol{};
  ASSERT_GE(gnutls_alpn_get_selected_protocol(server->session(), &protocol), 0);
  EXPECT_EQ(as_text(view(protocol)), "coap");
  wish.knows_protocols = false;
  client::SecurityParameters parameters = psk_parameters("device-1", kKey);
  parameters.port = 5684;
  EXPECT_TRUE(connect(wish, parameters));
  parameters.port = 5685;
  EXPECT_FALSE(connect(wish, parameters));
  EXPECT_EQ(channel->end().alert, client::Alert::kNoApplicationProtocol);
  EXPECT_EQ(server->heard, GNUTLS_A_NO_APPLICATION_PROTOCOL);
}

// Shows: TR-2
TEST_P(EachChannel, Many_small_records_in_one_piece_all_arrive) {
  if (transport() == Transport::kDatagram) return;
  ASSERT_TRUE(connect(psk_server(transport()), psk_parameters("device-1", kKey)));
  OwnedBytes all;
  for (int i = 0; i < 300; ++i) server->send("x");
  for (const OwnedBytes& bytes : std::exchange(server->sent, {}))
    all.insert(all.end(), bytes.begin(), bytes.end());
  hear(all);
  EXPECT_EQ(received.size(), 300U);
}

TEST_F(Channel, More_than_a_datagram_holds_is_refused) {
  ASSERT_TRUE(connect(psk_server(Transport::kDatagram), psk_parameters("device-1", kKey)));
  EXPECT_TRUE(channel->send(OwnedBytes(1152)));
  EXPECT_EQ(channel->send(OwnedBytes(2000)).error().code, Errc::kTooLarge);
  EXPECT_EQ(channel->state(), ChannelState::kOpen);
}

}  // namespace
}  // namespace linnet::tls::test

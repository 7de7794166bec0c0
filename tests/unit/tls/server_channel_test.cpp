// SPDX-License-Identifier: Apache-2.0
// The server's end of TLS connections over memory, against a client session of GnuTLS (RFC 8323 §8.2).
// Shows: SE-1, SE-2, SE-3, TR-2
#include "linnet/tls/server_channel.hpp"

#include <gtest/gtest.h>

#include "client_double.hpp"

namespace linnet::tls {
namespace {

using test::ClientDouble;
using test::ClientWish;
using State = ServerChannel::State;

const OwnedBytes kKey{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                      0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
constexpr const char* kVersion13 =
    "NONE:+VERS-TLS1.3:+AEAD:+AES-128-GCM:+ECDHE-PSK:+PSK:+ECDHE-ECDSA:+GROUP-SECP256R1:"
    "+SIGN-ECDSA-SECP256R1-SHA256:+CTYPE-ALL";

const test::KeyPair& device_key() {
  static const test::KeyPair made;
  return made;
}

/// Good for as long as these tests: the library's clock judges them.
test::Wish lasting(const std::string& name) {
  test::Wish wish;
  wish.name = name;
  wish.from = 1'000'000'000;
  wish.until = 4'000'000'000;
  return wish;
}

const test::Identity& root() {
  static const test::Identity made = [] {
    test::Wish wish = lasting("Root");
    wish.authority = true;
    return test::self_signed(wish);
  }();
  return made;
}

const test::Identity& device_certificate() {
  static const test::Identity made = [] {
    test::Wish wish = lasting("dev-cert");
    wish.for_clients = true;
    return test::issued(root(), wish);
  }();
  return made;
}

const ServerSecurity& security() {
  static const auto made = [] {
    static const test::Identity own = test::issued(root(), lasting("server.example"));
    auto built = ServerSecurity::make(Transport::kStream,
                                      {.private_key = own.keys.secret, .chain = {own.der, root().der}});
    EXPECT_TRUE(built) << built.error();
    return std::move(*built);
  }();
  return *made;
}

server::Credentials::Shared known() {
  using Mode = server::CredentialMode;
  std::vector<server::CredentialChange> changes;
  const auto add = [&](const char* endpoint, Mode mode, OwnedBytes identity, const OwnedBytes& key = {}) {
    server::Credential credential;
    credential.endpoint = endpoint;
    credential.mode = mode;
    credential.identity = std::move(identity);
    credential.key.assign(key.begin(), key.end());
    changes.push_back({.put = std::move(credential)});
  };
  add("dev-psk", Mode::kPreSharedKey, {'o', 'n', 'e'}, kKey);
  add("dev-rpk", Mode::kRawPublicKey, device_key().spki);
  add("dev-*", Mode::kCertificate, {}, root().der);
  const auto made = server::Credentials::none()->apply(changes);
  EXPECT_TRUE(made) << made.error().phrase;
  return *made;
}

struct Pair {
  explicit Pair(ClientWish wish) : client(with_stream(std::move(wish))), server(security(), known()) {}

  static ClientWish with_stream(ClientWish wish) {
    wish.transport = Transport::kStream;
    return wish;
  }
  /// To and fro until nobody says anything; `piece` bytes at a time reach the server.
  void flow(std::size_t piece = SIZE_MAX) {
    if (!client.open) client.go_on();
    while (!client.sent.empty() || !to_client.empty()) {
      for (const OwnedBytes& bytes : std::exchange(client.sent, {})) {
        for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at))
          give(ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at)));
      }
      if (const OwnedBytes bytes = std::exchange(to_client, {}); !bytes.empty()) client.receive(bytes);
    }
  }
  void give(ByteView bytes) {
    server.receive(
        bytes, [&](ByteView text) { heard += as_text(text); },
        [&](ByteView sealed) { to_client.insert(to_client.end(), sealed.begin(), sealed.end()); });
  }
  void say(std::string_view text) {
    EXPECT_TRUE(server.send(as_bytes(text), [&](ByteView sealed) {
      to_client.insert(to_client.end(), sealed.begin(), sealed.end());
    }));
  }

  ClientDouble client;
  ServerChannel server;
  OwnedBytes to_client;
  std::string heard;
};

struct Case {
  const char* name;
  const char* endpoint;
  ClientWish wish;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const bool new_version : {false, true}) {
    const std::string priorities = new_version ? kVersion13 : "";
    all.push_back({new_version ? "psk_13" : "psk_12",
                   "dev-psk",
                   {.identity = "one", .key = kKey, .priorities = priorities}});
    all.push_back(
        {new_version ? "raw_13" : "raw_12", "dev-rpk", {.raw_key = &device_key(), .priorities = priorities}});
    all.push_back({new_version ? "certificate_13" : "certificate_12",
                   "dev-cert",
                   {.certificate = &device_certificate(), .priorities = priorities}});
  }
  return all;
}

class ServerChannelOf : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Proof, ServerChannelOf, ::testing::ValuesIn(cases()),
                         [](const auto& which) { return which.param.name; });

TEST_P(ServerChannelOf, client_is_known_and_content_goes_both_ways_whatever_the_pieces) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    Pair pair(GetParam().wish);
    pair.flow(piece);
    ASSERT_TRUE(pair.client.open) << pair.server.failure() << " / " << sentence(pair.client.error);
    ASSERT_EQ(pair.server.state(), State::kOpen) << pair.server.failure();
    EXPECT_EQ(pair.server.endpoint(*known()), GetParam().endpoint);
    pair.client.say("to the server");
    pair.client.say(", twice");
    pair.say("to the device");
    pair.flow(piece);
    EXPECT_EQ(pair.heard, "to the server, twice");
    EXPECT_EQ(pair.client.heard, std::vector<std::string>{"to the device"});
    EXPECT_FALSE(pair.server.partial());
  }
}

TEST(ServerChannel, identity_counts_only_while_the_credentials_know_it) {
  Pair pair({.identity = "one", .key = kKey});
  pair.flow();
  ASSERT_EQ(pair.server.state(), State::kOpen);
  EXPECT_FALSE(pair.server.endpoint(*server::Credentials::none()));
}

TEST(ServerChannel, strangers_and_wrong_keys_are_told_why) {
  Pair stranger({.identity = "two", .key = kKey});
  stranger.flow();
  EXPECT_EQ(stranger.server.state(), State::kClosed);
  EXPECT_EQ(stranger.client.alert, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
  Pair liar({.identity = "one", .key = OwnedBytes(16, 7)});
  liar.flow();
  EXPECT_EQ(liar.server.state(), State::kClosed);
  EXPECT_FALSE(liar.client.open);
  const test::KeyPair other;
  Pair unknown({.raw_key = &other});
  unknown.flow();
  EXPECT_EQ(unknown.server.state(), State::kClosed);
  EXPECT_EQ(unknown.client.alert, GNUTLS_A_CERTIFICATE_UNKNOWN);
}

// RFC 8323 §8.2.
TEST(ServerChannel, protocol_coap_is_agreed_on_and_another_refused) {
  Pair coap({.identity = "one", .key = kKey, .protocol = "coap"});
  coap.flow();
  ASSERT_TRUE(coap.client.open);
  gnutls_datum_t agreed{};
  ASSERT_EQ(gnutls_alpn_get_selected_protocol(coap.client.session.get(), &agreed), 0);
  EXPECT_EQ(as_text(view(agreed)), "coap");
  Pair http({.identity = "one", .key = kKey, .protocol = "http/1.1"});
  http.flow();
  EXPECT_EQ(http.server.state(), State::kClosed);
  EXPECT_EQ(http.client.alert, GNUTLS_A_NO_APPLICATION_PROTOCOL);
}

TEST(ServerChannel, session_is_resumed_by_its_ticket_in_both_versions) {
  for (const char* priorities : {"", kVersion13}) {
    Pair first({.identity = "one", .key = kKey, .priorities = priorities});
    first.flow();
    ASSERT_TRUE(first.client.open);
    Pair second(
        {.identity = "one", .key = kKey, .priorities = priorities, .session = first.client.exported()});
    second.flow();
    ASSERT_TRUE(second.client.open);
    EXPECT_TRUE(second.server.resumed()) << priorities;
    EXPECT_EQ(second.server.endpoint(*known()), "dev-psk");
  }
}

TEST(ServerChannel, end_is_told_by_either_side) {
  Pair left({.identity = "one", .key = kKey});
  left.flow();
  left.client.close();
  left.flow();
  EXPECT_EQ(left.server.state(), State::kClosed);
  EXPECT_EQ(left.server.failure(), "");
  Pair sent_away({.identity = "one", .key = kKey});
  sent_away.flow();
  sent_away.server.close([&](ByteView sealed) { sent_away.client.receive(sealed); });
  EXPECT_EQ(sent_away.client.alert, GNUTLS_A_CLOSE_NOTIFY);
}

TEST(ServerChannel, forged_and_oversized_records_end_it) {
  for (const OwnedBytes& bytes :
       {OwnedBytes{23, 3, 3, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
        OwnedBytes{23, 3, 3, 0xFF, 0xFF, 1}, OwnedBytes{'G', 'E', 'T', ' ', '/', ' ', 'H'}}) {
    Pair pair({.identity = "one", .key = kKey});
    pair.flow();
    ASSERT_EQ(pair.server.state(), State::kOpen);
    pair.give(bytes);
    EXPECT_EQ(pair.server.state(), State::kClosed);
    EXPECT_NE(pair.server.failure(), "");
    EXPECT_EQ(pair.heard, "");
  }
}

// TLS 1.2 could (RFC 5246 §7.4.1.2); RFC 7925 §17 forbids it.
TEST(ServerChannel, new_handshake_inside_a_session_ends_it) {
  Pair pair({.identity = "one",
             .key = kKey,
             .priorities =
                 "NONE:+VERS-TLS1.2:+PSK:+AES-128-CCM-8:+AEAD:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL"});
  pair.flow();
  ASSERT_TRUE(pair.client.open);
  pair.client.go_on();
  ASSERT_FALSE(pair.client.sent.empty());
  EXPECT_EQ(pair.client.sent.at(0).at(0), 22) << "a ClientHello";
  pair.client.open = true;  // the session of before is what it has
  pair.flow();
  EXPECT_EQ(pair.server.state(), State::kClosed);
  EXPECT_TRUE(pair.client.alert);
  EXPECT_EQ(pair.heard, "");
}

TEST(ServerChannel, record_that_does_not_end_is_seen) {
  Pair pair({.identity = "one", .key = kKey});
  pair.flow();
  pair.client.say("text");
  const OwnedBytes record = std::exchange(pair.client.sent, {}).at(0);
  for (std::size_t i = 0; i + 1 < record.size(); ++i) {
    pair.give(ByteView(record).subspan(i, 1));
    EXPECT_TRUE(pair.server.partial()) << i;
  }
  pair.give(ByteView(record).last(1));
  EXPECT_FALSE(pair.server.partial());
  EXPECT_EQ(pair.heard, "text");
}

}  // namespace
}  // namespace linnet::tls

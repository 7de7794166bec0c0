// SPDX-License-Identifier: Apache-2.0
// Devices over TLS (RFC 8323 §8.2, TS 6.8.2).
// Shows: TR-2, SE-1, SE-6
#include <gtest/gtest.h>

#include <deque>
#include <future>

#include "linnet/net/server.hpp"
#include "pre_shared.hpp"
#include "raw_stream.hpp"
#include "running_server.hpp"
#include "secured_stream.hpp"
#include "tests/unit/tls/client_double.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using test::devices;
using test::kKey;
using test::perform;
using test::SecuredStream;
using test::small_server;
using test::start;
using test::statistics;
using tls::OwnedBytes;
using Bytes = RawStream::Bytes;

ServerConfig secured(unsigned shards = 1) {
  ServerConfig config = small_server(shards);
  config.listen_tls = {*parse_address("127.0.0.1:0")};
  config.dtls.credentials = [known = *server::Credentials::none()->apply(devices())] { return known; };
  return config;
}

class TlsServer : public ::testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Shards, TlsServer, ::testing::Values(1U, 3U));

TEST_P(TlsServer, device_registers_is_managed_and_leaves) {
  const auto server = start(secured(GetParam()));
  SecuredStream device(server->listening_tls()[0]);
  const std::string location = device.register_as("dev-one");
  ASSERT_EQ(location.size(), server::RegistrationId::kTextSize);
  auto outcome = perform(*server, "dev-one", server::OperationKind::kRead, "/3/0/0");
  const Bytes read = device.next();
  EXPECT_EQ(RawStream::view(read).code(), Code::kGet);
  device.answer(RawStream::view(read), Code::kContent, "linnet");
  EXPECT_EQ(outcome.get().code, Code::kContent);
  EXPECT_EQ(device.update(location), Code::kChanged);
  device.request(Code::kDelete, {"rd", location});
  EXPECT_EQ(RawStream::view(device.next()).code(), Code::kDeleted);
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.tls.handshakes, 1U);
  EXPECT_EQ(seen.connections, 1U);
}

// TS 5.2.6: 4.00 where the identity is another's.
TEST_P(TlsServer, identity_is_good_for_its_own_endpoint_alone) {
  const auto server = start(secured(GetParam()));
  SecuredStream device(server->listening_tls()[0], "one");
  for (const char* name : {"dev-two", "dev-three"}) {
    device.request(Code::kPost, {"rd"}, {std::string("ep=") + name, "lt=300", "lwm2m=1.1", "b=T"}, "</3/0>");
    EXPECT_EQ(RawStream::view(device.next()).code(), Code::kBadRequest) << name;
  }
  EXPECT_NE(device.register_as("dev-one"), "");
}

TEST_P(TlsServer, next_connection_takes_the_registration_over_wherever_it_is_accepted) {
  const auto server = start(secured(GetParam()));
  std::string location;
  for (int i = 0; i < 6; ++i) {
    SecuredStream device(server->listening_tls()[0]);
    if (location.empty()) location = device.register_as("dev-one");
    EXPECT_EQ(device.update(location), Code::kChanged);
    auto outcome = perform(*server, "dev-one", server::OperationKind::kRead, "/3/0/0");
    device.answer(RawStream::view(device.next()), Code::kContent, "here");
    EXPECT_EQ(outcome.get().code, Code::kContent);
    device.end();
    EXPECT_TRUE(device.closed());
  }
}

TEST(TlsServer, registration_of_another_is_out_of_reach) {
  const auto server = start(secured());
  SecuredStream device(server->listening_tls()[0], "one");
  const std::string location = device.register_as("dev-one");
  SecuredStream thief(server->listening_tls()[0], "two");
  EXPECT_EQ(thief.update(location), Code::kNotFound);
  EXPECT_EQ(device.update(location), Code::kChanged);
}

TEST(TlsServer, stranger_is_told_and_gets_no_link) {
  const auto server = start(secured());
  SecuredStream stranger(server->listening_tls()[0], "nobody");
  EXPECT_EQ(stranger.client.alert, GNUTLS_A_UNKNOWN_PSK_IDENTITY);
  EXPECT_TRUE(stranger.closed());
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.tls.failed, 1U);
  EXPECT_EQ(seen.links, 0U);
}

TEST(TlsServer, plain_coap_and_other_noise_is_no_handshake) {
  const auto server = start(secured());
  for (const Bytes& bytes :
       {Bytes{0x00, 0xE1, 0x01, 0x01, 0x42}, Bytes(64, 0xFF), Bytes{'G', 'E', 'T', ' ', '/', '\r', '\n'}}) {
    RawStream peer(server->listening_tls()[0], false);
    peer.write(bytes);
    while (!peer.read().empty()) {
    }
    EXPECT_TRUE(peer.closed());
  }
  EXPECT_EQ(statistics(*server).tls.failed, 3U);
  EXPECT_NE(SecuredStream(server->listening_tls()[0]).register_as("dev-one"), "");
}

TEST(TlsAttack, handshakes_that_trickle_or_stand_still_are_given_up) {
  ServerConfig config = secured();
  config.tls.give_up = Millis(1);
  const auto server = start(config);
  RawStream mute(server->listening_tls()[0], false);
  RawStream slow(server->listening_tls()[0], false);
  slow.write(Bytes{22, 3, 1, 2, 0, 1});
  EXPECT_TRUE(mute.closed());
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(statistics(*server).tls.failed, 2U);
}

TEST(TlsAttack, handshakes_of_one_source_and_of_all_are_bounded) {
  for (const bool of_source : {true, false}) {
    ServerConfig config = secured();
    (of_source ? config.tls.per_source : config.tls.under_way) = 3;
    const auto server = start(config);
    std::deque<RawStream> waiting;
    for (int i = 0; i < 3; ++i) waiting.emplace_back(server->listening_tls()[0], false);
    RawStream refused(server->listening_tls()[0], false);
    EXPECT_TRUE(refused.closed());
    EXPECT_EQ(statistics(*server).tls.refused, 1U);
  }
}

TEST(TlsAttack, replayed_or_changed_record_ends_the_connection_and_is_not_heard) {
  const auto server = start(secured());
  for (const bool replay : {true, false}) {
    SecuredStream device(server->listening_tls()[0]);
    const std::string location = device.register_as("dev-one");
    ASSERT_NE(location, "");
    Bytes record = device.sealed(Bytes{0x01, 0xE2, 0x42});  // a Ping
    if (replay) {
      device.write(record);
      EXPECT_EQ(device.next(), (Bytes{0x01, 0xE3, 0x42}));
    } else {
      record.back() ^= 1U;
    }
    device.write(record);
    EXPECT_TRUE(device.receive().empty());
    EXPECT_TRUE(device.closed());
    EXPECT_EQ(device.client.alert, GNUTLS_A_BAD_RECORD_MAC);
  }
  EXPECT_EQ(statistics(*server).streams.dropped, 2U);
}

TEST(TlsAttack, record_that_does_not_end_is_given_up) {
  ServerConfig config = secured();
  config.streams.session.frame_timeout = Millis(1);
  const auto server = start(config);
  SecuredStream device(server->listening_tls()[0]);
  ASSERT_NE(device.register_as("dev-one"), "");
  const Bytes record = device.sealed(Bytes{0x01, 0xE2, 0x42});
  device.write(ByteView(record).first(record.size() - 1));
  EXPECT_TRUE(device.closed());
  EXPECT_EQ(statistics(*server).streams.dropped, 1U);
}

TEST(TlsServer, server_that_stops_releases_its_connections) {
  auto server = start(secured(2));
  SecuredStream device(server->listening_tls()[0]);
  ASSERT_NE(device.register_as("dev-one"), "");
  server->stop();
  EXPECT_EQ(RawStream::view(device.next()).code(), Code::kRelease);
  EXPECT_TRUE(device.closed());
  EXPECT_EQ(device.client.alert, GNUTLS_A_CLOSE_NOTIFY);
}

}  // namespace
}  // namespace linnet::net

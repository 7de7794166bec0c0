// SPDX-License-Identifier: Apache-2.0
// Shows: SE-1, SE-6, OP-1
// The bootstrap server over DTLS and over connections.
#include <gtest/gtest.h>

#include <future>

#include "linnet/net/server.hpp"
#include "raw_stream.hpp"
#include "secured_device.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using lwm2m::Path;
using test::SecuredDevice;
using test::start;
using test::statistics;

ServerConfig bootstrapping() {
  ServerConfig config = test::secured();
  config.bootstrap.listen_dtls = {*parse_address("127.0.0.1:0")};
  config.allow_nosec = false;
  return config;
}

/// Object 1 of every device goes.
void configure(Server& server) {
  server::BootstrapConfiguration configuration;
  configuration.name = "all";
  configuration.endpoints = {"*"};
  configuration.deletions = {Path(1)};
  std::promise<ConfigurationOutcome> done;
  ASSERT_TRUE(server.bootstrap()->put(
      configuration, [&](ConfigurationOutcome outcome) { done.set_value(std::move(outcome)); }));
  ASSERT_FALSE(done.get_future().get().failure);
}

std::vector<std::uint8_t> answer_to(const RawMessage& asked, Code code) {
  std::array<std::uint8_t, 64> buffer;
  coap::MessageWriter writer(buffer, coap::Type::kAcknowledgement, code, asked.view().message_id(),
                             asked.view().token());
  const ByteView written = ByteView(buffer).first(*writer.finish());
  return {written.begin(), written.end()};
}

TEST(SecuredBootstrap, a_session_goes_over_the_association_that_proved_the_name) {
  const auto server = start(bootstrapping());
  configure(*server);
  SecuredDevice device(server->bootstrap()->config().listen_dtls[0]);
  ASSERT_TRUE(device.connect());
  EXPECT_EQ(device.request(Code::kPost, {"bs"}, {"ep=dev-one", "pct=112"}), Code::kChanged);
  for (const auto& [method, answer] :
       {std::pair(Code::kDelete, Code::kDeleted), std::pair(Code::kPost, Code::kChanged)}) {
    const RawMessage asked = device.answer();
    EXPECT_EQ(asked.view().code(), method);
    device.client().say(as_text(answer_to(asked, answer)));
    device.exchange();
  }
  // What was answered last is through when the next request is.
  EXPECT_EQ(device.request(Code::kGet, {"nothing"}), Code::kNotFound);
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.bootstrap.finished, 1U);
  EXPECT_EQ(seen.dtls.handshakes, 1U);
  EXPECT_EQ(seen.dtls.associations, 1U);
}

// TS 5.2.6: 4.00 where the identity is another's.
TEST(SecuredBootstrap, an_identity_is_good_for_its_own_endpoint_alone) {
  const auto server = start(bootstrapping());
  configure(*server);
  SecuredDevice device(server->bootstrap()->config().listen_dtls[0], "one");
  ASSERT_TRUE(device.connect());
  EXPECT_EQ(device.request(Code::kPost, {"bs"}, {"ep=dev-two", "pct=112"}), Code::kBadRequest);
  EXPECT_EQ(statistics(*server).bootstrap.started, 0U);
}

TEST(SecuredBootstrap, who_proves_nothing_is_refused_over_udp_and_tcp) {
  ServerConfig config = bootstrapping();
  config.bootstrap.listen = {*parse_address("127.0.0.1:0")};
  config.bootstrap.listen_tcp = {*parse_address("127.0.0.1:0")};
  const auto server = start(config);
  configure(*server);
  RawDevice device(server->bootstrap()->config().listen[0]);
  device.request(Code::kPost, {"bs"}, {"ep=dev-one", "pct=112"});
  EXPECT_EQ(device.receive().view().code(), Code::kForbidden);
  RawStream stream(server->bootstrap()->config().listen_tcp[0]);
  stream.request(Code::kPost, {"bs"}, {"ep=dev-one", "pct=112"});
  const RawStream::Bytes answer = stream.next();
  EXPECT_EQ(RawStream::view(answer).code(), Code::kForbidden);
}

TEST(SecuredBootstrap, who_closes_ends_its_session) {
  const auto server = start(bootstrapping());
  configure(*server);
  SecuredDevice device(server->bootstrap()->config().listen_dtls[0]);
  ASSERT_TRUE(device.connect());
  ASSERT_EQ(device.request(Code::kPost, {"bs"}, {"ep=dev-one", "pct=112"}), Code::kChanged);
  device.client().close();
  for (const tls::OwnedBytes& datagram : std::exchange(device.client().sent, {})) device.wire.send(datagram);
  SecuredDevice again(server->bootstrap()->config().listen_dtls[0]);
  ASSERT_TRUE(again.connect());
  const ServerStatistics seen = statistics(*server);
  EXPECT_EQ(seen.bootstrap.failed, 1U);
  EXPECT_EQ(seen.bootstrap.sessions, 0U);
  EXPECT_EQ(seen.dtls.associations, 1U);
}

}  // namespace
}  // namespace linnet::net

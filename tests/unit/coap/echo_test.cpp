// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/echo.hpp"

#include <gtest/gtest.h>

#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

// The reference vector of Chaskey-12 for sixteen bytes, 00..0f: with its key and, on both sides of the
// permutation, twice its key.
TEST(Chaskey, gives_the_reference_value) {
  constexpr coap::ChaskeyBlock kKey{0x833D3433U, 0x009F389FU, 0x2398E64FU, 0x417ACF39U};
  constexpr coap::ChaskeyBlock kTwice{0x067A6866U, 0x013E713FU, 0x4731CC9EU, 0x82F59E72U};
  coap::ChaskeyBlock block{0x03020100U, 0x07060504U, 0x0B0A0908U, 0x0F0E0D0CU};
  for (std::size_t i = 0; i < block.size(); ++i) block[i] ^= kKey[i] ^ kTwice[i];
  coap::chaskey_permute(block);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] ^= kTwice[i];
  EXPECT_EQ(block, (coap::ChaskeyBlock{0x5DD0E2A9U, 0xFB5EAC8CU, 0x633A392EU, 0x500C36F3U}));
}

// Shows: SE-10
TEST(EchoValues, are_fresh_for_their_peer_and_for_a_while) {
  SeededRandom random(1);
  coap::EchoValues echo;
  echo.init(random);
  const Instant now{Millis(0xFFFFFFF0)};  // the low 32 bits are about to wrap
  const coap::EchoValues::Value value = echo.make(coap::LinkId{7}, now);
  EXPECT_TRUE(echo.fresh(value, coap::LinkId{7}, now));
  EXPECT_TRUE(echo.fresh(value, coap::LinkId{7}, now + Seconds(60)));
  EXPECT_FALSE(echo.fresh(value, coap::LinkId{7}, now + Seconds(61)));
  EXPECT_FALSE(echo.fresh(value, coap::LinkId{7}, now - Seconds(1)));
  EXPECT_FALSE(echo.fresh(value, coap::LinkId{8}, now));
  for (std::size_t i = 0; i < value.size(); ++i) {
    coap::EchoValues::Value forged = value;
    forged[i] ^= 1;
    EXPECT_FALSE(echo.fresh(forged, coap::LinkId{7}, now)) << i;
  }
  EXPECT_FALSE(echo.fresh(ByteView(value).first(11), coap::LinkId{7}, now));
}

coap::Reply challenge_unless_fresh(const coap::IncomingRequest& request, Bytes& arrived) {
  coap::Reply reply;
  if (!request.fresh) {
    reply.kind = coap::Reply::Kind::kChallenge;
    return reply;
  }
  arrived = copy(request.payload);
  reply.code = coap::Code::kChanged;
  return reply;
}

// Shows: SE-10
TEST(Echo, a_challenge_is_met_by_the_client_without_its_user) {
  for (const std::size_t size : {0U, 10U, 3000U}) {
    coap::EndpointConfig config;
    config.max_body = 4096;
    Pair pair(1, config, config);
    Bytes arrived;
    pair.server.handler.answer = [&](const auto& request, auto, auto) {
      return challenge_unless_fresh(request, arrived);
    };
    const Bytes body(size, 'x');
    coap::OutgoingRequest request;
    request.method = coap::Code::kPut;
    request.payload = body;
    const auto id = pair.client.endpoint.request(Pair::kLink, request, pair.network.now);
    ASSERT_TRUE(id);
    pair.run_for(Millis(2000));
    ASSERT_EQ(pair.client.handler.outcomes[*id].size(), 1U);
    EXPECT_EQ(pair.client.handler.outcomes[*id][0].code, coap::Code::kChanged);
    EXPECT_EQ(arrived, body);
    EXPECT_EQ(pair.server.handler.requests, 2);
  }
}

TEST(Echo, a_server_that_always_challenges_is_obeyed_once) {
  Pair pair;
  pair.server.handler.answer = [](const auto&, auto, auto) {
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kChallenge;
    return reply;
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, {}, pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(1000));
  ASSERT_EQ(pair.client.handler.outcomes[*id].size(), 1U);
  EXPECT_EQ(pair.client.handler.outcomes[*id][0].code, coap::Code::kUnauthorized);
  EXPECT_EQ(pair.server.handler.requests, 2);
}

struct FreshnessCase {
  coap::Freshness freshness;
  bool stream;
  unsigned first_write, later_write;  ///< challenges
};
class EchoFreshness : public ::testing::TestWithParam<FreshnessCase> {};
INSTANTIATE_TEST_SUITE_P(Policies, EchoFreshness,
                         ::testing::Values(FreshnessCase{coap::Freshness::kOff, false, 0, 0},
                                           FreshnessCase{coap::Freshness::kFirst, false, 1, 0},
                                           FreshnessCase{coap::Freshness::kAlways, false, 1, 1},
                                           FreshnessCase{coap::Freshness::kFirst, true, 0, 0},
                                           FreshnessCase{coap::Freshness::kAlways, true, 1, 1}));

// Shows: SE-10
TEST_P(EchoFreshness, what_has_an_effect_is_challenged_before_the_handler_sees_it) {
  coap::EndpointConfig config;
  config.max_body = 4096;
  coap::EndpointConfig asking = config;
  config.freshness = GetParam().freshness;
  Pair pair(1, asking, config);
  pair.client.links.link_traits.stream = pair.server.links.link_traits.stream = GetParam().stream;
  Bytes arrived;
  pair.server.handler.answer = [&](const coap::IncomingRequest& request, auto, auto) {
    arrived = copy(request.payload);
    coap::Reply reply;
    reply.code = request.method == coap::Code::kGet || request.method == coap::Code::kFetch
                     ? coap::Code::kContent
                     : coap::Code::kChanged;
    return reply;
  };
  unsigned challenges = 0;
  pair.network.on_post = [&](const Bytes& bytes) {
    const auto message =
        GetParam().stream ? coap::Message::decode_frame(bytes) : coap::Message::decode(bytes);
    if (message && message->code() == coap::Code::kUnauthorized) ++challenges;
  };
  int seen = 0;
  const auto ask = [&](coap::Code method, std::size_t size) {
    challenges = 0;
    const Bytes body(size, 'x');
    coap::OutgoingRequest request;
    request.method = method;
    request.payload = body;
    const auto id = pair.client.endpoint.request(Pair::kLink, request, pair.network.now);
    EXPECT_TRUE(id);
    pair.run_for(Millis(3000));
    EXPECT_EQ(coap::code_class(pair.client.handler.outcomes[*id].at(0).code), 2U);
    EXPECT_EQ(arrived, body);
    EXPECT_EQ(pair.server.handler.requests, ++seen) << "once each";
    return challenges;
  };
  EXPECT_EQ(ask(coap::Code::kGet, 0), 0U);
  EXPECT_EQ(ask(coap::Code::kFetch, 10), 0U);
  EXPECT_EQ(ask(coap::Code::kPut, 3000), GetParam().first_write) << "of its blocks the first";
  for (const coap::Code method :
       {coap::Code::kPut, coap::Code::kPost, coap::Code::kDelete, coap::Code::kPatch, coap::Code::kIPatch})
    EXPECT_EQ(ask(method, 10), GetParam().later_write);
  EXPECT_EQ(ask(coap::Code::kPost, 3000), GetParam().later_write);
}

}  // namespace
}  // namespace linnet::testing

// SPDX-License-Identifier: Apache-2.0
// Block-wise transfer in both roles (RFC 7959).
#include "linnet/coap/block.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "bodies.hpp"
#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Block;
using coap::Code;

Outcome only_outcome(Node& node, coap::RequestId id) {
  const auto& all = node.handler.outcomes[id];
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? Outcome{} : all.front();
}

coap::EndpointConfig small_blocks(std::uint8_t szx) {
  coap::EndpointConfig config;
  config.block_szx = szx;
  config.max_transfers = 2;
  return config;
}

TEST(Block, carries_number_more_and_size_in_its_value) {
  EXPECT_EQ((Block{2, true, 6}.value()), 0x2EU);
  EXPECT_EQ((Block{0, false, 2}.value()), 0x02U);
  for (std::uint32_t value = 0; value < 0x1000; ++value) EXPECT_EQ(Block::from_value(value).value(), value);
  EXPECT_FALSE(Block::from_value(7).valid());
  EXPECT_EQ((Block{3, true, 2}.offset()), 192U);
}

class BlockSizes : public ::testing::TestWithParam<std::tuple<std::uint8_t, std::uint8_t, std::size_t>> {};

TEST_P(BlockSizes, a_get_joins_the_response) {
  const auto [client_szx, server_szx, size] = GetParam();
  Pair pair(1, small_blocks(client_szx), small_blocks(server_szx));
  const Bytes body = pattern(size);
  pair.server.handler.answer = [&body](const auto&, auto, auto) { return reply_of(Code::kContent, body); };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(10'000));
  const Outcome outcome = only_outcome(pair.client, *id);
  EXPECT_EQ(outcome.code, Code::kContent);
  EXPECT_EQ(outcome.payload, body);
  EXPECT_EQ(pair.server.handler.requests, 1);  // the rest came from the snapshot
}

TEST_P(BlockSizes, a_put_hands_over_the_whole_body_once) {
  const auto [client_szx, server_szx, size] = GetParam();
  Pair pair(2, small_blocks(client_szx), small_blocks(server_szx));
  const Bytes body = pattern(size);
  Bytes arrived;
  pair.server.handler.answer = [&arrived](const auto& request, auto, auto) {
    arrived = copy(request.payload);
    return reply_of(Code::kChanged);
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPut, body), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(10'000));
  EXPECT_EQ(only_outcome(pair.client, *id).code, Code::kChanged);
  EXPECT_EQ(arrived, body);
  EXPECT_EQ(pair.server.handler.requests, 1);
  EXPECT_TRUE(pair.client.endpoint.idle(Pair::kLink, pair.network.now + Seconds(600)));
}

TEST_P(BlockSizes, a_fetch_may_be_large_in_both_directions) {
  const auto [client_szx, server_szx, size] = GetParam();
  Pair pair(3, small_blocks(client_szx), small_blocks(server_szx));
  const Bytes body = pattern(size);
  const Bytes answer = pattern(size, 7);
  Bytes arrived;
  pair.server.handler.answer = [&](const auto& request, auto, auto) {
    arrived = copy(request.payload);
    return reply_of(Code::kContent, answer);
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kFetch, body), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(20'000));
  EXPECT_EQ(only_outcome(pair.client, *id).payload, answer);
  EXPECT_EQ(arrived, body);
  EXPECT_EQ(pair.server.handler.requests, 1);
}

TEST_P(BlockSizes, a_post_is_processed_once_and_joined) {
  const auto [client_szx, server_szx, size] = GetParam();
  Pair pair(4, small_blocks(client_szx), small_blocks(server_szx));
  const Bytes answer = pattern(size, 9);
  pair.server.handler.answer = [&](const auto&, auto, auto) { return reply_of(Code::kChanged, answer); };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPost), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(20'000));
  EXPECT_EQ(only_outcome(pair.client, *id).payload, answer);
  EXPECT_EQ(pair.server.handler.requests, 1);
}

INSTANTIATE_TEST_SUITE_P(Endpoint, BlockSizes,
                         ::testing::Combine(::testing::Values(0, 2, 6), ::testing::Values(0, 3, 6),
                                            ::testing::Values(0U, 1U, 15U, 16U, 17U, 64U, 100U, 1024U, 1025U,
                                                              2048U)));

// Shows: TR-8
TEST(BlockTransfer, survives_loss_reordering_and_duplication) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    Pair pair(seed, small_blocks(1), small_blocks(2));
    pair.set_weather({.loss = 15, .duplication = 20, .delay = Millis(20), .jitter = Millis(300)});
    const Bytes body = pattern(700, seed);
    const Bytes answer = pattern(900, seed + 1);
    Bytes arrived;
    pair.server.handler.answer = [&](const auto& request, auto, auto) {
      arrived = copy(request.payload);
      return reply_of(Code::kContent, answer);
    };
    const Code method = seed % 2 == 0 ? Code::kFetch : Code::kPost;
    const auto id = pair.client.endpoint.request(Pair::kLink, request_of(method, body), pair.network.now);
    ASSERT_TRUE(id);
    pair.run();
    const Outcome outcome = only_outcome(pair.client, *id);
    EXPECT_LE(pair.server.handler.requests, 1) << "seed " << seed;
    if (outcome.failed || !is_success(outcome.code)) continue;
    EXPECT_EQ(outcome.payload, answer) << "seed " << seed;
    EXPECT_EQ(arrived, body) << "seed " << seed;
  }
}

TEST(BlockTransfer, fits_its_blocks_into_small_messages) {
  coap::EndpointConfig config;
  Pair pair(5, config, config);
  pair.client.links.link_traits.max_message = 120;
  pair.server.links.link_traits.max_message = 80;
  const Bytes body = pattern(500);
  const Bytes answer = pattern(300, 1);
  Bytes arrived;
  pair.server.handler.answer = [&](const auto& request, auto, auto) {
    arrived = copy(request.payload);
    return reply_of(Code::kChanged, answer);
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPut, body), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(30'000));
  EXPECT_EQ(only_outcome(pair.client, *id).payload, answer);
  EXPECT_EQ(arrived, body);
  EXPECT_FALSE(pair.client.links.oversized);
  EXPECT_FALSE(pair.server.links.oversized);
}

// Shows: TR-8
TEST(BlockTransfer, tells_the_largest_body_by_4_13) {
  coap::EndpointConfig server;
  server.max_body = 256;
  Pair pair(6, {}, server);
  const Bytes body = pattern(2000);
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPut, body), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(1000));
  EXPECT_EQ(only_outcome(pair.client, *id).code, Code::kRequestEntityTooLarge);
  EXPECT_EQ(pair.server.handler.requests, 0);
}

TEST(BlockTransfer, starts_again_when_the_representation_changes) {
  coap::EndpointConfig none = small_blocks(4);
  none.max_transfers = 0;  // no snapshot: every block is asked of the handler
  Pair pair(7, small_blocks(4), none);
  const Bytes before = pattern(600, 1);
  const Bytes after = pattern(600, 2);
  pair.server.handler.answer = [&](const auto&, auto, auto) {
    return reply_of(Code::kContent, pair.server.handler.requests <= 2 ? before : after);
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(5000));
  EXPECT_EQ(only_outcome(pair.client, *id).payload, after);
}

TEST(BlockTransfer, a_notification_leaves_a_snapshot_that_request_rest_fetches) {
  Pair pair(8, small_blocks(6), small_blocks(2));
  coap::Notification notification;
  pair.server.handler.answer = [&](const auto& request, auto, auto) {
    notification.token = request.token;
    notification.cache_key = request.cache_key;
    coap::Reply reply = reply_of(Code::kContent, {});
    reply.observe = 0;
    return reply;
  };
  coap::OutgoingRequest observe = request_of(Code::kGet);
  observe.observe = 0;
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, observe, pair.network.now));
  pair.run_for(Millis(100));

  const Bytes body = pattern(500);
  notification.observe = 1;
  notification.payload = body;
  notification.confirmable = true;
  std::optional<coap::RequestId> rest;
  pair.client.handler.on_notify = [&](const coap::IncomingResponse& first) {
    EXPECT_TRUE(first.more);
    const auto id = pair.client.endpoint.request_rest(Pair::kLink, observe, first, pair.network.now);
    ASSERT_TRUE(id);
    rest = *id;
  };
  ASSERT_TRUE(pair.server.endpoint.notify(Pair::kLink, notification, pair.network.now));
  pair.run_for(Millis(1000));
  ASSERT_TRUE(rest);
  const Outcome joined = only_outcome(pair.client, *rest);
  EXPECT_EQ(joined.payload, body);
  EXPECT_EQ(joined.observe, 1U);
  EXPECT_EQ(pair.server.handler.requests, 1);
  ASSERT_EQ(pair.server.handler.notification_outcomes.size(), 1U);
  EXPECT_EQ(pair.server.handler.notification_outcomes[0].second, coap::NotificationOutcome::kAcknowledged);
}

// Shows: TR-8, SE-10
TEST(BlockTransfer, two_uploads_to_one_resource_are_told_apart) {
  coap::EndpointConfig client = small_blocks(2);
  coap::EndpointConfig server = small_blocks(2);
  server.max_transfers = 8;
  Pair pair(9, client, server);
  pair.client.links.link_traits.transmission.nstart = 2;
  std::vector<Bytes> arrived;
  pair.server.handler.answer = [&](const auto& request, auto, auto) {
    arrived.push_back(copy(request.payload));
    return reply_of(Code::kChanged);
  };
  const Bytes one = pattern(400, 1);
  const Bytes two = pattern(400, 2);
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kPost, one), pair.network.now));
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kPost, two), pair.network.now));
  pair.run_for(Millis(5000));
  ASSERT_EQ(arrived.size(), 2U);
  EXPECT_NE(arrived[0], arrived[1]);
  for (const Bytes& body : arrived) EXPECT_TRUE(body == one || body == two);
}

TEST(BlockTransfer, forgets_an_upload_that_stops) {
  coap::EndpointConfig config = small_blocks(2);
  Pair pair(10, config, config);
  const Bytes body = pattern(400);
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPut, body), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(45));
  pair.client.endpoint.cancel(*id, pair.network.now);
  EXPECT_FALSE(pair.server.endpoint.idle(Pair::kLink, pair.network.now + Seconds(3600)));
  pair.run();
  EXPECT_TRUE(pair.server.endpoint.idle(Pair::kLink, pair.network.now + Seconds(3600)));
  EXPECT_EQ(pair.server.handler.requests, 0);
}

}  // namespace
}  // namespace linnet::testing

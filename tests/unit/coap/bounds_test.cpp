// SPDX-License-Identifier: Apache-2.0
// Every table of an endpoint is full once: the right error comes, and room comes back.
#include <gtest/gtest.h>

#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;

coap::OutgoingRequest simple_request(Code method = Code::kGet) {
  coap::OutgoingRequest request;
  request.method = method;
  return request;
}

TEST(Bounds, an_arena_of_the_size_asked_for_is_enough_and_a_smaller_one_is_not) {
  Network network(1);
  VirtualLinks links(network);
  RecordingHandler handler;
  SeededRandom random(1);
  coap::EndpointConfig config;
  config.max_peers = 37;
  config.max_transfers = 3;
  const std::size_t needed = coap::Endpoint::memory_needed(config);
  for (std::size_t shift = 0; shift < 64; shift += 7) {
    std::vector<std::byte> memory(needed + 64);
    coap::Endpoint endpoint;
    Arena arena{std::span<std::byte>(memory).subspan(shift, needed)};
    EXPECT_TRUE(endpoint.init(config, arena, links, handler, random));
  }
  std::vector<std::byte> memory(needed / 2);
  coap::Endpoint endpoint;
  Arena arena(memory);
  EXPECT_EQ(endpoint.init(config, arena, links, handler, random).error().code, Errc::kNoSpace);
}

TEST(Bounds, a_config_out_of_range_is_refused) {
  Network network(1);
  VirtualLinks links(network);
  RecordingHandler handler;
  SeededRandom random(1);
  std::vector<std::byte> memory(100'000);
  const auto refused = [&](auto change) {
    coap::EndpointConfig config;
    change(config);
    coap::Endpoint endpoint;
    Arena arena(memory);
    return endpoint.init(config, arena, links, handler, random) == Result<void>(fail(Errc::kInvalidArgument));
  };
  EXPECT_TRUE(refused([](auto& config) { config.max_peers = 0; }));
  EXPECT_TRUE(refused([](auto& config) { config.recent_requests = 0; }));
  EXPECT_TRUE(refused([](auto& config) { config.max_exchanges = 0; }));
  EXPECT_TRUE(refused([](auto& config) { config.max_exchanges = (1U << 20) + 1; }));
  EXPECT_TRUE(refused([](auto& config) { config.block_szx = 7; }));
  EXPECT_TRUE(refused([](auto& config) { config.token_size = 1; }));
  EXPECT_TRUE(refused([](auto& config) { config.token_size = 9; }));
  EXPECT_TRUE(refused([](auto& config) { config.max_message = 10; }));
  EXPECT_FALSE(refused([](auto&) {}));
}

TEST(Bounds, requests_beyond_the_exchanges_are_busy_until_one_ends) {
  coap::EndpointConfig config;
  config.max_exchanges = 3;
  config.max_per_peer = 2;
  Pair pair(1, config, {});
  Node& client = pair.client;
  std::vector<coap::RequestId> ids;
  for (int i = 0; i < 2; ++i)
    ids.push_back(*client.endpoint.request(Pair::kLink, simple_request(), pair.network.now));
  EXPECT_EQ(client.endpoint.request(Pair::kLink, simple_request(), pair.network.now).error().code,
            Errc::kBusy);
  EXPECT_TRUE(client.endpoint.request(coap::LinkId{1}, simple_request(), pair.network.now));
  EXPECT_EQ(client.endpoint.request(coap::LinkId{2}, simple_request(), pair.network.now).error().code,
            Errc::kBusy);
  EXPECT_EQ(client.endpoint.request(coap::LinkId{99}, simple_request(), pair.network.now).error().code,
            Errc::kInvalidArgument);
  client.endpoint.cancel(ids[0], pair.network.now);
  EXPECT_TRUE(client.endpoint.request(Pair::kLink, simple_request(), pair.network.now));
}

TEST(Bounds, request_ids_are_not_reused_soon) {
  Pair pair;
  std::map<coap::RequestId, int> seen;
  for (int i = 0; i < 4000; ++i) {
    const auto id = pair.client.endpoint.request(Pair::kLink, simple_request(), pair.network.now);
    ASSERT_TRUE(id);
    EXPECT_EQ(++seen[*id], 1);
    pair.client.endpoint.cancel(*id, pair.network.now);
  }
}

TEST(Bounds, a_payload_beyond_max_body_or_options_beyond_the_message_are_too_large) {
  Pair pair;
  const Bytes body(2049);
  coap::OutgoingRequest request = simple_request(Code::kPut);
  request.payload = body;
  EXPECT_EQ(pair.client.endpoint.request(Pair::kLink, request, pair.network.now).error().code,
            Errc::kTooLarge);
  const std::string segment(255, 'p');
  const std::vector<std::string_view> path(5, segment);
  request.payload = {};
  request.path = path;
  EXPECT_EQ(pair.client.endpoint.request(Pair::kLink, request, pair.network.now).error().code,
            Errc::kTooLarge);
  EXPECT_TRUE(pair.client.endpoint.idle(Pair::kLink, pair.network.now));
}

TEST(Bounds, deferring_beyond_the_table_is_5_03) {
  coap::EndpointConfig server;
  server.max_deferred = 1;
  Pair pair(1, {}, server);
  pair.client.links.link_traits.transmission.nstart = 4;
  pair.server.handler.answer = [](const auto&, auto, auto) {
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kDefer;
    return reply;
  };
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, simple_request(), pair.network.now));
  const auto second = pair.client.endpoint.request(Pair::kLink, simple_request(), pair.network.now);
  ASSERT_TRUE(second);
  pair.run_for(Millis(100));
  ASSERT_EQ(pair.client.handler.outcomes[*second].size(), 1U);
  EXPECT_EQ(pair.client.handler.outcomes[*second][0].code, Code::kServiceUnavailable);
}

TEST(Bounds, a_ring_full_of_deferred_requests_is_5_03_and_forgets_none) {
  coap::EndpointConfig server;
  server.max_deferred = 8;
  server.recent_requests = 2;
  Pair pair(1, {}, server);
  pair.client.links.link_traits.transmission.nstart = 4;
  pair.server.handler.answer = [](const auto&, auto, auto) {
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kDefer;
    return reply;
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, simple_request(), pair.network.now));
  }
  pair.run_for(Millis(100));
  EXPECT_EQ(pair.server.handler.requests, 2);
  EXPECT_EQ(pair.client.handler.outcomes.size(), 1U);
}

/// One peer fills the pool of transfers with uploads that it never ends; another one's still works.
TEST(Bounds, one_peer_cannot_take_all_transfers) {
  Network network(1);
  coap::EndpointConfig config;
  config.max_transfers = 4;
  Node server(network, config, 2);
  const auto block = [](std::uint8_t number, std::uint8_t tag, std::uint8_t id, bool more) {
    Bytes datagram{0x40, 3,   tag, id,  0xD1, 14, static_cast<std::uint8_t>(number << 4 | (more ? 8 : 0)),
                   0xD1, 252, tag, 0xFF};
    datagram.resize(datagram.size() + 16, 'x');
    return datagram;
  };
  for (std::uint8_t tag = 1; tag < 100; ++tag) {
    server.endpoint.receive(coap::LinkId{0}, block(0, tag, tag, true), network.now);
    server.endpoint.receive(coap::LinkId{1}, block(0, tag, tag, true), network.now);
  }
  server.endpoint.receive(coap::LinkId{2}, block(0, 1, 1, true), network.now);
  server.endpoint.receive(coap::LinkId{2}, block(1, 1, 2, false), network.now);
  EXPECT_EQ(server.handler.requests, 1);
}

TEST(Bounds, an_idle_transfer_gives_way_to_another_peer) {
  Network network(1);
  coap::EndpointConfig config;
  config.max_transfers = 1;
  Node server(network, config, 2);
  std::vector<Bytes> sent;
  network.on_post = [&sent](const Bytes& datagram) { sent.push_back(datagram); };
  Bytes block{0x40, 3, 0, 1, 0xD1, 14, 0x08, 0xFF};
  block.resize(block.size() + 16, 'x');
  server.endpoint.receive(coap::LinkId{0}, block, network.now);
  EXPECT_EQ(sent.back()[1], 0x5F);
  server.endpoint.receive(coap::LinkId{1}, block, network.now);
  EXPECT_EQ(sent.back()[1], 0xA3);
  block[3] = 2;
  server.endpoint.receive(coap::LinkId{1}, block, network.now + Seconds(11));
  EXPECT_EQ(sent.back()[1], 0x5F);
}

}  // namespace
}  // namespace linnet::testing

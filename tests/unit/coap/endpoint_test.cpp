// SPDX-License-Identifier: Apache-2.0
// Both roles of an endpoint over a virtual link: RFC 7252 §4 and §5.
#include "linnet/coap/endpoint.hpp"

#include <gtest/gtest.h>

#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;

constexpr std::string_view kPath[] = {"3", "0", "0"};

coap::OutgoingRequest get_request() {
  coap::OutgoingRequest request;
  request.path = kPath;
  return request;
}

coap::Reply content(std::string_view text) {
  coap::Reply reply;
  reply.code = Code::kContent;
  reply.payload = as_bytes(text);
  return reply;
}

/// The only outcome of a request; a failure of the test when there is another number of them.
Outcome only_outcome(Node& node, coap::RequestId id) {
  const auto& all = node.handler.outcomes[id];
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? Outcome{} : all.front();
}

TEST(Endpoint, answers_a_request_by_a_piggybacked_response) {
  Pair pair;
  pair.server.handler.answer = [](const auto& request, auto, auto) {
    EXPECT_EQ(request.method, Code::kGet);
    EXPECT_TRUE(request.confirmable);
    return content("hello");
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, get_request(), pair.network.now);
  ASSERT_TRUE(id);
  pair.run();
  const Outcome outcome = only_outcome(pair.client, *id);
  EXPECT_EQ(outcome.code, Code::kContent);
  EXPECT_EQ(outcome.payload, bytes_of("hello"));
  EXPECT_EQ(pair.network.posted, 2U);
}

TEST(Endpoint, acknowledges_a_deferred_request_alone_and_responds_separately) {
  Pair pair;
  coap::DeferredId owed{};
  pair.server.handler.answer = [&owed](const auto&, auto deferred, auto) {
    owed = deferred;
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kDefer;
    return reply;
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, get_request(), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(5000));
  EXPECT_EQ(pair.network.posted, 2U);
  ASSERT_TRUE(pair.server.endpoint.respond(owed, content("late"), pair.network.now));
  EXPECT_FALSE(pair.server.endpoint.respond(owed, content("twice"), pair.network.now));
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of("late"));
  EXPECT_EQ(pair.network.posted, 4U);
}

TEST(Endpoint, gives_up_after_max_transmit_wait) {
  Pair pair;
  pair.set_weather({.loss = 100});
  const Instant start = pair.network.now;
  const auto id = pair.client.endpoint.request(Pair::kLink, get_request(), start);
  ASSERT_TRUE(id);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).why, Errc::kTimeout);
  EXPECT_EQ(pair.network.posted, 5U);
  EXPECT_GE(pair.network.now - start, Millis(62'000));
  EXPECT_LE(pair.network.now - start, Millis(93'000));
}

}  // namespace
}  // namespace linnet::testing

// SPDX-License-Identifier: Apache-2.0
// Bodies that are passed on block by block: larger than anything the endpoint keeps.
// Shows: TR-8
#include <gtest/gtest.h>

#include "bodies.hpp"
#include "linnet/coap/block.hpp"
#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Block;
using coap::Code;
using coap::OptionNumber;

/// A request whose body the endpoint does not keep.
coap::OutgoingRequest lent_request(Code method, ByteView payload = {}) {
  coap::OutgoingRequest request = request_of(method, payload);
  request.lent = true;
  return request;
}

/// Puts the parts together, and sees that they are in order.
class RecordingBodies final : public coap::BodyHandler {
 public:
  bool takes(const coap::IncomingRequest& first, const coap::BodyPart& part, Instant) noexcept override {
    ++asked;
    total = part.total;
    EXPECT_EQ(part.offset, 0U);
    EXPECT_FALSE(first.payload.empty());
    return wanted;
  }
  coap::Reply on_part(const coap::IncomingRequest& request, const coap::BodyPart& part, coap::DeferredId id,
                      ByteSpan, Instant) noexcept override {
    take(part, request.payload);
    return answer ? answer(request, part, id) : reply_of(part.last ? Code::kChanged : Code::kContinue);
  }
  void on_broken(coap::LinkId, std::uint32_t, Instant) noexcept override { ++broken; }
  bool on_part(coap::RequestId id, const coap::IncomingResponse& response, const coap::BodyPart& part,
               Instant) noexcept override {
    total = part.total;
    take(part, response.payload);
    if (const auto tag = response.options.find(OptionNumber::kEtag)) etag = copy(tag->value);
    return fetched ? fetched(id, part) : true;
  }

  void on_error(coap::RequestId id, const coap::IncomingResponse& response, Instant) noexcept override {
    outcomes[id].push_back(RecordingHandler::outcome(response));
  }
  void on_failure(coap::RequestId id, Errc why, Instant) noexcept override {
    Outcome failure;
    failure.failed = true;
    failure.why = why;
    outcomes[id].push_back(failure);
  }

  void take(const coap::BodyPart& part, ByteView bytes) {
    if (part.offset == 0) body.clear();
    EXPECT_EQ(part.offset, start + body.size());
    body.insert(body.end(), bytes.begin(), bytes.end());
    ++parts;
    ends += part.last ? 1 : 0;
  }

  std::function<coap::Reply(const coap::IncomingRequest&, const coap::BodyPart&, coap::DeferredId)> answer;
  std::function<bool(coap::RequestId, const coap::BodyPart&)> fetched;
  bool wanted = true;
  std::size_t start = 0;  ///< bytes that are there before
  Bytes body, etag;
  std::optional<std::uint32_t> total;
  std::map<coap::RequestId, std::vector<Outcome>> outcomes;
  int asked = 0, parts = 0, ends = 0, broken = 0;
};

coap::EndpointConfig tiny(std::uint8_t szx) {
  coap::EndpointConfig config;
  config.block_szx = szx;
  config.max_body = 64;
  return config;
}

coap::EndpointConfig roomy(std::uint8_t szx) {
  coap::EndpointConfig config;
  config.block_szx = szx;
  config.max_transfers = 2;
  config.max_body = 100'000;
  return config;
}

/// The client pushes, the server passes on.
class Push : public ::testing::Test {
 protected:
  void start(std::uint8_t client_szx, std::uint8_t server_szx, std::uint32_t seed = 1) {
    pair.emplace(seed, tiny(client_szx), tiny(server_szx));
    bodies = RecordingBodies();
    pair->server.endpoint.stream_to(bodies);
  }
  coap::RequestId push(ByteView body) {
    const auto id =
        pair->client.endpoint.request(Pair::kLink, lent_request(Code::kPut, body), pair->network.now);
    EXPECT_TRUE(id);
    return *id;
  }
  Outcome outcome(coap::RequestId id) {
    const auto& all = pair->client.handler.outcomes[id];
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? Outcome{} : all.front();
  }

  RecordingBodies bodies;
  std::optional<Pair> pair;
};

TEST_F(Push, passes_on_every_byte_once_and_in_order_for_all_block_sizes) {
  for (const std::uint8_t client_szx : std::initializer_list<std::uint8_t>{0, 2, 6}) {
    for (const std::uint8_t server_szx : std::initializer_list<std::uint8_t>{0, 3, 6}) {
      for (const std::size_t size : {65U, 1024U, 1025U, 5000U}) {
        start(client_szx, server_szx);
        const Bytes body = pattern(size);
        const auto id = push(body);
        pair->run_for(Millis(60'000));
        const bool one_block = size <= Block::size_of(client_szx);
        EXPECT_EQ(outcome(id).code, one_block ? Code::kRequestEntityTooLarge : Code::kChanged);
        if (one_block) continue;  // nothing to pass on block by block
        EXPECT_EQ(bodies.body, body);
        EXPECT_EQ(bodies.total, size);
        EXPECT_EQ(bodies.asked, 1);
        EXPECT_EQ(bodies.ends, 1);
        EXPECT_EQ(bodies.broken, 0);
        EXPECT_EQ(pair->server.handler.requests, 0);
        EXPECT_TRUE(pair->server.endpoint.idle(Pair::kLink, pair->network.now + Seconds(600)));
      }
    }
  }
}

TEST_F(Push, survives_loss_reordering_and_duplication) {
  int whole = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    start(2, 1, seed);
    pair->set_weather({.loss = 15, .duplication = 20, .delay = Millis(20), .jitter = Millis(300)});
    const Bytes body = pattern(1500, seed);
    const auto id = push(body);
    pair->run();
    const Outcome result = outcome(id);
    EXPECT_LE(bodies.ends, 1) << "seed " << seed;
    if (result.failed || !is_success(result.code)) continue;
    ++whole;
    EXPECT_EQ(bodies.body, body) << "seed " << seed;
  }
  EXPECT_GT(whole, 30);
}

TEST_F(Push, a_handler_may_refuse_in_the_middle) {
  start(2, 2);
  bodies.answer = [](const auto&, const coap::BodyPart& part, auto) {
    return reply_of(part.offset >= 256 ? Code::kRequestEntityTooLarge : Code::kContinue);
  };
  const Bytes body = pattern(5000);
  const auto id = push(body);
  pair->run();
  EXPECT_EQ(outcome(id).code, Code::kRequestEntityTooLarge);
  EXPECT_EQ(bodies.parts, 5);
  EXPECT_EQ(bodies.broken, 0);  // it knows
  EXPECT_TRUE(pair->server.endpoint.idle(Pair::kLink, pair->network.now + Seconds(600)));
}

TEST_F(Push, a_part_may_be_answered_later) {
  start(2, 2);
  std::optional<coap::DeferredId> owed;
  bodies.answer = [&](const auto&, const coap::BodyPart& part, coap::DeferredId id) {
    if (part.offset != 64 && !part.last) return reply_of(Code::kContinue);
    owed = id;
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kDefer;
    return reply;
  };
  const Bytes body = pattern(300);
  const auto id = push(body);
  pair->run_for(Millis(5000));
  ASSERT_TRUE(owed);
  EXPECT_EQ(bodies.parts, 2);  // it is waited for
  ASSERT_TRUE(pair->server.endpoint.respond(*owed, reply_of(Code::kContinue), pair->network.now));
  pair->run_for(Millis(5000));
  EXPECT_EQ(bodies.ends, 1);
  ASSERT_TRUE(pair->server.endpoint.respond(*owed, reply_of(Code::kChanged), pair->network.now));
  pair->run();
  EXPECT_EQ(outcome(id).code, Code::kChanged);
  EXPECT_EQ(bodies.body, body);
  EXPECT_EQ(bodies.broken, 0);
}

TEST_F(Push, a_refusal_that_comes_later_ends_the_transfer) {
  start(2, 2);
  std::optional<coap::DeferredId> owed;
  bodies.answer = [&](const auto&, const auto&, coap::DeferredId id) {
    owed = id;
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kDefer;
    return reply;
  };
  const Bytes body = pattern(300);
  const auto id = push(body);
  pair->run_for(Millis(100));
  ASSERT_TRUE(owed);
  ASSERT_TRUE(pair->server.endpoint.respond(*owed, reply_of(Code::kInternalServerError), pair->network.now));
  pair->run();
  EXPECT_EQ(outcome(id).code, Code::kInternalServerError);
  EXPECT_EQ(bodies.parts, 1);
  EXPECT_EQ(bodies.broken, 0);
}

TEST_F(Push, a_transfer_that_stops_is_told_and_forgotten) {
  start(2, 2);
  const Bytes body = pattern(900);
  const auto id = push(body);
  pair->run_for(Millis(45));
  pair->client.endpoint.cancel(id, pair->network.now);
  EXPECT_GT(bodies.parts, 0);
  EXPECT_FALSE(pair->server.endpoint.idle(Pair::kLink, pair->network.now + Seconds(3600)));
  pair->run_for(Millis(92'000));
  EXPECT_EQ(bodies.broken, 0);
  pair->run();
  EXPECT_EQ(bodies.broken, 1);
  EXPECT_EQ(bodies.ends, 0);
  EXPECT_TRUE(pair->server.endpoint.idle(Pair::kLink, pair->network.now + Seconds(3600)));
}

TEST_F(Push, a_block_that_is_ignored_comes_again) {
  start(2, 2);
  int ignored = 0;
  bodies.answer = [&](const auto&, const coap::BodyPart& part, auto) {
    coap::Reply reply = reply_of(part.last ? Code::kChanged : Code::kContinue);
    if ((part.offset == 0 || part.last) && ignored++ % 2 == 0) {
      reply.kind = coap::Reply::Kind::kIgnore;
      bodies.body.resize(part.offset);
    }
    return reply;
  };
  const Bytes body = pattern(150);
  const auto id = push(body);
  pair->run();
  EXPECT_EQ(outcome(id).code, Code::kChanged);
  EXPECT_EQ(bodies.body, body);
  EXPECT_EQ(ignored, 4);

  bodies.answer = [](const auto&, const auto&, auto) {
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kIgnore;
    return reply;
  };
  push(body);
  pair->run();
  EXPECT_EQ(bodies.broken, 1);
  EXPECT_TRUE(pair->server.endpoint.idle(Pair::kLink, pair->network.now + Seconds(600)));
}

TEST_F(Push, a_dropped_link_breaks_it_off_at_the_next_step) {
  start(2, 2);
  const Bytes body = pattern(900);
  push(body);
  pair->run_for(Millis(45));
  pair->server.endpoint.drop(Pair::kLink, pair->network.now);
  EXPECT_EQ(bodies.broken, 0);
  pair->server.endpoint.step(pair->network.now);
  EXPECT_EQ(bodies.broken, 1);
}

TEST_F(Push, what_is_not_wanted_is_joined_within_max_body) {
  start(0, 0);
  bodies.wanted = false;
  Bytes arrived;
  pair->server.handler.answer = [&](const auto& request, auto, auto) {
    arrived = copy(request.payload);
    return reply_of(Code::kChanged);
  };
  const Bytes small = pattern(60);
  const auto id = push(small);
  pair->run();
  EXPECT_EQ(outcome(id).code, Code::kChanged);
  EXPECT_EQ(arrived, small);
  const Bytes large = pattern(65);
  const auto second = push(large);
  pair->run();
  EXPECT_EQ(outcome(second).code, Code::kRequestEntityTooLarge);
  EXPECT_EQ(bodies.parts, 0);
}

TEST_F(Push, a_challenge_at_the_first_block_is_met_and_the_body_begins_again) {
  start(2, 2);
  bodies.answer = [](const coap::IncomingRequest& request, const coap::BodyPart& part, auto) {
    coap::Reply reply = reply_of(part.last ? Code::kChanged : Code::kContinue);
    if (part.offset == 0 && !request.fresh) reply.kind = coap::Reply::Kind::kChallenge;
    return reply;
  };
  const Bytes body = pattern(300);
  const auto id = push(body);
  pair->run();
  EXPECT_EQ(outcome(id).code, Code::kChanged);
  EXPECT_EQ(bodies.body, body);
  EXPECT_EQ(bodies.asked, 2);
  EXPECT_EQ(bodies.broken, 0);
}

TEST_F(Push, a_lent_body_is_bounded_by_the_number_of_blocks) {
  start(0, 0);
  coap::OutgoingRequest request = lent_request(Code::kPut);
  const Bytes body(static_cast<std::size_t>(Block::kMaxNumber) * 16 + 64);
  request.payload = body;
  EXPECT_TRUE(pair->client.endpoint.request(Pair::kLink, request, pair->network.now));
  request.lent = false;
  EXPECT_EQ(pair->client.endpoint.request(Pair::kLink, request, pair->network.now).error().code,
            Errc::kTooLarge);
}

/// A server that is sent single datagrams.
class PartByPart : public ::testing::Test {
 protected:
  PartByPart() {
    network.on_post = [this](const Bytes& datagram) { sent = datagram; };
    node.endpoint.stream_to(bodies);
  }
  Code put(std::uint16_t id, const Block& block, std::size_t size, char fill = 'x') {
    Bytes buffer(256);
    coap::MessageWriter writer(buffer, coap::Type::kConfirmable, Code::kPut, coap::MessageId{id},
                               coap::Token());
    writer.option(OptionNumber::kUriPath, "a");
    writer.option(OptionNumber::kBlock1, block.value());
    writer.payload(Bytes(size, static_cast<std::uint8_t>(fill)));
    buffer.resize(*writer.finish());
    node.endpoint.receive(coap::LinkId{0}, buffer, network.now);
    return coap::Message::decode(sent)->code();
  }

  Network network{1};
  Node node{network, tiny(2), 2};
  RecordingBodies bodies;
  Bytes sent;
};

TEST_F(PartByPart, a_block_that_came_before_is_acknowledged_but_not_passed_on) {
  EXPECT_EQ(put(1, {0, true, 2}, 64), Code::kContinue);
  EXPECT_EQ(put(2, {0, true, 2}, 64), Code::kContinue);  // under another Message ID
  EXPECT_EQ(put(3, {1, true, 2}, 64), Code::kContinue);
  EXPECT_EQ(put(4, {1, true, 2}, 64), Code::kContinue);
  EXPECT_EQ(bodies.parts, 2);
  for (std::uint16_t id = 5; id < 12; ++id) EXPECT_EQ(put(id, {id - 3U, true, 2}, 64), Code::kContinue);
  // The first datagram once more, long after deduplication has forgotten it.
  EXPECT_EQ(put(1, {0, true, 2}, 64), Code::kContinue);
  EXPECT_EQ(put(12, {9, false, 2}, 10), Code::kChanged);
  EXPECT_EQ(put(12, {9, false, 2}, 10), Code::kChanged);
  EXPECT_EQ(bodies.body.size(), 9U * 64 + 10);
  EXPECT_EQ(bodies.ends, 1);
  EXPECT_EQ(bodies.broken, 0);
}

TEST_F(PartByPart, a_gap_is_4_08_and_mends) {
  EXPECT_EQ(put(1, {0, true, 2}, 64), Code::kContinue);
  EXPECT_EQ(put(2, {2, true, 2}, 64), Code::kRequestEntityIncomplete);
  EXPECT_EQ(put(3, {1, true, 2}, 64), Code::kContinue);
  EXPECT_EQ(put(4, {2, false, 2}, 1), Code::kChanged);
  EXPECT_EQ(bodies.body.size(), 129U);
  EXPECT_EQ(put(5, {1, true, 2}, 64), Code::kRequestEntityIncomplete);  // of nothing
  EXPECT_EQ(put(6, {1, true, 2}, 63), Code::kBadRequest);               // not a whole block
}

TEST_F(PartByPart, another_first_block_begins_another_body) {
  EXPECT_EQ(put(1, {0, true, 2}, 64, 'x'), Code::kContinue);
  EXPECT_EQ(put(2, {1, true, 2}, 64, 'x'), Code::kContinue);
  EXPECT_EQ(put(3, {0, true, 2}, 64, 'y'), Code::kContinue);
  EXPECT_EQ(bodies.broken, 1);
  EXPECT_EQ(put(4, {1, true, 2}, 64, 'y'), Code::kContinue);
  // The same body from its beginning: what was passed on may not be kept by the peer's next blocks.
  EXPECT_EQ(put(5, {0, true, 2}, 64, 'y'), Code::kContinue);
  EXPECT_EQ(bodies.broken, 2);
  EXPECT_EQ(put(6, {1, false, 2}, 10, 'y'), Code::kChanged);
  EXPECT_EQ(bodies.body.size(), 74U);
}

TEST_F(PartByPart, a_smaller_size_may_be_taken_up_at_its_place) {
  EXPECT_EQ(put(1, {0, true, 3}, 128), Code::kContinue);
  EXPECT_EQ(Block::from_value(*coap::Message::decode(sent)->options().find_uint(OptionNumber::kBlock1)),
            (Block{0, true, 2}));
  EXPECT_EQ(put(2, {2, true, 2}, 64), Code::kContinue);
  EXPECT_EQ(put(3, {12, true, 0}, 16), Code::kContinue);
  EXPECT_EQ(put(4, {13, false, 0}, 1), Code::kChanged);
  EXPECT_EQ(bodies.body.size(), 209U);
}

TEST_F(PartByPart, one_transfer_more_than_there_is_room_for_is_5_03) {
  EXPECT_EQ(put(1, {0, true, 2}, 64), Code::kContinue);
  Bytes buffer(256);
  coap::MessageWriter writer(buffer, coap::Type::kConfirmable, Code::kPut, coap::MessageId{2}, coap::Token());
  writer.option(OptionNumber::kUriPath, "b");
  writer.option(OptionNumber::kBlock1, Block{0, true, 2}.value());
  writer.payload(Bytes(64, 'x'));
  buffer.resize(*writer.finish());
  node.endpoint.receive(coap::LinkId{0}, buffer, network.now);
  EXPECT_EQ(coap::Message::decode(sent)->code(), Code::kServiceUnavailable);
}

/// The client fetches, the server has the body whole.
class Fetch : public ::testing::Test {
 protected:
  void start(std::uint8_t client_szx, std::uint8_t server_szx, std::uint32_t seed = 1) {
    pair.emplace(seed, tiny(client_szx), roomy(server_szx));
    bodies = RecordingBodies();
    pair->client.endpoint.stream_to(bodies);
    pair->server.handler.answer = [this](const auto&, auto, auto) {
      return reply_of(Code::kContent, representation);
    };
  }
  coap::RequestId fetch(const coap::Resumption& from = {}) {
    bodies.start = from.offset;
    const auto id =
        pair->client.endpoint.fetch(Pair::kLink, lent_request(Code::kGet), from, pair->network.now);
    EXPECT_TRUE(id);
    return id.value_or(coap::RequestId{});
  }
  std::size_t outcomes(coap::RequestId id) { return bodies.outcomes[id].size(); }
  void expect_failure(coap::RequestId id, Errc why) {
    ASSERT_EQ(outcomes(id), 1U);
    EXPECT_TRUE(bodies.outcomes[id].front().failed);
    EXPECT_EQ(bodies.outcomes[id].front().why, why);
    EXPECT_EQ(bodies.ends, 0);
  }
  void expect_idle() {
    EXPECT_TRUE(pair->client.endpoint.idle(Pair::kLink, pair->network.now + Seconds(600)));
    EXPECT_EQ(pair->client.endpoint.next_deadline(), kNever);
  }

  Bytes representation;
  RecordingBodies bodies;
  std::optional<Pair> pair;
};

TEST_F(Fetch, passes_on_every_byte_once_and_in_order_for_all_block_sizes) {
  for (const std::uint8_t client_szx : std::initializer_list<std::uint8_t>{0, 2, 6}) {
    for (const std::uint8_t server_szx : std::initializer_list<std::uint8_t>{0, 3, 6}) {
      for (const std::size_t size : {0U, 1U, 16U, 64U, 1024U, 1025U, 5000U}) {
        start(client_szx, server_szx);
        representation = pattern(size);
        const auto id = fetch();
        pair->run_for(Millis(60'000));
        EXPECT_EQ(bodies.body, representation);
        EXPECT_EQ(bodies.ends, 1);
        EXPECT_EQ(outcomes(id), 0U);
        if (bodies.parts > 1) {
          EXPECT_EQ(bodies.total, size);
        }
        expect_idle();
      }
    }
  }
}

TEST_F(Fetch, survives_loss_reordering_and_duplication) {
  int whole = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    start(2, 1, seed);
    pair->set_weather({.loss = 15, .duplication = 20, .delay = Millis(20), .jitter = Millis(300)});
    representation = pattern(1500, seed);
    const auto id = fetch();
    pair->run();
    EXPECT_EQ(static_cast<std::size_t>(bodies.ends) + outcomes(id), 1U) << "seed " << seed;
    if (bodies.ends == 0) continue;
    ++whole;
    EXPECT_EQ(bodies.body, representation) << "seed " << seed;
  }
  EXPECT_GT(whole, 30);
}

TEST_F(Fetch, goes_on_where_it_was_broken_off) {
  start(2, 6);
  representation = pattern(3000);
  const auto id = fetch();
  pair->run_for(Millis(205));
  pair->set_weather({.loss = 100});
  pair->run();
  expect_failure(id, Errc::kTimeout);
  const Bytes before = bodies.body;
  const Bytes etag = bodies.etag;
  ASSERT_GT(before.size(), 0U);
  ASSERT_LT(before.size(), 3000U);
  ASSERT_FALSE(etag.empty());
  pair->set_weather({});
  bodies.body.clear();
  fetch({static_cast<std::uint32_t>(before.size()), etag});
  pair->run();
  EXPECT_EQ(bodies.ends, 1);
  EXPECT_EQ(bodies.body,
            Bytes(representation.begin() + static_cast<std::ptrdiff_t>(before.size()), representation.end()));
  expect_idle();
}

TEST_F(Fetch, goes_on_at_any_place_a_block_can_begin_at) {
  for (const std::uint32_t offset : {16U, 48U, 1024U, 1040U, 2992U}) {
    start(6, 6);
    representation = pattern(3000);
    fetch({offset, {}});
    pair->run();
    EXPECT_EQ(bodies.ends, 1) << offset;
    EXPECT_EQ(bodies.body.size(), 3000U - offset);
  }
  start(6, 6);
  EXPECT_EQ(pair->client.endpoint.fetch(Pair::kLink, lent_request(Code::kGet), {15, {}}, pair->network.now)
                .error()
                .code,
            Errc::kInvalidArgument);
}

TEST_F(Fetch, does_not_go_on_with_another_representation) {
  start(2, 6);
  representation = pattern(3000);
  const Bytes etag{1, 2, 3};
  const auto id = fetch({64, etag});
  pair->run();
  expect_failure(id, Errc::kMalformed);
  EXPECT_EQ(bodies.parts, 0);
}

TEST_F(Fetch, notices_that_the_representation_changed) {
  for (const std::size_t size : {3000U, 2999U}) {
    start(2, 2);
    coap::EndpointConfig none = roomy(2);
    none.max_transfers = 0;  // no snapshot: every block is asked of the handler
    pair.emplace(1, tiny(2), none);
    pair->client.endpoint.stream_to(bodies);
    representation = pattern(3000);
    pair->server.handler.answer = [&](const auto&, auto, auto) {
      if (pair->server.handler.requests == 4) representation = pattern(size, 9);
      return reply_of(Code::kContent, representation);
    };
    const auto id = fetch();
    pair->run();
    expect_failure(id, Errc::kMalformed);
    EXPECT_EQ(bodies.parts, 3);
    expect_idle();
  }
}

TEST_F(Fetch, an_error_of_the_peer_is_told) {
  start(2, 2);
  pair->server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kNotFound); };
  const auto id = fetch();
  pair->run();
  ASSERT_EQ(outcomes(id), 1U);
  EXPECT_EQ(bodies.outcomes[id].front().code, Code::kNotFound);
  EXPECT_EQ(bodies.parts, 0);
  expect_idle();
}

TEST_F(Fetch, ends_in_silence_when_no_more_is_wanted) {
  const std::array<std::function<bool(coap::RequestId)>, 2> ways{[](coap::RequestId) { return false; },
                                                                 [this](coap::RequestId id) {
                                                                   pair->client.endpoint.cancel(
                                                                       id, pair->network.now);
                                                                   return true;
                                                                 }};
  for (const auto& way : ways) {
    start(2, 2);
    representation = pattern(3000);
    bodies.fetched = [&](coap::RequestId id, const coap::BodyPart& part) {
      return part.offset < 128 || way(id);
    };
    const auto id = fetch();
    pair->run();
    EXPECT_EQ(bodies.parts, 3);
    EXPECT_EQ(outcomes(id), 0U);
    expect_idle();
  }
}

TEST_F(Fetch, fails_when_its_link_is_dropped_meanwhile) {
  start(2, 2);
  representation = pattern(3000);
  bodies.fetched = [this](coap::RequestId, const coap::BodyPart& part) {
    if (part.offset == 128) pair->client.endpoint.drop(Pair::kLink, pair->network.now);
    return true;
  };
  const auto id = fetch();
  pair->run();
  expect_failure(id, Errc::kClosed);
  EXPECT_EQ(bodies.parts, 3);
}

TEST_F(Fetch, is_bounded) {
  start(2, 2);
  representation = pattern(300);
  fetch();
  EXPECT_EQ(
      pair->client.endpoint.fetch(Pair::kLink, lent_request(Code::kGet), {}, pair->network.now).error().code,
      Errc::kBusy);
  EXPECT_EQ(
      pair->server.endpoint.fetch(Pair::kLink, lent_request(Code::kGet), {}, pair->network.now).error().code,
      Errc::kUnsupported);
  pair->run();
  EXPECT_EQ(bodies.ends, 1);
}

TEST_F(Fetch, meets_a_challenge) {
  start(2, 2);
  representation = pattern(300);
  pair->server.handler.answer = [this](const coap::IncomingRequest& request, auto, auto) {
    coap::Reply reply = reply_of(Code::kContent, representation);
    if (!request.fresh) reply.kind = coap::Reply::Kind::kChallenge;
    return reply;
  };
  fetch();
  pair->run();
  EXPECT_EQ(bodies.body, representation);
}

TEST_F(Fetch, asks_for_blocks_whose_response_the_link_can_carry) {
  start(6, 6);
  pair->client.links.link_traits.max_message = 200;
  pair->server.links.link_traits.max_message = 200;
  representation = pattern(1000);
  fetch();
  pair->run();
  EXPECT_EQ(bodies.body, representation);
  EXPECT_EQ(bodies.parts, 8);
}

/// A client that is answered by single datagrams.
class AnswerByAnswer : public ::testing::Test {
 protected:
  AnswerByAnswer() {
    network.on_post = [this](const Bytes& datagram) { asked = datagram; };
    node.endpoint.stream_to(bodies);
    coap::OutgoingRequest request = lent_request(Code::kGet);
    id = *node.endpoint.fetch(coap::LinkId{0}, request, {}, network.now);
  }
  void answer(std::optional<Block> block, std::optional<std::uint32_t> size2, std::size_t size) {
    const auto request = coap::Message::decode(asked);
    Bytes buffer(256);
    coap::MessageWriter writer(buffer, coap::Type::kAcknowledgement, Code::kContent, request->message_id(),
                               request->token());
    if (block) writer.option(OptionNumber::kBlock2, block->value());
    if (size2) writer.option(OptionNumber::kSize2, *size2);
    writer.payload(Bytes(size, 'x'));
    buffer.resize(*writer.finish());
    node.endpoint.receive(coap::LinkId{0}, buffer, network.now);
  }
  bool malformed() {
    const auto& all = bodies.outcomes[id];
    return all.size() == 1 && all.front().failed && all.front().why == Errc::kMalformed;
  }

  Network network{1};
  Node node{network, tiny(2), 2};
  RecordingBodies bodies;
  Bytes asked;
  coap::RequestId id{};
};

TEST_F(AnswerByAnswer, the_first_request_asks_for_the_size_and_for_a_block_size) {
  const auto request = coap::Message::decode(asked);
  EXPECT_EQ(request->options().find_uint(OptionNumber::kSize2), 0U);
  EXPECT_EQ(request->options().find_uint(OptionNumber::kBlock2), (Block{0, false, 2}.value()));
  answer(Block{0, true, 1}, 100, 32);
  const auto second = coap::Message::decode(asked);
  EXPECT_FALSE(second->options().find(OptionNumber::kSize2));
  EXPECT_EQ(second->options().find_uint(OptionNumber::kBlock2), (Block{1, false, 1}.value()));
  EXPECT_FALSE(second->token() == request->token());
}

TEST_F(AnswerByAnswer, a_body_that_ends_before_its_size_is_malformed) {
  answer(Block{0, true, 2}, 300, 64);
  answer(Block{1, false, 2}, std::nullopt, 10);
  EXPECT_TRUE(malformed());
  EXPECT_EQ(bodies.ends, 0);
}
TEST_F(AnswerByAnswer, a_body_that_goes_beyond_its_size_is_malformed) {
  answer(Block{0, true, 2}, 64, 64);
  EXPECT_TRUE(malformed());
}
TEST_F(AnswerByAnswer, a_size_that_changes_is_malformed) {
  answer(Block{0, true, 2}, 300, 64);
  answer(Block{1, true, 2}, 301, 64);
  EXPECT_TRUE(malformed());
}
TEST_F(AnswerByAnswer, a_block_of_another_place_is_malformed) {
  answer(Block{0, true, 2}, std::nullopt, 64);
  answer(Block{2, true, 2}, std::nullopt, 64);
  EXPECT_TRUE(malformed());
}
TEST_F(AnswerByAnswer, a_block_that_is_not_whole_is_malformed) {
  answer(Block{0, true, 2}, std::nullopt, 63);
  EXPECT_TRUE(malformed());
}
TEST_F(AnswerByAnswer, a_whole_body_in_the_middle_is_malformed) {
  answer(Block{0, true, 2}, std::nullopt, 64);
  answer(std::nullopt, std::nullopt, 64);
  EXPECT_TRUE(malformed());
}

}  // namespace
}  // namespace linnet::testing

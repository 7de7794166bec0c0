// SPDX-License-Identifier: Apache-2.0
// An endpoint over a stream (RFC 8323): the same requests and responses without a message layer.
// Shows: TR-2
#include <gtest/gtest.h>

#include "linnet/coap/features.hpp"
#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;

constexpr std::string_view kPath[] = {"3", "0"};

coap::EndpointConfig large_messages() {
  coap::EndpointConfig config;
  config.max_message = 4096 + 256;
  config.max_body = 16'384;
  config.max_transfers = 2;
  return config;
}

class Reliable : public ::testing::Test {
 protected:
  explicit Reliable(const coap::EndpointConfig& config = {}) : pair(1, config, config) {
    for (Node* node : {&pair.client, &pair.server}) {
      node->links.link_traits.stream = true;
      node->links.link_traits.max_message = config.max_message;
      node->links.link_traits.bert = config.max_message > 1152;
    }
    pair.network.on_post = [this](const Bytes& frame) { posted.push_back(frame); };
  }
  coap::RequestId ask(Code method, ByteView payload = {}, Millis timeout = {}) {
    coap::OutgoingRequest request;
    request.method = method;
    request.path = kPath;
    request.payload = payload;
    request.timeout = timeout;
    const auto id = pair.client.endpoint.request(Pair::kLink, request, pair.network.now);
    EXPECT_TRUE(id.has_value());
    return id.value_or(coap::RequestId{});
  }
  void answer_with(Code code, const Bytes& payload = {}) {
    pair.server.handler.answer = [code, payload](const coap::IncomingRequest&, coap::DeferredId, ByteSpan) {
      coap::Reply reply;
      reply.code = code;
      reply.payload = payload;
      return reply;
    };
  }
  const Outcome& outcome(coap::RequestId id) { return pair.client.handler.outcomes.at(id).at(0); }
  void to_server(const Bytes& frame) {
    pair.server.endpoint.receive(Pair::kLink, frame, pair.network.now);
    pair.run_for(Millis(100));
  }
  [[nodiscard]] std::vector<Code> codes() const {
    std::vector<Code> all;
    for (const Bytes& frame : posted) {
      const auto message = coap::Message::decode_frame(frame);
      EXPECT_TRUE(message.has_value());
      if (message) all.push_back(message->code());
    }
    return all;
  }

  Pair pair;
  std::vector<Bytes> posted;
};

class Bert : public Reliable {
 protected:
  Bert() : Reliable(large_messages()) {}
  [[nodiscard]] std::vector<coap::Block> blocks(coap::OptionNumber number) const {
    std::vector<coap::Block> all;
    for (const Bytes& frame : posted) {
      const auto message = coap::Message::decode_frame(frame);
      const auto value = message ? message->options().find_uint(number) : std::nullopt;
      if (value) all.push_back(coap::Block::from_value(*value));
    }
    return all;
  }
};

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8U));
  return bytes;
}

TEST_F(Reliable, exchange_is_one_frame_each_way) {
  answer_with(Code::kContent, {'o', 'k'});
  const auto id = ask(Code::kGet);
  const coap::Token token = pair.client.endpoint.token_of(id);
  pair.run_for(Seconds(300));
  EXPECT_EQ(outcome(id).code, Code::kContent);
  ASSERT_EQ(posted.size(), 2U);
  Bytes get{0x44, 0x01};
  Bytes content{0x34, 0x45};
  for (Bytes* frame : {&get, &content})
    frame->insert(frame->end(), token.bytes().begin(), token.bytes().end());
  get.insert(get.end(), {0xB1, '3', 0x01, '0'});
  content.insert(content.end(), {0xFF, 'o', 'k'});
  EXPECT_EQ(posted[0], get);
  EXPECT_EQ(posted[1], content);
}

TEST_F(Reliable, answer_that_takes_long_is_not_announced_by_an_acknowledgement) {
  coap::DeferredId deferred{};
  pair.server.handler.answer = [&](const coap::IncomingRequest&, coap::DeferredId id, ByteSpan) {
    deferred = id;
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kDefer;
    return reply;
  };
  const auto id = ask(Code::kGet);
  pair.run_for(Seconds(20));
  EXPECT_EQ(posted.size(), 1U);
  coap::Reply reply;
  reply.code = Code::kContent;
  ASSERT_TRUE(pair.server.endpoint.respond(deferred, reply, pair.network.now).has_value());
  pair.run_for(Seconds(1));
  EXPECT_EQ(outcome(id).code, Code::kContent);
  EXPECT_EQ(posted.size(), 2U);
}

TEST_F(Reliable, request_without_an_answer_fails_after_its_own_time) {
  pair.server.links.blocked = true;
  const auto longest = ask(Code::kGet);
  const auto shorter = ask(Code::kGet, {}, Seconds(5));
  pair.run_for(Seconds(6));
  EXPECT_EQ(outcome(shorter).why, Errc::kTimeout);
  EXPECT_FALSE(pair.client.handler.outcomes.contains(longest));
  pair.run_for(coap::TransmissionParameters{}.max_transmit_wait());
  EXPECT_EQ(outcome(longest).why, Errc::kTimeout);
  EXPECT_EQ(posted.size(), 2U) << "nothing is sent again";
}

TEST_F(Reliable, requests_do_not_wait_for_one_another) {
  for (int i = 0; i < 4; ++i) ask(Code::kGet);
  EXPECT_EQ(posted.size(), 4U);
  EXPECT_TRUE(pair.client.endpoint.ready(Pair::kLink));
}

TEST_F(Reliable, equal_frames_are_requests_of_their_own) {
  answer_with(Code::kChanged);
  for (int i = 0; i < 10; ++i) to_server({0x01, 0x02, 0x42});
  EXPECT_EQ(pair.server.handler.requests, 10);
  EXPECT_EQ(posted.size(), 10U);
}

TEST_F(Reliable, critical_option_that_is_not_understood_gets_4_02) {
  to_server({0x11, 0x01, 0x42, 0x90});
  ASSERT_EQ(posted.size(), 1U);
  EXPECT_EQ(codes()[0], Code::kBadOption);
}

TEST_F(Reliable, empty_messages_and_unknown_notifications_are_ignored) {
  pair.server.handler.accept_notifications = false;
  to_server({0x00, 0x00});
  to_server({0x11, 0x45, 0x77, 0x60});
  to_server({0x00, 0x25});  // a class that nobody has defined
  EXPECT_TRUE(posted.empty());
  EXPECT_EQ(pair.server.handler.notifications.size(), coap::kObserver ? 1U : 0U);
}

TEST_F(Reliable, notifications_come_in_order_whatever_they_are_numbered) {
  std::vector<bool> in_order;
  pair.server.handler.on_notify = [&](const coap::IncomingResponse& response) {
    in_order.push_back(response.in_order);
  };
  to_server({0x21, 0x45, 0x77, 0x61, 0x09});
  to_server({0x21, 0x45, 0x77, 0x61, 0x02});
  EXPECT_EQ(in_order, (std::vector<bool>{true, true}));
}

TEST_F(Reliable, confirmable_notification_has_its_outcome_without_an_acknowledgement) {
  coap::Notification notification;
  notification.token = coap::Token(Bytes{0x77});
  notification.confirmable = true;
  notification.observe = 3;
  ASSERT_TRUE(pair.server.endpoint.notify(Pair::kLink, notification, pair.network.now).has_value());
  EXPECT_TRUE(pair.server.handler.notification_outcomes.empty()) << "never inside the call";
  pair.run_for(Seconds(1));
  ASSERT_EQ(pair.server.handler.notification_outcomes.size(), 1U);
  EXPECT_EQ(pair.server.handler.notification_outcomes[0].second, coap::NotificationOutcome::kAcknowledged);
  EXPECT_EQ(posted.size(), 1U);
}

TEST_F(Reliable, what_is_under_way_fails_when_the_connection_is_gone) {
  pair.server.links.blocked = true;
  const auto id = ask(Code::kGet);
  coap::Notification notification;
  notification.confirmable = true;
  ASSERT_TRUE(pair.client.endpoint.notify(Pair::kLink, notification, pair.network.now).has_value());
  pair.client.endpoint.drop(Pair::kLink, pair.network.now);
  pair.run_for(Seconds(1));
  EXPECT_EQ(outcome(id).why, Errc::kClosed);
  ASSERT_EQ(pair.client.handler.notification_outcomes.size(), 1U);
  EXPECT_EQ(pair.client.handler.notification_outcomes[0].second, coap::NotificationOutcome::kTimedOut);
  EXPECT_TRUE(pair.client.endpoint.idle(Pair::kLink, pair.network.now));
}

TEST_F(Reliable, handler_that_drops_the_peer_gives_no_answer) {
  pair.server.handler.answer = [this](const coap::IncomingRequest&, coap::DeferredId, ByteSpan) {
    pair.server.endpoint.drop(Pair::kLink, pair.network.now);
    coap::Reply reply;
    reply.code = Code::kContent;
    return reply;
  };
  to_server({0x01, 0x01, 0x42});
  EXPECT_TRUE(posted.empty());
}

TEST_F(Reliable, ping_is_a_signal_and_its_pong_ends_it) {
  const auto id = pair.client.endpoint.ping(Pair::kLink, pair.network.now);
  ASSERT_TRUE(id.has_value());
  ASSERT_EQ(codes(), (std::vector<Code>{Code::kPing}));
  Bytes pong = posted[0];
  pong[1] = static_cast<std::uint8_t>(Code::kPong);
  pair.client.endpoint.receive(Pair::kLink, pong, pair.network.now);
  EXPECT_EQ(outcome(*id).why, Errc::kReset);
  const auto lost = pair.client.endpoint.ping(Pair::kLink, pair.network.now);
  pair.run();
  EXPECT_EQ(outcome(*lost).why, Errc::kTimeout);
}

// RFC 7959 §2.5: over a stream the first block is never a repetition.
TEST_F(Reliable, body_that_begins_again_replaces_the_one_before) {
  Bytes body;
  pair.server.handler.answer = [&](const coap::IncomingRequest& request, coap::DeferredId, ByteSpan) {
    body = copy(request.payload);
    coap::Reply reply;
    reply.code = Code::kChanged;
    return reply;
  };
  const auto block = [&](unsigned number, bool more, std::uint8_t fill) {
    Bytes frame{
        0xD1, 0x08, 0x03, 0x42, 0xD1, 0x0E, static_cast<std::uint8_t>(number << 4U | (more ? 8U : 0U))};
    frame.push_back(0xFF);
    frame.insert(frame.end(), 16, fill);
    frame[1] = static_cast<std::uint8_t>(frame.size() - 4 - 13);
    to_server(frame);
  };
  block(0, true, 'a');
  block(1, true, 'b');
  block(0, true, 'a');
  block(1, true, 'c');
  block(2, false, 'd');
  EXPECT_EQ(body, bytes_of("aaaaaaaaaaaaaaaaccccccccccccccccdddddddddddddddd"));
}

// RFC 8323 §6.1.
TEST_F(Bert, body_of_a_response_comes_several_blocks_at_a_time) {
  const Bytes body = pattern(10'000);
  answer_with(Code::kContent, body);
  const auto id = ask(Code::kGet);
  pair.run_for(Seconds(5));
  EXPECT_EQ(outcome(id).payload, body);
  EXPECT_EQ(
      blocks(coap::OptionNumber::kBlock2),
      (std::vector<coap::Block>{{0, true, 7}, {4, false, 7}, {4, true, 7}, {8, false, 7}, {8, false, 7}}));
}

// RFC 8323 §6.2.
TEST_F(Bert, body_of_a_request_goes_several_blocks_at_a_time) {
  const Bytes body = pattern(10'000);
  Bytes arrived;
  pair.server.handler.answer = [&](const coap::IncomingRequest& request, coap::DeferredId, ByteSpan) {
    arrived = copy(request.payload);
    coap::Reply reply;
    reply.code = Code::kChanged;
    return reply;
  };
  const auto id = ask(Code::kPut, body);
  pair.run_for(Seconds(5));
  EXPECT_EQ(outcome(id).code, Code::kChanged);
  EXPECT_EQ(arrived, body);
  EXPECT_EQ(blocks(coap::OptionNumber::kBlock1),
            (std::vector<coap::Block>{
                {0, true, 7}, {0, true, 7}, {4, true, 7}, {4, true, 7}, {8, false, 7}, {8, false, 7}}));
}

TEST_F(Bert, body_that_fits_a_message_goes_without_blocks) {
  const Bytes body = pattern(4000);
  answer_with(Code::kContent, body);
  const auto id = ask(Code::kPut, body);
  pair.run_for(Seconds(5));
  EXPECT_EQ(outcome(id).payload, body);
  EXPECT_EQ(posted.size(), 2U);
}

TEST_F(Bert, peer_that_does_not_take_it_gets_single_blocks) {
  pair.client.links.link_traits.bert = false;
  const Bytes body = pattern(3000);
  answer_with(Code::kChanged);
  const auto id = ask(Code::kPut, body);
  pair.run_for(Seconds(5));
  EXPECT_EQ(outcome(id).code, Code::kChanged);
  for (const coap::Block& block : blocks(coap::OptionNumber::kBlock1)) EXPECT_LE(block.szx, 6);
}

TEST_F(Bert, block_that_is_no_multiple_of_1024_bytes_gets_4_00) {
  Bytes frame{0xE1, 0x00, 0x00, 0x03, 0x42, 0xD1, 0x0E, 0x0F, 0xFF};
  frame.insert(frame.end(), 1500, 'x');
  const std::size_t length = frame.size() - 5 - 269;
  frame[1] = static_cast<std::uint8_t>(length >> 8U);
  frame[2] = static_cast<std::uint8_t>(length);
  to_server(frame);
  EXPECT_EQ(codes(), (std::vector<Code>{Code::kBadRequest}));
}

TEST(Datagrams, bert_is_no_block_size) {
  Pair pair;
  std::vector<Bytes> posted;
  pair.network.on_post = [&](const Bytes& bytes) { posted.push_back(bytes); };
  pair.server.endpoint.receive(Pair::kLink, Bytes{0x40, 0x03, 0, 1, 0xD1, 0x0E, 0x0F, 0xFF, 'x'},
                               pair.network.now);
  ASSERT_EQ(posted.size(), 1U);
  EXPECT_EQ(posted[0][1], static_cast<std::uint8_t>(Code::kBadRequest));
}

}  // namespace
}  // namespace linnet::testing

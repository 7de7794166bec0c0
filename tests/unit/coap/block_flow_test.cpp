// SPDX-License-Identifier: Apache-2.0
// The server's side of the flows of RFC 7959 §3: which block each message gets.
#include <gtest/gtest.h>

#include "linnet/coap/block.hpp"
#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Block;
using coap::Code;
using coap::OptionNumber;

class BlockFlow : public ::testing::Test {
 protected:
  struct Answer {
    Code code{};
    std::optional<Block> block1, block2;
    std::size_t payload = 0;
  };

  void start(std::uint8_t szx) {
    coap::EndpointConfig config;
    config.block_szx = szx;
    node.emplace(network, config, 2);
    network.on_post = [this](const Bytes& datagram) { sent = datagram; };
    node->handler.answer = [this](const coap::IncomingRequest& request, coap::DeferredId, ByteSpan) {
      arrived = request.payload.size();
      coap::Reply reply;
      reply.code = request.method == Code::kGet ? Code::kContent : Code::kChanged;
      reply.payload = body;
      return reply;
    };
  }

  Answer exchange(Code method, std::uint16_t id, std::optional<Block> block1, std::optional<Block> block2,
                  std::size_t size = 0) {
    Bytes buffer(256);
    coap::MessageWriter writer(buffer, coap::Type::kConfirmable, method, coap::MessageId{id}, coap::Token());
    writer.option(OptionNumber::kUriPath, "status");
    if (block2) writer.option(OptionNumber::kBlock2, block2->value());
    if (block1) writer.option(OptionNumber::kBlock1, block1->value());
    writer.payload(Bytes(size, 'x'));
    buffer.resize(*writer.finish());
    node->endpoint.receive(coap::LinkId{0}, buffer, network.now);
    const auto message = coap::Message::decode(sent);
    EXPECT_TRUE(message);
    Answer answer;
    answer.code = message->code();
    answer.payload = message->payload().size();
    if (const auto value = message->options().find_uint(OptionNumber::kBlock1))
      answer.block1 = Block::from_value(*value);
    if (const auto value = message->options().find_uint(OptionNumber::kBlock2))
      answer.block2 = Block::from_value(*value);
    return answer;
  }

  Network network{1};
  std::optional<Node> node;
  Bytes sent;
  Bytes body;
  std::size_t arrived = 0;
};

// Shows: TR-8
TEST_F(BlockFlow, figure_5_late_negotiation_of_a_get) {
  start(3);
  body.assign(350, 'y');
  EXPECT_EQ(exchange(Code::kGet, 1234, {}, {}).block2, (Block{0, true, 3}));
  EXPECT_EQ(exchange(Code::kGet, 1235, {}, Block{2, false, 2}).block2, (Block{2, true, 2}));
  EXPECT_EQ(exchange(Code::kGet, 1236, {}, Block{3, false, 2}).block2, (Block{3, true, 2}));
  const Answer last = exchange(Code::kGet, 1238, {}, Block{5, false, 2});
  EXPECT_EQ(last.block2, (Block{5, false, 2}));
  EXPECT_EQ(last.payload, 30U);
  EXPECT_EQ(node->handler.requests, 1);
}

// Shows: TR-8
TEST_F(BlockFlow, figure_7_atomic_put) {
  start(3);
  const Answer first = exchange(Code::kPut, 1234, Block{0, true, 3}, {}, 128);
  EXPECT_EQ(first.code, Code::kContinue);
  EXPECT_EQ(first.block1, (Block{0, true, 3}));
  EXPECT_EQ(exchange(Code::kPut, 1235, Block{1, true, 3}, {}, 128).code, Code::kContinue);
  EXPECT_EQ(exchange(Code::kPut, 1235, Block{1, true, 3}, {}, 128).code, Code::kContinue);  // retransmitted
  const Answer last = exchange(Code::kPut, 1236, Block{2, false, 3}, {}, 10);
  EXPECT_EQ(last.code, Code::kChanged);
  EXPECT_EQ(last.block1, (Block{2, false, 3}));
  EXPECT_EQ(arrived, 266U);
}

// Shows: TR-8
TEST_F(BlockFlow, figure_9_a_smaller_size_is_negotiated_in_the_first_answer) {
  start(1);
  EXPECT_EQ(exchange(Code::kPut, 1234, Block{0, true, 3}, {}, 128).block1, (Block{0, true, 1}));
  EXPECT_EQ(exchange(Code::kPut, 1235, Block{4, true, 1}, {}, 32).block1, (Block{4, true, 1}));
  EXPECT_EQ(exchange(Code::kPut, 1236, Block{5, true, 1}, {}, 32).code, Code::kContinue);
  EXPECT_EQ(exchange(Code::kPut, 1237, Block{6, false, 1}, {}, 20).code, Code::kChanged);
  EXPECT_EQ(arrived, 212U);
}

// Shows: TR-8
TEST_F(BlockFlow, figure_11_a_post_that_is_large_both_ways_with_block2_negotiated) {
  start(3);
  body.assign(230, 'y');
  EXPECT_EQ(exchange(Code::kPut, 1234, Block{0, true, 3}, {}, 128).code, Code::kContinue);
  const Answer answer = exchange(Code::kPut, 1236, Block{1, false, 3}, Block{0, false, 2}, 100);
  EXPECT_EQ(answer.code, Code::kChanged);
  EXPECT_EQ(answer.block1, (Block{1, false, 3}));
  EXPECT_EQ(answer.block2, (Block{0, true, 2}));
  EXPECT_EQ(exchange(Code::kPut, 1237, {}, Block{1, false, 2}).block2, (Block{1, true, 2}));
  EXPECT_EQ(exchange(Code::kPut, 1239, {}, Block{3, false, 2}).block2, (Block{3, false, 2}));
  EXPECT_EQ(node->handler.requests, 1);
}

TEST_F(BlockFlow, a_block_behind_the_end_is_4_00) {
  start(3);
  body.assign(350, 'y');
  EXPECT_EQ(exchange(Code::kGet, 1, {}, Block{9, false, 3}).code, Code::kBadRequest);
}

}  // namespace
}  // namespace linnet::testing

// SPDX-License-Identifier: Apache-2.0
// What an endpoint does with messages that no well-behaved peer sends, byte for byte
// (RFC 7252 §3, §4.2, §4.3, §5.4.1).
#include <gtest/gtest.h>

#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;

/// One endpoint, and everything it sends.
class Probe : public ::testing::Test {
 protected:
  Probe() {
    network.on_post = [this](const Bytes& datagram) { sent.push_back(datagram); };
    node.handler.answer = [](const coap::IncomingRequest&, coap::DeferredId, ByteSpan) {
      coap::Reply reply;
      reply.code = Code::kContent;
      return reply;
    };
  }

  /// What is sent back for `datagram`.
  std::vector<Bytes> answers(const Bytes& datagram) {
    sent.clear();
    node.endpoint.receive(coap::LinkId{0}, datagram, network.now);
    return sent;
  }

  static constexpr std::uint8_t kCon = 0x40, kNon = 0x50, kAck = 0x60, kRst = 0x70;
  Network network{1};
  Node node{network, {}, 2};
  std::vector<Bytes> sent;
};

using Messages = std::vector<Bytes>;

TEST_F(Probe, a_ping_is_answered_by_a_reset) {
  EXPECT_EQ(answers({kCon, 0, 0x12, 0x34}), (Messages{{kRst, 0, 0x12, 0x34}}));
}

TEST_F(Probe, empty_messages_of_other_types_are_ignored) {
  EXPECT_TRUE(answers({kNon, 0, 0x12, 0x34}).empty());
  EXPECT_TRUE(answers({kAck, 0, 0x12, 0x34}).empty());
  EXPECT_TRUE(answers({kRst, 0, 0x12, 0x34}).empty());
}

TEST_F(Probe, other_versions_and_scraps_are_ignored) {
  EXPECT_TRUE(answers({}).empty());
  EXPECT_TRUE(answers({kCon, 1, 0}).empty());
  for (const std::uint8_t version : Bytes{0x00, 0x80, 0xC0}) EXPECT_TRUE(answers({version, 1, 0, 1}).empty());
}

TEST_F(Probe, format_errors_reset_a_confirmable_message_and_are_silent_otherwise) {
  const Messages malformed{
      {0x09, 1, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9},  // token of nine bytes
      {0x0F, 1, 0, 9},
      {0x04, 1, 0, 9, 1, 2, 3},    // token cut off
      {0x00, 1, 0, 9, 0xFF},       // marker without payload
      {0x00, 1, 0, 9, 0xF0},       // reserved delta
      {0x00, 1, 0, 9, 0xBF, 1},    // reserved length
      {0x00, 1, 0, 9, 0xB2, 'a'},  // value cut off
      {0x00, 1, 0, 9, 0xD0},       // extension cut off
      {0x00, 1, 0, 9, 0xE0, 1},
      {0x00, 1, 0, 9, 0xE0, 0xFF, 0xFF},  // option number beyond 65535
      {0x01, 0, 0, 9, 1},                 // an empty message with a token
      {0x00, 0, 0, 9, 0xFF, 1},           // and with a payload
  };
  for (Bytes message : malformed) {
    message[0] = static_cast<std::uint8_t>(message[0] | kCon);
    EXPECT_EQ(answers(message), (Messages{{kRst, 0, 0, 9}}));
    for (const std::uint8_t type : {kNon, kAck, kRst}) {
      message[0] = static_cast<std::uint8_t>((message[0] & 0x0F) | type);
      EXPECT_TRUE(answers(message).empty());
    }
  }
  EXPECT_EQ(node.handler.requests, 0);
}

TEST_F(Probe, reserved_code_classes_are_rejected) {
  for (const std::uint8_t code : Bytes{0x20, 0x3F, 0xC0, 0xE1, 0xFF}) {
    EXPECT_EQ(answers({kCon, code, 0, 1}), (Messages{{kRst, 0, 0, 1}}));
    EXPECT_TRUE(answers({kNon, code, 0, 1}).empty());
  }
}

TEST_F(Probe, an_unknown_critical_option_is_4_02_for_confirmable_and_silence_for_non_confirmable) {
  EXPECT_EQ(answers({kCon, 1, 0, 1, 0xD0, 12}), (Messages{{kAck, 0x82, 0, 1}}));  // 25 is critical
  EXPECT_TRUE(answers({kNon, 1, 0, 2, 0xD0, 12}).empty());
  EXPECT_EQ(node.handler.requests, 0);
  EXPECT_EQ(answers({kCon, 1, 0, 3, 0xD0, 13}), (Messages{{kAck, 0x45, 0, 3}}));  // 26 is elective
  EXPECT_EQ(node.handler.requests, 1);
}

TEST_F(Probe, an_option_of_a_wrong_length_or_one_too_many_counts_as_unknown) {
  EXPECT_EQ(answers({kCon, 1, 0, 1, 0xD3, 4, 0, 0, 0}), (Messages{{kAck, 0x82, 0, 1}}));  // Accept of 3 bytes
  EXPECT_EQ(answers({kCon, 1, 0, 2, 0xD1, 4, 0, 0x01, 1}), (Messages{{kAck, 0x82, 0, 2}}));  // two of Accept
  EXPECT_EQ(answers({kCon, 1, 0, 3, 0xC3, 0, 0, 0}), (Messages{{kAck, 0x45, 0, 3}}));  // Content-Format of 3
}

TEST_F(Probe, proxying_is_5_05) {
  EXPECT_EQ(answers({kCon, 1, 0, 1, 0xD1, 22, 'x'}), (Messages{{kAck, 0xA5, 0, 1}}));
  EXPECT_EQ(answers({kCon, 1, 0, 2, 0xD1, 26, 'x'}), (Messages{{kAck, 0xA5, 0, 2}}));
}

TEST_F(Probe, uri_host_and_port_are_accepted) {
  EXPECT_EQ(answers({kCon, 1, 0, 1, 0x31, 'h', 0x42, 0x16, 0x33}), (Messages{{kAck, 0x45, 0, 1}}));
}

TEST_F(Probe, an_unknown_method_is_4_05) {
  EXPECT_EQ(answers({kCon, 8, 0, 1}), (Messages{{kAck, 0x85, 0, 1}}));
  EXPECT_EQ(answers({kCon, 0x1F, 0, 2}), (Messages{{kAck, 0x85, 0, 2}}));
}

TEST_F(Probe, a_response_that_nobody_waits_for_is_reset) {
  node.handler.accept_notifications = false;
  EXPECT_EQ(answers({kCon | 1, 0x45, 0, 1, 7}), (Messages{{kRst, 0, 0, 1}}));
  EXPECT_EQ(answers({kNon | 1, 0x45, 0, 2, 7}), (Messages{{kRst, 0, 0, 2}}));
  EXPECT_TRUE(answers({kAck | 1, 0x45, 0, 3, 7}).empty());
  EXPECT_EQ(node.handler.notifications.size(), 2U);
  // A duplicate meets the same fate without being processed again.
  EXPECT_EQ(answers({kCon | 1, 0x45, 0, 1, 7}), (Messages{{kRst, 0, 0, 1}}));
  EXPECT_EQ(node.handler.notifications.size(), 2U);
}

TEST_F(Probe, a_wanted_confirmable_notification_is_acknowledged_each_time_and_told_once) {
  EXPECT_EQ(answers({kCon | 1, 0x45, 0, 1, 7}), (Messages{{kAck, 0, 0, 1}}));
  EXPECT_EQ(answers({kCon | 1, 0x45, 0, 1, 7}), (Messages{{kAck, 0, 0, 1}}));
  EXPECT_EQ(node.handler.notifications.size(), 1U);
}

TEST_F(Probe, a_response_with_an_unknown_critical_option_is_rejected) {
  EXPECT_EQ(answers({kCon, 0x45, 0, 1, 0xD0, 12}), (Messages{{kRst, 0, 0, 1}}));
  EXPECT_TRUE(answers({kNon, 0x45, 0, 2, 0xD0, 12}).empty());
  EXPECT_TRUE(node.handler.notifications.empty());
}

TEST_F(Probe, requests_in_acknowledgements_and_resets_with_content_are_ignored) {
  EXPECT_TRUE(answers({kAck, 1, 0, 1}).empty());
  EXPECT_TRUE(answers({kRst, 1, 0, 1}).empty());
  EXPECT_TRUE(answers({kRst, 0x45, 0, 1}).empty());
  EXPECT_EQ(node.handler.requests, 0);
}

TEST_F(Probe, a_link_out_of_range_is_ignored) {
  node.endpoint.receive(coap::LinkId{4}, Bytes{kCon, 0, 0, 1}, network.now);
  node.endpoint.receive(coap::kNoLink, Bytes{kCon, 0, 0, 1}, network.now);
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(node.endpoint.statistics().dropped, 2U);
}

TEST_F(Probe, no_response_suppresses_the_classes_that_it_names) {
  // No-Response 258 from no option before it: delta 0xE0 with 258 - 269 < 0, so one byte: 258 - 13.
  EXPECT_EQ(answers({kCon, 1, 0, 1, 0xD1, 245, 2}), (Messages{{kAck, 0, 0, 1}}));
  EXPECT_EQ(answers({kCon, 1, 0, 1, 0xD1, 245, 2}), (Messages{{kAck, 0, 0, 1}}));
  EXPECT_TRUE(answers({kNon, 1, 0, 2, 0xD1, 245, 2}).empty());
  EXPECT_EQ(answers({kCon, 1, 0, 3, 0xD1, 245, 8}), (Messages{{kAck, 0x45, 0, 3}}));
  EXPECT_EQ(node.handler.requests, 3);
}

TEST_F(Probe, block_options_of_a_reserved_size_are_4_00) {
  EXPECT_EQ(answers({kCon, 1, 0, 1, 0xD1, 10, 0x07}).at(0)[1], 0x80);
  EXPECT_EQ(answers({kCon, 3, 0, 2, 0xD1, 14, 0x0F}).at(0)[1], 0x80);
}

TEST_F(Probe, a_gap_in_a_body_is_4_08) {
  Bytes block{kCon, 3, 0, 1, 0xD1, 14, 0x18, 0xFF};  // Block1 1/1/16
  block.resize(block.size() + 16, 'x');
  EXPECT_EQ(answers(block).at(0)[1], 0x88);
  EXPECT_EQ(node.handler.requests, 0);
}

TEST_F(Probe, a_block_that_is_not_full_but_not_the_last_is_4_00) {
  EXPECT_EQ(answers({kCon, 3, 0, 1, 0xD1, 14, 0x08, 0xFF, 'x'}).at(0)[1], 0x80);
}

}  // namespace
}  // namespace linnet::testing

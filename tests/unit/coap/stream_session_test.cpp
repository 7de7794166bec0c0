// SPDX-License-Identifier: Apache-2.0
// Frames, signalling and time limits of one connection (RFC 8323 §3, §5).
// Shows: TR-2
#include "linnet/coap/stream_session.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "linnet/coap/frame.hpp"
#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;
using coap::StreamSession;

/// A frame made by hand: length, token length, code, token, and what follows.
Bytes frame_of(Code code, const Bytes& token, const Bytes& rest) {
  Bytes frame;
  const std::size_t size = rest.size();
  if (size < 13) {
    frame.push_back(static_cast<std::uint8_t>(size << 4U | token.size()));
  } else if (size < 269) {
    frame.push_back(static_cast<std::uint8_t>(0xD0U | token.size()));
    frame.push_back(static_cast<std::uint8_t>(size - 13));
  } else if (size < 65'805) {
    frame.push_back(static_cast<std::uint8_t>(0xE0U | token.size()));
    for (const unsigned shift : {8U, 0U}) frame.push_back(static_cast<std::uint8_t>((size - 269) >> shift));
  } else {
    frame.push_back(static_cast<std::uint8_t>(0xF0U | token.size()));
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      frame.push_back(static_cast<std::uint8_t>((size - 65'805) >> shift));
  }
  frame.push_back(static_cast<std::uint8_t>(code));
  frame.insert(frame.end(), token.begin(), token.end());
  frame.insert(frame.end(), rest.begin(), rest.end());
  return frame;
}

const Bytes kCsm = frame_of(Code::kCsm, {}, {});
const Bytes kGet = frame_of(Code::kGet, {0x42}, {0xB1, 'a'});

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// A session with its owner: what it delivers, what it sends, and the bytes that wait.
struct Connection {
  explicit Connection(const coap::StreamConfig& given = {}) : config(given) {
    session.open(config, now, [this](ByteView frame) { sent.push_back(copy(frame)); });
  }
  void arrive(const Bytes& bytes) {
    waiting.insert(waiting.end(), bytes.begin(), bytes.end());
    const std::size_t used = session.receive(
        waiting, now,
        [this](ByteView frame) {
          if (refuse) return false;
          delivered.push_back(copy(frame));
          return true;
        },
        [this](ByteView frame) { sent.push_back(copy(frame)); });
    ASSERT_LE(used, waiting.size());
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(used));
  }
  /// Lets the time pass in which nothing comes.
  void wait(Millis span) {
    const Instant until = now + span;
    while (session.next_deadline() <= until) {
      now = session.next_deadline();
      session.step(now, [this](ByteView frame) { sent.push_back(copy(frame)); });
    }
    now = until;
  }
  [[nodiscard]] Code last_code() const {
    const auto message = coap::Message::decode_frame(sent.back());
    EXPECT_TRUE(message.has_value());
    return message ? message->code() : Code::kEmpty;
  }
  [[nodiscard]] bool closed() const { return session.state() == StreamSession::State::kClosed; }

  coap::StreamConfig config;
  Instant now{Millis(1'000'000)};
  StreamSession session;
  Bytes waiting;
  bool refuse = false;
  std::vector<Bytes> delivered;
  std::vector<Bytes> sent;
};

TEST(Frame, has_the_size_that_its_length_says_in_each_of_its_four_forms) {
  for (const std::size_t size : {0U, 12U, 13U, 268U, 269U, 65'804U, 65'805U, 70'000U}) {
    const Bytes frame = frame_of(Code::kContent, {1, 2}, Bytes(size, 0x10));
    const auto peeked = coap::Frame::peek(frame);
    ASSERT_TRUE(peeked.has_value()) << size;
    EXPECT_EQ(peeked->size, frame.size()) << size;
    EXPECT_EQ(peeked->token, 2);
    EXPECT_EQ(frame[peeked->header - 1U], static_cast<std::uint8_t>(Code::kContent));
  }
}

TEST(Frame, needs_its_length_bytes_before_its_size_is_known) {
  const Bytes frame = frame_of(Code::kContent, {}, Bytes(70'000, 0x10));
  for (std::size_t size = 0; size < 5; ++size) {
    const auto peeked = coap::Frame::peek(ByteView(frame).first(size));
    ASSERT_FALSE(peeked.has_value());
    EXPECT_EQ(peeked.error().code, Errc::kTruncated);
  }
  EXPECT_EQ(coap::Frame::peek(Bytes{0x09, 0x01}).error().code, Errc::kMalformed);
}

TEST(Frame, is_made_of_a_message_in_its_place) {
  for (const std::size_t payload : {0U, 1U, 11U, 12U, 267U, 268U, 1000U, 60'000U}) {
    Bytes message(payload + 16);
    coap::MessageWriter writer(message, coap::Type::kConfirmable, Code::kContent, coap::MessageId{0x1234},
                               coap::Token(Bytes{7, 8, 9}));
    const Bytes body(payload, 0xAB);
    writer.payload(body);
    const std::size_t size = coap::to_frame(ByteSpan(message).first(*writer.finish()));
    Bytes rest;
    if (payload != 0) rest.push_back(0xFF);
    rest.insert(rest.end(), body.begin(), body.end());
    EXPECT_EQ(copy(ByteView(message).first(size)), frame_of(Code::kContent, {7, 8, 9}, rest)) << payload;
  }
}

// RFC 8323 §5.7, figures 11 and 12.
TEST(StreamSession, answers_a_ping_with_its_token) {
  Connection connection;
  connection.arrive(kCsm);
  connection.arrive({0x01, 0xE2, 0x42});
  EXPECT_EQ(connection.sent.back(), (Bytes{0x01, 0xE3, 0x42}));
}

TEST(StreamSession, begins_with_a_csm_that_names_its_limit_and_offers_blocks) {
  Connection connection({.max_message = 8448});
  ASSERT_EQ(connection.sent.size(), 1U);
  EXPECT_EQ(connection.sent[0], (Bytes{0x40, 0xE1, 0x22, 0x21, 0x00, 0x20}));
}

TEST(StreamSession, takes_messages_whatever_pieces_they_come_in) {
  const Bytes stream = joined({kCsm, kGet, {0x00, 0x00}, kGet, frame_of(Code::kPost, {}, Bytes(300, 0x10))});
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    Connection connection;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const std::size_t end = std::min(stream.size(), at + piece);
      connection.arrive({stream.begin() + static_cast<std::ptrdiff_t>(at),
                         stream.begin() + static_cast<std::ptrdiff_t>(end)});
    }
    ASSERT_EQ(connection.delivered.size(), 3U) << piece;
    EXPECT_EQ(connection.delivered[0], kGet);
    EXPECT_EQ(connection.delivered[2].size(), 304U);
    EXPECT_TRUE(connection.waiting.empty());
    EXPECT_EQ(connection.session.state(), StreamSession::State::kOpen);
  }
}

TEST(StreamSession, learns_what_the_peer_takes_from_its_csm) {
  Connection connection;
  connection.arrive(kCsm);
  EXPECT_EQ(connection.session.peer_max_message(), 1152);
  EXPECT_FALSE(connection.session.bert());
  connection.arrive(frame_of(Code::kCsm, {}, {0x22, 0x21, 0x00, 0x20}));
  EXPECT_EQ(connection.session.peer_max_message(), 8448);
  EXPECT_TRUE(connection.session.bert());
  connection.arrive(frame_of(Code::kCsm, {}, {0x22, 0x04, 0x80}));
  EXPECT_EQ(connection.session.peer_max_message(), 1152);
  EXPECT_FALSE(connection.session.bert()) << "a limit of 1152 takes BERT back (RFC 8323 §5.3.2)";
}

TEST(StreamSession, aborts_where_the_first_message_is_no_csm) {
  Connection connection;
  connection.arrive(kGet);
  EXPECT_TRUE(connection.delivered.empty());
  EXPECT_EQ(connection.last_code(), Code::kAbort);
  EXPECT_TRUE(connection.closed());
}

TEST(StreamSession, aborts_with_the_number_of_a_csm_option_that_it_cannot_take) {
  for (const Bytes& options : {Bytes{0x30}, Bytes{0x25, 1, 0, 0, 0, 0}, Bytes{0x21, 0x10}}) {
    Connection connection;
    connection.arrive(frame_of(Code::kCsm, {}, options));
    ASSERT_TRUE(connection.closed());
    const auto abort = coap::Message::decode_frame(connection.sent.back());
    ASSERT_TRUE(abort.has_value());
    EXPECT_EQ(abort->code(), Code::kAbort);
    EXPECT_EQ(abort->options().find_uint(coap::OptionNumber{2}), std::uint32_t{options[0]} >> 4U);
    EXPECT_FALSE(abort->payload().empty());
  }
}

TEST(StreamSession, ignores_elective_options_and_aborts_at_critical_ones) {
  Connection connection;
  connection.arrive(frame_of(Code::kCsm, {}, {0x81, 0x01}));
  connection.arrive(frame_of(Code::kPing, {}, {0x20}));  // Custody
  EXPECT_EQ(connection.last_code(), Code::kPong);
  connection.arrive(frame_of(Code::kPing, {}, {0x10}));
  EXPECT_EQ(connection.last_code(), Code::kAbort);
  EXPECT_TRUE(connection.closed());
}

TEST(StreamSession, aborts_at_what_is_malformed_or_too_long_and_processes_nothing_behind_it) {
  const Bytes reserved_token{0x09, 0x01};
  const Bytes bad_option = frame_of(Code::kGet, {}, {0xF0});
  const Bytes empty_payload = frame_of(Code::kGet, {}, {0xFF});
  const Bytes too_long{0xE0, 0x10, 0x00, 0x01};  // only its first bytes
  for (const Bytes& bad : {reserved_token, bad_option, empty_payload, too_long}) {
    Connection connection;
    connection.arrive(joined({kCsm, bad, kGet}));
    EXPECT_TRUE(connection.delivered.empty());
    EXPECT_EQ(connection.last_code(), Code::kAbort);
    EXPECT_TRUE(connection.closed());
    connection.arrive(kGet);
    EXPECT_TRUE(connection.delivered.empty());
  }
}

TEST(StreamSession, gives_a_message_back_that_its_owner_does_not_want) {
  Connection connection;
  connection.arrive(kCsm);
  connection.refuse = true;
  connection.arrive(joined({kGet, kGet}));
  EXPECT_EQ(connection.waiting, joined({kGet, kGet}));
}

TEST(StreamSession, closes_when_the_peer_aborts_and_lingers_when_it_releases) {
  Connection aborted;
  aborted.arrive(joined({kCsm, frame_of(Code::kAbort, {}, {}), kGet}));
  EXPECT_TRUE(aborted.closed());
  EXPECT_TRUE(aborted.delivered.empty());

  Connection released;
  released.arrive(joined({kCsm, kGet, frame_of(Code::kRelease, {}, {}), kGet}));
  EXPECT_EQ(released.delivered.size(), 1U);
  EXPECT_EQ(released.session.state(), StreamSession::State::kReleased);
  released.wait(released.config.linger);
  EXPECT_TRUE(released.closed());
}

TEST(StreamSession, gives_up_a_peer_that_never_says_what_it_is) {
  Connection connection;
  connection.wait(connection.config.csm_timeout - Millis(1));
  EXPECT_FALSE(connection.closed());
  connection.arrive({0x00});
  connection.wait(Millis(1));
  EXPECT_TRUE(connection.closed());
}

TEST(StreamSession, gives_up_a_peer_that_sends_a_message_byte_by_byte) {
  Connection connection;
  connection.arrive(kCsm);
  const Bytes slow = frame_of(Code::kPost, {}, Bytes(1000, 0x10));
  const Millis each = connection.config.frame_timeout / 10;
  for (std::size_t i = 0; i < 10 && !connection.closed(); ++i) {
    connection.arrive({slow[i]});
    connection.wait(each);
  }
  EXPECT_TRUE(connection.closed());
  EXPECT_EQ(connection.last_code(), Code::kAbort);
}

TEST(StreamSession, asks_a_silent_peer_whether_it_lives) {
  Connection connection;
  connection.arrive(kCsm);
  connection.wait(connection.config.idle_timeout);
  EXPECT_EQ(connection.last_code(), Code::kPing);
  connection.arrive({0x00, 0xE3});
  connection.wait(connection.config.pong_timeout);
  EXPECT_FALSE(connection.closed());
  EXPECT_TRUE(connection.delivered.empty());
  connection.wait(connection.config.idle_timeout);
  EXPECT_TRUE(connection.closed() || connection.last_code() == Code::kPing);
  connection.wait(connection.config.pong_timeout);
  EXPECT_TRUE(connection.closed());
}

}  // namespace
}  // namespace linnet::testing

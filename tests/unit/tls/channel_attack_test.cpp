// SPDX-License-Identifier: Apache-2.0
// What somebody without keys can do to a device's channel by sending it bytes: nothing (RFC 6347 §4.1.2).
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tls/channel_pair.hpp"

namespace linnet::tls::test {
namespace {

using client::ChannelState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Attack : public ChannelPair, public ::testing::TestWithParam<Library> {
 protected:
  void SetUp() override {
    library = GetParam();
    ServerWish wish;
    wish.identity = "device-1";
    wish.key = key;
    ASSERT_TRUE(connect(std::move(wish), psk_parameters("device-1", key)));
  }
  /// A record of the server with this text, not yet delivered.
  OwnedBytes record(std::string_view text) {
    server->send(text);
    OwnedBytes bytes = server->sent.back();
    server->sent.clear();
    return bytes;
  }
  void expect_unmoved() {
    received.clear();
    hear(record("after"));
    EXPECT_THAT(received, ElementsAre("after"));
    EXPECT_EQ(channel->state(), ChannelState::kOpen);
  }

  const OwnedBytes key = OwnedBytes(16, 0x42);
};

INSTANTIATE_TEST_SUITE_P(Libraries, Attack, ::testing::Values(Library::kGnuTls, Library::kMbedTls),
                         [](const auto& p) { return p.param == Library::kGnuTls ? "GnuTLS" : "MbedTLS"; });

TEST_P(Attack, A_replayed_record_is_dropped) {
  const OwnedBytes once = record("once");
  hear(once);
  hear(once);
  EXPECT_THAT(received, ElementsAre("once"));
  expect_unmoved();
}

TEST_P(Attack, Records_that_come_in_another_order_are_taken_once_each) {
  const OwnedBytes first = record("first");
  const OwnedBytes second = record("second");
  hear(second);
  hear(first);
  hear(second);
  EXPECT_THAT(received, ElementsAre("second", "first"));
  expect_unmoved();
}

TEST_P(Attack, A_record_with_any_bit_changed_is_dropped) {
  const OwnedBytes whole = record("write 1");
  for (std::size_t i = 0; i < whole.size() * 8; ++i) {
    OwnedBytes forged = whole;
    forged[i / 8] = static_cast<std::uint8_t>(forged[i / 8] ^ (1U << (i % 8)));
    hear(forged);
    ASSERT_EQ(channel->state(), ChannelState::kOpen) << "bit " << i;
    ASSERT_THAT(received, IsEmpty()) << "bit " << i;
  }
  hear(whole);
  EXPECT_THAT(received, ElementsAre("write 1"));
}

TEST_P(Attack, A_record_cut_off_anywhere_is_dropped) {
  const OwnedBytes whole = record("write 1");
  for (std::size_t size = 0; size < whole.size(); ++size) hear(ByteView(whole).first(size));
  EXPECT_THAT(received, IsEmpty());
  expect_unmoved();
}

TEST_P(Attack, Records_in_clear_change_nothing_once_it_is_open) {
  const OwnedBytes alert{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 49};
  const OwnedBytes close{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 98, 0, 2, 1, 0};
  const OwnedBytes data{23, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 97, 0, 2, 'h', 'i'};
  const OwnedBytes later_epoch{23, 0xFE, 0xFD, 0, 2, 0, 0, 0, 0, 0, 1, 0, 2, 'h', 'i'};
  const OwnedBytes hello_request{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 96, 0, 12,
                                 0,  0,    0,    0, 0, 5, 0, 0, 0, 0, 0,  0};
  for (const OwnedBytes& forged : {alert, close, data, later_epoch, hello_request}) {
    hear(forged);
    ASSERT_EQ(channel->state(), ChannelState::kOpen);
  }
  EXPECT_THAT(received, IsEmpty());
  expect_unmoved();
}

TEST_P(Attack, Noise_changes_nothing) {
  std::mt19937 source(7);  // NOLINT(bugprone-random-generator-seed): the same noise each time
  for (int i = 0; i < 2000; ++i) {
    OwnedBytes noise(source() % 80);
    for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(source());
    if (noise.size() > 5 && i % 2 == 0) {
      noise[0] = static_cast<std::uint8_t>(20 + source() % 5);
      noise[1] = 0xFE;
      noise[2] = 0xFD;
      noise[3] = 0;
      noise[4] = static_cast<std::uint8_t>(source() % 3);
    }
    hear(noise);
    ASSERT_EQ(channel->state(), ChannelState::kOpen) << i;
  }
  EXPECT_THAT(received, IsEmpty());
  expect_unmoved();
}

TEST_P(Attack, A_record_longer_than_what_carries_it_is_dropped) {
  const OwnedBytes whole = record("write 1");
  OwnedBytes forged = whole;
  forged[11] = 0xFF;
  hear(forged);
  forged.resize(13 + 0xFF00U + 20);
  hear(forged);
  OwnedBytes many;
  while (many.size() < 60'000) many.insert(many.end(), {23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0});
  hear(many);
  EXPECT_THAT(received, IsEmpty());
  expect_unmoved();
}

// A device that is about to begin believes anybody; it must only come to nothing.
TEST_P(Attack, Hellos_of_a_forger_open_nothing) {
  const auto answer = [](std::uint8_t type, std::size_t size) {
    OwnedBytes bytes{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0};
    const auto put = [&](std::size_t number, int width) {
      for (int i = width - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
    };
    put(12 + size, 2);
    bytes.push_back(type);
    put(size, 3);
    put(0, 2 + 3);
    put(size, 3);
    bytes.insert(bytes.end(), {0xFE, 0xFD, 0xFF});
    bytes.insert(bytes.end(), size - 3, 0xFF);
    return bytes;
  };
  constexpr std::uint8_t kServerHello = 2, kHelloVerifyRequest = 3, kCertificate = 11, kFinished = 20;
  for (const std::uint8_t type : {kServerHello, kHelloVerifyRequest, kCertificate, kFinished}) {
    for (const std::size_t size : {3U, 258U, 2000U}) {
      ServerWish wish;
      wish.identity = "device-1";
      wish.key = key;
      ASSERT_TRUE(begin(std::move(wish), psk_parameters("device-1", key)));
      hear(answer(type, size));
      EXPECT_NE(channel->state(), ChannelState::kOpen) << int{type} << ' ' << size;
    }
  }
}

TEST_P(Attack, A_server_that_offers_less_than_linnet_takes_gets_no_handshake) {
  for (const char* offer : {"NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-DTLS1.0",
                            "NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+AES-256-GCM",
                            "NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+AES-128-CBC"}) {
    ServerWish wish;
    wish.identity = "device-1";
    wish.key = key;
    wish.priorities = offer;
    EXPECT_FALSE(connect(std::move(wish), psk_parameters("device-1", key))) << offer;
    EXPECT_NE(channel->state(), ChannelState::kOpen) << offer;
  }
}

}  // namespace
}  // namespace linnet::tls::test

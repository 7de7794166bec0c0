// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "linnet/net/mpsc_queue.hpp"
#include "linnet/net/subscription.hpp"
#include "raw_device.hpp"

namespace linnet::net {
namespace {

struct Item {
  int producer = 0;
  std::unique_ptr<int> number;
};

TEST(MpscQueue, brings_all_of_every_producer_in_its_order) {
  constexpr int kProducers = 4;
  constexpr int kItems = 20'000;
  MpscQueue<Item> queue;
  std::vector<std::jthread> producers;
  for (int producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&queue, producer] {
      for (int i = 0; i < kItems; ++i) {
        Item item{.producer = producer, .number = std::make_unique<int>(i)};
        ASSERT_TRUE(queue.push(item));
      }
    });
  }
  std::vector<int> next(kProducers, 0);
  int seen = 0;
  while (seen < kProducers * kItems) {
    queue.drain([&](Item item) {
      ASSERT_EQ(*item.number, next[static_cast<std::size_t>(item.producer)]++);
      ++seen;
    });
  }
}

TEST(MpscQueue, takes_nothing_once_closed_and_leaves_the_element_alone) {
  MpscQueue<Item> queue;
  Item item{.producer = 1, .number = std::make_unique<int>(1)};
  ASSERT_TRUE(queue.push(item));
  EXPECT_FALSE(queue.close()) << "something is in it";
  queue.drain([](const Item&) {});
  EXPECT_TRUE(queue.close());
  item.number = std::make_unique<int>(2);
  EXPECT_FALSE(queue.push(item));
  ASSERT_NE(item.number, nullptr);
  EXPECT_EQ(*item.number, 2);
  EXPECT_TRUE(queue.empty());
}

TEST(EventChannel, neither_loses_nor_reorders_what_fits_and_wakes_when_there_is_something) {
  constexpr std::uint32_t kEvents = 50'000;
  std::atomic<std::uint32_t> wakes = 0;
  EventChannel channel(2, 64, "", [&] {
    ++wakes;
    wakes.notify_one();
  });
  std::atomic<std::uint32_t> published = 0;
  std::vector<std::jthread> writers;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    writers.emplace_back([&channel, &published, shard] {
      for (std::uint32_t i = 0; i < kEvents; ++i) {
        Event event;
        event.code = static_cast<coap::Code>(shard);
        event.at.seconds = i;
        channel.publish(shard, std::move(event));
      }
      ++published;
    });
  }
  std::array<std::int64_t, 2> last{-1, -1};
  std::uint64_t taken = 0;
  const auto take = [&] {
    while (const auto event = channel.take()) {
      std::int64_t& before = last[static_cast<std::size_t>(event->code)];
      ASSERT_GT(event->at.seconds, before);
      before = event->at.seconds;
      ++taken;
    }
  };
  std::uint32_t answered = 0;
  while (published < 2) {
    if (wakes != answered) {
      answered = wakes;
      take();
    }
  }
  take();
  EXPECT_EQ(taken + channel.dropped(), 2U * kEvents);
}

class Steering : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Families, Steering, ::testing::Values("127.0.0.1:0", "[::1]:0"));

TEST_P(Steering, the_kernel_and_the_server_agree_where_a_peer_arrives) {
  constexpr unsigned kShards = 3;
  std::vector<UdpSocket> sockets;
  Address address = *parse_address(GetParam());
  for (unsigned i = 0; i < kShards; ++i) {
    sockets.push_back(*UdpSocket::open(address, {.reuse_port = true}));
    address = sockets[0].local();
  }
  ASSERT_TRUE(install_steering(sockets[0], kShards));
  std::array<int, kShards> arrived{};
  for (int i = 0; i < 60; ++i) {
    const RawDevice device(address, GetParam());
    device.send(as_bytes("x"));
    const unsigned expected = steer(device.address(), kShards);
    pollfd readable{.fd = sockets[expected].fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&readable, 1, 10'000), 1) << device.address().text();
    std::array<std::uint8_t, 8> bytes;
    ASSERT_EQ(recv(sockets[expected].fd(), bytes.data(), bytes.size(), 0), 1);
    ++arrived[expected];
  }
  for (const int count : arrived) EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace linnet::net

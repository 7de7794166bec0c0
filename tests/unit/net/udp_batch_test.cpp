// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/udp_batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <vector>

namespace linnet::net {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kDatagram = 256;
constexpr int kPatienceMillis = 10'000;

UdpSocket open(const char* address, const UdpOptions& options = {}) {
  auto socket = UdpSocket::open(*parse_address(address), options);
  EXPECT_TRUE(socket) << socket.error();
  return std::move(*socket);
}

void wait_readable(const UdpSocket& socket) {
  pollfd readable{.fd = socket.fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&readable, 1, kPatienceMillis), 1);
}

void queue(SendBatch& out, std::uint8_t value, const UdpSocket& from, const Address& to,
           const Address& local = {}) {
  const ByteSpan buffer = out.prepare();
  ASSERT_EQ(buffer.size(), kDatagram);
  buffer[0] = value;
  out.commit(1, from, to, local);
}

Address at(const char* host, const UdpSocket& socket) {
  return *parse_address(host, socket.local().port());
}

class UdpBatch : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Families, UdpBatch, ::testing::Values("127.0.0.1:0", "[::1]:0"));

TEST_P(UdpBatch, carries_more_than_one_batch_in_order) {
  const UdpSocket a = open(GetParam());
  const UdpSocket b = open(GetParam());
  SendBatch out(kDatagram);
  for (std::size_t i = 0; i < 100; ++i) queue(out, static_cast<std::uint8_t>(i), a, b.local());
  out.flush();
  EXPECT_EQ(out.statistics().sent, 100U);
  ReceiveBatch in(kDatagram);
  std::vector<std::uint8_t> values;
  while (values.size() < 100) {
    wait_readable(b);
    const std::size_t count = in.receive(b);
    ASSERT_LE(count, kBatch);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(in[i].bytes.size(), 1U);
      EXPECT_EQ(in[i].remote, a.local());
      EXPECT_EQ(in[i].local, Address{}) << "bound to one address, nobody needs to know it";
      values.push_back(in[i].bytes[0]);
    }
  }
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(values[i], i);
  EXPECT_EQ(in.receive(b), 0U);
}

TEST_P(UdpBatch, too_long_a_datagram_is_emptied_and_counted) {
  const UdpSocket a = open(GetParam());
  SendBatch out(kDatagram);
  (void)out.prepare();
  out.commit(kDatagram, a, a.local(), {});
  queue(out, 1, a, a.local());
  out.flush();
  ReceiveBatch in(kDatagram - 1);
  std::size_t count = 0;
  std::vector<std::size_t> sizes;
  while (sizes.size() < 2) {
    wait_readable(a);
    count = in.receive(a);
    for (std::size_t i = 0; i < count; ++i) sizes.push_back(in[i].bytes.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(in.truncated(), 1U);
}

TEST_P(UdpBatch, a_peer_without_a_socket_disturbs_nobody) {
  const UdpSocket a = open(GetParam());
  const UdpSocket b = open(GetParam());
  Address nobody;
  {
    const UdpSocket gone = open(GetParam());
    nobody = gone.local();
  }
  SendBatch out(kDatagram);
  for (int i = 0; i < 10; ++i) queue(out, 0, a, nobody);
  for (int i = 0; i < 10; ++i) queue(out, 1, a, b.local());
  out.flush();
  queue(out, 1, b, a.local());
  out.flush();
  ReceiveBatch in(kDatagram);
  std::size_t received = 0;
  while (received < 10) {
    wait_readable(b);
    received += in.receive(b);
  }
  wait_readable(a);
  EXPECT_EQ(in.receive(a), 1U);
}

TEST(UdpBatchWildcard, an_answer_leaves_from_the_address_that_was_asked) {
  const UdpSocket server = open("0.0.0.0:0");
  const UdpSocket client = open("127.0.0.9:0");
  ASSERT_TRUE(server.is_wildcard());
  SendBatch out(kDatagram);
  ReceiveBatch in(kDatagram);
  for (const char* host : {"127.0.0.2", "127.77.1.3"}) {
    queue(out, 1, client, at(host, server));
    out.flush();
    wait_readable(server);
    ASSERT_EQ(in.receive(server), 1U);
    EXPECT_EQ(in[0].local, *parse_address(host, 0));
    queue(out, 2, server, in[0].remote, in[0].local);
    out.flush();
    wait_readable(client);
    ASSERT_EQ(in.receive(client), 1U);
    EXPECT_EQ(in[0].remote, at(host, server));
  }
}

TEST(UdpBatchWildcard, the_same_with_IPv6) {
  const UdpSocket server = open("[::]:0");
  const UdpSocket client = open("[::1]:0");
  SendBatch out(kDatagram);
  ReceiveBatch in(kDatagram);
  queue(out, 1, client, at("[::1]", server));
  out.flush();
  wait_readable(server);
  ASSERT_EQ(in.receive(server), 1U);
  EXPECT_EQ(in[0].local, *parse_address("[::1]", 0));
  queue(out, 2, server, in[0].remote, in[0].local);
  out.flush();
  wait_readable(client);
  ASSERT_EQ(in.receive(client), 1U);
  EXPECT_EQ(in[0].remote, at("[::1]", server));
}

TEST(SendBatch, serves_several_sockets_in_one_flush) {
  const UdpSocket a = open("127.0.0.1:0");
  const UdpSocket b = open("[::1]:0");
  SendBatch out(kDatagram);
  for (int i = 0; i < 3; ++i) {
    queue(out, 1, a, a.local());
    queue(out, 2, b, b.local());
  }
  out.flush();
  EXPECT_EQ(out.statistics().sent, 6U);
  ReceiveBatch in(kDatagram);
  for (const auto& [socket, value] : {std::pair{&a, 1}, std::pair{&b, 2}}) {
    wait_readable(*socket);
    ASSERT_EQ(in.receive(*socket), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(in[i].bytes[0], value);
  }
}

TEST(UdpSocket, a_port_in_use_is_an_error_that_names_it) {
  const UdpSocket first = open("127.0.0.1:0");
  const auto second = UdpSocket::open(first.local());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr(first.local().text()));
  EXPECT_THAT(second.error(), HasSubstr("in use"));
}

}  // namespace
}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// The reference of the benchmarks: sends every datagram back, in batches, and does nothing else.
//   echo-server HOST:PORT SECONDS
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "linnet/net/address.hpp"

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kDatagram = 2048;

std::array<std::array<std::uint8_t, kDatagram>, kBatch> buffers;
std::array<mmsghdr, kBatch> headers;
std::array<iovec, kBatch> vectors;
std::array<sockaddr_in6, kBatch> remotes;

void echo(int fd) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {buffers[i].data(), kDatagram};
    headers[i].msg_hdr.msg_namelen = sizeof remotes[i];
  }
  const int got = recvmmsg(fd, headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (got <= 0) {
    pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
    poll(&readable, 1, 100);
    return;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) vectors[i].iov_len = headers[i].msg_len;
  for (int sent = 0; sent < got;) {
    const int now =
        sendmmsg(fd, &headers[static_cast<std::size_t>(sent)], static_cast<unsigned>(got - sent), 0);
    sent += now > 0 ? now : 1;
  }
}

}  // namespace

int main(int count, char** arguments) {
  int seconds = 0;
  if (count != 3 ||
      std::from_chars(arguments[2], arguments[2] + std::strlen(arguments[2]), seconds).ec != std::errc{}) {
    std::fputs("usage: echo-server HOST:PORT SECONDS\n", stderr);
    return 2;
  }
  const auto address = linnet::net::parse_address(arguments[1]);
  sockaddr_storage local{};
  const socklen_t length = address ? address->to(local) : 0;
  // The options of linnet's own sockets, so that only what is done with a datagram differs.
  const int fd = socket(local.ss_family, SOCK_DGRAM, 0);
  const int buffer = 4 * 1024 * 1024;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  const int whole = IP_PMTUDISC_DO;
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&local), length) != 0) {
    std::perror(arguments[1]);
    return 1;
  }
  for (std::size_t i = 0; i < kBatch; ++i) {
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = &remotes[i];
  }
  std::printf("echo-server: %s\n", arguments[1]);
  std::fflush(stdout);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < end) echo(fd);
  return 0;
}

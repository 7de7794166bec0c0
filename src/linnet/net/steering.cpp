// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/steering.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <vector>

namespace linnet::net {

namespace {

constexpr std::uint32_t kMultiplier = 0x9E3779B1;
constexpr unsigned kShift = 15;

// Offsets from the network header. A datagram with IPv4 options or IPv6 extension headers is spread
// by other bytes than its port: it may then reach a shard that has to pass it on.
constexpr std::uint32_t kV4Source = 12;
constexpr std::uint32_t kV4Port = 20;
constexpr std::uint32_t kV6Source = 8;
constexpr std::uint32_t kV6Port = 40;

sock_filter statement(unsigned code, std::uint32_t k) noexcept {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = k};
}
std::uint32_t in_network_header(std::uint32_t offset) noexcept {
  return static_cast<std::uint32_t>(SKF_NET_OFF) + offset;
}

}  // namespace

unsigned steer(const Address& remote, unsigned shards) noexcept {
  std::uint32_t mixed = remote.port();
  for (std::size_t i = 0; i < 16; i += 4) {
    if (remote.is_v4() && i < 12) continue;
    const Address::Ip& ip = remote.ip();
    mixed = (mixed * kMultiplier) ^ (std::uint32_t{ip[i]} << 24 | std::uint32_t{ip[i + 1]} << 16 |
                                     std::uint32_t{ip[i + 2]} << 8 | ip[i + 3]);
  }
  return (mixed * kMultiplier >> kShift) % shards;
}

bool install_steering(const UdpSocket& socket, unsigned shards) noexcept {
  const bool v4 = socket.local().is_v4();
  const unsigned words = v4 ? 1 : 4;
  std::vector<sock_filter> program{
      statement(BPF_LD | BPF_H | BPF_ABS, in_network_header(v4 ? kV4Port : kV6Port))};
  for (unsigned i = 0; i < words; ++i) {
    const std::uint32_t source = (v4 ? kV4Source : kV6Source) + 4 * i;
    program.push_back(statement(BPF_ALU | BPF_MUL | BPF_K, kMultiplier));
    program.push_back(statement(BPF_MISC | BPF_TAX, 0));
    program.push_back(statement(BPF_LD | BPF_W | BPF_ABS, in_network_header(source)));
    program.push_back(statement(BPF_ALU | BPF_XOR | BPF_X, 0));
  }
  program.push_back(statement(BPF_ALU | BPF_MUL | BPF_K, kMultiplier));
  program.push_back(statement(BPF_ALU | BPF_RSH | BPF_K, kShift));
  program.push_back(statement(BPF_ALU | BPF_MOD | BPF_K, shards));
  program.push_back(statement(BPF_RET | BPF_A, 0));
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  return setsockopt(socket.fd(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0;
}

}  // namespace linnet::net

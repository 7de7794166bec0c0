// SPDX-License-Identifier: Apache-2.0
// Datagrams in batches: up to 64 in one call of recvmmsg or sendmmsg, in buffers that are made
// once. Nothing here allocates after construction; nothing is shared between threads.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/net/udp_socket.hpp"

namespace linnet::net {

inline constexpr std::size_t kBatch = 64;

/// Room for one IP_PKTINFO or IPV6_PKTINFO message.
inline constexpr std::size_t kControlBytes = 64;

struct Datagram {
  ByteSpan bytes;  ///< in the batch's buffer, until the next receive
  Address remote;
  Address local;  ///< where it was sent to (port 0), only when the socket is bound to a wildcard
};

class ReceiveBatch {
 public:
  /// Datagrams longer than `max_datagram` bytes are dropped and counted.
  explicit ReceiveBatch(std::size_t max_datagram);
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  /// Takes what the socket has, up to kBatch datagrams, without waiting, and returns how many.
  /// Errors that ICMP left on the socket are swallowed: they belong to a peer, not to us.
  std::size_t receive(const UdpSocket& socket) noexcept;
  /// The `i`-th of the last receive; empty bytes when it was too long.
  [[nodiscard]] Datagram operator[](std::size_t i) noexcept;
  [[nodiscard]] std::uint64_t truncated() const noexcept { return truncated_; }

 private:
  void arm(std::size_t i) noexcept;

  std::size_t max_datagram_;
  bool with_control_ = false;
  std::size_t used_ = 0;
  std::uint64_t truncated_ = 0;
  std::vector<std::uint8_t> buffers_;
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<sockaddr_storage, kBatch> remotes_;
  alignas(cmsghdr) std::array<std::array<std::byte, kControlBytes>, kBatch> controls_;
};

struct SendStatistics {
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;  ///< the system would not take them: lost, as if on the way
};

/// Collects datagrams, for several sockets, and sends them at `flush` or when full.
class SendBatch {
 public:
  explicit SendBatch(std::size_t max_datagram);
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  /// A buffer of max_datagram bytes for the next datagram, good until `commit` or `prepare`.
  [[nodiscard]] ByteSpan prepare() noexcept;
  /// Queues the first `size` bytes of what `prepare` gave. With `local` other than the default the
  /// datagram leaves from that address, which must be one of this host. `socket` must stay open
  /// until the flush.
  void commit(std::size_t size, const UdpSocket& socket, const Address& remote,
              const Address& local) noexcept;
  void flush() noexcept;
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] const SendStatistics& statistics() const noexcept { return statistics_; }

 private:
  void send(std::size_t begin, std::size_t end) noexcept;

  std::size_t max_datagram_;
  std::size_t count_ = 0;
  SendStatistics statistics_;
  std::vector<std::uint8_t> buffers_;
  std::array<int, kBatch> fds_{};
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<sockaddr_storage, kBatch> remotes_;
  alignas(cmsghdr) std::array<std::array<std::byte, kControlBytes>, kBatch> controls_;
};

}  // namespace linnet::net

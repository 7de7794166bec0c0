// SPDX-License-Identifier: Apache-2.0
// One TCP socket that waits for connections.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "linnet/net/address.hpp"
#include "linnet/net/udp_socket.hpp"

namespace linnet::net {

class TcpListener {
 public:
  /// `reuse_port`: several listeners on one address share its connections. IPv6 ones take IPv6 only. The
  /// error is a sentence for people.
  [[nodiscard]] static std::expected<TcpListener, std::string> open(const Address& address,
                                                                    bool reuse_port = false);

  struct Accepted {
    FileDescriptor socket;  ///< non-blocking
    Address remote;
  };
  enum class Nothing : std::uint8_t { kWaiting, kExhausted };
  /// The next connection. kWaiting: there is none. kExhausted: the process or the system has no room for
  /// one, and asking again at once would not help.
  [[nodiscard]] std::expected<Accepted, Nothing> accept() const noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// With the port that the system chose, if it was asked to.
  [[nodiscard]] const Address& local() const noexcept { return local_; }

 private:
  TcpListener(FileDescriptor fd, const Address& local) noexcept : fd_(std::move(fd)), local_(local) {}

  FileDescriptor fd_;
  Address local_;
};

}  // namespace linnet::net

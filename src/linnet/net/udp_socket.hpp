// SPDX-License-Identifier: Apache-2.0
// One bound UDP socket, set up for batches.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "linnet/net/address.hpp"

namespace linnet::net {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

struct UdpOptions {
  bool reuse_port = false;               ///< several sockets on one address share its datagrams
  int receive_buffer = 4 * 1024 * 1024;  ///< bytes asked of the kernel, which may give less
  int send_buffer = 4 * 1024 * 1024;     ///< bytes asked of the kernel, which may give less
};

class UdpSocket {
 public:
  /// Binds a non-blocking socket; IPv6 sockets take IPv6 only. The error is a sentence for people.
  [[nodiscard]] static std::expected<UdpSocket, std::string> open(const Address& address,
                                                                  const UdpOptions& options = {});

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// With the port that the system chose, if it was asked to.
  [[nodiscard]] const Address& local() const noexcept { return local_; }
  /// Datagrams then carry the local address that they were sent to, and answers must leave from it.
  [[nodiscard]] bool is_wildcard() const noexcept { return local_.is_wildcard(); }

 private:
  UdpSocket(FileDescriptor fd, const Address& local) noexcept : fd_(std::move(fd)), local_(local) {}

  FileDescriptor fd_;
  Address local_;
};

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/tcp_listener.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace linnet::net {

namespace {

// What a peer may leave without an acknowledgement before the kernel gives it up.
constexpr int kUserTimeoutMillis = 60'000;

bool set(int fd, int level, int name, int value) noexcept {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

std::unexpected<std::string> failed(const Address& address, int error) {
  const std::string why = error == EADDRINUSE ? "the port is in use" : std::generic_category().message(error);
  return std::unexpected("TCP " + address.text() + ": " + why);
}

}  // namespace

std::expected<TcpListener, std::string> TcpListener::open(const Address& address, bool reuse_port) {
  const bool v4 = address.is_v4();
  FileDescriptor fd(socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return failed(address, errno);
  if (!v4 && !set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) return failed(address, errno);
  // A restarted server need not wait for what its predecessor's connections left in the kernel.
  if (!set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return failed(address, errno);
  if (reuse_port && !set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return failed(address, errno);
  sockaddr_storage storage{};
  socklen_t length = address.to(storage);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 ||
      listen(fd.get(), SOMAXCONN) != 0) {
    return failed(address, errno);
  }
  length = sizeof storage;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return failed(address, errno);
  return TcpListener(std::move(fd), Address::from(storage));
}

std::expected<TcpListener::Accepted, TcpListener::Nothing> TcpListener::accept() const noexcept {
  for (;;) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    FileDescriptor socket(
        accept4(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() >= 0) {
      set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
      set(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMillis);
      return Accepted{std::move(socket), Address::from(storage)};
    }
    switch (errno) {
      case EAGAIN: return std::unexpected(Nothing::kWaiting);
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM: return std::unexpected(Nothing::kExhausted);
      default: break;  // the peer has gone already, or a signal came: the next one
    }
  }
}

}  // namespace linnet::net

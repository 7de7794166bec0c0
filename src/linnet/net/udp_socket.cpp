// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/udp_socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace linnet::net {

namespace {

bool set(int fd, int level, int name, int value) noexcept {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

std::unexpected<std::string> failed(const Address& address, int error) {
  const std::string why = error == EADDRINUSE ? "the port is in use" : std::generic_category().message(error);
  return std::unexpected("UDP " + address.text() + ": " + why);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

std::expected<UdpSocket, std::string> UdpSocket::open(const Address& address, const UdpOptions& options) {
  const bool v4 = address.is_v4();
  FileDescriptor fd(socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return failed(address, errno);
  if (!v4 && !set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) return failed(address, errno);
  if (options.reuse_port && !set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return failed(address, errno);
  // The kernel may cap these without harm.
  set(fd.get(), SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  set(fd.get(), SOL_SOCKET, SO_SNDBUF, options.send_buffer);
  // A datagram that is never fragmented needs no identification: an eighth of the cost of sending it.
  if (v4) set(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  if (address.is_wildcard() &&
      !(v4 ? set(fd.get(), IPPROTO_IP, IP_PKTINFO, 1) : set(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1))) {
    return failed(address, errno);
  }
  sockaddr_storage storage{};
  socklen_t length = address.to(storage);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) return failed(address, errno);
  length = sizeof storage;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return failed(address, errno);
  return UdpSocket(std::move(fd), Address::from(storage));
}

}  // namespace linnet::net

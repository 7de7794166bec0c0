// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/udp_batch.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace linnet::net {

namespace {

// A full send buffer gets this long to drain before datagrams are given up.
constexpr int kDrainMillis = 5;

static_assert(kControlBytes >= CMSG_SPACE(sizeof(in6_pktinfo)));

Address local_of(msghdr& header) noexcept {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      return Address::v4(ntohl(info.ipi_addr.s_addr), 0);
    }
    if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      Address::Ip ip;
      std::memcpy(ip.data(), &info.ipi6_addr, ip.size());
      const bool link_local = ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80;
      return {ip, 0, link_local ? static_cast<std::uint32_t>(info.ipi6_ifindex) : 0};
    }
  }
  return {};
}

template <typename Info>
void put_control(msghdr& header, std::byte* control, int level, int type, const Info& info) noexcept {
  header.msg_control = control;
  header.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* first = CMSG_FIRSTHDR(&header);
  first->cmsg_level = level;
  first->cmsg_type = type;
  first->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(first), &info, sizeof info);
}

void leave_from(const Address& local, msghdr& header, std::byte* control) noexcept {
  if (local.is_v4()) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, local.ip().data() + 12, 4);
    put_control(header, control, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, local.ip().data(), local.ip().size());
    info.ipi6_ifindex = local.scope();
    put_control(header, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

// The path is known to be narrower than this datagram, and the socket does not fragment by itself.
bool send_in_fragments(int fd, const msghdr& header) noexcept {
  constexpr int kFragment = IP_PMTUDISC_WANT;
  constexpr int kWhole = IP_PMTUDISC_DO;
  if (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &kFragment, sizeof kFragment) != 0) return false;
  const bool sent = sendmsg(fd, &header, MSG_DONTWAIT) >= 0;
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &kWhole, sizeof kWhole);
  return sent;
}

}  // namespace

ReceiveBatch::ReceiveBatch(std::size_t max_datagram)
    : max_datagram_(max_datagram), buffers_(kBatch * max_datagram) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors_[i] = {buffers_.data() + i * max_datagram, max_datagram};
    headers_[i].msg_hdr.msg_iov = &vectors_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &remotes_[i];
    arm(i);
  }
}

void ReceiveBatch::arm(std::size_t i) noexcept {
  msghdr& header = headers_[i].msg_hdr;
  header.msg_namelen = sizeof remotes_[i];
  header.msg_control = with_control_ ? controls_[i].data() : nullptr;
  header.msg_controllen = with_control_ ? kControlBytes : 0;
}

std::size_t ReceiveBatch::receive(const UdpSocket& socket) noexcept {
  if (with_control_ != socket.is_wildcard()) {
    with_control_ = socket.is_wildcard();
    used_ = kBatch;
  }
  for (std::size_t i = 0; i < used_; ++i) arm(i);
  used_ = 0;
  // ECONNREFUSED and its like come one at a time, each for one datagram that we sent.
  constexpr int kMaxSwallowed = 16;
  for (int tries = 0; tries < kMaxSwallowed; ++tries) {
    const int got = recvmmsg(socket.fd(), headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got >= 0) {
      used_ = static_cast<std::size_t>(got);
      break;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
  }
  for (std::size_t i = 0; i < used_; ++i) {
    if ((headers_[i].msg_hdr.msg_flags & MSG_TRUNC) == 0) continue;
    headers_[i].msg_len = 0;
    ++truncated_;
  }
  return used_;
}

Datagram ReceiveBatch::operator[](std::size_t i) noexcept {
  Datagram datagram{.bytes = {buffers_.data() + i * max_datagram_, headers_[i].msg_len},
                    .remote = Address::from(remotes_[i]),
                    .local = {}};
  if (with_control_) {
    msghdr header = headers_[i].msg_hdr;
    datagram.local = local_of(header);
  }
  return datagram;
}

SendBatch::SendBatch(std::size_t max_datagram)
    : max_datagram_(max_datagram), buffers_(kBatch * max_datagram) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors_[i].iov_base = buffers_.data() + i * max_datagram;
    headers_[i].msg_hdr.msg_iov = &vectors_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &remotes_[i];
  }
}

ByteSpan SendBatch::prepare() noexcept {
  if (count_ == kBatch) flush();
  return {buffers_.data() + count_ * max_datagram_, max_datagram_};
}

void SendBatch::commit(std::size_t size, const UdpSocket& socket, const Address& remote,
                       const Address& local) noexcept {
  if (count_ == kBatch || size > max_datagram_) return;
  msghdr& header = headers_[count_].msg_hdr;
  fds_[count_] = socket.fd();
  vectors_[count_].iov_len = size;
  header.msg_namelen = remote.to(remotes_[count_]);
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  if (local != Address{}) leave_from(local, header, controls_[count_].data());
  ++count_;
}

void SendBatch::flush() noexcept {
  for (std::size_t begin = 0; begin < count_;) {
    std::size_t end = begin + 1;
    while (end < count_ && fds_[end] == fds_[begin]) ++end;
    send(begin, end);
    begin = end;
  }
  count_ = 0;
}

void SendBatch::send(std::size_t begin, std::size_t end) noexcept {
  bool waited = false;
  while (begin < end) {
    const int sent =
        sendmmsg(fds_[begin], &headers_[begin], static_cast<unsigned>(end - begin), MSG_DONTWAIT);
    if (sent > 0) {
      statistics_.sent += static_cast<unsigned>(sent);
      begin += static_cast<unsigned>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if ((errno == EAGAIN || errno == EWOULDBLOCK) && !waited) {
      waited = true;
      pollfd writable{.fd = fds_[begin], .events = POLLOUT, .revents = 0};
      poll(&writable, 1, kDrainMillis);
      continue;
    }
    if (errno == EMSGSIZE && send_in_fragments(fds_[begin], headers_[begin].msg_hdr)) {
      ++statistics_.sent;
      ++begin;
      continue;
    }
    // ENOBUFS, a peer that cannot be reached, a firewall's no: this one is lost, the next may go.
    ++statistics_.refused;
    ++begin;
  }
}

}  // namespace linnet::net

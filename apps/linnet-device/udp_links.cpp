// SPDX-License-Identifier: Apache-2.0
#include "udp_links.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "settings.hpp"

namespace linnet::device {

namespace {

/// The kernel's own default is enough for one device.
constexpr net::UdpOptions kSocketOptions{.receive_buffer = 212'992, .send_buffer = 212'992};

}  // namespace

std::expected<UdpLinks, std::string> UdpLinks::open(std::vector<net::Address> servers,
                                                    const std::optional<net::Address>& bind, Others others) {
  UdpLinks links;
  for (const net::Address& server : servers) links.servers_.push_back({.address = server});
  std::vector<net::Address> peers = servers;
  if (others == Others::kOfAnyFamily && !bind) {
    peers.push_back(net::Address::v4(0, 0));
    peers.emplace_back();
  }
  for (const net::Address& server : peers) {
    const bool v4 = server.is_v4();
    if (bind && bind->is_v4() != v4) {
      return std::unexpected("--bind " + bind->text() + " is of another address family than the server " +
                             server.text());
    }
    const auto same = [v4](const net::UdpSocket& s) { return s.local().is_v4() == v4; };
    if (std::ranges::any_of(links.sockets_, same)) continue;
    auto socket =
        net::UdpSocket::open(bind.value_or(v4 ? net::Address::v4(0, 0) : net::Address()), kSocketOptions);
    // A host may have one family only; a server of the other one is refused when it comes up.
    if (!socket && std::ranges::find(servers, server) == servers.end()) continue;
    if (!socket) return std::unexpected(socket.error());
    links.sockets_.push_back(*std::move(socket));
  }
  return links;
}

OrRefusal<coap::LinkId> UdpLinks::link_to(const net::Address& address) {
  const auto same = [&](const net::UdpSocket& s) { return s.local().is_v4() == address.is_v4(); };
  if (std::ranges::none_of(sockets_, same)) {
    return refuse(Errc::kUnsupported,
                  address.text() + " is of an address family that this device has no socket of");
  }
  return number({.address = address});
}

OrRefusal<coap::LinkId> UdpLinks::stream_to(const net::Address& address) {
  if (streams_ == nullptr) return LinkSource::stream_to(address);
  return number({.address = address, .stream = true});
}

OrRefusal<coap::LinkId> UdpLinks::number(const Peer& peer) {
  const auto known = std::ranges::find(servers_, peer);
  if (known != servers_.end()) return coap::LinkId{static_cast<std::uint32_t>(known - servers_.begin())};
  if (servers_.size() >= Settings::kMaxLinks) {
    return refuse(Errc::kNoSpace, "this device has spoken to " + std::to_string(servers_.size()) +
                                      " addresses and has no room for " + peer.address.text());
  }
  servers_.push_back(peer);
  return coap::LinkId{static_cast<std::uint32_t>(servers_.size() - 1)};
}

std::expected<void, std::string> UdpLinks::connect(coap::LinkId link, const MakeChannel& make) {
  if (!streams(link)) return {};
  return streams_->connect(link, servers_[coap::index(link)].address, make);
}

const client::Channel* UdpLinks::channel(coap::LinkId link) const {
  return streams(link) ? streams_->channel(link) : nullptr;
}

void UdpLinks::disconnect(coap::LinkId link) {
  if (streams(link)) streams_->close(link);
}

const net::UdpSocket& UdpLinks::socket_to(const net::Address& address) const noexcept {
  const bool second = sockets_.size() > 1 && sockets_[1].local().is_v4() == address.is_v4();
  return sockets_[second ? 1 : 0];
}

std::optional<std::size_t> UdpLinks::receive_one(const net::UdpSocket& socket, net::Address& from) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ssize_t size = 0;
  do {
    size = recvfrom(socket.fd(), buffer_.data(), buffer_.size(), 0, reinterpret_cast<sockaddr*>(&storage),
                    &length);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return std::nullopt;
  from = net::Address::from(storage);
  const auto bytes = static_cast<std::size_t>(size);
  if (watch_) watch_(Direction::kReceived, from, ByteView(buffer_).first(bytes));
  return bytes;
}

const coap::LinkTraits& UdpLinks::traits(coap::LinkId link) noexcept {
  return streams(link) ? streams_->traits(link) : traits_;
}

ByteSpan UdpLinks::prepare(coap::LinkId link, std::size_t size) noexcept {
  if (streams(link)) return streams_->prepare(link, size);
  return size <= outgoing_.size() ? ByteSpan(outgoing_) : ByteSpan();
}

void UdpLinks::send(coap::LinkId link, std::size_t size) noexcept {
  if (streams(link)) return streams_->send(link, size);
  const net::Address& server = servers_[coap::index(link)].address;
  sockaddr_storage storage{};
  const socklen_t length = server.to(storage);
  if (watch_) watch_(Direction::kSent, server, ByteView(outgoing_).first(size));
  // What the system does not take counts as lost: retransmission mends it.
  (void)sendto(socket_to(server).fd(), outgoing_.data(), size, MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&storage), length);
}

}  // namespace linnet::device

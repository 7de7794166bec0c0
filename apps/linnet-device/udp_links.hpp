// SPDX-License-Identifier: Apache-2.0
// The links of the device: link i leads to the server at address i, over UDP or by a connection. One UDP
// socket for each family that the servers are of, and for both where others may come.
#pragma once

#include <array>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "link_source.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/net/address.hpp"
#include "linnet/net/udp_socket.hpp"
#include "tcp_links.hpp"

namespace linnet::device {

enum class Direction : std::uint8_t { kReceived, kSent };

class UdpLinks final : public coap::Links, public LinkSource {
 public:
  /// Whether `link_to` will be asked for addresses beyond those of the start.
  enum class Others : std::uint8_t { kNone, kOfAnyFamily };
  using Watch = std::function<void(Direction, const net::Address& peer, ByteView datagram)>;

  /// `bind` is where to send from; without it the system chooses. The error is a sentence.
  [[nodiscard]] static std::expected<UdpLinks, std::string> open(std::vector<net::Address> servers,
                                                                 const std::optional<net::Address>& bind,
                                                                 Others others = Others::kNone);

  /// Called for each datagram that goes or comes.
  void watch(Watch watch) { watch_ = std::move(watch); }
  /// Connections are these, which outlive the links.
  void stream_by(TcpLinks& streams) noexcept { streams_ = &streams; }
  [[nodiscard]] const std::vector<net::UdpSocket>& sockets() const noexcept { return sockets_; }

  /// Hands over what waits in a socket, at most `kBatch` datagrams. Those that come from no server
  /// are dropped.
  template <typename Take>
  void receive(const net::UdpSocket& socket, Take take) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      net::Address from;
      const auto size = receive_one(socket, from);
      if (!size) return;
      for (std::size_t link = 0; link < servers_.size(); ++link) {
        if (servers_[link].stream || servers_[link].address != from) continue;
        take(coap::LinkId{static_cast<std::uint32_t>(link)}, ByteView(buffer_).first(*size));
        break;
      }
    }
  }

  OrRefusal<coap::LinkId> link_to(const net::Address& address) override;
  OrRefusal<coap::LinkId> stream_to(const net::Address& address) override;
  std::expected<void, std::string> connect(coap::LinkId link, const MakeChannel& make) override;
  [[nodiscard]] const client::Channel* channel(coap::LinkId link) const override;
  void disconnect(coap::LinkId link) override;

  const coap::LinkTraits& traits(coap::LinkId link) noexcept override;
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;

 private:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kMaxDatagram = 65'535;

  UdpLinks() = default;
  [[nodiscard]] std::optional<std::size_t> receive_one(const net::UdpSocket& socket, net::Address& from);
  [[nodiscard]] const net::UdpSocket& socket_to(const net::Address& address) const noexcept;

  struct Peer {
    net::Address address;
    bool stream = false;
    friend bool operator==(const Peer&, const Peer&) = default;
  };
  [[nodiscard]] bool streams(coap::LinkId link) const noexcept { return servers_[coap::index(link)].stream; }
  OrRefusal<coap::LinkId> number(const Peer& peer);

  std::vector<Peer> servers_;
  std::vector<net::UdpSocket> sockets_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(kMaxDatagram);
  std::vector<std::uint8_t> outgoing_ = std::vector<std::uint8_t>(kMaxDatagram);
  coap::LinkTraits traits_;
  Watch watch_;
  TcpLinks* streams_ = nullptr;
};

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
// The device's connections to servers over TCP and TLS (RFC 8323): each is the way of one link.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "link_source.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/stream_session.hpp"
#include "linnet/net/address.hpp"

namespace linnet::device {

class TcpLinks final : public coap::Links {
 public:
  static constexpr Seconds kConnectTimeout{20};           ///< with the handshake
  static constexpr std::size_t kMaxUnsent = 1024 * 1024;  ///< bytes that the server has not taken

  /// What is left of a connection that is gone, or did not come.
  struct Closed {
    bool was_open = false;
    std::optional<client::ChannelEnd> channel{};  ///< where that ended it
  };

  /// What a connection has to say. Called from the loop, never from within a call.
  struct Handlers {
    std::function<void(coap::LinkId, ByteView frame)> on_frame;
    std::function<void(coap::LinkId)> on_open;
    std::function<void(coap::LinkId, const Closed&)> on_closed;
    std::function<void(bool sent, const net::Address& peer, ByteView frame)> on_traffic;  ///< may be empty
    std::function<Instant()> now;
  };

  TcpLinks(boost::asio::io_context& io, Handlers handlers);
  ~TcpLinks();
  TcpLinks(const TcpLinks&) = delete;
  TcpLinks& operator=(const TcpLinks&) = delete;

  /// Begins to connect, over the channel of `make` where there is one; a connection that the link had is
  /// closed without a word. The error is that of `make`.
  std::expected<void, std::string> connect(coap::LinkId link, const net::Address& server,
                                           const MakeChannel& make);
  /// Of a connection over TLS; null where there is none.
  [[nodiscard]] const client::Channel* channel(coap::LinkId link) const noexcept;
  /// Tells the server by a Release and closes; nothing more is heard of it. Unknown links are ignored.
  void close(coap::LinkId link);
  [[nodiscard]] bool has(coap::LinkId link) const noexcept { return connections_.contains(link); }

  const coap::LinkTraits& traits(coap::LinkId link) noexcept override;
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;

 private:
  class Connection;

  [[nodiscard]] Connection* find(coap::LinkId link) const noexcept;
  void ended(Connection& connection, const Closed& how);

  boost::asio::io_context& io_;
  Handlers handlers_;
  coap::StreamConfig config_;
  coap::LinkTraits closed_;
  std::map<coap::LinkId, std::shared_ptr<Connection>> connections_;
  std::vector<std::uint8_t> outgoing_;
};

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
// The links of the device as its engine sees them: a secured one leads through a channel, the others
// pass as they are. Link numbers are those of the links below.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/coap/link.hpp"
#include "linnet/tls/client_channel.hpp"

namespace linnet::device {

class SecuredLinks final : public coap::Links {
 public:
  /// A channel that opened, or that closed: `opened` says whether it had been open.
  struct Change {
    coap::LinkId link;
    client::ChannelState state;
    bool opened;
  };

  /// All must outlive the links.
  SecuredLinks(coap::Links& below, client::Platform& clock, std::span<const tls::Certificate> anchors)
      : below_(below), clock_(clock), anchors_(anchors) {}

  /// Begins a handshake over this link. The error is a sentence.
  std::expected<void, std::string> open(coap::LinkId link, const client::SecurityParameters& parameters,
                                        ByteView session, Instant now);
  /// A channel for a connection, which somebody else keeps beside its socket.
  [[nodiscard]] std::unique_ptr<tls::ClientChannel> stream_channel(client::Wire& wire) const;
  /// Tells the server that the channel ends; a plain link stays as it is.
  void close(coap::LinkId link) noexcept;
  /// As at a power cut: nobody is told.
  void drop_all() noexcept { rows_.clear(); }

  /// The channel of a link; null where it is plain.
  [[nodiscard]] const client::Channel* channel(coap::LinkId link) const noexcept;
  /// Hands over the content of a datagram, or the datagram itself where the link is plain.
  void receive(coap::LinkId link, ByteView datagram, Instant now, client::Channel::Deliver deliver) noexcept;
  /// Does what is due at the channels; when to call again.
  Instant step(Instant now) noexcept;
  /// What happened since the last call, one at a time.
  [[nodiscard]] std::optional<Change> next_change() noexcept;

  const coap::LinkTraits& traits(coap::LinkId link) noexcept override { return below_.traits(link); }
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;

 private:
  struct Row final : client::Wire {
    Row(SecuredLinks& of, coap::LinkId to) noexcept : owner(of), link(to) {}
    void transmit(ByteView bytes) noexcept override;

    SecuredLinks& owner;
    coap::LinkId link;
    std::unique_ptr<tls::ClientChannel> channel;
    client::ChannelState told = client::ChannelState::kClosed;
  };
  [[nodiscard]] Row* find(coap::LinkId link) const noexcept;

  coap::Links& below_;
  client::Platform& clock_;
  std::span<const tls::Certificate> anchors_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::vector<std::uint8_t> plaintext_;
};

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
// The links of one shard: its sockets, who is behind which link, and the way out for messages.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "linnet/base/function_ref.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/net/link_table.hpp"
#include "linnet/net/udp_batch.hpp"
#include "linnet/server/engine.hpp"

namespace linnet::net {

struct LinkLayerConfig {
  std::uint32_t max_links = 100'000;
  std::uint16_t max_message = 1152;  ///< bytes of a message that is sent
  HashKey hash_key{};
  unsigned shard = 0;
  unsigned shards = 1;
  std::size_t plain_sockets = ~std::size_t{0};  ///< so many are of LinkKind::kUdp, those behind them kDtls
  std::size_t listeners = 0;                    ///< numbered behind the sockets: of LinkKind::kTcp
};

/// Not shared between threads.
class LinkLayer final : public coap::Links, public server::LinkDirectory {
 public:
  LinkLayer(const LinkLayerConfig& config, std::vector<UdpSocket> sockets);

  /// Messages over links of `kind`, other than kUdp, leave through `binding` from now on, which outlives
  /// this. Without one they are lost.
  void bind(LinkKind kind, coap::Links& binding) noexcept {
    bindings_[static_cast<std::size_t>(kind)] = &binding;
  }
  [[nodiscard]] LinkKind kind_of(std::size_t socket) const noexcept {
    if (socket >= sockets_.size()) return LinkKind::kTcp;
    return socket < config_.plain_sockets ? LinkKind::kUdp : LinkKind::kDtls;
  }
  /// What a listener counts as among the sockets.
  [[nodiscard]] std::size_t socket_of_listener(std::size_t listener) const noexcept {
    return sockets_.size() + listener;
  }

  [[nodiscard]] const std::vector<UdpSocket>& sockets() const noexcept { return sockets_; }
  [[nodiscard]] LinkTable& table() noexcept { return table_; }
  [[nodiscard]] const LinkTable& table() const noexcept { return table_; }
  /// The path of a datagram that came to `socket`.
  [[nodiscard]] PathId path_of(std::size_t socket, const Address& remote, const Address& local);
  [[nodiscard]] const Path& path(PathId id) const noexcept { return paths_[id]; }
  /// A link for a peer that has none yet (LinkTable::insert).
  [[nodiscard]] coap::LinkId add(LinkTable::Hash hash, const Address& remote, std::size_t socket,
                                 FunctionRef<LinkLoss(coap::LinkId)> loss);
  [[nodiscard]] Address remote(coap::LinkId link) const noexcept;
  /// A buffer for a datagram to any peer, of max_message bytes and kOverhead, good until the next of this.
  [[nodiscard]] ByteSpan prepare_datagram() noexcept { return out_.prepare(); }
  /// Sends the first `size` bytes of it as they are.
  void send_datagram(coap::LinkId link, std::size_t size) noexcept;
  /// Sends a datagram of up to max_message bytes as it is.
  void send_copy(coap::LinkId link, ByteView datagram) noexcept;
  /// The same to a peer that need not have a link, over the path that it was heard on.
  void send_copy(const Path& path, const Address& remote, ByteView datagram) noexcept;
  [[nodiscard]] std::uint16_t max_message() const noexcept { return config_.max_message; }
  /// What a binding may add to a message: header, explicit nonce and tag, or initialization vector, MAC and
  /// padding.
  static constexpr std::size_t kOverhead = 96;
  void flush() noexcept { out_.flush(); }
  [[nodiscard]] const SendStatistics& statistics() const noexcept { return out_.statistics(); }

  // coap::Links
  const coap::LinkTraits& traits(coap::LinkId link) noexcept override;
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;

  // server::LinkDirectory: the kind of link and the socket's number, the address and the port. Nothing of
  // a connection: it does not outlive a restart, and only the device can make another.
  [[nodiscard]] std::optional<coap::LinkId> open(ByteView address) noexcept override;
  [[nodiscard]] std::size_t address(coap::LinkId link, ByteSpan out) noexcept override;
  /// As `open`, and makes a link of a kind that cannot be reached without what comes with it: an association.
  [[nodiscard]] std::optional<coap::LinkId> establish(ByteView address) noexcept;
  /// Links that `open` made and whose peers arrive elsewhere; taken once.
  struct Far {
    unsigned shard;
    Address remote;
    std::uint32_t socket;
  };
  [[nodiscard]] std::vector<Far> take_far() noexcept { return std::exchange(far_, {}); }

 private:
  [[nodiscard]] std::optional<coap::LinkId> open(ByteView address, LinkKind may_be_made) noexcept;
  [[nodiscard]] std::optional<std::uint32_t> socket_for(const Address& remote, LinkKind kind,
                                                        std::uint8_t wanted) const noexcept;
  [[nodiscard]] coap::Links* binding_of(coap::LinkId link) const noexcept {
    return bindings_[static_cast<std::size_t>(table_.kind(link))];
  }

  LinkLayerConfig config_;
  coap::LinkTraits traits_;
  std::vector<UdpSocket> sockets_;
  std::vector<PathId> plain_paths_;  // of each socket, without a local address
  PathTable paths_;
  LinkTable table_;
  SendBatch out_;
  std::array<coap::Links*, kLinkKinds> bindings_{};
  std::vector<Far> far_;
};

}  // namespace linnet::net

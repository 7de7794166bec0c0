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
};

/// Not shared between threads.
class LinkLayer final : public coap::Links, public server::LinkDirectory {
 public:
  LinkLayer(const LinkLayerConfig& config, std::vector<UdpSocket> sockets);

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
  void flush() noexcept { out_.flush(); }
  [[nodiscard]] const SendStatistics& statistics() const noexcept { return out_.statistics(); }

  // coap::Links
  const coap::LinkTraits& traits(coap::LinkId link) noexcept override;
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;

  // server::LinkDirectory: the socket's number, the address and the port.
  [[nodiscard]] std::optional<coap::LinkId> open(ByteView address) noexcept override;
  [[nodiscard]] std::size_t address(coap::LinkId link, ByteSpan out) noexcept override;
  /// Links that `open` made and whose peers arrive elsewhere; taken once.
  struct Far {
    unsigned shard;
    Address remote;
    std::uint32_t socket;
  };
  [[nodiscard]] std::vector<Far> take_far() noexcept { return std::exchange(far_, {}); }

 private:
  [[nodiscard]] std::optional<std::uint32_t> socket_for(const Address& remote,
                                                        std::uint8_t wanted) const noexcept;

  LinkLayerConfig config_;
  coap::LinkTraits traits_;
  std::vector<UdpSocket> sockets_;
  std::vector<PathId> plain_paths_;  // of each socket, without a local address
  PathTable paths_;
  LinkTable table_;
  SendBatch out_;
  std::vector<Far> far_;
};

}  // namespace linnet::net

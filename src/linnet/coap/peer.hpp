// SPDX-License-Identifier: Apache-2.0
// What an endpoint remembers of each peer: 32 bytes and a ring of recent messages.
#pragma once

#include <cstdint>
#include <span>

#include "linnet/base/arena.hpp"
#include "linnet/base/outlined.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/recent_requests.hpp"

namespace linnet::coap {

/// All zero is a peer that was never heard of. Heads are indices plus one, 0 for none.
struct alignas(32) Peer {
  std::uint32_t first_exchange;  ///< in the order in which they were opened, see Exchange::next
  std::uint32_t deferred;        ///< how many requests wait for `respond`
  std::uint16_t exchanges;       ///< how many
  std::uint16_t transfer;        ///< the latest of its block-wise transfers, see Transfer::next
  std::uint16_t transfers;       ///< how many of them it caused
  std::uint16_t message_id;      ///< of the next message
  std::uint8_t unacknowledged;   ///< confirmable messages that count against NSTART
  std::uint8_t next_recent;
  bool fresh;                ///< it has shown a fresh Echo value
  bool known;                ///< the Message ID has its random start (RFC 7252 §4.4)
  std::uint8_t request_tag;  ///< of the last Block1 transfer to it; 0 before one was broken off
  std::uint8_t drops;        ///< how often it was dropped, modulo 256
};
static_assert(sizeof(Peer) == 32);

/// The table of peers: peer and ring side by side, so that one datagram touches neighbouring lines.
class Peers {
 public:
  void init(Arena& arena, std::uint32_t count, std::uint8_t recent) noexcept {
    std::span<Peer> table;
    arena.take(table, count * (1UL + recent));
    table_ = table.data();
    count_ = count;
    recent_ = recent;
  }
  static void measure(ArenaMeter& meter, std::uint32_t count, std::uint8_t recent) noexcept {
    meter.add<Peer>(count * (1UL + recent));
  }

  [[nodiscard]] bool has(LinkId link) const noexcept { return index(link) < count_; }
  /// `link` must be one that it has.
  [[nodiscard]] LINNET_OUTLINED Peer& operator[](LinkId link) const noexcept {
    return table_[index(link) * (1UL + recent_)];
  }
  [[nodiscard]] std::span<RecentRequest> recent(LinkId link) const noexcept {
    return {reinterpret_cast<RecentRequest*>(&(*this)[link] + 1), recent_};
  }

 private:
  static_assert(sizeof(RecentRequest) == sizeof(Peer));

  Peer* table_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint8_t recent_ = 0;
};

}  // namespace linnet::coap

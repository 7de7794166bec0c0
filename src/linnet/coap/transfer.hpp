// SPDX-License-Identifier: Apache-2.0
// Bodies that are larger than a message (RFC 7959), while they are cut or joined: a bounded pool.
#pragma once

#include <cstdint>
#include <span>

#include "linnet/base/arena.hpp"
#include "linnet/base/timer_queue.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/coap/handler.hpp"
#include "linnet/coap/index_pool.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/peer.hpp"

namespace linnet::coap {

/// All zero is a free one.
struct Transfer : Representation {
  enum class Kind : std::uint8_t {
    kFree,
    kReceiving,  ///< Block1 of a peer, joined here
    kGathering,  ///< the same of a protected message that a proxy cut
    kServing,    ///< a snapshot that a peer fetches by Block2
    kOwn,        ///< belongs to an exchange of our own, or to a request that is being handled
  };

  Kind kind;
  Code code;                  ///< of the response, where there is one
  std::uint8_t options_size;  ///< bytes of `Transfers::options`
  LinkId link;
  std::uint32_t key;   ///< cache key of the request: it holds the Request-Tag too
  std::uint32_t size;  ///< bytes of the body that are there
  std::uint32_t etag;
  Instant touched;           ///< when something last came for it
  const std::uint8_t* lent;  ///< a body that goes out from where its owner keeps it; null: from `body`
  // Indices plus one, 0 for none.
  std::uint16_t next;   ///< of the same peer
  std::uint16_t place;  ///< its own
};

/// What a body of blocks is joined as.
struct JoinedBody {
  Transfer::Kind kind;
  std::uint32_t limit;  ///< bytes
};

/// The pool. What peers cause expires, is replaced by the newer transfers of others once it is
/// idle or done (when all are taken, the one to go is looked for among them), and takes no more than a share
/// for each peer; what exchanges of our own hold stays until they end.
class Transfers {
 public:
  static constexpr std::size_t kMaxOptions = 64;  ///< bytes of options kept of the first block
  static constexpr Millis kReplaceAfter{10'000};  ///< a transfer idle for so long may be replaced

  void init(Arena& arena, std::uint16_t count, std::uint32_t max_body, Millis lifetime, Peers& peers,
            TimerQueue& timers, std::uint32_t first_timer, const Instant& now) noexcept;
  static void measure(ArenaMeter& meter, std::uint16_t count, std::uint32_t max_body) noexcept;

  /// The transfer of an index plus one.
  [[nodiscard]] Transfer& operator[](std::uint16_t place) const noexcept { return transfers_[place - 1U]; }
  /// Room for a body of max_body bytes.
  [[nodiscard]] std::uint8_t* body(const Transfer& transfer) const noexcept;
  /// The body that is there, or the one that was lent.
  [[nodiscard]] ByteView outgoing(const Transfer& transfer) const noexcept;
  /// Room for kMaxOptions bytes.
  [[nodiscard]] std::uint8_t* options(const Transfer& transfer) const noexcept {
    return body(transfer) + max_body_;
  }

  /// One for a peer's transfer; null when all are busy.
  [[nodiscard]] Transfer* open(LinkId link, std::uint32_t key, Transfer::Kind kind) noexcept;
  /// One that the caller will `close`.
  [[nodiscard]] Transfer* open_own(LinkId link) noexcept;
  [[nodiscard]] Transfer* find(LinkId link, std::uint32_t key, Transfer::Kind kind) const noexcept;
  /// Something came for it: it lives on.
  void touch(Transfer& transfer) noexcept;
  /// A snapshot that was just touched has been served: it stays for repetitions, but is the first to be
  /// replaced.
  void retire(Transfer& transfer) noexcept;
  /// Makes a peer's transfer the caller's own.
  void detach(Transfer& transfer) noexcept;
  void close(Transfer& transfer) noexcept;
  void drop(LinkId link) noexcept;

 private:
  [[nodiscard]] Transfer* take(LinkId link) noexcept;

  Peers* peers_ = nullptr;
  TimerQueue* timers_ = nullptr;
  const Instant* now_ = nullptr;  // of the call that the endpoint serves
  IndexPool free_;
  std::span<Transfer> transfers_;
  std::span<std::uint8_t> bytes_;
  std::uint32_t max_body_ = 0;
  std::uint32_t first_timer_ = 0;
  Millis lifetime_{0};
  std::uint16_t share_ = 0;  // of one peer
};

}  // namespace linnet::coap

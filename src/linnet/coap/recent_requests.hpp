// SPDX-License-Identifier: Apache-2.0
// What is remembered of a peer's last messages, to know a duplicate (RFC 7252 §4.5): a ring of
// small records per peer. A reply is kept when it is small; see `Kept` for those that are not.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "linnet/base/time.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/token.hpp"

namespace linnet::coap {

/// What a duplicate meets.
enum class Kept : std::uint8_t {
  kNothing,       ///< the record is free
  kProcessing,    ///< the handler is at work on it
  kDeferred,      ///< not yet acknowledged, the handler will answer: acknowledged at once
  kReply,         ///< the reply itself, sent again
  kAcknowledged,  ///< an empty Acknowledgement, sent again
  kReset,         ///< a Reset, sent again
  kSilence,       ///< a non-confirmable message: ignored
  kNoReply,       ///< the reply was too large to keep, doing it again is harmless: processed again
};

/// Whether a message came before.
enum class Seen : std::uint8_t {
  kNever,
  kRepeated,  ///< what was done for it has been done again
  kAgain,     ///< it is to be processed again
};

class RecentRequest {
 public:
  /// The largest reply that is kept, in bytes of the whole message.
  static constexpr std::size_t kMaxReply = 26;

  [[nodiscard]] MessageId message_id() const noexcept { return message_id_; }
  [[nodiscard]] Kept kept() const noexcept { return kept_; }
  [[nodiscard]] bool known(MessageId id) const noexcept {
    return message_id_ == id && kept_ != Kept::kNothing;
  }
  /// Whether a message with this Message ID is still the same message (RFC 7252 §4.8.2).
  [[nodiscard]] bool fresh(const TransmissionParameters& transmission, Instant now) const noexcept;

  /// No reply has been made yet.
  [[nodiscard]] bool waits() const noexcept { return kept_ == Kept::kDeferred || kept_ == Kept::kProcessing; }
  /// False where a reply is kept that answers another token: a Message ID that came round, or a new session.
  [[nodiscard]] bool may_answer(const Token& token) const noexcept;

  void begin(MessageId id, Instant now) noexcept;
  void keep(Kept kept) noexcept { kept_ = kept; }
  void keep_deferred(std::uint32_t deferred) noexcept;
  [[nodiscard]] std::uint32_t deferred() const noexcept;
  /// `message` is a piggybacked reply of at most kMaxReply bytes.
  void keep_reply(ByteView message) noexcept;
  /// Writes the reply into `out`, which has room for kMaxReply, and gives its size.
  [[nodiscard]] std::size_t reply(ByteSpan out) const noexcept;

 private:
  // A piggybacked reply without its Message ID, which is the request's.
  std::array<std::uint8_t, kMaxReply - 2> bytes_;
  std::uint32_t stamp_;  // see `stamp` in the source
  MessageId message_id_;
  Kept kept_;
  std::uint8_t size_;
};
static_assert(sizeof(RecentRequest) == 32);

/// The record of a Message ID, or null.
[[nodiscard]] RecentRequest* find(std::span<RecentRequest> ring, MessageId id) noexcept;
/// The oldest record that may be overwritten, `next` moves on; null when all wait for an answer.
[[nodiscard]] RecentRequest* oldest(std::span<RecentRequest> ring, std::uint8_t& next) noexcept;

}  // namespace linnet::coap

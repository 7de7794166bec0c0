// SPDX-License-Identifier: Apache-2.0
// An operation that waits for its device (TS 6.5): how long, what becomes of it when the device does
// not answer, and how it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/server/event.hpp"
#include "linnet/server/operation.hpp"

namespace linnet::server {

/// Names a queued operation for good, also after a restart. Operations of one device are done in
/// the order of their names: 48 bits of milliseconds since 1970 that never stand still, the shard that
/// took it, and 8 random bits.
enum class QueuedId : std::uint64_t {};

/// What becomes of an operation that was sent and whose answer never came: the request timed out, the
/// device registered anew or the server ended meanwhile. Nobody knows whether it was done.
enum class Unanswered : std::uint8_t {
  kRepeat,  ///< it waits for the device's next contact and is sent again: done at least once
  kFail,    ///< it fails: done at most once
};

/// Execute and Create fail, since doing them twice is not doing them once; all others are repeated.
[[nodiscard]] Unanswered default_unanswered(OperationKind kind) noexcept;

/// How an operation is to wait.
struct Hold {
  Seconds ttl{86'400};                   ///< from its acceptance until it expires, at least 1
  std::optional<Unanswered> unanswered;  ///< nothing: default_unanswered
};

enum class QueuedState : std::uint8_t {
  kSaving,     ///< not accepted yet: on its way to the store
  kWaiting,    ///< for the device to wake, or for those before it
  kSent,       ///< under way
  kDone,       ///< there is a result: an answer, or the failure of one that is not repeated
  kExpired,    ///< its time went by before it was done
  kCancelled,  ///< `reason` says by what
  kRefused,    ///< the store could not keep it: it was never accepted
};
[[nodiscard]] constexpr bool is_finished(QueuedState state) noexcept {
  return state > QueuedState::kSent;
}

/// Why an operation is cancelled, or done with a failure.
enum class QueuedReason : std::uint8_t {
  kNone,
  kCaller,        ///< cancelled by hand
  kDeregistered,  ///< cancelled: the device said that it goes
  kForgotten,     ///< cancelled: the device was forgotten by hand
  kUnanswered,    ///< done: sent, and no answer came; it may have been carried out or not
  kRestart,       ///< done: the same, and the server ended meanwhile
};

/// One as the engine shows it. Views live until the engine is called again.
struct QueuedOperation {
  QueuedId id{};
  std::string_view endpoint;
  Operation operation;
  QueuedState state = QueuedState::kWaiting;
  QueuedReason reason = QueuedReason::kNone;
  Unanswered unanswered = Unanswered::kRepeat;
  std::uint32_t attempts = 0;  ///< times it was sent, those before a restart not counted
  Instant expires{};           ///< of one that is not finished
  OperationResult result;      ///< with kDone
};

/// Where a record comes from: one that was sent and was in the store has lost its answer with the server.
enum class RestoreFrom : std::uint8_t { kStore, kShard };

/// A queued operation that the store has to keep or drop (EngineConfig::durable).
struct QueuedChange {
  Change::Kind kind = Change::Kind::kPut;
  /// With a ticket something waits: `committed` or `refused` must be called, later. Without, nothing does.
  std::optional<Ticket> ticket;
  std::string_view endpoint;
  QueuedId id{};
  Instant expires{};  ///< of kPut: to be kept beside the record
  ByteView record;    ///< of kPut: for Engine::restore_operation
};

}  // namespace linnet::server

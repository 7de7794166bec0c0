// SPDX-License-Identifier: Apache-2.0
// The hand-over from many shards to one writer: a lock-free list that the writer takes whole.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <future>
#include <mutex>
#include <string_view>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::store {

enum class Verb : std::uint8_t { kSave, kRemove, kTouch, kFlush };

/// One operation under way. Its bytes are the kind, the key and the record, one behind the other.
struct Operation {
  [[nodiscard]] RecordKind kind() const noexcept { return static_cast<RecordKind>(bytes[0]); }
  /// Kind and key as one string, unique over all kinds.
  [[nodiscard]] std::string_view full_key() const noexcept { return as_text(ByteView(bytes).first(key_end)); }
  [[nodiscard]] ByteView key() const noexcept { return ByteView(bytes).first(key_end).subspan(1); }
  [[nodiscard]] ByteView record() const noexcept { return ByteView(bytes).subspan(key_end); }
  [[nodiscard]] bool writes() const noexcept { return verb == Verb::kSave || verb == Verb::kRemove; }

  Operation* next = nullptr;
  Verb verb = Verb::kSave;
  ShardIndex shard = 0;
  Ticket ticket = kNoTicket;
  UnixTime expiry;
  std::size_t key_end = 0;
  std::vector<std::uint8_t> bytes;
  std::promise<bool>* flushed = nullptr;  ///< of a kFlush: whose wait it ends
};

struct QueueLimits {
  ShardIndex shards;
  std::size_t operations;
  std::size_t bytes;
};

/// Many producers, one consumer, in the order of hand-over. A touch does not wake the consumer
/// while it has a deadline; everything else does.
class OperationQueue {
 public:
  using Clock = std::chrono::steady_clock;

  explicit OperationQueue(const QueueLimits& limits);
  OperationQueue(const OperationQueue&) = delete;
  OperationQueue& operator=(const OperationQueue&) = delete;
  ~OperationQueue();

  /// Copies an operation and hands it over. Errors as RegistrationStore states them.
  [[nodiscard]] Result<void> push(Verb verb, ShardIndex shard, Ticket ticket, RecordKey key, ByteView record,
                                  UnixTime expiry);
  /// Hands over a mark behind all that was pushed before; `flushed` is set when it is reached.
  [[nodiscard]] Result<void> push_flush(std::promise<bool>& flushed);
  /// Asks the consumer to seal the queue and end.
  void stop();
  void wake();

  /// Consumer: sleeps until something is urgent, until a first touch came and `deadline` is
  /// Clock::time_point::max(), or until `deadline`.
  void wait(Clock::time_point deadline);
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
  /// Consumer: all that was handed over, oldest first. Each must be released.
  [[nodiscard]] Operation* take() noexcept;
  /// Consumer: the same for the last time; every push from now on fails with kClosed.
  [[nodiscard]] Operation* seal() noexcept;
  void release(Operation* operation) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return queued_.load(std::memory_order_relaxed); }

 private:
  /// Operations a shard may use again, so that a steady load allocates nothing.
  struct alignas(64) Pool {
    Operation* free = nullptr;                   ///< of the shard's own thread
    std::atomic<Operation*> returned = nullptr;  ///< by the consumer
    std::atomic<std::size_t> count = 0;
  };

  [[nodiscard]] Result<void> reserve(std::size_t bytes) noexcept;
  [[nodiscard]] Operation* acquire(ShardIndex shard);
  [[nodiscard]] bool link(Operation* operation) noexcept;
  [[nodiscard]] Operation* sealed() noexcept { return &seal_; }

  QueueLimits limits_;
  std::vector<Pool> pools_;
  Operation seal_;
  alignas(64) std::atomic<Operation*> head_ = nullptr;
  std::atomic<std::size_t> queued_ = 0;
  std::atomic<std::size_t> queued_bytes_ = 0;
  std::atomic<bool> urgent_ = false;
  std::atomic<bool> touched_ = false;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable awake_;
};

}  // namespace linnet::store

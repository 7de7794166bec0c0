// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/operation_queue.hpp"

#include <memory>

namespace linnet::store {
namespace {

constexpr std::size_t kPooledOperations = 4096;
constexpr std::size_t kPooledBytes = 1024;

void delete_all(Operation* list) noexcept {
  while (list != nullptr) delete std::exchange(list, list->next);
}

Operation* reversed(Operation* newest) noexcept {
  Operation* oldest = nullptr;
  while (newest != nullptr) {
    Operation* const older = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = older;
  }
  return oldest;
}

}  // namespace

OperationQueue::OperationQueue(const QueueLimits& limits) : limits_(limits), pools_(limits.shards) {}

OperationQueue::~OperationQueue() {
  delete_all(take());
  for (Pool& pool : pools_) {
    delete_all(pool.free);
    delete_all(pool.returned.load());
  }
}

Result<void> OperationQueue::reserve(std::size_t bytes) noexcept {
  if (queued_.fetch_add(1, std::memory_order_relaxed) < limits_.operations) {
    if (queued_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limits_.bytes) return {};
    queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }
  queued_.fetch_sub(1, std::memory_order_relaxed);
  return fail(Errc::kBusy);
}

Operation* OperationQueue::acquire(ShardIndex shard) {
  Pool& pool = pools_[shard];
  if (pool.free == nullptr) pool.free = pool.returned.exchange(nullptr, std::memory_order_acquire);
  if (pool.free == nullptr) return new Operation;
  pool.count.fetch_sub(1, std::memory_order_relaxed);
  return std::exchange(pool.free, pool.free->next);
}

Result<void> OperationQueue::push(Verb verb, ShardIndex shard, Ticket ticket, RecordKey key, ByteView record,
                                  UnixTime expiry) {
  if (shard >= limits_.shards) return fail(Errc::kInvalidArgument);
  if (key.name.size() > kMaxKeySize || record.size() > kMaxRecordSize) return fail(Errc::kTooLarge);
  if (head_.load(std::memory_order_acquire) == sealed()) return fail(Errc::kClosed);
  const std::size_t size = 1 + key.name.size() + record.size();
  if (auto room = reserve(size); !room) return room;

  Operation* const operation = acquire(shard);
  operation->verb = verb;
  operation->shard = shard;
  operation->ticket = ticket;
  operation->expiry = expiry;
  operation->key_end = 1 + key.name.size();
  operation->bytes.clear();
  operation->bytes.reserve(size);
  operation->bytes.push_back(static_cast<std::uint8_t>(key.kind));
  operation->bytes.insert(operation->bytes.end(), key.name.begin(), key.name.end());
  operation->bytes.insert(operation->bytes.end(), record.begin(), record.end());
  if (!link(operation)) {
    release(operation);
    return fail(Errc::kClosed);
  }
  const bool filling = queued_.load(std::memory_order_relaxed) > limits_.operations / 2;
  std::atomic<bool>& flag = verb == Verb::kTouch && !filling ? touched_ : urgent_;
  if (!flag.exchange(true, std::memory_order_acq_rel)) {
    {
      const std::lock_guard lock(mutex_);
    }
    awake_.notify_one();
  }
  return {};
}

Result<void> OperationQueue::push_flush(std::promise<bool>& flushed) {
  auto mark = std::make_unique<Operation>();
  mark->verb = Verb::kFlush;
  mark->shard = limits_.shards;  // of no shard: it returns to no pool
  mark->flushed = &flushed;
  queued_.fetch_add(1, std::memory_order_relaxed);
  if (!link(mark.get())) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    return fail(Errc::kClosed);
  }
  static_cast<void>(mark.release());
  wake();
  return {};
}

bool OperationQueue::link(Operation* operation) noexcept {
  Operation* head = head_.load(std::memory_order_acquire);
  do {
    if (head == sealed()) return false;
    operation->next = head;
  } while (
      !head_.compare_exchange_weak(head, operation, std::memory_order_acq_rel, std::memory_order_acquire));
  return true;
}

void OperationQueue::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

void OperationQueue::wake() {
  urgent_.store(true, std::memory_order_release);
  {
    const std::lock_guard lock(mutex_);
  }
  awake_.notify_one();
}

void OperationQueue::wait(Clock::time_point deadline) {
  const bool armed = deadline != Clock::time_point::max();
  const auto ready = [&] {
    return urgent_.load(std::memory_order_acquire) || (!armed && touched_.load(std::memory_order_acquire));
  };
  std::unique_lock lock(mutex_);
  if (armed) {
    awake_.wait_until(lock, deadline, ready);
  } else {
    awake_.wait(lock, ready);
  }
}

Operation* OperationQueue::take() noexcept {
  // The marks first: a push that finds one cleared wakes the consumer anew.
  urgent_.exchange(false, std::memory_order_acq_rel);
  touched_.exchange(false, std::memory_order_acq_rel);
  if (head_.load(std::memory_order_acquire) == sealed()) return nullptr;
  return reversed(head_.exchange(nullptr, std::memory_order_acq_rel));
}

Operation* OperationQueue::seal() noexcept {
  Operation* const newest = head_.exchange(sealed(), std::memory_order_acq_rel);
  return newest == sealed() ? nullptr : reversed(newest);
}

void OperationQueue::release(Operation* operation) noexcept {
  queued_bytes_.fetch_sub(operation->bytes.size(), std::memory_order_relaxed);
  queued_.fetch_sub(1, std::memory_order_relaxed);
  if (operation->shard >= limits_.shards || operation->bytes.capacity() > kPooledBytes) {
    delete operation;
    return;
  }
  Pool& pool = pools_[operation->shard];
  if (pool.count.fetch_add(1, std::memory_order_relaxed) >= kPooledOperations) {
    pool.count.fetch_sub(1, std::memory_order_relaxed);
    delete operation;
    return;
  }
  Operation* head = pool.returned.load(std::memory_order_relaxed);
  do {
    operation->next = head;
  } while (!pool.returned.compare_exchange_weak(head, operation, std::memory_order_release,
                                                std::memory_order_relaxed));
}

}  // namespace linnet::store

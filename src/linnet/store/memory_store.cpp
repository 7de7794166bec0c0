// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/memory_store.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace linnet::store {
namespace {

class MemoryStore final : public RegistrationStore {
 public:
  MemoryStore(const MemoryStoreConfig& config, StoreListener& listener)
      : config_(config), listener_(listener) {}

  Result<void> save(ShardIndex shard, Ticket ticket, RecordKey key, ByteView record,
                    UnixTime expiry) override {
    if (auto allowed = check(shard, key, record); !allowed) return allowed;
    if (config_.retention == Retention::kRecords) {
      const std::lock_guard lock(mutex_);
      records_[named(key)] = Record{{record.begin(), record.end()}, expiry};
    }
    report(shard, ticket);
    return {};
  }

  Result<void> remove(ShardIndex shard, Ticket ticket, RecordKey key) override {
    if (auto allowed = check(shard, key, {}); !allowed) return allowed;
    if (config_.retention == Retention::kRecords) {
      const std::lock_guard lock(mutex_);
      records_.erase(named(key));
    }
    report(shard, ticket);
    return {};
  }

  Result<void> touch(ShardIndex shard, RecordKey key, UnixTime expiry) override {
    if (auto allowed = check(shard, key, {}); !allowed) return allowed;
    if (config_.retention == Retention::kNothing) return {};
    const std::lock_guard lock(mutex_);
    if (const auto found = records_.find(named(key)); found != records_.end()) {
      found->second.expiry = expiry;
      touched_.fetch_add(1, std::memory_order_relaxed);
    }
    return {};
  }

  Result<void> load(RecordKind kind, FunctionRef<void(const RecordView&)> visit) override {
    if (closed_.load(std::memory_order_acquire)) return fail(Errc::kClosed);
    const std::lock_guard lock(mutex_);
    for (const auto& [key, record] : records_) {
      if (key.first == kind) visit({key.second, record.value, record.expiry});
    }
    return {};
  }

  Result<void> flush() override {
    if (closed_.load(std::memory_order_acquire)) return fail(Errc::kClosed);
    return {};
  }
  void close() override { closed_.store(true, std::memory_order_release); }

  Health health() const override { return {}; }
  Counters counters() const override {
    const std::uint64_t committed = committed_.load(std::memory_order_relaxed);
    return {
        .committed = committed, .touched = touched_.load(std::memory_order_relaxed), .commits = committed};
  }

 private:
  using Name = std::pair<RecordKind, std::string>;
  struct Record {
    std::vector<std::uint8_t> value;
    UnixTime expiry;
  };

  static Name named(RecordKey key) { return {key.kind, std::string(key.name)}; }

  [[nodiscard]] Result<void> check(ShardIndex shard, RecordKey key, ByteView record) const noexcept {
    if (shard >= config_.shards) return fail(Errc::kInvalidArgument);
    if (key.name.size() > kMaxKeySize || record.size() > kMaxRecordSize) return fail(Errc::kTooLarge);
    if (closed_.load(std::memory_order_acquire)) return fail(Errc::kClosed);
    return {};
  }

  void report(ShardIndex shard, Ticket ticket) {
    committed_.fetch_add(1, std::memory_order_relaxed);
    if (ticket != kNoTicket) listener_.on_committed(shard, {&ticket, 1});
  }

  MemoryStoreConfig config_;
  StoreListener& listener_;
  std::mutex mutex_;
  std::map<Name, Record> records_;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint64_t> committed_ = 0;
  std::atomic<std::uint64_t> touched_ = 0;
};

}  // namespace

std::unique_ptr<RegistrationStore> make_memory_store(const MemoryStoreConfig& config,
                                                     StoreListener& listener) {
  return std::make_unique<MemoryStore>(config, listener);
}

}  // namespace linnet::store

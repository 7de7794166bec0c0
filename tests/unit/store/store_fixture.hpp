// SPDX-License-Identifier: Apache-2.0
// What the tests of the store share: a folder that goes away, a listener that can be waited for.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/store/sqlite_store.hpp"

namespace linnet::store::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "linnet-store-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path state() const { return path_ / "state"; }
  [[nodiscard]] std::filesystem::path database() const { return state() / "linnet.db"; }

 private:
  std::filesystem::path path_;
};

/// Notes what it is told; can hold the store's thread inside `on_committed`.
class RecordingListener final : public StoreListener {
 public:
  void on_committed(ShardIndex shard, std::span<const Ticket> tickets) override {
    std::unique_lock lock(mutex_);
    auto& list = committed_[shard];
    list.insert(list.end(), tickets.begin(), tickets.end());
    changed_.notify_all();
    inside_ = true;
    changed_.wait(lock, [this] { return !held_; });
    inside_ = false;
  }
  void on_refused(ShardIndex shard, std::span<const Ticket> tickets, Condition reason) override {
    const std::lock_guard lock(mutex_);
    auto& list = refused_[shard];
    list.insert(list.end(), tickets.begin(), tickets.end());
    reasons_.push_back(reason);
    changed_.notify_all();
  }
  void on_health(const Health& health) override {
    const std::lock_guard lock(mutex_);
    health_.push_back(health);
    changed_.notify_all();
  }

  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void await_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_; });
  }
  std::vector<Ticket> await_committed(ShardIndex shard, std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return committed_[shard].size() >= count; });
    return committed_[shard];
  }
  std::vector<Ticket> await_refused(ShardIndex shard, std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refused_[shard].size() >= count; });
    return refused_[shard];
  }
  Health await_condition(Condition condition) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !health_.empty() && health_.back().condition == condition; });
    return health_.back();
  }
  std::vector<Ticket> committed(ShardIndex shard = 0) { return await_committed(shard, 0); }
  std::vector<Ticket> refused(ShardIndex shard = 0) { return await_refused(shard, 0); }
  std::vector<Condition> reasons() {
    const std::lock_guard lock(mutex_);
    return reasons_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ShardIndex, std::vector<Ticket>> committed_;
  std::map<ShardIndex, std::vector<Ticket>> refused_;
  std::vector<Condition> reasons_;
  std::vector<Health> health_;
  bool held_ = false;
  bool inside_ = false;
};

struct Stored {
  std::string value;
  std::int64_t expiry;
  friend bool operator==(const Stored&, const Stored&) = default;
};
using Contents = std::map<std::string, Stored>;

inline Contents contents_of(RegistrationStore& store) {
  Contents contents;
  const auto loaded = store.load(RecordKind::kRegistration, [&](const RecordView& record) {
    contents[std::string(record.key)] = {std::string(as_text(record.value)), record.expiry.seconds};
  });
  EXPECT_TRUE(loaded);
  return contents;
}

inline std::unique_ptr<RegistrationStore> open_sqlite(const std::filesystem::path& folder,
                                                      StoreListener& listener, ShardIndex shards = 1) {
  auto store = open_sqlite_store({.folder = folder, .shards = shards}, listener);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

}  // namespace linnet::store::test

// SPDX-License-Identifier: Apache-2.0
// Byte strings of which there are few different ones, each kept once and counted: object lists and
// extra parameters of registrations.
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/server/byte_pool.hpp"
#include "linnet/server/hash.hpp"

namespace linnet::server {

class InternTable {
 public:
  /// Names one string; kEmpty is the empty one, of which no count is kept.
  using Id = std::uint32_t;
  static constexpr Id kEmpty = 0xFFFFFFFF;

  /// Both must outlive the table.
  void init(BytePool& pool, const Hasher& hasher) noexcept {
    pool_ = &pool;
    hasher_ = &hasher;
  }

  /// The id of that string, one reference more to it; kNoSpace when the pool is full.
  [[nodiscard]] Result<Id> intern(ByteView bytes) noexcept;
  void retain(Id id) noexcept {
    if (id != kEmpty) ++entries_[id].references;
  }
  void release(Id id) noexcept;

  [[nodiscard]] ByteView view(Id id) const noexcept {
    return id == kEmpty ? ByteView{} : pool_->view(entries_[id].bytes, entries_[id].size);
  }
  /// Different strings that are in use.
  [[nodiscard]] std::uint32_t size() const noexcept { return used_; }

 private:
  struct Entry {
    BytePool::Ref bytes = BytePool::kNone;  // or, when it is free, the next free one
    std::uint32_t hash = 0;
    std::uint32_t references = 0;
    std::uint16_t size = 0;
  };

  [[nodiscard]] Id find(std::uint32_t hash, ByteView bytes) const noexcept;
  void place(std::uint32_t hash, Id id) noexcept;
  void grow() noexcept;

  BytePool* pool_ = nullptr;
  const Hasher* hasher_ = nullptr;
  std::vector<Entry> entries_;
  std::vector<Id> index_ = std::vector<Id>(16, kEmpty);
  Id free_ = kEmpty;
  std::uint32_t used_ = 0;
};

}  // namespace linnet::server

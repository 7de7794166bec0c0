// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/intern_table.hpp"

namespace linnet::server {

InternTable::Id InternTable::find(std::uint32_t hash, ByteView bytes) const noexcept {
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = hash & mask; index_[at] != kEmpty; at = (at + 1) & mask) {
    const Entry& entry = entries_[index_[at]];
    if (entry.hash == hash && equal(view(index_[at]), bytes)) return index_[at];
  }
  return kEmpty;
}

void InternTable::place(std::uint32_t hash, Id id) noexcept {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = hash & mask;
  while (index_[at] != kEmpty) at = (at + 1) & mask;
  index_[at] = id;
}

void InternTable::grow() noexcept {
  index_.assign(index_.size() * 2, kEmpty);
  for (Id id = 0; id < entries_.size(); ++id) {
    if (entries_[id].references != 0) place(entries_[id].hash, id);
  }
}

Result<InternTable::Id> InternTable::intern(ByteView bytes) noexcept {
  if (bytes.empty()) return kEmpty;
  if (bytes.size() > BytePool::kMaxSize) return fail(Errc::kTooLarge);
  const std::uint32_t hash = (*hasher_)(bytes);
  Id id = find(hash, bytes);
  if (id != kEmpty) {
    ++entries_[id].references;
    return id;
  }
  const BytePool::Ref copy = pool_->add(bytes);
  if (copy == BytePool::kNone) return fail(Errc::kNoSpace);
  if ((used_ + 1) * 2 > index_.size()) grow();
  if (free_ != kEmpty) {
    id = free_;
    free_ = entries_[id].bytes;
  } else {
    id = static_cast<Id>(entries_.size());
    entries_.emplace_back();
  }
  entries_[id] = Entry{copy, hash, 1, static_cast<std::uint16_t>(bytes.size())};
  place(hash, id);
  ++used_;
  return id;
}

void InternTable::release(Id id) noexcept {
  if (id == kEmpty || --entries_[id].references != 0) return;
  const std::size_t mask = index_.size() - 1;
  std::size_t hole = entries_[id].hash & mask;
  while (index_[hole] != id) hole = (hole + 1) & mask;
  for (std::size_t at = (hole + 1) & mask; index_[at] != kEmpty; at = (at + 1) & mask) {
    const std::size_t home = entries_[index_[at]].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = kEmpty;
  pool_->remove(entries_[id].bytes, entries_[id].size);
  entries_[id].bytes = free_;
  free_ = id;
  --used_;
}

}  // namespace linnet::server

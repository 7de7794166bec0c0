// SPDX-License-Identifier: Apache-2.0
// An open-addressing index from hashes to places in a table that keeps the keys: four bytes an entry.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>

#include "linnet/base/function_ref.hpp"

namespace linnet::server {

/// Entries are 24 bits of place and 8 bits of hash, so that most of what does not match is passed by
/// without a look at its key. Sized once, at most half full.
class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// Room for `count` entries, at most 2^24 - 1.
  void init(std::uint32_t count) noexcept {
    const std::size_t size = std::bit_ceil(std::size_t{count} * 2 + 2);
    mask_ = size - 1;
    entries_ = std::make_unique_for_overwrite<std::uint32_t[]>(size);
    std::uninitialized_fill_n(entries_.get(), size, kNone);
  }

  void prefetch(std::uint32_t hash) const noexcept { __builtin_prefetch(&entries_[hash & mask_]); }

  /// The place for which `is(place)` holds, kNone when there is none.
  template <typename Is>
  [[nodiscard]] std::uint32_t find(std::uint32_t hash, Is&& is) const noexcept {
    for (std::size_t at = hash & mask_; entries_[at] != kNone; at = (at + 1) & mask_) {
      if (entries_[at] >> 24U == hash >> 24U && is(entries_[at] & kPlaceMask))
        return entries_[at] & kPlaceMask;
    }
    return kNone;
  }

  /// The place must not be in the index yet.
  void insert(std::uint32_t hash, std::uint32_t place) noexcept {
    std::size_t at = hash & mask_;
    while (entries_[at] != kNone) at = (at + 1) & mask_;
    entries_[at] = (hash & ~kPlaceMask) | place;
  }

  /// Takes a place out; `hash_of(place)` must tell the hash of each that is in the index.
  template <typename HashOf>
  void erase(std::uint32_t hash, std::uint32_t place, HashOf&& hash_of) noexcept {
    std::size_t hole = hash & mask_;
    while ((entries_[hole] & kPlaceMask) != place || entries_[hole] == kNone) {
      if (entries_[hole] == kNone) return;
      hole = (hole + 1) & mask_;
    }
    // Whatever was pushed on by the entry that goes moves up, so that no search ends too early.
    for (std::size_t at = (hole + 1) & mask_; entries_[at] != kNone; at = (at + 1) & mask_) {
      const std::size_t home = hash_of(entries_[at] & kPlaceMask) & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = kNone;
  }

 private:
  static constexpr std::uint32_t kPlaceMask = (1U << 24U) - 1U;

  std::unique_ptr<std::uint32_t[]> entries_;
  std::size_t mask_ = 0;
};

}  // namespace linnet::server

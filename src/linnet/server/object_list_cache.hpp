// SPDX-License-Identifier: Apache-2.0
// What the last object lists read as: devices of one kind send the same text, and reading it is most
// of what a Register costs.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "linnet/base/bytes.hpp"
#include "linnet/server/hash.hpp"

namespace linnet::server {

class ObjectListCache {
 public:
  void init(Random& random) noexcept {
    hasher_.init(random);
    entries_ = std::make_unique<Entry[]>(kEntries);
  }

  /// The compact form of that text, good until the next `keep`; empty when it is not remembered.
  [[nodiscard]] ByteView find(ByteView text) const noexcept {
    const Entry& entry = entries_[hasher_(text) % kEntries];
    if (!equal(ByteView(entry.text).first(entry.text_size), text)) return {};
    return ByteView(entry.compact).first(entry.compact_size);
  }

  /// Remembers a pair of usual size in the place of another one.
  void keep(ByteView text, ByteView compact) noexcept {
    if (text.empty() || text.size() > kMaxText || compact.size() > kMaxCompact) return;
    Entry& entry = entries_[hasher_(text) % kEntries];
    std::memcpy(entry.text.data(), text.data(), text.size());
    std::memcpy(entry.compact.data(), compact.data(), compact.size());
    entry.text_size = static_cast<std::uint16_t>(text.size());
    entry.compact_size = static_cast<std::uint16_t>(compact.size());
  }

 private:
  static constexpr std::size_t kEntries = 64;
  static constexpr std::size_t kMaxText = 768;
  static constexpr std::size_t kMaxCompact = 252;

  struct Entry {
    std::uint16_t text_size = 0;
    std::uint16_t compact_size = 0;
    std::array<std::uint8_t, kMaxText> text{};
    std::array<std::uint8_t, kMaxCompact> compact{};
  };

  Hasher hasher_;
  std::unique_ptr<Entry[]> entries_;
};

}  // namespace linnet::server

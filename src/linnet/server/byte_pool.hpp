// SPDX-License-Identifier: Apache-2.0
// Short byte strings by the million: endpoint names and what is interned. Cut off large chunks in
// steps of eight bytes, so that a string costs its size and a reference of four bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "linnet/base/bytes.hpp"

namespace linnet::server {

class BytePool {
 public:
  /// Where a string is; the size is kept by who holds it.
  using Ref = std::uint32_t;
  static constexpr Ref kNone = 0xFFFFFFFF;
  static constexpr std::size_t kMaxSize = 65535;

  /// `limit` bounds the bytes of all chunks.
  void init(std::size_t limit) noexcept { limit_ = limit; }

  /// Copies `bytes` (at most kMaxSize, not empty); kNone when the limit is reached.
  [[nodiscard]] Ref add(ByteView bytes) noexcept;
  /// Gives back what `add` gave for that many bytes.
  void remove(Ref ref, std::size_t size) noexcept;

  [[nodiscard]] ByteView view(Ref ref, std::size_t size) const noexcept {
    return {chunks_[ref >> kChunkBits].get() + std::size_t{ref & kUnitMask} * kUnit, size};
  }
  /// Bytes taken from the system.
  [[nodiscard]] std::size_t memory() const noexcept { return chunks_.size() * kChunkBytes; }

 private:
  static constexpr std::size_t kUnit = 8;
  static constexpr unsigned kChunkBits = 15;
  static constexpr Ref kUnitMask = (1U << kChunkBits) - 1U;
  static constexpr std::size_t kChunkBytes = kUnit << kChunkBits;
  static constexpr std::size_t kFineClasses = 64;  // 8, 16, ... 512 bytes, then powers of two
  static constexpr std::size_t kClasses = kFineClasses + 7;

  [[nodiscard]] static std::size_t class_of(std::size_t size) noexcept;
  [[nodiscard]] static std::size_t units_of(std::size_t size_class) noexcept;
  [[nodiscard]] std::uint8_t* place(Ref ref) noexcept {
    return chunks_[ref >> kChunkBits].get() + std::size_t{ref & kUnitMask} * kUnit;
  }
  [[nodiscard]] Ref take(std::size_t units) noexcept;

  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  std::array<Ref, kClasses> free_ = [] {
    std::array<Ref, kClasses> none{};
    none.fill(kNone);
    return none;
  }();
  std::size_t used_units_ = std::size_t{1}
                            << kChunkBits;  // of the last chunk: full, so that the first is made
  std::size_t limit_ = 0;
};

}  // namespace linnet::server

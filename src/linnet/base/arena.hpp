// SPDX-License-Identifier: Apache-2.0
// Memory handed over once: an engine takes its tables from here at set-up and never again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "linnet/base/outlined.hpp"

namespace linnet {

/// Cuts arrays off a block of memory that the caller keeps alive as long as what was made in it.
/// Nothing is given back one by one.
class Arena {
 public:
  /// Whether the memory is known to hold only zeros (fresh pages, .bss), so that large tables in
  /// it need not be touched before they are used.
  enum class Content : std::uint8_t { kAnything, kZeros };

  explicit Arena(std::span<std::byte> memory, Content content = Content::kAnything) noexcept
      : memory_(memory), content_(content) {}

  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }

  /// `count` elements whose bytes are all zero, whatever their default initialisers say, as `table`; where
  /// there is no room `table` stays empty and `complete` is false from then on. The pages stay untouched
  /// when the arena was handed over as zeros: for tables that are large and mostly unused.
  template <typename T>
  void take(std::span<T>& table, std::size_t count) noexcept {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    std::byte* place = cut_zeroed(sizeof(T), alignof(T), count);
    if (place != nullptr) table = std::span<T>(aligned<T>(place), count);
  }
  /// Whether there was room for all that was asked for.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

 private:
  /// `cut` has aligned it; a plain cast would be warned of where types are wider than bytes.
  template <typename T>
  [[nodiscard]] static T* aligned(std::byte* place) noexcept {
    return static_cast<T*>(static_cast<void*>(place));  // NOLINT(bugprone-casting-through-void)
  }

  LINNET_OUTLINED std::byte* cut_zeroed(std::size_t size, std::size_t alignment, std::size_t count) noexcept {
    std::byte* place = cut(size, alignment, count);
    if (place != nullptr && content_ == Content::kAnything && count != 0) std::memset(place, 0, count * size);
    return place;
  }
  std::byte* cut(std::size_t size, std::size_t alignment, std::size_t count) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data()) + used_;
    const std::size_t padding = (alignment - address % alignment) % alignment;
    const std::size_t room = memory_.size() - used_;
    if (padding > room || count > (room - padding) / size) {
      complete_ = false;
      return nullptr;
    }
    std::byte* place = memory_.data() + used_ + padding;
    used_ += padding + count * size;
    return place;
  }

  std::span<std::byte> memory_;
  std::size_t used_ = 0;
  Content content_;
  bool complete_ = true;
};

/// Adds up what an Arena must hold for the same calls of `take`, wherever it starts.
class ArenaMeter {
 public:
  template <typename T>
  void add(std::size_t count) noexcept {
    size_ += alignof(T) - 1 + count * sizeof(T);
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::size_t size_ = 0;
};

}  // namespace linnet

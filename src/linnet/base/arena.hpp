// SPDX-License-Identifier: Apache-2.0
// Memory handed over once: an engine takes its tables from here at set-up and never again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

#include "linnet/base/bytes.hpp"
#include "linnet/base/result.hpp"

namespace linnet {

/// Cuts arrays off a block of memory that the caller keeps alive as long as what was made in it.
/// Nothing is given back one by one.
class Arena {
 public:
  explicit Arena(std::span<std::byte> memory) noexcept : memory_(memory) {}

  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }

  /// `count` value-initialised elements, or Errc::kNoSpace.
  template <typename T>
  [[nodiscard]] Result<std::span<T>> make(std::size_t count) noexcept {
    static_assert(std::is_trivially_destructible_v<T>);
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data()) + used_;
    const std::size_t padding = (alignof(T) - address % alignof(T)) % alignof(T);
    const std::size_t room = memory_.size() - used_;
    if (padding > room || count > (room - padding) / sizeof(T)) return fail(Errc::kNoSpace);
    std::byte* place = memory_.data() + used_ + padding;
    used_ += padding + count * sizeof(T);
    T* first = reinterpret_cast<T*>(place);
    for (std::size_t i = 0; i < count; ++i) ::new (static_cast<void*>(first + i)) T();
    return std::span<T>(first, count);
  }

 private:
  std::span<std::byte> memory_;
  std::size_t used_ = 0;
};

}  // namespace linnet

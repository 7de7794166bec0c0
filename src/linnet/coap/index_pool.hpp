// SPDX-License-Identifier: Apache-2.0
// Which places of a table are free.
#pragma once

#include <cstdint>
#include <span>

#include "linnet/base/arena.hpp"

namespace linnet::coap {

/// Gives out indices below its capacity, those lately used first: what was never needed at once is
/// never touched.
class IndexPool {
 public:
  void init(Arena& arena, std::uint32_t capacity) noexcept { arena.take(next_free_, capacity); }
  static void measure(ArenaMeter& meter, std::uint32_t capacity) noexcept {
    meter.add<std::uint32_t>(capacity);
  }

  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// kNone when all are out.
  [[nodiscard]] std::uint32_t take() noexcept {
    if (free_ != 0) {
      const std::uint32_t index = free_ - 1;
      free_ = next_free_[index];
      return index;
    }
    if (untouched_ == next_free_.size()) return kNone;
    return untouched_++;
  }
  /// Takes back what `take` gave.
  void give(std::uint32_t index) noexcept {
    next_free_[index] = free_;
    free_ = index + 1;
  }

 private:
  std::span<std::uint32_t> next_free_;  // index plus one, 0 ends
  std::uint32_t free_ = 0;
  std::uint32_t untouched_ = 0;
};

}  // namespace linnet::coap

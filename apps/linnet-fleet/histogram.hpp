// SPDX-License-Identifier: Apache-2.0
// Counts of latencies, exact to 3 %.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace linnet::fleet {

class Histogram {
 public:
  void add(std::uint64_t micros) noexcept {
    ++counts_[bucket(micros)];
    ++total_;
  }
  /// The upper end, in microseconds, of where `share` (0 to 1) of all lies below; 0 when empty.
  [[nodiscard]] std::uint64_t quantile(double share) const noexcept {
    const double wanted = share * static_cast<double>(total_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen != 0 && static_cast<double>(seen) >= wanted) return upper(i);
    }
    return 0;
  }

 private:
  // 32 steps for each power of two; below 32 every value has its own.
  static constexpr unsigned kStepBits = 5;
  static constexpr std::size_t kSteps = 1U << kStepBits;

  [[nodiscard]] static std::size_t bucket(std::uint64_t value) noexcept {
    if (value < kSteps) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
    return (shift + 1) * kSteps + static_cast<std::size_t>((value >> shift) - kSteps);
  }
  [[nodiscard]] static std::uint64_t upper(std::size_t bucket) noexcept {
    if (bucket < kSteps) return bucket;
    const std::size_t shift = bucket / kSteps - 1;
    return ((std::uint64_t{bucket % kSteps} + kSteps + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 60 * kSteps> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace linnet::fleet

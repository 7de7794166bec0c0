// SPDX-License-Identifier: Apache-2.0
// The clocks of the operating system, for the floors that do not read any.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "linnet/base/time.hpp"

namespace linnet::net {

class ShardClock {
 public:
  [[nodiscard]] static Instant now() noexcept {
    return Instant(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  [[nodiscard]] static UnixTime wall() noexcept {
    return {std::chrono::floor<Seconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
  }
  /// Milliseconds since 1970.
  [[nodiscard]] static Millis wall_millis() noexcept {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now().time_since_epoch());
  }
  /// The instant of a calendar's time; kNever for the far end of time.
  [[nodiscard]] static Instant instant(UnixTime at) noexcept {
    constexpr std::int64_t kFar = std::int64_t{1} << 40U;
    const std::int64_t now_seconds = wall().seconds;
    if (at.seconds > kFar) return kNever;
    return now() + Seconds(std::max(at.seconds, std::int64_t{0}) - now_seconds);
  }
  /// The calendar's time at an instant; the far end of time for kNever.
  [[nodiscard]] static UnixTime wall(Instant at) noexcept {
    if (at == kNever) return {std::numeric_limits<std::int64_t>::max()};
    return {wall().seconds + std::chrono::floor<Seconds>(at - now()).count()};
  }
};

}  // namespace linnet::net

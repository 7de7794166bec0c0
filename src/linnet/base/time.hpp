// SPDX-License-Identifier: Apache-2.0
// Time as it is passed in: monotonic instants and spans. Nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstdint>

#include "linnet/base/outlined.hpp"

namespace linnet {

/// The clock that the caller keeps; it has no `now()` on purpose.
struct Monotonic {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Monotonic, duration>;
  static constexpr bool is_steady = true;
};

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using Instant = Monotonic::time_point;

/// The deadline of something that waits for no time.
inline constexpr Instant kNever = Instant::max();

/// Milliseconds and so many seconds more: plain numbers, which are passed in registers.
[[nodiscard]] LINNET_OUTLINED constexpr std::int64_t later(std::int64_t milliseconds,
                                                           std::int64_t seconds) noexcept {
  return milliseconds + seconds * 1000;
}

/// As std::chrono's, which it stands before: with numbers of 64 bits it is worth a call on a small machine.
[[nodiscard, gnu::always_inline]] constexpr Instant operator+(Instant instant, Seconds span) noexcept {
  return Instant(Millis(later(instant.time_since_epoch().count(), span.count())));
}

// The same: std::chrono's compare by references to memory.
[[nodiscard, gnu::always_inline]] constexpr bool operator<(Instant a, Instant b) noexcept {
  return a.time_since_epoch().count() < b.time_since_epoch().count();
}
[[nodiscard, gnu::always_inline]] constexpr bool operator>(Instant a, Instant b) noexcept {
  return b < a;
}
[[nodiscard, gnu::always_inline]] constexpr bool operator<=(Instant a, Instant b) noexcept {
  return !(b < a);
}
[[nodiscard, gnu::always_inline]] constexpr bool operator>=(Instant a, Instant b) noexcept {
  return !(a < b);
}

/// Calendar time in seconds since 1970-01-01 UTC, asked of the platform where a resource needs it.
struct UnixTime {
  std::int64_t seconds = 0;
  friend constexpr auto operator<=>(const UnixTime&, const UnixTime&) = default;
};

}  // namespace linnet

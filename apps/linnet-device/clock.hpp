// SPDX-License-Identifier: Apache-2.0
// The device's own clock: the system's monotonic one, which a script can push forward, and the
// calendar time that a server may set.
#pragma once

#include <chrono>

#include "linnet/base/time.hpp"

namespace linnet::device {

class Clock {
 public:
  /// Time since the program started, with all that was advanced.
  [[nodiscard]] Instant now() const noexcept {
    return Instant(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - start_) + advanced_);
  }
  void advance(Millis by) noexcept { advanced_ += by; }

  [[nodiscard]] UnixTime unix_time() const noexcept {
    return {std::chrono::duration_cast<Seconds>(unix_start_ + now().time_since_epoch()).count()};
  }
  void set_unix_time(UnixTime time) noexcept { unix_start_ += Seconds(time.seconds - unix_time().seconds); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Millis unix_start_ =
      std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch());
  Millis advanced_{0};
};

}  // namespace linnet::device

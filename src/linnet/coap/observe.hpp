// SPDX-License-Identifier: Apache-2.0
// Observing a resource (RFC 7641): which of two notifications is newer, and what a notifier keeps
// of each relation.
#pragma once

#include <cstdint>
#include <optional>

#include "linnet/base/time.hpp"

namespace linnet::coap {

inline constexpr std::uint32_t kObserveRegister = 0;
inline constexpr std::uint32_t kObserveDeregister = 1;
inline constexpr std::uint32_t kObserveMask = 0xFFFFFF;

/// The observer's side (RFC 7641 §3.4): tells what arrives out of order.
class NotificationOrder {
 public:
  static constexpr Seconds kForgetAfter{128};

  /// Whether this one is newer than all before it; if so it becomes the newest.
  [[nodiscard]] constexpr bool newer(std::uint32_t observe, Instant now) noexcept {
    observe &= kObserveMask;
    if (last_ && !follows(*last_, observe) && now <= at_ + kForgetAfter) return false;
    last_ = observe;
    at_ = now;
    return true;
  }

 private:
  static constexpr std::uint32_t kHalf = 1U << 23;
  [[nodiscard]] static constexpr bool follows(std::uint32_t first, std::uint32_t second) noexcept {
    return (first < second && second - first < kHalf) || (first > second && first - second > kHalf);
  }

  std::optional<std::uint32_t> last_;
  Instant at_{};
};

/// The notifier's side: numbers, and a confirmable notification at least every 24 hours so that an
/// observer which is gone is noticed (RFC 7641 §4.5).
class NotificationSequence {
 public:
  static constexpr std::chrono::hours kConfirmableAfter{24};

  /// `now` is when the registration was answered; that answer carries `current`.
  explicit constexpr NotificationSequence(Instant now) noexcept : confirmed_(now) {}

  [[nodiscard]] constexpr std::uint32_t current() const noexcept { return number_; }
  /// The number of the next notification.
  [[nodiscard]] constexpr std::uint32_t next() noexcept { return number_ = (number_ + 1) & kObserveMask; }
  /// Whether the next notification must be confirmable.
  [[nodiscard]] constexpr bool confirmation_due(Instant now) const noexcept {
    return now >= confirmed_ + kConfirmableAfter;
  }
  /// The observer has acknowledged a confirmable one.
  constexpr void confirmed(Instant now) noexcept { confirmed_ = now; }

 private:
  Instant confirmed_;
  std::uint32_t number_ = 0;
};

}  // namespace linnet::coap

// SPDX-License-Identifier: Apache-2.0
// Sums and order of doubles by their bits (IEEE 754, to nearest, ties to even): the library of the
// compiler is written for speed and takes four times as much.
#pragma once

#include <cstdint>

namespace board {

inline constexpr unsigned kFraction = 52;  // bits
inline constexpr std::uint64_t kHidden = std::uint64_t{1} << kFraction;
inline constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kInfinity = std::uint64_t{0x7FF} << kFraction;

constexpr int exponent_of(std::uint64_t bits) noexcept {
  return static_cast<int>(bits >> kFraction & 0x7FF);
}

/// Three bits more than a double has; the last one tells whether anything was lost below it.
[[gnu::noinline]] constexpr std::uint64_t significand_of(std::uint64_t bits) noexcept {
  return ((bits & (kHidden - 1)) | (exponent_of(bits) != 0 ? kHidden : 0)) << 3;
}
[[gnu::noinline]] constexpr std::uint64_t half(std::uint64_t significand) noexcept {
  return significand >> 1 | (significand & 1);
}

/// The bits of the sum of two doubles, given by their bits.
constexpr std::uint64_t add(std::uint64_t large, std::uint64_t small) noexcept {
  if (large << 1 < small << 1) {
    const std::uint64_t other = large;
    large = small;
    small = other;
  }
  const bool differ = static_cast<std::int64_t>(large ^ small) < 0;
  int exponent = exponent_of(large);
  if (exponent == 0x7FF) {
    const bool none = large << 1 != kInfinity << 1 || (differ && exponent_of(small) == exponent);
    return none ? kInfinity | kHidden >> 1 : large;
  }
  int distance = exponent - exponent_of(small);
  if (exponent == 0) exponent = 1;
  if (exponent_of(small) == 0 && distance != 0) --distance;
  std::uint64_t sum = significand_of(large);
  std::uint64_t term = significand_of(small);
  for (; distance > 0; --distance) term = half(term);
  sum = differ ? sum - term : sum + term;
  if (sum == 0) return large & small & kSign;  // -0 where both are
  for (; sum < kHidden << 3 && exponent > 1; --exponent) sum <<= 1;
  if (sum >= kHidden << 4) {
    sum = half(sum);
    ++exponent;
  }
  // Half way goes to the even neighbour.
  sum = (sum + 3 + (sum >> 3 & 1)) >> 3;
  // The hidden bit, which a subnormal has not, is added to the exponent, and so is a carry.
  if (exponent == 0x7FF) sum = kHidden;
  return (large & kSign) | ((static_cast<std::uint64_t>(exponent - 1) << kFraction) + sum);
}

enum class Order : std::uint8_t { kLess = 1, kEqual = 2, kGreater = 4, kNone = 0 };

/// kNone where one of them is no number.
constexpr Order order(std::uint64_t a, std::uint64_t b) noexcept {
  if (a << 1 > kInfinity << 1 || b << 1 > kInfinity << 1) return Order::kNone;
  if (a == b || (a | b) << 1 == 0) return Order::kEqual;
  const bool less =
      (a & b & kSign) != 0 ? a > b : static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
  return less ? Order::kLess : Order::kGreater;
}

}  // namespace board

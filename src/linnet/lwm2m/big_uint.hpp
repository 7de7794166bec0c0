// SPDX-License-Identifier: Apache-2.0
// A natural number large enough for every double and its neighbours, on the stack. Inside `lwm2m`.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace linnet::lwm2m {

/// Up to 1280 bits. A double needs 1076 (its smallest unit and two bits), a decimal of 19 digits at
/// either end of the range 1205. Results must fit: callers bound their exponents.
class BigUint {
 public:
  explicit BigUint(std::uint64_t v = 0) noexcept {
    while (v != 0) {
      words_[size_++] = static_cast<std::uint32_t>(v);
      v >>= 32;
    }
  }

  [[nodiscard]] int bit_length() const noexcept {
    return size_ == 0 ? 0 : static_cast<int>(size_ * 32) - std::countl_zero(words_[size_ - 1]);
  }

  void multiply(std::uint32_t factor) noexcept {
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      carry += static_cast<std::uint64_t>(words_[i]) * factor;
      words_[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0 && size_ < kWords) words_[size_++] = static_cast<std::uint32_t>(carry);
  }

  /// Times 10^exponent; as it is where the exponent is below zero.
  void times_power_of_ten(int exponent) noexcept { times_powers({1000000000, 9, 10}, exponent); }
  /// Times 2^exponent; as it is where the exponent is below zero.
  void times_power_of_two(int exponent) noexcept { times_powers({1U << 31, 31, 2}, exponent); }

  /// `other` must not be larger.
  void subtract(const BigUint& other) noexcept {
    std::uint32_t borrow = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const std::uint64_t taken = static_cast<std::uint64_t>(i < other.size_ ? other.words_[i] : 0) + borrow;
      borrow = words_[i] < taken ? 1 : 0;
      words_[i] = static_cast<std::uint32_t>(words_[i] - taken);
    }
    while (size_ > 0 && words_[size_ - 1] == 0) --size_;
  }

  /// Below zero, zero or above, as this is less than, equal to or greater than `other`.
  [[nodiscard]] int compare(const BigUint& other) const noexcept {
    if (size_ != other.size_) return size_ < other.size_ ? -1 : 1;
    for (std::size_t i = size_; i-- > 0;) {
      if (words_[i] != other.words_[i]) return words_[i] < other.words_[i] ? -1 : 1;
    }
    return 0;
  }

  [[nodiscard]] bool zero() const noexcept { return size_ == 0; }

 private:
  /// A base, and the largest power of it that is a factor for `multiply`.
  struct Powers {
    std::uint32_t large;
    int exponent;
    std::uint32_t base;
  };
  void times_powers(Powers powers, int exponent) noexcept {
    for (; exponent >= powers.exponent; exponent -= powers.exponent) multiply(powers.large);
    for (; exponent > 0; --exponent) multiply(powers.base);
  }

  static constexpr std::size_t kWords = 40;
  std::array<std::uint32_t, kWords> words_;  // meaningful below size_
  std::size_t size_ = 0;
};

}  // namespace linnet::lwm2m

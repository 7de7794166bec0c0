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

  void multiply_by_power_of_ten(int exponent) noexcept {
    constexpr std::uint32_t kTenTo9 = 1000000000;
    for (; exponent >= 9; exponent -= 9) multiply(kTenTo9);
    for (; exponent > 0; --exponent) multiply(10);
  }

  void shift_left(int bits) noexcept {
    const auto words = static_cast<std::size_t>(bits) / 32;
    multiply(std::uint32_t{1} << (bits % 32));
    if (words == 0 || size_ == 0) return;
    if (size_ + words > kWords) return;
    for (std::size_t i = size_; i-- > 0;) words_[i + words] = words_[i];
    for (std::size_t i = 0; i < words; ++i) words_[i] = 0;
    size_ += words;
  }

  void add(const BigUint& other) noexcept {
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < size_ || i < other.size_ || carry != 0; ++i) {
      if (i == kWords) return;
      if (i == size_) words_[size_++] = 0;
      carry += static_cast<std::uint64_t>(words_[i]) + (i < other.size_ ? other.words_[i] : 0);
      words_[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
  }

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
  static constexpr std::size_t kWords = 40;
  std::array<std::uint32_t, kWords> words_;  // meaningful below size_
  std::size_t size_ = 0;
};

}  // namespace linnet::lwm2m

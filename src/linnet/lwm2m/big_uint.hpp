// SPDX-License-Identifier: Apache-2.0
// A natural number large enough for every double and its neighbours, on the stack. Inside `lwm2m`.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "linnet/base/quotient.hpp"

namespace linnet::lwm2m {

/// Up to 1280 bits. A double in decimal needs 1137, a decimal of 20 digits as a double 1280 at the lower end
/// of the range. Results must fit: callers bound their exponents.
class BigUint {
 public:
  static constexpr std::size_t kWordBits = 32;

  /// v x 2^(32 x `zeros`)
  LINNET_OUTLINED BigUint(std::uint64_t v, std::size_t zeros) noexcept : size_(zeros) {
    for (; v != 0; v >>= kWordBits) words_[size_++] = static_cast<std::uint32_t>(v);
  }

  [[nodiscard]] LINNET_OUTLINED int bit_length() const noexcept {
    return static_cast<int>(size_ * kWordBits) - std::countl_zero(words_[size_ - 1]);
  }

  void multiply(std::uint32_t factor) noexcept {
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      carry += static_cast<std::uint64_t>(words_[i]) * factor;
      words_[i] = static_cast<std::uint32_t>(carry);
      carry >>= kWordBits;
    }
    if (carry != 0 && size_ < kWords) words_[size_++] = static_cast<std::uint32_t>(carry);
  }

  /// Times 10^exponent, without what is behind the point: true where that is not zero.
  bool times_power_of_ten(int exponent) noexcept {
    bool cut = false;
    for (; exponent >= 4; exponent -= 4) multiply(10000);
    for (; exponent > 0; --exponent) multiply(10);
    for (; exponent <= -4; exponent += 4) cut |= divide(10000);
    for (; exponent < 0; ++exponent) cut |= divide(10);
    return cut;
  }

  /// The bits from the one with this number on, at most 64; the last one stands for all before them too.
  [[nodiscard]] LINNET_OUTLINED std::uint64_t from_bit(std::size_t first) const noexcept {
    const std::uint32_t* const word = words_.data() + first / kWordBits;
    const unsigned shift = first % kWordBits;
    std::uint32_t lost = *word & ((1U << shift) - 1);
    for (const std::uint32_t* below = words_.data(); below != word; ++below) lost |= *below;
    const std::uint64_t upper = std::uint64_t{word[2]} << kWordBits | word[1];
    return (*word >> shift | upper << (kWordBits - shift)) | (lost != 0 ? 1 : 0);
  }

 private:
  /// True where something is left over.
  bool divide(std::uint16_t divisor) noexcept {
    std::uint32_t rest = 0;
    for (std::size_t i = size_; i-- > 0;) {
      const Quotient part = linnet::divide(std::uint64_t{rest} << kWordBits | words_[i], divisor);
      words_[i] = static_cast<std::uint32_t>(part.quotient);
      rest = part.remainder;
    }
    while (words_[size_ - 1] == 0) --size_;
    return rest != 0;
  }

  static constexpr std::size_t kWords = 40;
  std::array<std::uint32_t, kWords> words_{};  // zero from size_ on
  std::size_t size_;
};

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// The value of Block1 and Block2 (RFC 7959 §2.2): which block of a body this is. On reliable transports
// one message may carry several blocks of 1024 bytes (BERT, RFC 8323 §6).
#pragma once

#include <cstddef>
#include <cstdint>

#include "linnet/coap/features.hpp"

namespace linnet::coap {

struct Block {
  static constexpr std::uint8_t kMaxSzx = 6;
  static constexpr std::uint8_t kBert = 7;  ///< blocks of 1024 bytes, any number of them in a message
  static constexpr std::uint32_t kMaxNumber = (1U << 20) - 1;

  std::uint32_t number = 0;
  bool more = false;
  std::uint8_t szx = kMaxSzx;

  /// `value` as the option carries it, of at most three bytes.
  [[nodiscard, gnu::always_inline]] static constexpr Block from_value(std::uint32_t value) noexcept {
    return {value >> 4, (value >> 3 & 1U) != 0, static_cast<std::uint8_t>(value & 7U)};
  }
  /// The block of `szx` at a byte offset that is a multiple of its size.
  [[nodiscard]] static constexpr Block at(std::uint32_t offset, bool more, std::uint8_t szx) noexcept {
    return {offset >> shift(szx), more, szx};
  }
  [[nodiscard]] static constexpr std::uint32_t size_of(std::uint8_t szx) noexcept { return 1U << shift(szx); }

  [[nodiscard, gnu::always_inline]] constexpr std::uint32_t value() const noexcept {
    return number << 4 | (more ? 8U : 0U) | szx;
  }
  /// The size exponent 7 is reserved on datagrams.
  [[nodiscard]] constexpr bool valid(bool reliable = false) const noexcept {
    return szx <= kMaxSzx || (kReliable && reliable && szx == kBert);
  }
  /// Bytes of one block, unless it is the last one.
  [[nodiscard]] constexpr std::uint32_t size() const noexcept { return size_of(szx); }
  [[nodiscard]] constexpr std::uint32_t offset() const noexcept { return number << shift(szx); }
  /// Whether a message may bring so many bytes of the body with this option.
  [[nodiscard]] constexpr bool whole(std::size_t payload) const noexcept {
    if (!kReliable || szx != kBert) return more ? payload == size() : payload <= size();
    return !more || (payload != 0 && payload % size() == 0);
  }

  friend constexpr bool operator==(const Block&, const Block&) = default;

 private:
  [[nodiscard]] static constexpr unsigned shift(std::uint8_t szx) noexcept {
    return (kReliable && szx == kBert ? kMaxSzx : szx) + 4U;
  }
};

}  // namespace linnet::coap

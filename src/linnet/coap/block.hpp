// SPDX-License-Identifier: Apache-2.0
// The value of Block1 and Block2 (RFC 7959 §2.2): which block of a body this is.
#pragma once

#include <cstdint>

namespace linnet::coap {

struct Block {
  static constexpr std::uint8_t kMaxSzx = 6;
  static constexpr std::uint32_t kMaxNumber = (1U << 20) - 1;

  std::uint32_t number = 0;
  bool more = false;
  std::uint8_t szx = kMaxSzx;

  /// `value` as the option carries it, of at most three bytes.
  [[nodiscard]] static constexpr Block from_value(std::uint32_t value) noexcept {
    return {value >> 4, (value >> 3 & 1U) != 0, static_cast<std::uint8_t>(value & 7U)};
  }
  /// The block of `szx` at a byte offset that is a multiple of its size.
  [[nodiscard]] static constexpr Block at(std::uint32_t offset, bool more, std::uint8_t szx) noexcept {
    return {offset >> (szx + 4U), more, szx};
  }
  [[nodiscard]] static constexpr std::uint32_t size_of(std::uint8_t szx) noexcept { return 16U << szx; }

  [[nodiscard]] constexpr std::uint32_t value() const noexcept {
    return number << 4 | (more ? 8U : 0U) | szx;
  }
  /// The size exponent 7 is reserved.
  [[nodiscard]] constexpr bool valid() const noexcept { return szx <= kMaxSzx; }
  /// Bytes of the block, unless it is the last one.
  [[nodiscard]] constexpr std::uint32_t size() const noexcept { return size_of(szx); }
  [[nodiscard]] constexpr std::uint32_t offset() const noexcept { return number << (szx + 4U); }

  friend constexpr bool operator==(const Block&, const Block&) = default;
};

}  // namespace linnet::coap

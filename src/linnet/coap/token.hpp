// SPDX-License-Identifier: Apache-2.0
// Message IDs and tokens (RFC 7252 §3, §5.3.1).
#pragma once

#include <array>
#include <cstdint>

#include "linnet/base/bytes.hpp"

namespace linnet::coap {

enum class MessageId : std::uint16_t {};

/// Zero to eight bytes, compared as bytes.
class Token {
 public:
  static constexpr std::size_t kMaxSize = 8;

  constexpr Token() noexcept = default;
  /// Takes the first kMaxSize bytes of `bytes`.
  LINNET_OUTLINED explicit constexpr Token(ByteView bytes) noexcept {
    for (const std::uint8_t byte : bytes) {
      if (size_ == kMaxSize) break;
      bytes_[size_++] = byte;
    }
  }

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr ByteView bytes() const noexcept { return {bytes_.data(), size_}; }
  friend constexpr bool operator==(const Token&, const Token&) = default;

 private:
  std::array<std::uint8_t, kMaxSize> bytes_{};  // zero behind size_, so that == may compare all
  std::uint8_t size_ = 0;
};

}  // namespace linnet::coap

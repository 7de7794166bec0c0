// SPDX-License-Identifier: Apache-2.0
// What an endpoint puts into messages beside what it was given to send: the options of RFC 7959 and RFC 9175.
#pragma once

#include <array>
#include <cstdint>

#include "linnet/base/bytes.hpp"

namespace linnet::coap {

class MessageWriter;

/// Block2, Block1, Size2 and Size1 of a message, as encoded.
struct BlockOptions {
  static constexpr std::uint32_t kAbsent = UINT32_MAX;  ///< no block and no body is so large

  std::uint32_t block2 = kAbsent;
  std::uint32_t block1 = kAbsent;
  std::uint32_t size2 = kAbsent;  ///< in a request: it asks for the size
  std::uint32_t size1 = kAbsent;
};

/// The value of an option that may be absent, or 0.
[[nodiscard]] constexpr std::uint32_t value_or_zero(std::uint32_t value) noexcept {
  return value == BlockOptions::kAbsent ? 0 : value;
}

struct MessageParts {
  ByteView payload;
  ByteView echo;           ///< empty: none
  std::uint32_t etag = 0;  ///< 0: none
  BlockOptions blocks;

  /// Writes the options from Block2 to Echo.
  void write(MessageWriter& writer) const noexcept;
};

}  // namespace linnet::coap

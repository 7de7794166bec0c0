// SPDX-License-Identifier: Apache-2.0
// What an endpoint puts into messages beside what it was given to send: the options of RFC 7959 and RFC 9175.
#pragma once

#include <array>
#include <cstdint>

#include "linnet/base/bytes.hpp"
#include "linnet/coap/optional_number.hpp"

namespace linnet::coap {

class MessageWriter;

/// Block2, Block1, Size2 and Size1 of a message, as encoded.
struct BlockOptions {
  OptionalNumber block2;
  OptionalNumber block1;
  OptionalNumber size2;  ///< in a request: it asks for the size
  OptionalNumber size1;
};

struct MessageParts {
  ByteView payload;
  ByteView echo;           ///< empty: none
  std::uint32_t etag = 0;  ///< 0: none
  BlockOptions blocks;

  /// Writes the options from Block2 to Echo.
  void write(MessageWriter& writer) const noexcept;
};

}  // namespace linnet::coap

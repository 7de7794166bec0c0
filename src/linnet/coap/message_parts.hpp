// SPDX-License-Identifier: Apache-2.0
// What an endpoint puts into messages beside what it was given to send: the options of RFC 7959 and RFC 9175.
#pragma once

#include <cstdint>
#include <optional>

#include "linnet/base/bytes.hpp"
#include "linnet/coap/exchange.hpp"

namespace linnet::coap {

/// What goes into a reply beside what the handler gave.
struct ReplyParts {
  ByteView payload;
  ByteView echo;
  std::optional<std::uint32_t> etag;
  std::optional<std::uint32_t> block1;
  std::optional<std::uint32_t> block2;
  std::optional<std::uint32_t> size1;
  std::optional<std::uint32_t> size2;
  Exchange::Kind kind = Exchange::Kind::kResponse;
};

/// What changes in a request when it is sent again for another block.
struct RequestParts {
  bool keep_blocks = false;  ///< block options and payload stay as they are
  bool keep_observe = true;
  ByteView payload;
  ByteView echo;  ///< stays as it is when empty
  std::optional<std::uint32_t> block1;
  std::optional<std::uint32_t> block2;
  std::optional<std::uint32_t> size1;
  std::optional<std::uint32_t> size2;
};

}  // namespace linnet::coap

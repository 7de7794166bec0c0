// SPDX-License-Identifier: Apache-2.0
// The frame that a CoAP message is on a stream (RFC 8323 §3.2, figure 4): how much of the stream it
// takes, and the way there from the form that a datagram has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linnet/base/bytes.hpp"

namespace linnet::coap {

struct Frame {
  static constexpr std::size_t kMaxHeader = 6;  ///< bytes

  std::uint8_t header = 0;  ///< bytes of length and code
  std::uint8_t token = 0;   ///< bytes of the token, which follows
  std::uint64_t size = 0;   ///< bytes of the whole frame

  /// The frame that `bytes` begin with, which need not be there whole. kTruncated: more bytes are needed
  /// to know its size. kMalformed: the token length is reserved, and the stream cannot be followed.
  [[nodiscard]] static Result<Frame> peek(ByteView bytes) noexcept;
};

/// Makes a frame of a message in the form of a datagram, in its place; type and Message ID go. Gives the
/// size, which is smaller or the same. `message` is what MessageWriter made, of at most 64 kB.
[[nodiscard]] std::size_t to_frame(ByteSpan message) noexcept;

}  // namespace linnet::coap

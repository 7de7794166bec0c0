// SPDX-License-Identifier: Apache-2.0
// Requests and replies with bodies larger than a block.
#pragma once

#include <string_view>

#include "linnet/coap/endpoint.hpp"
#include "tests/support/pair.hpp"

namespace linnet::testing {

inline constexpr std::string_view kPath[] = {"5", "0", "0"};

/// Bytes of which no two blocks are alike.
inline Bytes pattern(std::size_t size, unsigned seed = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8) + seed);
  return bytes;
}

inline coap::OutgoingRequest request_of(coap::Code method, ByteView payload = {}) {
  coap::OutgoingRequest request;
  request.method = method;
  request.path = kPath;
  request.payload = payload;
  return request;
}

inline coap::Reply reply_of(coap::Code code, ByteView payload = {}) {
  coap::Reply reply;
  reply.code = code;
  reply.payload = payload;
  return reply;
}

}  // namespace linnet::testing

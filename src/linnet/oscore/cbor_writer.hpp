// SPDX-License-Identifier: Apache-2.0
// The little CBOR (RFC 8949 §3) that OSCORE hashes and authenticates.
#pragma once

#include "linnet/base/bytes.hpp"

namespace linnet::oscore {

inline constexpr std::uint8_t kCborNil = 0xF6;
inline constexpr unsigned kCborUnsigned = 0;
inline constexpr unsigned kCborBytes = 2;
inline constexpr unsigned kCborText = 3;
inline constexpr unsigned kCborArray = 4;

/// The head of an item; values above 255 do not occur here and fail the writer.
inline void cbor_head(ByteWriter& out, unsigned major, std::size_t value) noexcept {
  if (value > UINT8_MAX) return out.fail_now();
  if (value < 24) return out.u8(static_cast<std::uint8_t>(major << 5 | value));
  out.u8(static_cast<std::uint8_t>(major << 5 | 24U));
  out.u8(static_cast<std::uint8_t>(value));
}
inline void cbor_bytes(ByteWriter& out, ByteView bytes) noexcept {
  cbor_head(out, kCborBytes, bytes.size());
  out.bytes(bytes);
}

}  // namespace linnet::oscore

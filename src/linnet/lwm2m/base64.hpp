// SPDX-License-Identifier: Apache-2.0
// Base 64 in both alphabets (RFC 4648 §4 and §5). Inside `lwm2m`.
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/value.hpp"

namespace linnet::lwm2m {

enum class Base64 : std::uint8_t {
  kStandard,  ///< `+` and `/`, padded: text/plain and the JSON of 1.0
  kUrl,       ///< `-` and `_`, padding left out: SenML JSON
};

void write_base64(ByteWriter& out, ByteView bytes, Base64 form) noexcept;

/// The number of characters that `write_base64` appends.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes, Base64 form) noexcept {
  return form == Base64::kStandard ? (bytes + 2) / 3 * 4 : (bytes * 4 + 2) / 3;
}

/// Decodes into `out`, which may be the memory of `text`. Padding may be there or not; bits behind
/// the last byte must be zero. Errc::kMalformed, and kTooLarge when `out` is too small.
[[nodiscard]] Result<ByteView> decode_base64(ByteView text, ByteSpan out, Base64 form) noexcept;
/// The same for the octets of `value`, which becomes an Opaque.
[[nodiscard]] Result<void> decode_base64(Value& value, ByteSpan out, Base64 form) noexcept;

}  // namespace linnet::lwm2m

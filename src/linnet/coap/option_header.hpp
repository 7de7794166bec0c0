// SPDX-License-Identifier: Apache-2.0
// The header of an encoded option: delta and length with their extensions (RFC 7252 §3.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "linnet/base/bytes.hpp"

namespace linnet::coap {

struct OptionHeader {
  std::uint32_t delta = 0;
  std::uint32_t value_size = 0;  ///< bytes; not checked against what follows
  std::size_t size = 0;          ///< bytes of the header itself; 0 for a malformed one
};

/// Reads the header at `at`, which must be before `end`.
[[nodiscard]] OptionHeader read_option_header(const std::uint8_t* at, const std::uint8_t* end) noexcept;

/// Fails the writer for a value of more than 65535 + 269 bytes, which no header can tell.
void write_option_header(ByteWriter& out, std::uint16_t delta, std::size_t value_size) noexcept;

}  // namespace linnet::coap

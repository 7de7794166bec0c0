// SPDX-License-Identifier: Apache-2.0
// Encoded options: delta and length with their extensions (RFC 7252 §3.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "linnet/base/bytes.hpp"
#include "linnet/coap/option.hpp"

namespace linnet::coap {

/// Reads the option at `at`, which must be before `end`, into `option`, whose number is that of the one
/// before. Gives where it ends; null for a malformed one.
[[nodiscard]] const std::uint8_t* read_option(const std::uint8_t* at, const std::uint8_t* end,
                                              Option& option) noexcept;

/// Fails the writer for a value of more than 65535 + 269 bytes, which no header can tell.
void write_option_header(ByteWriter& out, std::uint16_t delta, std::size_t value_size) noexcept;

}  // namespace linnet::coap

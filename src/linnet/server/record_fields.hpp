// SPDX-License-Identifier: Apache-2.0
// What all records that the store keeps have in common: a letter for what it is and a version in front,
// fields with their length before them, and a checksum behind.
#pragma once

#include <cstdint>

#include "linnet/base/bytes.hpp"

namespace linnet::server {

/// CRC-32 as in ISO-HDLC, Ethernet and zip.
[[nodiscard]] std::uint32_t crc32(ByteView bytes) noexcept;

/// The letter and the version.
void open_record(ByteWriter& out, std::uint8_t letter, std::uint8_t version) noexcept;
/// A length of `width` bytes, then the bytes; what is longer fails the writer.
void write_field(ByteWriter& out, ByteView field, std::size_t width) noexcept;
[[nodiscard]] Result<ByteView> read_field(ByteReader& in, std::size_t width) noexcept;
/// Appends the checksum. The bytes of the whole record, or kNoSpace.
[[nodiscard]] Result<std::size_t> close_record(ByteWriter& out) noexcept;

/// What stands between version and checksum. kTruncated or kMalformed for damage, kUnsupported for
/// another version.
[[nodiscard]] Result<ByteView> record_body(ByteView record, std::uint8_t letter,
                                           std::uint8_t version) noexcept;

}  // namespace linnet::server

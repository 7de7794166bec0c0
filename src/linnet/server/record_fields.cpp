// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/record_fields.hpp"

#include <array>

namespace linnet::server {
namespace {

constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kHeaderSize = 2;

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1U ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32(ByteView bytes) noexcept {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : bytes) crc = crc >> 8U ^ kCrcTable[(crc ^ byte) & 0xFFU];
  return ~crc;
}

void open_record(ByteWriter& out, std::uint8_t letter, std::uint8_t version) noexcept {
  out.u8(letter);
  out.u8(version);
}

void write_field(ByteWriter& out, ByteView field, std::size_t width) noexcept {
  if (width < 8 && field.size() >> (8 * width) != 0) return out.fail_now();
  out.uint(field.size(), width);
  out.bytes(field);
}

Result<ByteView> read_field(ByteReader& in, std::size_t width) noexcept {
  const auto size = in.uint(width);
  if (!size) return std::unexpected(size.error());
  return in.bytes(static_cast<std::size_t>(*size));
}

Result<std::size_t> close_record(ByteWriter& out) noexcept {
  out.uint(crc32(out.written()), kChecksumSize);
  return out.finish();
}

Result<ByteView> record_body(ByteView record, std::uint8_t letter, std::uint8_t version) noexcept {
  if (record.size() < kHeaderSize + kChecksumSize) return fail(Errc::kTruncated);
  if (record[0] != letter) return fail(Errc::kMalformed);
  if (record[1] != version) return fail(Errc::kUnsupported);
  const ByteView checked = record.first(record.size() - kChecksumSize);
  ByteReader checksum(record.last(kChecksumSize));
  if (*checksum.uint(kChecksumSize) != crc32(checked)) return fail(Errc::kMalformed);
  return checked.subspan(kHeaderSize);
}

}  // namespace linnet::server

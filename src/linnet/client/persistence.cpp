// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/persistence.hpp"

#include <algorithm>
#include <array>

namespace linnet::client {

namespace {

constexpr std::array<std::uint8_t, 8> kMark{'L', 'N', 'S', 'T', 1, 0, 0, 0};
constexpr std::size_t kChecked = StateImage::kHeaderSize - 4;  // bytes of the header that the CRC is over

struct Header {
  std::uint32_t sequence;
  std::uint32_t length;
  std::uint32_t crc;
  std::uint32_t checked;  ///< CRC of what precedes `crc`
};

std::optional<Header> read_header(Medium& medium, unsigned region) noexcept {
  std::array<std::uint8_t, StateImage::kHeaderSize> bytes{};
  if (medium.region_size() < bytes.size() || !medium.read(region, 0, bytes)) return std::nullopt;
  ByteReader in(bytes);
  if (!equal(*in.bytes(kMark.size()), kMark)) return std::nullopt;
  Header header{};
  header.sequence = static_cast<std::uint32_t>(*in.uint(4));
  header.length = static_cast<std::uint32_t>(*in.uint(4));
  header.crc = static_cast<std::uint32_t>(*in.uint(4));
  header.checked = crc32(ByteView(bytes).first(kChecked));
  if (header.length > medium.region_size() - bytes.size()) return std::nullopt;
  return header;
}

/// Whether the payload is what the header says.
bool whole(Medium& medium, unsigned region, const Header& header) noexcept {
  std::array<std::uint8_t, 64> piece{};
  std::uint32_t crc = header.checked;
  for (std::size_t at = 0; at < header.length; at += piece.size()) {
    const ByteSpan part = ByteSpan(piece).first(std::min<std::size_t>(piece.size(), header.length - at));
    if (!medium.read(region, StateImage::kHeaderSize + at, part)) return false;
    crc = crc32(part, crc);
  }
  return crc == header.crc;
}

/// Sequence numbers go round (RFC 1982).
bool newer(std::uint32_t a, std::uint32_t b) noexcept {
  return static_cast<std::int32_t>(a - b) > 0;
}

}  // namespace

std::uint32_t crc32(ByteView bytes, std::uint32_t before) noexcept {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 16> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      std::uint32_t row = i;
      for (int bit = 0; bit < 4; ++bit) row = (row & 1U) != 0 ? row >> 1 ^ 0xEDB88320U : row >> 1;
      table[i] = row;
    }
    return table;
  }();
  std::uint32_t crc = ~before;
  for (const std::uint8_t byte : bytes) {
    crc = crc >> 4 ^ kTable[(crc ^ byte) & 15U];
    crc = crc >> 4 ^ kTable[(crc ^ static_cast<std::uint32_t>(byte >> 4)) & 15U];
  }
  return ~crc;
}

Result<ByteView> StateImage::load(Medium& medium, ByteSpan out) noexcept {
  for (unsigned region = 0; region < Medium::kRegions; ++region) {
    const auto header = read_header(medium, region);
    if (!header || (stands_ && !newer(header->sequence, sequence_)) || !whole(medium, region, *header)) {
      continue;
    }
    newest_ = region;
    stands_ = true;
    sequence_ = header->sequence;
    length_ = header->length;
  }
  if (!stands_) return fail(Errc::kNotFound);
  payload_crc_ = 0;
  if (length_ > out.size()) return fail(Errc::kTooLarge);
  const ByteSpan payload = out.first(length_);
  if (!medium.read(newest_, kHeaderSize, payload)) return fail(Errc::kIo);
  payload_crc_ = crc32(payload);
  return ByteView(payload);
}

Result<void> StateImage::save(Medium& medium, ByteView payload) noexcept {
  if (medium.region_size() < kHeaderSize || payload.size() > medium.region_size() - kHeaderSize) {
    return fail(Errc::kTooLarge);
  }
  const std::uint32_t payload_crc = crc32(payload);
  if (stands_ && length_ == payload.size() && payload_crc_ == payload_crc) return {};
  const unsigned region = stands_ ? 1 - newest_ : 0;
  std::array<std::uint8_t, kHeaderSize> header{};
  ByteWriter out(header);
  out.bytes(kMark);
  out.uint(sequence_ + 1, 4);
  out.uint(payload.size(), 4);
  out.uint(crc32(payload, crc32(out.written())), 4);
  if (!medium.erase(region) || !medium.write(region, kHeaderSize, payload) ||
      !medium.write(region, 0, header)) {
    return fail(Errc::kIo);
  }
  newest_ = region;
  stands_ = true;
  ++sequence_;
  length_ = static_cast<std::uint32_t>(payload.size());
  payload_crc_ = payload_crc;
  return {};
}

bool PartReader::next(Part& part) noexcept {
  const auto id = in_.uint(2);
  const auto length = id ? in_.uint(4) : id;
  if (!length) return false;
  const auto bytes = in_.bytes(static_cast<std::size_t>(*length));
  if (!bytes) return false;
  part = {static_cast<std::uint16_t>(*id), *bytes};
  return true;
}

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/registration_record.hpp"

namespace linnet::server {
namespace {

constexpr std::uint8_t kMagic = 'R';
constexpr std::uint8_t kRecordVersion = 1;
constexpr std::size_t kChecksumSize = 4;

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1U ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}();

/// CRC-32 as in ISO-HDLC, Ethernet and zip.
std::uint32_t crc32(ByteView bytes) noexcept {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t byte : bytes) crc = crc >> 8U ^ kCrcTable[(crc ^ byte) & 0xFFU];
  return ~crc;
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

bool well_formed_extras(ByteView encoded) noexcept {
  ByteReader in(encoded);
  while (!in.empty()) {
    if (!in.bytes(*in.u8())) return false;
  }
  return true;
}

bool well_formed_objects(ByteView compact) noexcept {
  return lwm2m::CompactObjectList(compact)
      .for_each([](const lwm2m::ObjectListEntry&) -> Result<void> { return {}; })
      .has_value();
}

}  // namespace

Result<std::size_t> encode_record(const RegistrationRecord& record, ByteSpan space) noexcept {
  ByteWriter out(space);
  out.u8(kMagic);
  out.u8(kRecordVersion);
  out.uint(record.id.value(), 6);
  out.uint(record.content.lifetime, 4);
  out.uint(static_cast<std::uint64_t>(record.registered.seconds), 8);
  out.u8(record.content.version == lwm2m::LwM2mVersion::k1_0 ? 0 : 1);
  out.u8(record.content.binding.bits());
  write_field(out, as_bytes(record.content.endpoint), 1);
  write_field(out, record.address, 1);
  write_field(out, record.content.extras, 2);
  write_field(out, record.content.objects, 2);
  out.uint(crc32(out.written()), kChecksumSize);
  return out.finish();
}

Result<RegistrationRecord> decode_record(ByteView bytes) noexcept {
  if (bytes.size() < 2 + kChecksumSize) return fail(Errc::kTruncated);
  if (bytes[0] != kMagic) return fail(Errc::kMalformed);
  if (bytes[1] != kRecordVersion) return fail(Errc::kUnsupported);
  const ByteView body = bytes.first(bytes.size() - kChecksumSize);
  ByteReader checksum(bytes.last(kChecksumSize));
  if (*checksum.uint(kChecksumSize) != crc32(body)) return fail(Errc::kMalformed);

  ByteReader in(body.subspan(2));
  const auto id = in.uint(6);
  const auto lifetime = in.uint(4);
  const auto registered = in.uint(8);
  const auto version = in.u8();
  const auto binding = in.u8();
  const auto endpoint = read_field(in, 1);
  const auto address = read_field(in, 1);
  const auto extras = read_field(in, 2);
  const auto objects = read_field(in, 2);
  if (!id || !lifetime || !registered || !version || !binding || !endpoint || !address || !extras ||
      !objects) {
    return fail(Errc::kTruncated);
  }
  if (!in.empty() || *lifetime == 0 || *version > 1 || *binding > 31 || endpoint->empty()) {
    return fail(Errc::kMalformed);
  }
  if (!well_formed_extras(*extras) || !well_formed_objects(*objects)) return fail(Errc::kMalformed);

  RegistrationRecord record;
  record.id = RegistrationId::from_value(*id);
  record.registered = UnixTime{static_cast<std::int64_t>(*registered)};
  record.address = *address;
  record.content.endpoint = as_text(*endpoint);
  record.content.lifetime = static_cast<std::uint32_t>(*lifetime);
  record.content.version = *version == 0 ? lwm2m::LwM2mVersion::k1_0 : lwm2m::LwM2mVersion::k1_1;
  record.content.binding = lwm2m::Binding::from_bits(*binding);
  record.content.extras = *extras;
  record.content.objects = *objects;
  return record;
}

}  // namespace linnet::server

// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/registration_record.hpp"

#include "linnet/server/record_fields.hpp"

namespace linnet::server {
namespace {

constexpr std::uint8_t kMagic = 'R';
constexpr std::uint8_t kRecordVersion = 1;

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
  open_record(out, kMagic, kRecordVersion);
  out.uint(record.id.value(), 6);
  out.uint(record.content.lifetime, 4);
  out.uint(static_cast<std::uint64_t>(record.registered.seconds), 8);
  out.u8(record.content.version == lwm2m::LwM2mVersion::k1_0 ? 0 : 1);
  out.u8(record.content.binding.bits());
  write_field(out, as_bytes(record.content.endpoint), 1);
  write_field(out, record.address, 1);
  write_field(out, record.content.extras, 2);
  write_field(out, record.content.objects, 2);
  return close_record(out);
}

Result<RegistrationRecord> decode_record(ByteView bytes) noexcept {
  const auto body = record_body(bytes, kMagic, kRecordVersion);
  if (!body) return std::unexpected(body.error());
  ByteReader in(*body);
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

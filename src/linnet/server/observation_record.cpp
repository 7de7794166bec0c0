// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/observation_record.hpp"

#include "linnet/server/path_list.hpp"
#include "linnet/server/record_fields.hpp"

namespace linnet::server {
namespace {

constexpr std::uint8_t kMagic = 'O';
constexpr std::uint8_t kRecordVersion = 1;
constexpr std::size_t kBesidePaths = 2 + 6 + 7 + 2 + 1 + 2 + 4;

}  // namespace

std::size_t max_observation_record(std::size_t paths) noexcept {
  return kBesidePaths + paths * kMaxPathBytes;
}

Result<std::size_t> encode_record(const ObservationRecord& record, ByteSpan space) noexcept {
  ByteWriter out(space);
  open_record(out, kMagic, kRecordVersion);
  out.uint(record.registration.value(), 6);
  out.uint(static_cast<std::uint64_t>(record.id), 7);
  out.uint(record.accept, 2);
  const Observed& observed = record.observed;
  out.u8(observed.composite() ? 1 : 0);
  const std::span<const lwm2m::Path> paths =
      observed.composite() ? observed.paths : std::span(&observed.path, 1);
  std::size_t size = 0;
  for (const lwm2m::Path& path : paths) size += 1 + 2 * path.depth();
  out.uint(size, 2);
  for (const lwm2m::Path& path : paths) write_path(out, path);
  return close_record(out);
}

Result<ObservationRecord> decode_observation(ByteView bytes, std::span<lwm2m::Path> space) noexcept {
  const auto body = record_body(bytes, kMagic, kRecordVersion);
  if (!body) return std::unexpected(body.error());
  ByteReader in(*body);
  const auto registration = in.uint(6);
  const auto id = in.uint(7);
  const auto accept = in.uint(2);
  const auto composite = in.u8();
  const auto encoded = read_field(in, 2);
  if (!registration || !id || !accept || !composite || !encoded) return fail(Errc::kTruncated);
  if (!in.empty() || *composite > 1) return fail(Errc::kMalformed);

  ObservationRecord record;
  record.registration = RegistrationId::from_value(*registration);
  record.id = ObservationId{*id};
  record.accept = static_cast<std::uint16_t>(*accept);
  std::array<lwm2m::Path, 1> one;
  const std::span<lwm2m::Path> paths = *composite != 0 ? space : std::span<lwm2m::Path>(one);
  const auto count = decode_paths(*encoded, paths);
  if (!count) return std::unexpected(count.error());
  if (*count == 0) return fail(Errc::kMalformed);
  for (const lwm2m::Path& path : paths.first(*count)) {
    if (path.depth() == 0) return fail(Errc::kMalformed);
  }
  record.observed = *composite != 0 ? Observed(paths.first(*count)) : Observed(one[0]);
  return record;
}

}  // namespace linnet::server

// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/queued_record.hpp"

#include <algorithm>
#include <bit>

#include "linnet/server/device_request.hpp"
#include "linnet/server/path_list.hpp"
#include "linnet/server/record_fields.hpp"

namespace linnet::server {
namespace {

constexpr std::uint8_t kMagic = 'Q';
constexpr std::uint8_t kRecordVersion = 1;
constexpr std::uint8_t kSentFlag = 1;
constexpr std::uint8_t kFailFlag = 2;
constexpr std::uint8_t kFormatFlag = 4;
constexpr std::uint8_t kInstanceFlag = 8;
constexpr std::uint8_t kAllFlags = 15;
constexpr std::size_t kFixedSize = 64;  // more than all that is not counted below
constexpr std::size_t kAttributeSize = 10;
constexpr std::int64_t kLongestTimeout = 0xFFFFFFFF;

std::uint8_t flags_of(const QueuedRecord& record) noexcept {
  unsigned flags = record.sent ? kSentFlag : 0U;
  if (record.unanswered == Unanswered::kFail) flags |= kFailFlag;
  if (record.operation.format) flags |= kFormatFlag;
  if (record.operation.instance) flags |= kInstanceFlag;
  return static_cast<std::uint8_t>(flags);
}

Result<std::vector<lwm2m::AttributeWrite>> read_attributes(ByteReader& in) noexcept {
  std::vector<lwm2m::AttributeWrite> writes;
  const auto count = in.u8();
  if (!count) return std::unexpected(count.error());
  for (unsigned i = 0; i < *count; ++i) {
    const auto name = in.u8();
    const auto set = in.u8();
    const auto value = in.uint(8);
    if (!name || !set || !value) return fail(Errc::kTruncated);
    if (*name >= lwm2m::kAttributeNames.size() || *set > 1) return fail(Errc::kMalformed);
    lwm2m::AttributeWrite write;
    write.name = lwm2m::kAttributeNames[*name];
    if (*set == 1) write.value = std::bit_cast<double>(*value);
    writes.push_back(write);
  }
  return writes;
}

Result<lwm2m::Path> read_path(ByteReader& in) noexcept {
  const auto depth = in.u8();
  if (!depth) return std::unexpected(depth.error());
  if (*depth > lwm2m::Path::kMaxDepth) return fail(Errc::kMalformed);
  lwm2m::Path path;
  for (unsigned i = 0; i < *depth; ++i) {
    const auto id = in.uint(2);
    if (!id) return std::unexpected(id.error());
    path = path.child(static_cast<std::uint16_t>(*id));
  }
  return path;
}

}  // namespace

Result<void> encode_queued(const QueuedRecord& record, std::vector<std::uint8_t>& bytes) noexcept {
  const Operation& operation = record.operation;
  bytes.resize(kFixedSize + record.endpoint.size() + operation.payload.size() + operation.arguments.size() +
               operation.attributes.size() * kAttributeSize + operation.paths.size() * kMaxPathBytes);
  ByteWriter out(bytes);
  open_record(out, kMagic, kRecordVersion);
  out.uint(static_cast<std::uint64_t>(record.id), 8);
  write_field(out, as_bytes(record.endpoint), 1);
  out.u8(flags_of(record));
  out.u8(static_cast<std::uint8_t>(operation.kind));
  out.uint(static_cast<std::uint16_t>(operation.format.value_or(lwm2m::ContentFormat{})), 2);
  out.uint(static_cast<std::uint64_t>(std::min(operation.timeout.count(), kLongestTimeout)), 4);
  out.u8(static_cast<std::uint8_t>(operation.path.depth()));
  for (std::size_t i = 0; i < operation.path.depth(); ++i) out.uint(operation.path[i], 2);
  const lwm2m::Path instance = operation.instance.value_or(lwm2m::Path{});
  out.uint(instance.object(), 2);
  out.uint(instance.instance(), 2);
  std::vector<std::uint8_t> paths(operation.paths.size() * kMaxPathBytes);
  const auto paths_size = encode_paths(operation.paths, paths);
  if (!paths_size) return std::unexpected(paths_size.error());
  write_field(out, ByteView(paths).first(*paths_size), 2);
  write_field(out, operation.payload, 4);
  write_field(out, as_bytes(operation.arguments), 2);
  if (operation.attributes.size() > lwm2m::kAttributeNames.size()) return fail(Errc::kTooLarge);
  out.u8(static_cast<std::uint8_t>(operation.attributes.size()));
  for (const lwm2m::AttributeWrite& write : operation.attributes) {
    out.u8(static_cast<std::uint8_t>(write.name));
    out.u8(write.value ? 1 : 0);
    out.uint(std::bit_cast<std::uint64_t>(write.value.value_or(0)), 8);
  }
  const auto size = close_record(out);
  if (!size) return fail(Errc::kTooLarge);
  bytes.resize(*size);
  return {};
}

Result<DecodedQueued> decode_queued(ByteView bytes, std::uint16_t max_paths) noexcept {
  const auto body = record_body(bytes, kMagic, kRecordVersion);
  if (!body) return std::unexpected(body.error());
  ByteReader in(*body);
  const auto id = in.uint(8);
  const auto endpoint = read_field(in, 1);
  const auto flags = in.u8();
  const auto kind = in.u8();
  const auto format = in.uint(2);
  const auto timeout = in.uint(4);
  const auto path = read_path(in);
  const auto object = in.uint(2);
  const auto instance = in.uint(2);
  const auto path_bytes = read_field(in, 2);
  const auto payload = read_field(in, 4);
  const auto arguments = read_field(in, 2);
  const auto attributes = read_attributes(in);
  if (!id || !endpoint || !flags || !kind || !format || !timeout || !object || !instance || !path_bytes ||
      !payload || !arguments) {
    return fail(Errc::kTruncated);
  }
  std::vector<lwm2m::Path> paths(max_paths);
  const auto path_count = decode_paths(*path_bytes, paths);
  if (!path_count) return fail(Errc::kMalformed);
  if (!path) return std::unexpected(path.error());
  if (!attributes) return std::unexpected(attributes.error());
  if (!in.empty() || endpoint->empty() || *flags > kAllFlags) return fail(Errc::kMalformed);
  if (!is_operation_kind(*kind)) return fail(Errc::kUnsupported);

  Operation operation;
  operation.kind = static_cast<OperationKind>(*kind);
  operation.path = *path;
  if ((*flags & kFormatFlag) != 0) operation.format = static_cast<lwm2m::ContentFormat>(*format);
  operation.timeout = Millis(static_cast<Millis::rep>(*timeout));
  if ((*flags & kInstanceFlag) != 0) {
    operation.instance =
        lwm2m::Path(static_cast<std::uint16_t>(*object), static_cast<std::uint16_t>(*instance));
  }
  operation.paths = std::span<const lwm2m::Path>(paths).first(*path_count);
  operation.payload = *payload;
  operation.arguments = as_text(*arguments);
  operation.attributes = *attributes;
  if (const auto possible = check_operation(operation, max_paths); !possible) return fail(Errc::kMalformed);

  DecodedQueued record;
  record.id = QueuedId{*id};
  record.endpoint = as_text(*endpoint);
  record.sent = (*flags & kSentFlag) != 0;
  record.unanswered = (*flags & kFailFlag) != 0 ? Unanswered::kFail : Unanswered::kRepeat;
  record.operation = OwnedOperation(operation);
  return record;
}

}  // namespace linnet::server

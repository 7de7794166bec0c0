// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/tlv.hpp"

#include <bit>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m::tlv {
namespace {

/// Bits 7 and 6 of the type byte.
enum class Kind : std::uint8_t { kInstance = 0, kResourceInstance = 1, kMultipleResource = 2, kResource = 3 };

constexpr unsigned kKindShift = 6;
constexpr std::uint8_t kWideId = 0x20;
constexpr unsigned kLengthWidthShift = 3;
constexpr std::uint8_t kLengthMask = 0x07;
constexpr std::size_t kMaxHeader = 6;
constexpr std::size_t kMaxLength = 0xFFFFFF;

void write_header(ByteWriter& out, Kind kind, std::uint16_t id, std::size_t length) noexcept {
  if (length > kMaxLength) return out.fail_now();
  const std::size_t length_width = length < 8 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  std::size_t type = static_cast<std::size_t>(kind) << kKindShift | length_width << kLengthWidthShift;
  if (length_width == 0) type |= length;
  if (id > 0xFF) type |= kWideId;
  out.u8(static_cast<std::uint8_t>(type));
  out.uint(id, id > 0xFF ? 2 : 1);
  out.uint(length, length_width);
}

/// A number as it is sent: its low `width` bytes.
struct Number {
  std::uint64_t bits;
  std::size_t width;
};

Number number_of(const Value& value) noexcept {
  const std::uint64_t bits = value.bits();
  std::uint64_t most = bits;  // what the width has room for
  switch (value.type()) {
    case DataType::kBoolean: return {bits, 1};
    case DataType::kObjlnk: return {bits, 4};
    case DataType::kFloat: {
      if (const auto single = narrow(value.as_float(), kSingleFormat)) return {*single, 4};
      return {bits, 8};
    }
    case DataType::kUnsigned: break;
    default: most = (static_cast<std::int64_t>(bits) < 0 ? ~bits : bits) << 1; break;  // and a sign
  }
  return {bits, most <= 0xFF ? 1U : most <= 0xFFFF ? 2U : most <= 0xFFFFFFFF ? 4U : 8U};
}

void write_item(ByteWriter& out, Kind kind, std::uint16_t id, const Value& value) noexcept {
  if (value.holds_bytes()) {
    write_header(out, kind, id, value.as_octets().size());
    return out.bytes(value.as_octets());
  }
  const Number number = number_of(value);
  write_header(out, kind, id, number.width);
  out.uint(number.bits, number.width);
}

/// Writes items in tree order. The header of an object instance or multiple resource goes in front
/// of its items once these are there and their length is known.
class Encoder {
 public:
  explicit Encoder(const Encoding& encoding) noexcept : base_(encoding.base), out_(encoding.out) {}

  Result<void> add(const Record& record) noexcept {
    const Path& path = record.path;
    if (!base_.contains(path)) return fail(Errc::kInvalidArgument);
    if (record.value.none()) {
      if (path.depth() == Path::kMaxDepth) return not_acceptable();
      enter(path);
      return {};
    }
    if (path.depth() < 3) return fail(Errc::kInvalidArgument);
    enter(path.prefix(path.depth() == 3 ? 2 : 3));
    if (path.depth() == 3) {
      write_item(out_, Kind::kResource, path.resource(), record.value);
    } else {
      write_item(out_, Kind::kResourceInstance, path.resource_instance(), record.value);
    }
    return {};
  }

  Result<std::size_t> finish() noexcept {
    enter(base_.prefix(base_.depth() < 2 ? base_.depth() : 2));
    return out_.finish();
  }

 private:
  /// Closes what does not contain `place` and opens what does. The levels of the base need no
  /// header, except that a resource is always within its own.
  void enter(const Path& place) noexcept {
    while (open_.depth() > 1 && !open_.contains(place)) close();
    while (open_.depth() < place.depth()) {
      open_ = open_.child(place[open_.depth()]);
      start_[open_.depth() - 1] = out_.size();
    }
  }

  void close() noexcept {
    const std::size_t depth = open_.depth();
    const std::uint16_t id = open_[depth - 1];
    const std::size_t start = start_[depth - 1];
    open_ = open_.prefix(depth - 1);
    if (depth == 2 && (base_.depth() >= 2 || id == kMaxId)) return;
    if (depth == 3 && base_.depth() > 3) return;
    if (depth < 2 || !out_.ok()) return;
    const std::size_t length = out_.size() - start;
    std::array<std::uint8_t, kMaxHeader> bytes;
    ByteWriter header(bytes);
    write_header(header, depth == 2 ? Kind::kInstance : Kind::kMultipleResource, id, length);
    if (!header.ok()) return out_.fail_now();
    out_.advance(header.size());
    if (!out_.ok()) return;
    const ByteSpan written = out_.written();
    std::memmove(written.data() + start + header.size(), written.data() + start, length);
    std::memcpy(written.data() + start, bytes.data(), header.size());
  }

  const Path& base_;
  ByteWriter out_;
  Path open_;  // what the next item goes into
  std::array<std::size_t, Path::kMaxDepth> start_{};
};

/// Makes `value` what the content is as one of this type.
Result<void> read_value(Value& value, ByteView content, DataType type) noexcept {
  const std::size_t size = content.size();
  std::uint64_t bits = 0;
  unsigned sizes = 1U << 1 | 1U << 2 | 1U << 4 | 1U << 8;
  switch (type) {
    case DataType::kNone:
    case DataType::kOpaque: value.set_octets(DataType::kOpaque, content); return {};
    case DataType::kString:
    case DataType::kCorelnk:
      value.set_octets(type, content);
      return valid_utf8(content) ? Result<void>() : malformed();
    case DataType::kFloat: sizes = 1U << 4 | 1U << 8; break;
    case DataType::kBoolean: sizes = 1U << 1; break;
    case DataType::kObjlnk: sizes = 1U << 4; break;
    case DataType::kUnsigned: break;
    default:
      if (size > 0 && content[0] >= 0x80) bits = ~bits;
      break;
  }
  if (size > 8 || (sizes >> size & 1) == 0) return wrong_type();
  for (const std::uint8_t byte : content) bits = bits << 8 | byte;
  if (type == DataType::kFloat && size == 4) {
    bits = std::bit_cast<std::uint64_t>(widen(static_cast<std::uint32_t>(bits), kSingleFormat));
  }
  value.set_bits(type, bits);
  return type == DataType::kBoolean && bits > 1 ? wrong_type() : Result<void>();
}

constexpr std::size_t depth_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::kInstance: return 2;
    case Kind::kResourceInstance: return 4;
    default: return 3;
  }
}

}  // namespace

Result<std::size_t> encode(const Codec& /*codec*/, const Encoding& encoding) noexcept {
  if (encoding.base.depth() == 0) return not_acceptable();
  Encoder encoder(encoding);
  const auto take = [&encoder](const Record& record) { return encoder.add(record); };
  if (const auto walked = encoding.walk(take); !walked) return std::unexpected(walked.error());
  return encoder.finish();
}

Result<void> decode(const Codec& /*codec*/, const Decoding& decoding) noexcept {
  if (decoding.base.depth() == 0) return unsupported_format();
  // Instances and multiple resources, opened one inside the other: each kind goes into the one above only.
  constexpr std::size_t kMaxNesting = 3;
  const std::uint8_t* at = decoding.payload.data();
  std::array<const std::uint8_t*, kMaxNesting> ends;
  ends[0] = at + decoding.payload.size();
  std::size_t level = 0;
  Path inside = decoding.base;  // the innermost one, or what the payload came for
  Record record;
  for (;;) {
    while (at == ends[level]) {
      if (level == 0) return {};
      inside = --level == 0 ? decoding.base : inside.prefix(2);
    }
    const std::uint8_t type = *at++;
    const std::size_t id_width = (type & kWideId) != 0 ? 2 : 1;
    std::size_t length_width = type >> kLengthWidthShift & 0x03;
    if (static_cast<std::size_t>(ends[level] - at) < id_width + length_width) return truncated();
    std::uint16_t id = *at++;
    if (id_width == 2) id = static_cast<std::uint16_t>(id << 8 | *at++);
    std::size_t length = length_width == 0 ? type & kLengthMask : 0;
    for (; length_width > 0; --length_width) length = length << 8 | *at++;
    if (static_cast<std::size_t>(ends[level] - at) < length) return truncated();
    const ByteView content(at, length);
    const auto kind = static_cast<Kind>(type >> kKindShift);
    const std::size_t depth = depth_of(kind);
    // One level deeper; or, for the outermost items only, a level that the base has named already, or a
    // resource of an instance that is not named.
    if (level == 0 && depth == 3 && inside.depth() == 1) inside = inside.child(kMaxId);
    if (id == kMaxId || depth > inside.depth() + 1 || (level > 0 && depth <= inside.depth()))
      return malformed();
    record.path = inside.prefix(depth - 1).child(id);
    const bool container = kind == Kind::kInstance || kind == Kind::kMultipleResource;
    if (container && length > 0) {
      if (++level == kMaxNesting) return malformed();
      ends[level] = at + length;
      inside = record.path;
      continue;
    }
    at += length;
    if (!decoding.base.contains(record.path)) return malformed();
    Result<void> taken;
    record.value = {};
    if (!container) taken = read_value(record.value, content, decoding.type_of(record.path));
    if (taken) taken = decoding.sink(record);
    if (!taken) return taken;
  }
}

}  // namespace linnet::lwm2m::tlv

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/tlv.hpp"

#include <bit>
#include <limits>

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

std::size_t integer_width(std::int64_t v) noexcept {
  if (v == static_cast<std::int8_t>(v)) return 1;
  if (v == static_cast<std::int16_t>(v)) return 2;
  return v == static_cast<std::int32_t>(v) ? 4 : 8;
}

std::size_t unsigned_width(std::uint64_t v) noexcept {
  if (v <= 0xFF) return 1;
  if (v <= 0xFFFF) return 2;
  return v <= 0xFFFFFFFF ? 4 : 8;
}

/// A number as it is sent: its low `width` bytes.
struct Number {
  std::uint64_t bits;
  std::size_t width;
};

Number number_of(const Value& value) noexcept {
  switch (value.type()) {
    case DataType::kUnsigned: return {value.as_unsigned(), unsigned_width(value.as_unsigned())};
    case DataType::kBoolean: return {value.as_boolean() ? 1U : 0U, 1};
    case DataType::kObjlnk:
      return {static_cast<std::uint64_t>(value.as_objlnk().object) << 16 | value.as_objlnk().instance, 4};
    case DataType::kFloat: {
      if (const auto single = narrow(value.as_float(), kSingleFormat)) return {*single, 4};
      return {std::bit_cast<std::uint64_t>(value.as_float()), 8};
    }
    default: return {static_cast<std::uint64_t>(value.as_integer()), integer_width(value.as_integer())};
  }
}

void write_item(ByteWriter& out, Kind kind, std::uint16_t id, const Value& value) noexcept {
  const bool text = value.type() == DataType::kString || value.type() == DataType::kCorelnk;
  if (text || value.type() == DataType::kOpaque) {
    const ByteView bytes = text ? as_bytes(value.as_string()) : value.as_opaque();
    write_header(out, kind, id, bytes.size());
    return out.bytes(bytes);
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

struct Item {
  Kind kind{};
  std::uint16_t id = 0;
  ByteView content;
};

std::uint32_t big_endian(ByteView bytes) noexcept {
  std::uint32_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

/// Takes an item off the front of `rest`, which is not empty.
Result<void> take_item(ByteView& rest, Item& item) noexcept {
  const std::uint8_t type = rest[0];
  const std::size_t id_width = (type & kWideId) != 0 ? 2 : 1;
  const std::size_t length_width = type >> kLengthWidthShift & 0x03;
  const std::size_t header = 1 + id_width + length_width;
  if (rest.size() < header) return truncated();
  const std::uint32_t id = big_endian(rest.subspan(1, id_width));
  const std::size_t length =
      length_width == 0 ? type & kLengthMask : big_endian(rest.subspan(1 + id_width, length_width));
  if (rest.size() - header < length) return truncated();
  if (id == kMaxId) return malformed();
  item = {static_cast<Kind>(type >> kKindShift), static_cast<std::uint16_t>(id),
          rest.subspan(header, length)};
  rest = rest.subspan(header + length);
  return {};
}

Result<Value> read_integer(ByteView content, DataType type) noexcept {
  if (!std::has_single_bit(content.size()) || content.size() > 8) return wrong_type();
  const auto bits = ByteReader(content).uint(content.size());
  if (!bits) return wrong_type();
  if (type == DataType::kUnsigned) return Value::unsigned_integer(*bits);
  const auto unused = static_cast<unsigned>(64 - 8 * content.size());
  const auto v = static_cast<std::int64_t>(*bits << unused) >> unused;
  return type == DataType::kTime ? Value::time(v) : Value::integer(v);
}

Result<Value> read_float(ByteView content) noexcept {
  const auto bits = ByteReader(content).uint(content.size());
  if (!bits || (content.size() != 4 && content.size() != 8)) return wrong_type();
  if (content.size() == 8) return Value::number(std::bit_cast<double>(*bits));
  return Value::number(widen(static_cast<std::uint32_t>(*bits), kSingleFormat));
}

Result<Value> read_value(ByteView content, DataType type) noexcept {
  switch (type) {
    case DataType::kNone:
    case DataType::kOpaque: return Value::opaque(content);
    case DataType::kString:
    case DataType::kCorelnk:
      if (!valid_utf8(content)) return malformed();
      return type == DataType::kString ? Value::string(as_text(content)) : Value::corelnk(as_text(content));
    case DataType::kInteger:
    case DataType::kUnsigned:
    case DataType::kTime: return read_integer(content, type);
    case DataType::kFloat: return read_float(content);
    case DataType::kBoolean:
      if (content.size() != 1 || content[0] > 1) return wrong_type();
      return Value::boolean(content[0] == 1);
    case DataType::kObjlnk: {
      if (content.size() != 4) return wrong_type();
      const auto high = static_cast<std::uint16_t>(content[0] << 8 | content[1]);
      const auto low = static_cast<std::uint16_t>(content[2] << 8 | content[3]);
      return Value::objlnk({high, low});
    }
  }
  return wrong_type();
}

constexpr std::size_t depth_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::kInstance: return 2;
    case Kind::kResourceInstance: return 4;
    default: return 3;
  }
}

/// The path of an item inside `container`: one level deeper; or, for the outermost items only, a
/// level that `base` has named already; or a resource of an instance that is not named.
Result<Path> path_of(const Item& item, const Path& container, bool outermost) noexcept {
  const std::size_t depth = depth_of(item.kind);
  if (depth == container.depth() + 1) return container.child(item.id);
  if (!outermost) return malformed();
  if (depth <= container.depth()) {
    if (container[depth - 1] != item.id) return malformed();
    return container.prefix(depth);
  }
  if (depth == 3 && container.depth() == 1) return container.child(kMaxId).child(item.id);
  return malformed();
}

/// The items of a payload, instances and multiple resources opened one inside the other: at most
/// three levels, as each kind goes into the one above only.
class Decoder {
 public:
  static constexpr std::size_t kMaxNesting = 3;

  explicit Decoder(const Decoding& decoding) noexcept : decoding_(decoding) {
    levels_[0] = {decoding.base, decoding.payload};
  }

  Result<void> run() noexcept {
    std::size_t depth = 1;
    while (depth > 0) {
      Level& level = levels_[depth - 1];
      if (level.rest.empty()) {
        --depth;
        continue;
      }
      Item item;
      if (const auto taken = take_item(level.rest, item); !taken) return taken;
      const auto path = path_of(item, level.path, depth == 1);
      if (!path) return std::unexpected(path.error());
      const bool container = item.kind == Kind::kInstance || item.kind == Kind::kMultipleResource;
      if (container && !item.content.empty()) {
        if (depth == kMaxNesting) return malformed();
        levels_[depth++] = {*path, item.content};
      } else if (const auto given = give(*path, item, container); !given) {
        return given;
      }
    }
    return {};
  }

 private:
  struct Level {
    Path path;
    ByteView rest;
  };

  Result<void> give(const Path& path, const Item& item, bool empty) noexcept {
    if (!decoding_.base.contains(path)) return malformed();
    if (empty) return decoding_.sink(Record{path, {}, {}});
    const auto value = read_value(item.content, decoding_.type_of(path));
    if (!value) return std::unexpected(value.error());
    return decoding_.sink(Record{path, *value, {}});
  }

  const Decoding& decoding_;
  std::array<Level, kMaxNesting> levels_{};
};

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
  return Decoder(decoding).run();
}

}  // namespace linnet::lwm2m::tlv

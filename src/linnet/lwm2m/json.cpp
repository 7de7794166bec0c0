// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/json.hpp"

#include <algorithm>

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/json_token.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m::json {
namespace {

Result<void> write_value(ByteWriter& out, const Value& value) noexcept {
  switch (value.type()) {
    case DataType::kNone: break;
    case DataType::kString:
    case DataType::kCorelnk:
      out.text(R"(,"sv":)");
      write_json_string(out, value.as_string());
      break;
    case DataType::kBoolean: out.text(value.as_boolean() ? R"(,"bv":true)" : R"(,"bv":false)"); break;
    case DataType::kOpaque:
      out.text(R"(,"sv":")");
      write_base64(out, value.as_opaque(), Base64::kStandard);
      out.u8('"');
      break;
    case DataType::kObjlnk:
      out.text(R"(,"ov":")");
      write_objlnk(out, value.as_objlnk());
      out.u8('"');
      break;
    default: out.text(R"(,"v":)"); return write_number(out, value);
  }
  return {};
}

/// A key that is written with escapes; longer than any that means something.
using KeyText = std::array<std::uint8_t, 64>;

/// What holds for all entries. They may stand before it in the text: it is read first.
struct Root {
  std::array<std::uint8_t, Path::kMaxText> name_text;
  std::optional<std::string_view> base_name;
  std::optional<double> base_time;
  std::optional<JsonReader> entries;  ///< in front of the array "e"
};

/// The next item, which must be a number.
double read_seconds(JsonReader& reader) noexcept {
  (void)reader.next();
  reader.read({});
  const Value& value = reader.value();
  if (!value.numeric()) reader.refuse(wrong_type());
  return value.to_double();
}

/// The next item, which must be a name or base name: at most as long as a path.
std::string_view read_name(JsonReader& reader, ByteSpan scratch) noexcept {
  (void)reader.next();
  reader.read(scratch);
  const Value& value = reader.value();
  if (value.type() != DataType::kString) reader.refuse(wrong_type());
  if (value.as_string().size() > Path::kMaxText) reader.refuse(malformed());
  return value.as_string();
}

Result<void> read_root(JsonReader reader, Root& root) noexcept {
  if (reader.next() != Item::kMap) reader.refuse(wrong_type());
  KeyText key_text;
  while (reader.next() != Item::kEnd) {
    reader.read(key_text);
    const std::string_view name = reader.value().as_string();
    const bool repeated =
        (name == "bn" && root.base_name) || (name == "bt" && root.base_time) || (name == "e" && root.entries);
    if (repeated) reader.refuse(malformed());
    if (name == "bn") {
      root.base_name = read_name(reader, root.name_text);
    } else if (name == "bt") {
      root.base_time = read_seconds(reader);
    } else {
      if (name == "e") root.entries = reader;
      reader.skip(reader.next());
    }
  }
  const auto went = reader.finish();
  if (went && !root.entries) return malformed();
  return went;
}

/// One element of "e".
struct Entry {
  std::array<std::uint8_t, Path::kMaxText> name_text;
  std::string_view name;
  std::optional<double> time;
  Value value;
  bool is_string = false;  ///< "sv": text, or the base64 of an Opaque
};

void read_value(JsonReader& reader, DataType expected, Entry& entry, ByteSpan scratch) noexcept {
  if (!entry.value.none()) reader.refuse(malformed());
  (void)reader.next();
  reader.read(scratch);
  entry.value = reader.value();
  const bool fits = expected == DataType::kFloat ? entry.value.numeric() : entry.value.type() == expected;
  if (!fits) reader.refuse(wrong_type());
}

void read_entry(JsonReader& reader, Entry& entry, ByteSpan scratch) noexcept {
  KeyText key_text;
  while (reader.next() != Item::kEnd) {
    reader.read(key_text);
    const std::string_view name = reader.value().as_string();
    if (name == "n") {
      entry.name = read_name(reader, entry.name_text);
    } else if (name == "t") {
      entry.time = read_seconds(reader);
    } else if (name == "v") {
      read_value(reader, DataType::kFloat, entry, scratch);
    } else if (name == "bv") {
      read_value(reader, DataType::kBoolean, entry, scratch);
    } else if (name == "sv") {
      entry.is_string = true;
      read_value(reader, DataType::kString, entry, scratch);
    } else if (name == "ov") {
      read_value(reader, DataType::kString, entry, scratch);
      if (!make_typed(entry.value, DataType::kObjlnk)) reader.refuse(malformed());
    } else {
      reader.skip(reader.next());
    }
  }
  if (entry.value.none()) reader.refuse(malformed());
}

Result<Path> join(std::string_view first, std::string_view between, std::string_view last) noexcept {
  std::array<std::uint8_t, 2 * Path::kMaxText + 1> text;
  ByteWriter out(text);
  out.text(first);
  out.text(between);
  out.text(last);
  return Path::parse(as_text(out.written()));
}

/// The base name in front of the name. Without one the name is relative to the path of the message.
/// Some peers leave out the slash between the two.
Result<Path> path_of(const Path& base, const Root& root, std::string_view name) noexcept {
  if (!root.base_name && name.empty()) return base;
  std::array<std::uint8_t, Path::kMaxText> base_text;
  ByteWriter writer(base_text);
  if (base.depth() > 0) base.write(writer);
  const std::string_view before = root.base_name.value_or(as_text(writer.written()));
  for (const std::string_view between : {"", "/"}) {
    if (!root.base_name && between.empty() && !name.starts_with('/')) continue;
    const auto path = join(before, between, name);
    if (path && path->depth() >= 3 && base.contains(*path)) return *path;
  }
  return malformed();
}

Result<void> make_typed(Entry& entry, DataType type, ByteSpan scratch) noexcept {
  if (!entry.is_string || type != DataType::kOpaque) return make_typed(entry.value, type);
  return decode_base64(entry.value, scratch, Base64::kStandard);
}

}  // namespace

Result<std::size_t> encode(const Codec& /*codec*/, const Encoding& encoding) noexcept {
  const Path& base = encoding.base;
  if (base.depth() == 0) return not_acceptable();
  // What stands before the last segment, so that every name has one: "/3/" , "/3/0/", "/3/0/7/".
  const std::size_t depth = base.depth() < 3 ? base.depth() : base.depth() - 1;
  std::array<std::uint8_t, Path::kMaxText> base_text;
  ByteWriter base_name(base_text);
  base.prefix(depth).write(base_name);
  base_name.u8('/');

  ByteWriter writer(encoding.out);
  writer.text(R"({"bn":")");
  writer.bytes(base_name.written());
  writer.text(R"(","e":[)");
  bool first = true;
  const auto take = [&](const Record& record) -> Result<void> {
    if (!base.contains(record.path)) return fail(Errc::kInvalidArgument);
    if (record.value.none()) return {};  // there is no entry without a value
    if (record.path.depth() < 3) return fail(Errc::kInvalidArgument);
    std::array<std::uint8_t, Path::kMaxText> text;
    ByteWriter name(text);
    record.path.write(name);
    writer.text(first ? R"({"n":")" : R"(,{"n":")");
    writer.bytes(ByteView(name.written()).subspan(base_name.size()));
    writer.u8('"');
    if (record.time) {
      if (!is_finite(*record.time)) return fail(Errc::kInvalidArgument);
      writer.text(R"(,"t":)");
      write_double(writer, *record.time);
    }
    const auto written = write_value(writer, record.value);
    writer.u8('}');
    first = false;
    return written;
  };
  if (const auto walked = encoding.walk(take); !walked) return std::unexpected(walked.error());
  writer.text("]}");
  return writer.finish();
}

Result<void> decode(const Codec& /*codec*/, const Decoding& decoding) noexcept {
  Root root;
  if (const auto read = read_root(JsonReader(as_text(decoding.payload)), root); !read) return read;
  JsonReader reader = *root.entries;
  if (reader.next() != Item::kArray) return wrong_type();
  for (Item item = reader.next(); item != Item::kEnd; item = reader.next()) {
    if (item != Item::kMap) return wrong_type();
    Entry entry;
    read_entry(reader, entry, decoding.scratch);
    if (!reader.ok()) return reader.finish();
    const auto path = path_of(decoding.base, root, entry.name);
    if (!path || path->depth() < 3) return malformed();
    const auto fits = make_typed(entry, decoding.type_of(*path), decoding.scratch);
    if (!fits) return fits;
    Record record{*path, entry.value, {}};
    if (entry.time || root.base_time) {
      record.time = entry.time.value_or(0) + root.base_time.value_or(0);
      if (!is_finite(*record.time)) return malformed();
    }
    if (const auto taken = decoding.sink(record); !taken) return taken;
  }
  return {};
}

}  // namespace linnet::lwm2m::json

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/json.hpp"

#include <algorithm>

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
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
    case DataType::kInteger:
    case DataType::kTime:
      out.text(R"(,"v":)");
      write_integer(out, value.as_integer());
      break;
    case DataType::kUnsigned:
      out.text(R"(,"v":)");
      write_digits(out, value.as_unsigned());
      break;
    case DataType::kFloat:
      if (!is_finite(value.as_float())) return not_acceptable();
      out.text(R"(,"v":)");
      write_double(out, value.as_float());
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
  }
  return {};
}

/// What holds for all entries. They may stand before it in the text: it is read first.
struct Root {
  std::array<std::uint8_t, Path::kMaxText> name_text;
  std::optional<std::string_view> base_name;
  double base_time = 0;
  bool has_base_time = false;
  std::optional<JsonReader> entries;  ///< at the array "e"
};

Result<double> read_seconds(JsonReader& reader) noexcept {
  const auto value = reader.value({});
  if (!value) return std::unexpected(value.error());
  if (!value->numeric()) return wrong_type();
  return value->to_double();
}

/// A name or base name, which is at most as long as a path.
Result<std::string_view> read_name(JsonReader& reader, ByteSpan scratch) noexcept {
  const auto found = reader.string();
  if (!found) return std::unexpected(found.error());
  const auto text = found->text(scratch);
  if (!text || text->size() > Path::kMaxText) return malformed();
  return *text;
}

Result<void> read_root(JsonReader reader, Root& root) noexcept {
  auto object = reader.open_object();
  if (!object) return std::unexpected(object.error());
  while (true) {
    const auto another = reader.more(*object);
    if (!another) return std::unexpected(another.error());
    if (!*another) break;
    const auto key = reader.key();
    if (!key) return std::unexpected(key.error());
    if (key->is("bn")) {
      const auto name = read_name(reader, root.name_text);
      if (!name || root.base_name) return name ? malformed() : std::unexpected(name.error());
      root.base_name = *name;
    } else if (key->is("bt")) {
      const auto seconds = read_seconds(reader);
      if (!seconds || root.has_base_time) return seconds ? malformed() : std::unexpected(seconds.error());
      root.base_time = *seconds;
      root.has_base_time = true;
    } else {
      if (key->is("e")) {
        if (root.entries) return malformed();
        root.entries = reader;
      }
      if (const auto passed = reader.skip(); !passed) return passed;
    }
  }
  if (!root.entries) return malformed();
  return reader.end();
}

/// One element of "e".
struct Entry {
  std::array<std::uint8_t, Path::kMaxText> name_text;
  std::string_view name;
  std::optional<double> time;
  Value value;
  bool is_string = false;  ///< "sv": text, or the base64 of an Opaque
};

Result<void> read_value(JsonReader& reader, DataType expected, Entry& entry, ByteSpan scratch) noexcept {
  if (!entry.value.none()) return malformed();
  const auto value = reader.value(scratch);
  if (!value) return std::unexpected(value.error());
  const bool fits = expected == DataType::kFloat ? value->numeric() : value->type() == expected;
  if (!fits) return wrong_type();
  entry.value = *value;
  return {};
}

Result<void> read_member(JsonReader& reader, Entry& entry, ByteSpan scratch) noexcept {
  const auto key = reader.key();
  if (!key) return std::unexpected(key.error());
  if (key->is("n")) {
    const auto name = read_name(reader, entry.name_text);
    if (!name) return std::unexpected(name.error());
    entry.name = *name;
    return {};
  }
  if (key->is("t")) {
    const auto seconds = read_seconds(reader);
    if (!seconds) return std::unexpected(seconds.error());
    entry.time = *seconds;
    return {};
  }
  if (key->is("v")) return read_value(reader, DataType::kFloat, entry, scratch);
  if (key->is("bv")) return read_value(reader, DataType::kBoolean, entry, scratch);
  if (key->is("sv")) {
    entry.is_string = true;
    return read_value(reader, DataType::kString, entry, scratch);
  }
  if (!key->is("ov")) return reader.skip();
  std::array<std::uint8_t, kMaxObjlnkText> link_text;
  if (const auto read = read_value(reader, DataType::kString, entry, link_text); !read) return read;
  const auto link = parse_objlnk(entry.value.as_string());
  if (!link) return std::unexpected(link.error());
  entry.value = Value::objlnk(*link);
  return {};
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

Result<Value> typed_value(const Entry& entry, DataType type, ByteSpan scratch) noexcept {
  if (!entry.is_string || type != DataType::kOpaque) return typed(entry.value, type);
  const auto bytes = decode_base64(as_bytes(entry.value.as_string()), scratch, Base64::kStandard);
  if (!bytes) return std::unexpected(bytes.error());
  return Value::opaque(*bytes);
}

Result<void> read_entry(JsonReader& reader, Entry& entry, ByteSpan scratch) noexcept {
  auto object = reader.open_object();
  if (!object) return std::unexpected(object.error());
  while (true) {
    const auto another = reader.more(*object);
    if (!another) return std::unexpected(another.error());
    if (!*another) break;
    if (const auto read = read_member(reader, entry, scratch); !read) return read;
  }
  if (entry.value.none()) return malformed();
  return {};
}

}  // namespace

Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept {
  if (base.depth() == 0) return not_acceptable();
  // What stands before the last segment, so that every name has one: "/3/" , "/3/0/", "/3/0/7/".
  const std::size_t depth = base.depth() < 3 ? base.depth() : base.depth() - 1;
  std::array<std::uint8_t, Path::kMaxText> base_text;
  ByteWriter base_name(base_text);
  base.prefix(depth).write(base_name);
  base_name.u8('/');

  ByteWriter writer(out);
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
  if (const auto walked = walk(take); !walked) return std::unexpected(walked.error());
  writer.text("]}");
  return writer.finish();
}

Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                    RecordSink sink) noexcept {
  Root root;
  if (const auto read = read_root(JsonReader(payload), root); !read) return read;
  JsonReader reader = *root.entries;
  auto array = reader.open_array();
  if (!array) return std::unexpected(array.error());
  while (true) {
    const auto another = reader.more(*array);
    if (!another) return std::unexpected(another.error());
    if (!*another) return {};
    Entry entry;
    if (const auto read = read_entry(reader, entry, scratch); !read) return read;
    const auto path = path_of(base, root, entry.name);
    if (!path) return std::unexpected(path.error());
    if (path->depth() < 3) return malformed();
    const auto value = typed_value(entry, type_of(*path), scratch);
    if (!value) return std::unexpected(value.error());
    Record record{*path, *value, {}};
    if (entry.time || root.has_base_time) {
      record.time = entry.time.value_or(0) + root.base_time;
      if (!is_finite(*record.time)) return malformed();
    }
    if (const auto taken = sink(record); !taken) return taken;
  }
}

}  // namespace linnet::lwm2m::json

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/lwm2m/records.hpp"

#include <gtest/gtest.h>

namespace linnet::lwm2m {
namespace {

bool views(DataType type) {
  return type == DataType::kString || type == DataType::kCorelnk || type == DataType::kOpaque;
}

}  // namespace

OwnedRecord::OwnedRecord(const Path& at, const Value& v, std::optional<double> t)
    : path(at), value(v), time(t) {
  if (v.type() == DataType::kOpaque) bytes = as_text(v.as_opaque());
  if (v.type() == DataType::kString || v.type() == DataType::kCorelnk) bytes = v.as_string();
}

Record OwnedRecord::view() const {
  if (!views(value.type())) return {path, value, time};
  if (value.type() == DataType::kOpaque) return {path, Value::opaque(as_bytes(bytes)), time};
  return {path, value.type() == DataType::kString ? Value::string(bytes) : Value::corelnk(bytes), time};
}

bool operator==(const OwnedRecord& a, const OwnedRecord& b) {
  return a.path == b.path && a.time == b.time && a.view().value == b.view().value;
}

std::ostream& operator<<(std::ostream& out, const OwnedRecord& record) {
  std::uint8_t text[Path::kMaxText];
  ByteWriter writer(text);
  record.path.write(writer);
  out << as_text(writer.written()) << " " << to_string(record.value.type()) << " ";
  if (views(record.value.type())) out << to_hex(record.bytes);
  if (record.value.numeric()) out << record.value.to_double();
  if (record.value.type() == DataType::kBoolean) out << record.value.as_boolean();
  if (record.value.type() == DataType::kObjlnk) {
    out << record.value.as_objlnk().object << ":" << record.value.as_objlnk().instance;
  }
  if (record.time) out << " @" << *record.time;
  return out;
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  std::string pair;
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    pair += c;
    if (pair.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(pair, nullptr, 16));
    pair.clear();
  }
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

std::string encoded(ContentFormat format, const Path& base, const Records& records, std::size_t room) {
  std::vector<std::uint8_t> out(room);
  const auto walk = [&records](RecordSink sink) -> Result<void> {
    for (const OwnedRecord& record : records) {
      if (const auto taken = sink(record.view()); !taken) return taken;
    }
    return {};
  };
  const auto size = encode(format, base, walk, out);
  if (!size) return std::string("!") + to_string(size.error().code);
  return std::string(as_text(ByteView(out).first(*size)));
}

Decoded decoded(ContentFormat format, const Path& base, std::string_view payload, TypeOf type_of,
                std::size_t scratch) {
  // Exactly as large as it says, so that a sanitizer sees a read or write beyond.
  const std::vector<std::uint8_t> input(payload.begin(), payload.end());
  std::vector<std::uint8_t> buffer(scratch);
  Decoded result;
  const auto sink = [&result](const Record& record) -> Result<void> {
    result.records.emplace_back(record.path, record.value, record.time);
    return {};
  };
  if (const auto done = decode(format, base, input, type_of, buffer, sink); !done)
    result.error = done.error();
  return result;
}

Decoded decoded(ContentFormat format, const Path& base, std::string_view payload, DataType type,
                std::size_t scratch) {
  return decoded(format, base, payload, [type](const Path&) { return type; }, scratch);
}

Error decode_error(ContentFormat format, const Path& base, std::string_view payload, DataType type,
                   std::size_t scratch) {
  const Decoded result = decoded(format, base, payload, type, scratch);
  EXPECT_TRUE(result.error.has_value()) << "was read: " << payload;
  return result.error.value_or(Error{Errc::kIo});
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_record.hpp"

#include <bit>

#include "linnet/server/record_fields.hpp"

namespace linnet::server {

using lwm2m::DataType;
using lwm2m::Path;
using lwm2m::Value;

namespace {

constexpr std::uint8_t kConfigurationLetter = 'B';
constexpr std::uint8_t kResultLetter = 'b';
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxSize = 1U << 20U;  // of a record in the store
constexpr std::uint16_t kNoFormat = 0xFFFF;
/// More than the fixed parts of one element take.
constexpr std::size_t kElementRoom = 64;

// Out.

void write_path(ByteWriter& out, const Path& path) {
  out.u8(static_cast<std::uint8_t>(path.depth()));
  for (std::size_t i = 0; i < path.depth(); ++i) out.uint(path[i], 2);
}

void write_paths(ByteWriter& out, const std::vector<Path>& paths) {
  out.uint(paths.size(), 2);
  for (const Path& path : paths) write_path(out, path);
}

void write_value(ByteWriter& out, const Value& value) {
  out.u8(static_cast<std::uint8_t>(value.type()));
  switch (value.type()) {
    case DataType::kNone: return;
    case DataType::kString:
    case DataType::kCorelnk: return write_field(out, as_bytes(value.as_string()), 4);
    case DataType::kOpaque: return write_field(out, value.as_opaque(), 4);
    case DataType::kInteger:
    case DataType::kTime: return out.uint(static_cast<std::uint64_t>(value.as_integer()), 8);
    case DataType::kUnsigned: return out.uint(value.as_unsigned(), 8);
    case DataType::kFloat: return out.uint(std::bit_cast<std::uint64_t>(value.as_float()), 8);
    case DataType::kBoolean: return out.uint(value.as_boolean() ? 1 : 0, 8);
    case DataType::kObjlnk:
      return out.uint(std::uint64_t{value.as_objlnk().object} << 16U | value.as_objlnk().instance, 8);
  }
}

void write_step(ByteWriter& out, const BootstrapStep& step) {
  out.u8(static_cast<std::uint8_t>(step.verb));
  write_path(out, step.path);
}

std::size_t room_for(const BootstrapConfiguration& configuration) {
  std::size_t room = kElementRoom * (1 + configuration.discover.size() + configuration.read.size() +
                                     configuration.deletions.size() + configuration.unbootstrap.size());
  for (const std::string& endpoint : configuration.endpoints) room += 1 + endpoint.size();
  for (const BootstrapWrite& write : configuration.writes) {
    room += kElementRoom;
    for (const OwnedRecord& record : write.records) room += kElementRoom + record.value.size();
  }
  return room;
}

Result<std::vector<std::uint8_t>> finish(ByteWriter& out, std::vector<std::uint8_t>& room) {
  const auto size = close_record(out);
  if (!size || *size > kMaxSize) return fail(Errc::kTooLarge);
  room.resize(*size);
  return std::move(room);
}

// In. Each reader fails for good with its first error, so that a whole record is checked at its end.

class RecordReader {
 public:
  explicit RecordReader(ByteView body) noexcept : in_(body) {}

  std::uint64_t number(std::size_t width) { return take(in_.uint(width), std::uint64_t{0}); }
  /// A number of which the values from 0 to `most` mean something.
  template <typename Enum>
  Enum one_of(Enum most) {
    const std::uint64_t value = number(1);
    if (value > static_cast<std::uint64_t>(most)) fault_ = fault_.value_or(Errc::kMalformed);
    return static_cast<Enum>(value);
  }
  ByteView field(std::size_t width) { return take(read_field(in_, width), ByteView{}); }
  std::string text(std::size_t width) { return std::string(as_text(field(width))); }
  /// Calls `read` so many times as a count of 2 bytes says, and stops at an error.
  template <typename Read>
  void list(Read&& read) {
    for (std::uint64_t left = number(2); left > 0 && !fault_; --left) read();
  }
  Path path() {
    const std::uint64_t depth = number(1);
    if (depth > Path::kMaxDepth) fault_ = fault_.value_or(Errc::kMalformed);
    Path path;
    for (std::uint64_t i = 0; i < depth && !fault_; ++i)
      path = path.child(static_cast<std::uint16_t>(number(2)));
    return path;
  }
  std::vector<Path> paths() {
    std::vector<Path> paths;
    list([&] { paths.push_back(path()); });
    return paths;
  }
  OwnedValue value() {
    const auto type = one_of(DataType::kCorelnk);
    switch (type) {
      case DataType::kNone: return OwnedValue(Value());
      case DataType::kString: return OwnedValue(Value::string(as_text(field(4))));
      case DataType::kCorelnk: return OwnedValue(Value::corelnk(as_text(field(4))));
      case DataType::kOpaque: return OwnedValue(Value::opaque(field(4)));
      default: break;
    }
    const std::uint64_t bits = number(8);
    const bool wide =
        (type == DataType::kBoolean && bits > 1) || (type == DataType::kObjlnk && bits > UINT32_MAX);
    if (wide) fault_ = fault_.value_or(Errc::kMalformed);
    const auto integer = static_cast<std::int64_t>(bits);
    switch (type) {
      case DataType::kInteger: return OwnedValue(Value::integer(integer));
      case DataType::kTime: return OwnedValue(Value::time(integer));
      case DataType::kUnsigned: return OwnedValue(Value::unsigned_integer(bits));
      case DataType::kFloat: return OwnedValue(Value::number(std::bit_cast<double>(bits)));
      case DataType::kBoolean: return OwnedValue(Value::boolean(bits != 0));
      default:
        return OwnedValue(Value::objlnk(
            {static_cast<std::uint16_t>(bits >> 16U), static_cast<std::uint16_t>(bits & 0xFFFFU)}));
    }
  }
  BootstrapStep step() {
    const auto verb = one_of(BootstrapVerb::kFinish);
    return {verb, path()};
  }
  [[nodiscard]] bool more() const noexcept { return !fault_ && !in_.empty(); }
  /// What went wrong, also when something is left.
  [[nodiscard]] std::optional<Errc> fault() const noexcept {
    if (fault_) return fault_;
    return in_.empty() ? std::nullopt : std::optional(Errc::kMalformed);
  }

 private:
  template <typename T>
  T take(const Result<T>& result, T otherwise) {
    if (!fault_ && result) return *result;
    if (!fault_) fault_ = result.error().code;
    return otherwise;
  }

  ByteReader in_;
  std::optional<Errc> fault_;
};

}  // namespace

Result<std::vector<std::uint8_t>> encode_record(const BootstrapConfiguration& configuration) {
  std::vector<std::uint8_t> room(room_for(configuration));
  ByteWriter out(room);
  open_record(out, kConfigurationLetter, kVersion);
  out.uint(configuration.endpoints.size(), 2);
  for (const std::string& endpoint : configuration.endpoints) write_field(out, as_bytes(endpoint), 1);
  write_paths(out, configuration.discover);
  write_paths(out, configuration.read);
  write_paths(out, configuration.deletions);
  out.uint(configuration.writes.size(), 2);
  for (const BootstrapWrite& write : configuration.writes) {
    write_path(out, write.path);
    out.uint(write.records.size(), 2);
    for (const OwnedRecord& record : write.records) {
      write_path(out, record.path);
      write_value(out, record.value.view());
    }
  }
  // Last, and only where there is something: records of before this was known end here.
  if (!configuration.unbootstrap.empty()) {
    out.uint(configuration.unbootstrap.size(), 2);
    for (const lwm2m::ShortServerId server : configuration.unbootstrap) out.uint(server, 2);
  }
  return finish(out, room);
}

Result<BootstrapConfiguration> decode_configuration(std::string_view name, ByteView record) {
  const auto body = record_body(record, kConfigurationLetter, kVersion);
  if (!body) return std::unexpected(body.error());
  RecordReader in(*body);
  BootstrapConfiguration configuration;
  configuration.name = name;
  in.list([&] { configuration.endpoints.push_back(in.text(1)); });
  configuration.discover = in.paths();
  configuration.read = in.paths();
  configuration.deletions = in.paths();
  in.list([&] {
    BootstrapWrite write{in.path(), {}};
    in.list([&] {
      const Path path = in.path();
      write.records.push_back({path, in.value()});
    });
    configuration.writes.push_back(std::move(write));
  });
  if (in.more()) {
    in.list([&] { configuration.unbootstrap.push_back(static_cast<lwm2m::ShortServerId>(in.number(2))); });
    if (configuration.unbootstrap.empty()) return fail(Errc::kMalformed);
  }
  if (const auto fault = in.fault()) return fail(*fault);
  return configuration;
}

Result<std::vector<std::uint8_t>> encode_record(const BootstrapResult& result) {
  std::size_t size = kElementRoom + result.configuration.size();
  for (const BootstrapAnswer& answer : result.answers) size += kElementRoom + answer.payload.size();
  std::vector<std::uint8_t> room(size);
  ByteWriter out(room);
  open_record(out, kResultLetter, kVersion);
  write_field(out, as_bytes(result.configuration), 1);
  out.u8(static_cast<std::uint8_t>(result.ending));
  write_step(out, result.step);
  out.u8(static_cast<std::uint8_t>(result.code));
  out.u8(static_cast<std::uint8_t>(result.failure));
  out.uint(static_cast<std::uint64_t>(result.at.seconds), 8);
  out.uint(static_cast<std::uint64_t>(result.took.count()), 4);
  out.uint(result.written, 2);
  out.uint(result.unchanged, 2);
  out.uint(result.answers.size(), 2);
  for (const BootstrapAnswer& answer : result.answers) {
    write_step(out, answer.step);
    out.u8(static_cast<std::uint8_t>(answer.code));
    out.uint(answer.format ? static_cast<std::uint16_t>(*answer.format) : kNoFormat, 2);
    write_field(out, answer.payload, 2);
  }
  return finish(out, room);
}

Result<BootstrapResult> decode_result(std::string_view endpoint, ByteView record) {
  const auto body = record_body(record, kResultLetter, kVersion);
  if (!body) return std::unexpected(body.error());
  RecordReader in(*body);
  BootstrapResult result;
  result.endpoint = endpoint;
  result.configuration = in.text(1);
  result.ending = in.one_of(BootstrapResult::Ending::kFailed);
  result.step = in.step();
  result.code = static_cast<coap::Code>(in.number(1));
  result.failure = in.one_of(Errc::kIo);
  result.at.seconds = static_cast<std::int64_t>(in.number(8));
  result.took = Millis(in.number(4));
  result.written = static_cast<std::uint16_t>(in.number(2));
  result.unchanged = static_cast<std::uint16_t>(in.number(2));
  in.list([&] {
    BootstrapAnswer answer;
    answer.step = in.step();
    answer.code = static_cast<coap::Code>(in.number(1));
    const auto format = static_cast<std::uint16_t>(in.number(2));
    if (format != kNoFormat) answer.format = static_cast<lwm2m::ContentFormat>(format);
    const ByteView payload = in.field(2);
    answer.payload.assign(payload.begin(), payload.end());
    result.answers.push_back(std::move(answer));
  });
  if (const auto fault = in.fault()) return fail(*fault);
  return result;
}

}  // namespace linnet::server

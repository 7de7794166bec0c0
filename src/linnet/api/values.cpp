// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/values.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/link_format.hpp"
#include "linnet/lwm2m/text.hpp"
#include "linnet/registry/model_registry.hpp"
#include "linnet/server/bootstrap_payload.hpp"
#include "linnet/server/formats.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using lwm2m::DataType;
using lwm2m::Path;
using lwm2m::Value;

/// What a record needs beside its bytes in the longest format, and what one of its bytes becomes at
/// most (JSON: \u001f).
constexpr std::size_t kRecordRoom = 128;
constexpr std::size_t kByteRoom = 6;

/// A body has no more levels than {"values": {"0": {"0": 1}}}; deeper ones are not kept, as what
/// walks a document does so by recursion.
constexpr int kMaxDepth = 8;

std::unexpected<Problem> wrong_value(const std::string& where, DataType type, const Json& json) {
  constexpr std::size_t kShown = 60;
  std::string shown = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (shown.size() > kShown) shown = shown.substr(0, kShown) + "...";
  return bad_request(where + ": " + shown + " is no " + std::string(lwm2m::to_string(type)));
}

/// Takes a text apart from its front.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}

  /// Exactly so many digits; -1 where they are not there.
  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return -1;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  /// One character out of these; '\0' where it is another.
  char mark(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return '\0';
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }
  void skip_digits() {
    while (number(1) >= 0) {
    }
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// The offset of RFC 3339's `time-offset` in seconds.
std::optional<int> parse_offset(TextReader& in) {
  if (in.mark("Zz") != '\0') return 0;
  const char sign = in.mark("+-");
  const int hours = sign == '\0' ? -1 : in.number(2);
  const int minutes = in.mark(":") == '\0' ? -1 : in.number(2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (sign == '+' ? 60 : -60) * (hours * 60 + minutes);
}

/// A date-time of RFC 3339; fractions of a second are cut off.
std::optional<std::int64_t> parse_time(std::string_view text) {
  TextReader in(text);
  const int year = in.number(4);
  if (in.mark("-") == '\0') return std::nullopt;
  const int month = in.number(2);
  if (in.mark("-") == '\0') return std::nullopt;
  const int day = in.number(2);
  if (in.mark("Tt ") == '\0') return std::nullopt;
  const int hour = in.number(2);
  if (in.mark(":") == '\0') return std::nullopt;
  const int minute = in.number(2);
  if (in.mark(":") == '\0') return std::nullopt;
  const int second = in.number(2);
  if (std::min({year, month, day, hour, minute, second}) < 0) return std::nullopt;
  if (in.mark(".") != '\0') {
    if (in.number(1) < 0) return std::nullopt;
    in.skip_digits();
  }
  const auto offset = parse_offset(in);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!offset || !in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400LL + hour * 3600 + minute * 60 + second - *offset;
}

/// The value in LwM2M's text form (digest §2), as text/plain carries it.
std::optional<OwnedValue> parse_text_form(std::string_view text, DataType type) {
  std::vector<std::uint8_t> scratch(text.size() + 8);
  std::optional<OwnedValue> out;
  const auto taken = lwm2m::kTextCodec.decode(
      Path(1, 0, 0), as_bytes(text), [type](const Path&) { return type; }, scratch,
      [&](const lwm2m::Record& record) -> Result<void> {
        out.emplace(record.value);
        return {};
      });
  if (!taken) return std::nullopt;
  return out;
}

OrProblem<OwnedValue> from_string(const Json& json, DataType type, const std::string& where) {
  const auto& text = json.get_ref<const std::string&>();
  if (type == DataType::kBoolean && (text == "true" || text == "false")) {
    return OwnedValue(Value::boolean(text == "true"));
  }
  if (type == DataType::kTime) {
    if (const auto seconds = parse_time(text)) return OwnedValue(Value::time(*seconds));
  }
  if (auto value = parse_text_form(text, type == DataType::kNone ? DataType::kString : type))
    return *std::move(value);
  return wrong_value(where, type, json);
}

OrProblem<OwnedValue> from_number(const Json& json, DataType type, const std::string& where) {
  Value value;
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) {
    value = Value::unsigned_integer(json.get<std::uint64_t>());
  } else if (json.is_number_integer()) {
    value = Value::integer(json.get<std::int64_t>());
  } else {
    value = Value::number(json.get<double>());
  }
  const auto converted = type == DataType::kNone ? Result<Value>(value) : value.convert(type);
  if (!converted) return wrong_value(where, type, json);
  return OwnedValue(*converted);
}

/// Adds what one resource is given: a value, or an object from instance to value.
OrProblem<void> add_resource(const Json& json, const Path& path, const lwm2m::ResourceModel* resource,
                             std::vector<OwnedRecord>& records) {
  const DataType type = resource == nullptr ? DataType::kNone : resource->type;
  if (!json.is_object()) {
    if (resource != nullptr && resource->multiple && path.depth() == 3) {
      return bad_request(path_text(path) + " is a multiple resource: give an object from instance to value");
    }
    auto value = from_json(json, type, path_text(path));
    if (!value) return std::unexpected(std::move(value).error());
    records.push_back({path, *std::move(value)});
    return {};
  }
  if (path.depth() != 3 || (resource != nullptr && !resource->multiple)) {
    return bad_request(path_text(path) + " is not a multiple resource: give one value");
  }
  if (json.empty()) records.push_back({path, OwnedValue(Value())});
  for (const auto& [name, item] : json.items()) {
    const auto instance = Path::parse_segment(name);
    if (!instance) return bad_request(path_text(path) + ": '" + name + "' is no resource instance");
    auto value = from_json(item, type, path_text(path.child(*instance)));
    if (!value) return std::unexpected(std::move(value).error());
    records.push_back({path.child(*instance), *std::move(value)});
  }
  return {};
}

/// A key of `values`: a number, or a name of the model.
OrProblem<lwm2m::ResourceId> resource_id(const std::string& name, const lwm2m::ObjectModel* model) {
  if (const auto number = Path::parse_segment(name)) return *number;
  const lwm2m::ResourceModel* const resource =
      model == nullptr ? nullptr : registry::find_resource(*model, name);
  if (resource == nullptr) return bad_request("'" + name + "' is no resource of this object");
  return resource->id;
}

}  // namespace

std::string path_text(const Path& path) {
  return server::text_of(path);
}

Json paths_json(std::span<const Path> paths) {
  Json list = Json::array();
  for (const Path& path : paths) list.push_back(path_text(path));
  return list;
}

std::string time_text(UnixTime time) {
  // Years that RFC 3339 can write; further away the number has to do.
  constexpr std::int64_t kFirst = -62'167'219'200, kLast = 253'402'300'799;
  if (time.seconds < kFirst || time.seconds > kLast) return std::to_string(time.seconds);
  const std::chrono::sys_seconds at{std::chrono::seconds(time.seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(at - day);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string senml_time_text(double time, UnixTime now) {
  constexpr double kFirstAbsolute = 268'435'456;  // 2^28
  constexpr double kMillis = 1000;
  constexpr double kFurthest = 1e12;  // seconds; beyond any year that can be written
  const double seconds = time < kFirstAbsolute ? static_cast<double>(now.seconds) + time : time;
  if (std::abs(seconds) > kFurthest) return Json(seconds).dump();
  const auto millis = static_cast<std::int64_t>(std::llround(seconds * kMillis));
  const std::int64_t rest = (millis % 1000 + 1000) % 1000;
  std::string text = time_text(UnixTime{(millis - rest) / 1000});
  if (rest == 0 || !text.ends_with('Z')) return text;
  std::string digits = std::to_string(1000 + rest);
  digits[0] = '.';
  return text.replace(text.size() - 1, 1, digits + "Z");
}

Json to_json(const Value& value) {
  switch (value.type()) {
    case DataType::kNone: return nullptr;
    case DataType::kString:
    case DataType::kCorelnk: return std::string(value.as_string());
    case DataType::kInteger: return value.as_integer();
    case DataType::kUnsigned: return value.as_unsigned();
    case DataType::kFloat: return value.as_float();
    case DataType::kBoolean: return value.as_boolean();
    case DataType::kTime: return time_text(UnixTime{value.as_integer()});
    case DataType::kObjlnk:
      return std::to_string(value.as_objlnk().object) + ":" + std::to_string(value.as_objlnk().instance);
    case DataType::kOpaque: {
      std::vector<std::uint8_t> text(lwm2m::base64_size(value.as_opaque().size(), lwm2m::Base64::kStandard));
      ByteWriter out(text);
      lwm2m::write_base64(out, value.as_opaque(), lwm2m::Base64::kStandard);
      return std::string(as_text(out.written()));
    }
  }
  return nullptr;
}

OrProblem<OwnedValue> from_json(const Json& json, DataType type, const std::string& where) {
  if (json.is_string()) return from_string(json, type, where);
  if (json.is_number() && type != DataType::kBoolean) return from_number(json, type, where);
  if (json.is_boolean() && (type == DataType::kBoolean || type == DataType::kNone)) {
    return OwnedValue(Value::boolean(json.get<bool>()));
  }
  return wrong_value(where, type, json);
}

OrProblem<Json> parse_body(const std::string& text) {
  if (text.empty()) return Json();
  bool too_deep = false;
  const auto keep = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  Json body = Json::parse(text, keep, false);
  if (too_deep) return bad_request("the body is nested too deeply");
  if (body.is_discarded()) return bad_request("the body is no JSON");
  return body;
}

OrProblem<std::vector<OwnedRecord>> read_body(const Json& body, const Path& base,
                                              const lwm2m::ObjectModel* model) {
  std::vector<OwnedRecord> records;
  if (!body.is_object()) return bad_request("the body must be a JSON object");
  if (base.depth() >= 3) {
    if (!body.contains("value")) return bad_request("the body needs a \"value\"");
    const auto* const resource = model == nullptr ? nullptr : model->find(base.resource());
    if (auto added = add_resource(body["value"], base, resource, records); !added) {
      return std::unexpected(std::move(added).error());
    }
    return records;
  }
  const auto at = body.find("values");
  if (at == body.end()) return records;
  const Json& values = *at;
  if (!values.is_object()) return bad_request("\"values\" must be an object from resource to value");
  for (const auto& [name, item] : values.items()) {
    const auto id = resource_id(name, model);
    if (!id) return std::unexpected(id.error());
    const auto* const resource = model == nullptr ? nullptr : model->find(*id);
    if (auto added = add_resource(item, base.child(*id), resource, records); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  std::ranges::sort(records, {}, &OwnedRecord::path);
  const auto same = std::ranges::adjacent_find(records, {}, &OwnedRecord::path);
  if (same != records.end()) return bad_request(path_text(same->path) + " is given twice");
  return records;
}

OrProblem<std::vector<std::uint8_t>> encode_records(const std::vector<OwnedRecord>& records, const Path& base,
                                                    lwm2m::ContentFormat format) {
  std::size_t room = kRecordRoom;
  for (const OwnedRecord& record : records) room += kRecordRoom + kByteRoom * record.value.size();
  std::vector<std::uint8_t> payload(room);
  const auto walk = [&](lwm2m::RecordSink sink) -> Result<void> {
    for (const OwnedRecord& record : records) {
      if (auto taken = sink(lwm2m::Record{record.path, record.value.view(), std::nullopt}); !taken)
        return taken;
    }
    return {};
  };
  const auto size = lwm2m::encode(format, base, walk, payload);
  if (!size) {
    return bad_request(path_text(base) + " cannot be written as " + std::string(lwm2m::media_type(format)) +
                       ": " + linnet::to_string(size.error().code));
  }
  payload.resize(*size);
  return payload;
}

OrProblem<Json> values_json(lwm2m::ContentFormat format, const Path& path, ByteView payload,
                            server::ModelOf model_of, UnixTime now) {
  Json values = Json::array();
  std::vector<std::uint8_t> scratch(payload.size() + 16);
  const auto decoded = server::decode_payload(
      format, path, payload, model_of, scratch, [&](const lwm2m::Record& record) -> Result<void> {
        if (record.path.depth() < 3 || record.value.none()) return {};
        const auto* const model = model_of(record.path.object());
        const auto* const resource = model == nullptr ? nullptr : model->find(record.path.resource());
        Json item{{"path", path_text(record.path)},
                  {"name", resource == nullptr ? std::string() : std::string(resource->name)},
                  {"type", std::string(lwm2m::to_string(record.value.type()))},
                  {"units", resource == nullptr ? std::string() : std::string(resource->units)},
                  {"value", to_json(record.value)}};
        if (record.time) item["time"] = senml_time_text(*record.time, now);
        values.push_back(std::move(item));
        return {};
      });
  if (!decoded) {
    return std::unexpected(Problem{502,
                                   "The device's answer cannot be decoded",
                                   path_text(path) + " as " + std::string(lwm2m::media_type(format)) + ": " +
                                       linnet::to_string(decoded.error().code),
                                   {}});
  }
  return values;
}

std::optional<Json> links_json(ByteView payload) {
  Json links = Json::array();
  lwm2m::LinkReader reader(as_text(payload));
  for (;;) {
    const auto link = reader.next();
    if (!link) return std::nullopt;
    if (!*link) return links;
    Json attributes = Json::object();
    auto parameters = (*link)->attributes();
    while (const auto parameter = parameters.next()) {
      attributes[std::string(parameter->name)] = std::string(parameter->value);
    }
    links.push_back({{"path", std::string((*link)->target)}, {"attributes", std::move(attributes)}});
  }
}

}  // namespace linnet::api

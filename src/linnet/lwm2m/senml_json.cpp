// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/senml_json.hpp"

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/json_token.hpp"
#include "linnet/lwm2m/number_text.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m::senml_json {

using namespace std::string_view_literals;
namespace {

std::size_t number_size(double v) noexcept {
  std::array<std::uint8_t, kMaxNumberText> text;
  ByteWriter out(text);
  write_double(out, v);
  return out.size();
}

constexpr SenmlCosts kCosts{
    [](std::size_t length) noexcept { return std::string_view(R"("bn":"",)").size() + length; },
    [](std::size_t length) noexcept { return std::string_view(R"("n":"",)").size() + length; },
    [](double v) noexcept { return std::string_view(R"("bt":,)").size() + number_size(v); },
    [](double v) noexcept { return std::string_view(R"("t":,)").size() + number_size(v); },
};

/// Writes the members of one object with commas between them.
class Members {
 public:
  explicit Members(ByteWriter& out) noexcept : out_(out) { out_.u8('{'); }
  void label(std::string_view text) noexcept {
    out_.text(first_ ? "\""sv : ",\""sv);
    out_.text(text);
    out_.text("\":"sv);
    first_ = false;
  }
  void text(std::string_view name, std::string_view value) noexcept {
    label(name);
    write_json_string(out_, value);
  }
  void number(std::string_view name, double value) noexcept {
    label(name);
    write_double(out_, value);
  }
  void close() noexcept { out_.u8('}'); }

 private:
  ByteWriter& out_;
  bool first_ = true;
};

Result<void> write_value(Members& members, const Value& value, ByteWriter& out) noexcept {
  switch (value.type()) {
    case DataType::kNone: break;
    case DataType::kString:
    case DataType::kCorelnk: members.text("vs"sv, value.as_string()); break;
    case DataType::kInteger:
    case DataType::kTime:
      members.label("v"sv);
      write_integer(out, value.as_integer());
      break;
    case DataType::kUnsigned:
      members.label("v"sv);
      write_digits(out, value.as_unsigned());
      break;
    case DataType::kFloat:
      if (!is_finite(value.as_float())) return not_acceptable();
      members.number("v"sv, value.as_float());
      break;
    case DataType::kBoolean:
      members.label("vb"sv);
      out.text(value.as_boolean() ? "true"sv : "false"sv);
      break;
    case DataType::kOpaque:
      members.label("vd"sv);
      out.u8('"');
      write_base64(out, value.as_opaque(), Base64::kUrl);
      out.u8('"');
      break;
    case DataType::kObjlnk: members.text("vlo"sv, ObjlnkText(value.as_objlnk()).view()); break;
  }
  return {};
}

SenmlLabel label_of(const JsonString& key) noexcept {
  for (const SenmlLabelName& known : kSenmlLabels) {
    if (key.is(known.text)) return known.label;
  }
  return SenmlLabel::kIgnored;
}

Result<Value> read_field(JsonReader& reader, SenmlLabel label, ByteSpan scratch) noexcept {
  const auto value = reader.value(scratch);
  if (!value || label != SenmlLabel::kData || value->type() != DataType::kString) return value;
  const auto bytes = decode_base64(as_bytes(value->as_string()), scratch, Base64::kUrl);
  if (!bytes) return std::unexpected(bytes.error());
  return Value::opaque(*bytes);
}

Result<void> read_record(JsonReader& reader, SenmlResolver& resolver, ByteSpan scratch) noexcept {
  auto object = reader.open_object();
  if (!object) return std::unexpected(object.error());
  resolver.begin();
  std::array<std::uint8_t, kMaxSenmlName> short_text;
  while (true) {
    const auto another = reader.more(*object);
    if (!another) return std::unexpected(another.error());
    if (!*another) return resolver.end();
    const auto key = reader.key();
    if (!key) return std::unexpected(key.error());
    const SenmlLabel label = label_of(*key);
    if (label == SenmlLabel::kIgnored) {
      if (key->ends_with('_')) return malformed();  // RFC 8428 §4.4
      if (const auto passed = reader.skip(); !passed) return passed;
      continue;
    }
    const bool held = label == SenmlLabel::kString || label == SenmlLabel::kData;
    const auto value = read_field(reader, label, held ? scratch : ByteSpan(short_text));
    if (!value) return std::unexpected(value.error());
    if (const auto taken = resolver.set(label, *value); !taken) return taken;
  }
}

}  // namespace

Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept {
  const auto plan = plan_senml(base, walk, kCosts);
  if (!plan) return std::unexpected(plan.error());
  ByteWriter writer(out);
  SenmlNaming naming(plan->split);
  writer.u8('[');
  bool first = true;
  const auto take = [&](const Record& record) -> Result<void> {
    if (!first) writer.u8(',');
    Members members(writer);
    const SenmlNames names = naming.next(record.path);
    if (!names.base.empty()) members.text("bn"sv, names.base);
    if (first && plan->base_time) members.number("bt"sv, *plan->base_time);
    if (!names.rest.empty()) members.text("n"sv, names.rest);
    if (record.time) {
      const double time = *record.time - plan->base_time.value_or(0);
      if (!plan->base_time || time != 0) members.number("t"sv, time);
    }
    first = false;
    const auto written = write_value(members, record.value, writer);
    members.close();
    return written;
  };
  if (const auto walked = walk(take); !walked) return std::unexpected(walked.error());
  writer.u8(']');
  return writer.finish();
}

Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                    RecordSink sink) noexcept {
  JsonReader reader(payload);
  SenmlResolver resolver(base, type_of, sink);
  auto pack = reader.open_array();
  if (!pack) return std::unexpected(pack.error());
  while (true) {
    const auto another = reader.more(*pack);
    if (!another) return std::unexpected(another.error());
    if (!*another) return reader.end();
    if (const auto taken = read_record(reader, resolver, scratch); !taken) return taken;
  }
}

}  // namespace linnet::lwm2m::senml_json

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/senml_json.hpp"

#include <algorithm>

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/json_token.hpp"
#include "linnet/lwm2m/number_text.hpp"
#include "linnet/lwm2m/senml_encoder.hpp"

namespace linnet::lwm2m::senml_json {

using namespace std::string_view_literals;
namespace {

void open(ByteWriter& out, SenmlPart part, std::size_t /*size*/) noexcept {
  if (part == SenmlPart::kRecord) out.u8(',');
  out.u8(part == SenmlPart::kPack ? '[' : '{');
}

void close(ByteWriter& out, SenmlPart part) noexcept {
  out.u8(part == SenmlPart::kPack ? ']' : '}');
}

void write_label(ByteWriter& out, SenmlLabel label, bool first) noexcept {
  const auto* known = std::ranges::find(kSenmlLabels, label, &SenmlLabelName::label);
  out.text(first ? "\""sv : ",\""sv);
  out.text(known->text);
  out.text("\":"sv);
}

Result<void> write_value(ByteWriter& out, const Value& value) noexcept {
  switch (value.type()) {
    case DataType::kUnsigned: write_digits(out, value.as_unsigned()); break;
    case DataType::kFloat:
      if (!is_finite(value.as_float())) return not_acceptable();
      write_double(out, value.as_float());
      break;
    case DataType::kBoolean: out.text(value.as_boolean() ? "true"sv : "false"sv); break;
    case DataType::kOpaque:
      out.u8('"');
      write_base64(out, value.as_opaque(), Base64::kUrl);
      out.u8('"');
      break;
    default: write_integer(out, value.as_integer()); break;
  }
  return {};
}

constexpr SenmlForm kForm{open, close, write_label, write_json_string, write_double, write_value};

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
  return encode_senml(kForm, base, walk, out);
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

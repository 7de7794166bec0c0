// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/senml_json.hpp"

#include <algorithm>

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/json_token.hpp"
#include "linnet/lwm2m/number_text.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;
namespace {

void open(ByteWriter& out, SenmlPart part, std::size_t /*size*/) noexcept {
  if (out.size() > 1) out.u8(',');
  out.u8(part == SenmlPart::kPack ? '[' : '{');
}

void close(ByteWriter& out, SenmlPart part, std::size_t /*start*/, std::size_t /*fields*/) noexcept {
  out.u8(part == SenmlPart::kPack ? ']' : '}');
}

void write_label(ByteWriter& out, SenmlLabel label, bool first) noexcept {
  const auto* known = std::ranges::find(kSenmlFields, label, &SenmlField::label);
  out.text(first ? "\""sv : ",\""sv);
  out.text(known->name());
  out.text("\":"sv);
}

Result<void> write_value(ByteWriter& out, const Value& value) noexcept {
  switch (value.type()) {
    case DataType::kString:
    case DataType::kCorelnk: write_json_string(out, value.as_string()); break;
    case DataType::kBoolean: out.text(value.as_boolean() ? "true"sv : "false"sv); break;
    case DataType::kOpaque:
    case DataType::kObjlnk:
      out.u8('"');
      if (value.type() == DataType::kOpaque) {
        write_base64(out, value.as_opaque(), Base64::kUrl);
      } else {
        write_objlnk(out, value.as_objlnk());
      }
      out.u8('"');
      break;
    default: return write_number(out, value);
  }
  return {};
}

Result<void> read_data(Value& value, ByteSpan out) noexcept {
  return decode_base64(value, out, Base64::kUrl);
}

}  // namespace

constexpr SenmlForm kSenmlJsonForm{
    {}, open, close, write_label, write_json_string, write_double, write_value, read_data, 6, 7, 4, 5};

Result<void> decode_senml_json(const Codec& codec, const Decoding& decoding) noexcept {
  JsonReader reader(as_text(decoding.payload));
  return decode_senml(static_cast<const SenmlForm&>(*codec.form), reader, decoding);
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/text.hpp"

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;
namespace {

Result<void> write(const Value& value, ByteWriter& out) noexcept {
  switch (value.type()) {
    case DataType::kString:
    case DataType::kCorelnk: out.text(value.as_string()); break;
    case DataType::kBoolean: out.u8(value.as_boolean() ? '1' : '0'); break;
    case DataType::kOpaque: write_base64(out, value.as_opaque(), Base64::kStandard); break;
    case DataType::kObjlnk: write_objlnk(out, value.as_objlnk()); break;
    default: return write_number(out, value);
  }
  return {};
}

Result<void> read(Value& value, DataType type, ByteSpan scratch) noexcept {
  const std::string_view text = as_text(value.as_opaque());
  switch (type) {
    case DataType::kNone:
    case DataType::kString:
    case DataType::kCorelnk:
    case DataType::kObjlnk:
      if (!valid_utf8(value.as_opaque())) return malformed();
      value = Value::string(text);
      return {};
    case DataType::kBoolean:
      if (text != "0"sv && text != "1"sv) return malformed();
      value = Value::boolean(text == "1"sv);
      return {};
    case DataType::kOpaque: return decode_base64(value, scratch, Base64::kStandard);
    default: return read_number(value, text, NumberForm::kPlain);
  }
}

}  // namespace

constexpr SingleValueForm kTextForm{write, read};

}  // namespace linnet::lwm2m

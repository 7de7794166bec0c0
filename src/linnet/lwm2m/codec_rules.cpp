// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/codec_rules.hpp"

#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::lwm2m {
namespace {

/// The length of the sequence that `lead` opens, 0 where it cannot open one.
constexpr std::size_t sequence_length(std::uint8_t lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

/// Takes the text in `value` apart.
Result<void> read_objlnk(Value& value) noexcept {
  std::string_view text = value.as_string();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return malformed();
  std::string_view front = text;
  front.remove_suffix(text.size() - colon);
  text.remove_prefix(colon + 1);
  const auto object = parse_digits(front, kMaxId);
  const auto instance = parse_digits(text, kMaxId);
  if (!object || !instance) return malformed();
  value = Value::objlnk({static_cast<std::uint16_t>(*object), static_cast<std::uint16_t>(*instance)});
  return {};
}

}  // namespace

Result<void> make_typed(Value& value, DataType wanted) noexcept {
  if (wanted == DataType::kNone || value.none()) return {};
  if (wanted == DataType::kFloat && value.numeric()) {
    value = Value::number(value.to_double());
    return {};
  }
  if (wanted == DataType::kObjlnk && value.type() == DataType::kString) return read_objlnk(value);
  return value.become(wanted) ? Result<void>() : wrong_type();
}

bool valid_utf8(ByteView text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const std::uint8_t lead = text[i];
    const std::size_t length = sequence_length(lead);
    if (length == 0 || length > text.size() - i) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((text[i + k] & 0xC0) != 0x80) return false;
    }
    if (length > 2) {
      const std::uint8_t second = text[i + 1];
      const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
      const bool surrogate = lead == 0xED && second > 0x9F;
      const bool beyond = lead == 0xF4 && second > 0x8F;
      if (overlong || surrogate || beyond) return false;
    }
    i += length;
  }
  return true;
}

void write_objlnk(ByteWriter& out, Objlnk link) noexcept {
  write_digits(out, link.object);
  out.u8(':');
  write_digits(out, link.instance);
}

ObjlnkText::ObjlnkText(Objlnk link) noexcept {
  ByteWriter out(text_);
  write_objlnk(out, link);
  size_ = out.size();
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/senml_cbor.hpp"

#include <bit>

#include "linnet/lwm2m/cbor_item.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;
namespace {

/// A number of any kind: an integer where that is no longer than the floating-point form (§6).
void write_number(ByteWriter& out, double v) noexcept {
  constexpr std::int64_t kLongestAsInteger = std::int64_t{1} << 53;
  constexpr std::uint64_t kNegativeZero = std::uint64_t{1} << 63;
  const auto converted = Value::number(v).convert(DataType::kInteger);
  const std::int64_t whole = converted ? converted->as_integer() : kLongestAsInteger;
  std::array<std::uint8_t, 9> as_integer;
  std::array<std::uint8_t, 9> as_float;
  ByteWriter integer(as_integer);
  ByteWriter floating(as_float);
  write_cbor_double(floating, v);
  write_cbor_integer(integer, whole);
  const bool exact = whole > -kLongestAsInteger && whole < kLongestAsInteger &&
                     std::bit_cast<std::uint64_t>(v) != kNegativeZero;
  out.bytes(exact && integer.size() <= floating.size() ? integer.written() : floating.written());
}

void open(ByteWriter& out, SenmlPart part, std::size_t size) noexcept {
  write_cbor_head(out, part == SenmlPart::kPack ? CborMajor::kArray : CborMajor::kMap, size);
}

void close(ByteWriter& /*out*/, SenmlPart /*part*/) noexcept {}

void write_label(ByteWriter& out, SenmlLabel label, bool /*first*/) noexcept {
  if (label == SenmlLabel::kObjlnk) return write_cbor_text(out, "vlo"sv);
  write_cbor_integer(out, static_cast<std::int64_t>(label));
}

Result<void> write_value(ByteWriter& out, const Value& value) noexcept {
  switch (value.type()) {
    case DataType::kUnsigned: write_cbor_head(out, CborMajor::kUnsigned, value.as_unsigned()); break;
    // Not as an integer, though that may be shorter: Leshan 2.0 takes only floating point for a Float.
    case DataType::kFloat: write_cbor_double(out, value.as_float()); break;
    case DataType::kBoolean: write_cbor_boolean(out, value.as_boolean()); break;
    case DataType::kOpaque: write_cbor_bytes(out, value.as_opaque()); break;
    default: write_cbor_integer(out, value.as_integer()); break;
  }
  return {};
}

}  // namespace

constexpr SenmlForm kSenmlCborForm{{},           open,        close,  write_label, write_cbor_text,
                                   write_number, write_value, nullptr};

Result<void> decode_senml_cbor(const Codec& codec, const Decoding& decoding) noexcept {
  CborReader reader(decoding.payload);
  return decode_senml(static_cast<const SenmlForm&>(*codec.form), reader, decoding);
}

}  // namespace linnet::lwm2m

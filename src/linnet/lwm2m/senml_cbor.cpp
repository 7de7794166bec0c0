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
void write_seconds(ByteWriter& out, double v) noexcept {
  constexpr std::uint64_t kLongestAsInteger = std::uint64_t{1} << 53;
  constexpr std::uint64_t kNegativeZero = std::uint64_t{1} << 63;
  const auto whole = Value::number(v).convert(DataType::kInteger);
  if (whole && whole->magnitude() < kLongestAsInteger && std::bit_cast<std::uint64_t>(v) != kNegativeZero) {
    // Up to four bytes never lose: no half has more than two of them before its point.
    const std::int64_t integer = whole->as_integer();
    if ((integer < 0 ? ~integer : integer) >> 32 == 0 || !narrow(v, kSingleFormat)) {
      return write_cbor_integer(out, integer);
    }
  }
  write_cbor_double(out, v);
}

void open(ByteWriter& out, SenmlPart part, std::size_t size) noexcept {
  write_cbor_head(out, part == SenmlPart::kPack ? CborMajor::kArray : CborMajor::kMap, size);
}

/// A record has few fields: their number fits into the head that opened it.
void close(ByteWriter& out, SenmlPart /*part*/, std::size_t start, std::size_t fields) noexcept {
  if (out.ok()) out.written()[start] |= static_cast<std::uint8_t>(fields);
}

void write_label(ByteWriter& out, SenmlLabel label, bool /*first*/) noexcept {
  if (label == SenmlLabel::kObjlnk) return write_cbor_text(out, "vlo"sv);
  write_cbor_integer(out, static_cast<std::int64_t>(label));
}

/// A Float never as an integer, though that may be shorter: Leshan 2.0 takes only floating point for it.
Result<void> write_value(ByteWriter& out, const Value& value) noexcept {
  write_cbor_value(out, value);
  return {};
}

}  // namespace

constexpr SenmlForm kSenmlCborForm{
    {}, open, close, write_label, write_cbor_text, write_seconds, write_value, nullptr, 2, 2, 1, 1};

Result<void> decode_senml_cbor(const Codec& codec, const Decoding& decoding) noexcept {
  CborReader reader(decoding.payload);
  return decode_senml(static_cast<const SenmlForm&>(*codec.form), reader, decoding);
}

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/cbor.hpp"

#include "linnet/lwm2m/cbor_item.hpp"
#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m {
namespace {

Result<void> write(const Value& value, ByteWriter& out) noexcept {
  constexpr std::uint64_t kEpochTag = 1;
  switch (value.type()) {
    case DataType::kNone: return not_acceptable();
    case DataType::kString:
    case DataType::kCorelnk: write_cbor_text(out, value.as_string()); break;
    case DataType::kTime: write_cbor_head(out, CborMajor::kTag, kEpochTag); [[fallthrough]];
    case DataType::kInteger: write_cbor_integer(out, value.as_integer()); break;
    case DataType::kUnsigned: write_cbor_head(out, CborMajor::kUnsigned, value.as_unsigned()); break;
    case DataType::kFloat: write_cbor_double(out, value.as_float()); break;
    case DataType::kBoolean: write_cbor_boolean(out, value.as_boolean()); break;
    case DataType::kOpaque: write_cbor_bytes(out, value.as_opaque()); break;
    case DataType::kObjlnk: write_cbor_text(out, ObjlnkText(value.as_objlnk()).view()); break;
  }
  return {};
}

Result<Value> read(ByteView payload, DataType /*type*/, ByteSpan scratch) noexcept {
  CborReader reader(payload);
  (void)reader.next();
  const Value value = reader.value(scratch);
  if (value.none()) reader.refuse(wrong_type());
  const auto went = reader.finish();
  if (!went) return std::unexpected(went.error());
  return value;
}

}  // namespace

constexpr SingleValueForm kCborForm{write, read};

}  // namespace linnet::lwm2m

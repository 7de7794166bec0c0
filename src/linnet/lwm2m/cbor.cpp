// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/cbor.hpp"

#include "linnet/lwm2m/cbor_item.hpp"
#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m {
namespace {

Result<void> write(const Value& value, ByteWriter& out) noexcept {
  constexpr std::uint64_t kEpochTag = 1;
  if (value.type() == DataType::kTime) write_cbor_head(out, CborMajor::kTag, kEpochTag);
  write_cbor_value(out, value);
  return {};
}

Result<void> read(Value& value, DataType /*type*/, ByteSpan scratch) noexcept {
  CborReader reader(value.as_opaque());
  (void)reader.next();
  reader.read(scratch);
  value = reader.value();
  if (value.none()) reader.refuse(wrong_type());
  return reader.finish();
}

}  // namespace

constexpr SingleValueForm kCborForm{write, read};

}  // namespace linnet::lwm2m

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

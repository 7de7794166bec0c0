// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/opaque.hpp"

#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m {
namespace {

Result<void> write(const Value& value, ByteWriter& out) noexcept {
  if (value.type() != DataType::kOpaque) return not_acceptable();
  out.bytes(value.as_opaque());
  return {};
}

/// The payload as it is.
Result<void> read(Value& /*value*/, DataType /*type*/, ByteSpan /*scratch*/) noexcept {
  return {};
}

}  // namespace

constexpr SingleValueForm kOpaqueForm{write, read};

}  // namespace linnet::lwm2m

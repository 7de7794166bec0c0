// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/opaque.hpp"

#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m::opaque {

Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept {
  return encode_single(base, walk, out, [](const Value& value, ByteWriter& writer) -> Result<void> {
    if (value.type() != DataType::kOpaque) return not_acceptable();
    writer.bytes(value.as_opaque());
    return {};
  });
}

Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan, RecordSink sink) noexcept {
  if (!is_single(base)) return unsupported_format();
  const auto value = typed(Value::opaque(payload), type_of(base));
  if (!value) return std::unexpected(value.error());
  return sink(Record{base, *value, {}});
}

}  // namespace linnet::lwm2m::opaque

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/single_value.hpp"

#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m {
namespace {

const SingleValueForm& form_of(const Codec& codec) noexcept {
  return static_cast<const SingleValueForm&>(*codec.form);
}

/// The path names a place for one value.
constexpr bool is_single(const Path& base) noexcept {
  return base.depth() >= 3;
}

}  // namespace

Result<std::size_t> encode_single(const Codec& codec, const Encoding& encoding) noexcept {
  if (!is_single(encoding.base)) return not_acceptable();
  ByteWriter writer(encoding.out);
  bool found = false;
  const auto take = [&](const Record& record) -> Result<void> {
    if (found || record.path != encoding.base || record.value.none()) return not_acceptable();
    found = true;
    return form_of(codec).write(record.value, writer);
  };
  if (const auto walked = encoding.walk(take); !walked) return std::unexpected(walked.error());
  if (!found) return not_acceptable();
  return writer.finish();
}

Result<void> decode_single(const Codec& codec, const Decoding& decoding) noexcept {
  if (!is_single(decoding.base)) return unsupported_format();
  Record record{decoding.base, Value::opaque(decoding.payload), {}};
  const DataType type = decoding.type_of(decoding.base);
  auto went = form_of(codec).read(record.value, type, decoding.scratch);
  if (went) went = make_typed(record.value, type);
  if (went) went = decoding.sink(record);
  return went;
}

}  // namespace linnet::lwm2m

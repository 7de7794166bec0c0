// SPDX-License-Identifier: Apache-2.0
// The formats that hold one value of one resource or resource instance: their encoder and decoder. Inside
// `lwm2m`.
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m {

/// How one format writes and reads a value.
struct SingleValueForm : CodecForm {
  using Write = Result<void> (*)(const Value& value, ByteWriter& out) noexcept;
  using Read = Result<void> (*)(Value& value, DataType type, ByteSpan scratch) noexcept;

  constexpr SingleValueForm(Write write_value, Read read_value) noexcept
      : write(write_value), read(read_value) {}

  Write write;  ///< 4.06 (kUnsupported) where the format cannot hold it
  Read read;  ///< the payload, given as an Opaque, as a value that `make_typed` takes for a resource of this
              ///< type
};

/// As any encoder (codec.hpp), of a codec whose form is a SingleValueForm. The one record of the walk must be
/// a value at the base itself; otherwise the format cannot hold it (4.06).
[[nodiscard]] Result<std::size_t> encode_single(const Codec& codec, const Encoding& encoding) noexcept;
/// As any decoder (codec.hpp); 4.15 for a base that is no place for one value.
[[nodiscard]] Result<void> decode_single(const Codec& codec, const Decoding& decoding) noexcept;

}  // namespace linnet::lwm2m

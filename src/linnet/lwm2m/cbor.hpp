// SPDX-License-Identifier: Apache-2.0
// application/cbor: one resource or resource instance as one data item (Core 1.1 §7.4.3, RFC 8949).
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m::cbor {

[[nodiscard]] Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept;
[[nodiscard]] Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                                  RecordSink sink) noexcept;

}  // namespace linnet::lwm2m::cbor

namespace linnet::lwm2m {

inline constexpr Codec kCborCodec{ContentFormat::kCbor, cbor::encode, cbor::decode};

}  // namespace linnet::lwm2m

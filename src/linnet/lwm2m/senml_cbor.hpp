// SPDX-License-Identifier: Apache-2.0
// application/senml+cbor (RFC 8428 §6, Core 1.1 §7.4.4): anything, composite operations, Send.
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m::senml_cbor {

[[nodiscard]] Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept;
[[nodiscard]] Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                                  RecordSink sink) noexcept;

}  // namespace linnet::lwm2m::senml_cbor

namespace linnet::lwm2m {

inline constexpr Codec kSenmlCborCodec{ContentFormat::kSenmlCbor, senml_cbor::encode, senml_cbor::decode};

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// application/octet-stream: one Opaque resource or resource instance (Core 1.1 §7.4.2).
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m::opaque {

[[nodiscard]] Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept;
[[nodiscard]] Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                                  RecordSink sink) noexcept;

}  // namespace linnet::lwm2m::opaque

namespace linnet::lwm2m {

inline constexpr Codec kOpaqueCodec{ContentFormat::kOpaque, opaque::encode, opaque::decode};

}  // namespace linnet::lwm2m

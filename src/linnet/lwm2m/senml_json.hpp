// SPDX-License-Identifier: Apache-2.0
// application/senml+json (RFC 8428 §5, Core 1.1 §7.4.4): anything, composite operations, Send.
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m::senml_json {

[[nodiscard]] Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept;
[[nodiscard]] Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                                  RecordSink sink) noexcept;

}  // namespace linnet::lwm2m::senml_json

namespace linnet::lwm2m {

inline constexpr Codec kSenmlJsonCodec{ContentFormat::kSenmlJson, senml_json::encode, senml_json::decode};

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// text/plain: one resource or resource instance as text (Core 1.1 §7.4.1, digest §2).
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m::text {

[[nodiscard]] Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept;
[[nodiscard]] Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                                  RecordSink sink) noexcept;

}  // namespace linnet::lwm2m::text

namespace linnet::lwm2m {

inline constexpr Codec kTextCodec{ContentFormat::kText, text::encode, text::decode};

}  // namespace linnet::lwm2m

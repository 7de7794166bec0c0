// SPDX-License-Identifier: Apache-2.0
// OMA JSON of LwM2M 1.0 (Core 1.0 §6.4.4): an object, instance, resource or resource instance.
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m::json {

[[nodiscard]] Result<std::size_t> encode(const Codec& codec, const Encoding& encoding) noexcept;
[[nodiscard]] Result<void> decode(const Codec& codec, const Decoding& decoding) noexcept;

}  // namespace linnet::lwm2m::json

namespace linnet::lwm2m {

inline constexpr Codec kJsonCodec{ContentFormat::kJson, json::encode, json::decode};
inline constexpr Codec kOldJsonCodec{ContentFormat::kOldJson, json::encode, json::decode};

}  // namespace linnet::lwm2m

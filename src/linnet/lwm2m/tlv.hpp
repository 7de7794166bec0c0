// SPDX-License-Identifier: Apache-2.0
// OMA TLV: an object, instance, resource or resource instance (Core 1.0 §6.4.3, Core 1.1 §7.4.5).
#pragma once

#include "linnet/lwm2m/codec.hpp"

namespace linnet::lwm2m::tlv {

[[nodiscard]] Result<std::size_t> encode(const Codec& codec, const Encoding& encoding) noexcept;
[[nodiscard]] Result<void> decode(const Codec& codec, const Decoding& decoding) noexcept;

}  // namespace linnet::lwm2m::tlv

namespace linnet::lwm2m {

inline constexpr Codec kTlvCodec{ContentFormat::kTlv, tlv::encode, tlv::decode};
inline constexpr Codec kOldTlvCodec{ContentFormat::kOldTlv, tlv::encode, tlv::decode};

}  // namespace linnet::lwm2m

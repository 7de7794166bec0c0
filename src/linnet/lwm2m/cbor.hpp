// SPDX-License-Identifier: Apache-2.0
// application/cbor: one resource or resource instance as one data item (Core 1.1 §7.4.3, RFC 8949).
#pragma once

#include "linnet/lwm2m/single_value.hpp"

namespace linnet::lwm2m {

extern const SingleValueForm kCborForm;
inline constexpr Codec kCborCodec{ContentFormat::kCbor, encode_single, decode_single, &kCborForm};

}  // namespace linnet::lwm2m

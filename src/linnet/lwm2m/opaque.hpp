// SPDX-License-Identifier: Apache-2.0
// application/octet-stream: one Opaque resource or resource instance (Core 1.1 §7.4.2).
#pragma once

#include "linnet/lwm2m/single_value.hpp"

namespace linnet::lwm2m {

extern const SingleValueForm kOpaqueForm;
inline constexpr Codec kOpaqueCodec{ContentFormat::kOpaque, encode_single, decode_single, &kOpaqueForm};

}  // namespace linnet::lwm2m

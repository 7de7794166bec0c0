// SPDX-License-Identifier: Apache-2.0
// text/plain: one resource or resource instance as text (Core 1.1 §7.4.1, digest §2).
#pragma once

#include "linnet/lwm2m/single_value.hpp"

namespace linnet::lwm2m {

extern const SingleValueForm kTextForm;
inline constexpr Codec kTextCodec{ContentFormat::kText, encode_single, decode_single, &kTextForm};

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// What an image can do without. The build says so for the whole of it (-DLINNET_LWM2M_THRESHOLDS=0).
#pragma once

#ifndef LINNET_LWM2M_BIG_NUMBERS
#define LINNET_LWM2M_BIG_NUMBERS 1
#endif
#ifndef LINNET_LWM2M_THRESHOLDS
#define LINNET_LWM2M_THRESHOLDS 1
#endif

namespace linnet::lwm2m {

/// The attributes gt, lt and st (Core 1.1 §5.1.2), and with them numbers as decimal text. Without them
/// Write-Attributes answers 4.00 as to any name that is not known, and what changed is notified.
inline constexpr bool kThresholds = LINNET_LWM2M_THRESHOLDS != 0;

/// Numbers that a CBOR payload gives as a bignum or a bigfloat (RFC 8949 §3.4.3, §3.4.4), which SenML does
/// not ask a receiver to know (RFC 8428 §6). Without it they are of a wrong type: 4.00.
inline constexpr bool kBigNumbers = LINNET_LWM2M_BIG_NUMBERS != 0;

}  // namespace linnet::lwm2m

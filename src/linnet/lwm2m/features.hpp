// SPDX-License-Identifier: Apache-2.0
// What an image can do without. The build says so for the whole of it (-DLINNET_LWM2M_THRESHOLDS=0).
#pragma once

#ifndef LINNET_LWM2M_THRESHOLDS
#define LINNET_LWM2M_THRESHOLDS 1
#endif

namespace linnet::lwm2m {

/// The attributes gt, lt and st (Core 1.1 §5.1.2), and with them numbers as decimal text. Without them
/// Write-Attributes answers 4.00 as to any name that is not known, and what changed is notified.
inline constexpr bool kThresholds = LINNET_LWM2M_THRESHOLDS != 0;

}  // namespace linnet::lwm2m

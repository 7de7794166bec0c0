// SPDX-License-Identifier: Apache-2.0
// What an image can do without. The build says so for the whole of it (-DLINNET_BASE_TIMER_HEAP=0).
#pragma once

#ifndef LINNET_BASE_TIMER_HEAP
#define LINNET_BASE_TIMER_HEAP 1
#endif

namespace linnet {

/// Timers in the order of their deadlines. Without it the next one is looked for among all of them,
/// which is less code, and no slower for a handful.
inline constexpr bool kTimerHeap = LINNET_BASE_TIMER_HEAP != 0;

}  // namespace linnet

// SPDX-License-Identifier: Apache-2.0
// What queue mode tells the owner of the radio (TS 6.5).
#pragma once

#include "linnet/base/time.hpp"

namespace linnet::client {

/// When the radio may be off, in the caller's time. A sleeping device hears nothing; it calls `step`
/// at `next` at the latest, which opens the window again where that sends something.
struct SleepAdvice {
  /// The radio must stay on until then; kNever while something is under way (ask again after the next
  /// `step`), or always without queue mode.
  Instant radio_until;
  Instant
      next;  ///< when something is due again: an Update, a notification, a retransmission; kNever: nothing
};

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
// What a smartcard says, and what the device made of it.
#pragma once

#include <string>

#include "linnet/server/secret.hpp"

namespace linnet::device {

/// What there is to say of the card.
struct CardState {
  enum class Kind : std::uint8_t {
    kAbsent,      ///< no card, or one without bootstrap data for this device: `why`
    kRead,        ///< `file` is what the card holds
    kUnreadable,  ///< nothing can be said of it now: the reader or its service fails
  };
  Kind kind = Kind::kAbsent;
  server::SecretBytes file;
  std::string why;  ///< a sentence, empty with kRead
};

enum class CardOutcome : std::uint8_t {
  kNothing,    ///< there is no card, and none has brought anything
  kUnchanged,  ///< the card holds what it held
  kApplied,    ///< its accounts are the device's
  kWithdrawn,  ///< it is gone, and its accounts with it
  kRefused,    ///< what it holds is not consistent or cannot be used; what it brought before is gone
  kWaiting,    ///< a bootstrap server is at work, or the card cannot be read now: to be tried again
};

struct CardReport {
  CardOutcome outcome = CardOutcome::kNothing;
  std::string why;  ///< a sentence; empty where there is nothing to say

  friend bool operator==(const CardReport&, const CardReport&) = default;
};

}  // namespace linnet::device

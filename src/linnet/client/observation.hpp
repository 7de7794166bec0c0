// SPDX-License-Identifier: Apache-2.0
// One observation of one server (RFC 7641 §4, digest §8), and what it looks at.
#pragma once

#include "linnet/base/time.hpp"
#include "linnet/client/object.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/coap/token.hpp"
#include "linnet/lwm2m/content_format.hpp"

namespace linnet::client {

/// One path that is observed, with what its conditions compare. An ordinary observation has one of
/// these, a composite one as many as its request named paths.
struct Watch {
  Path path;
  std::uint16_t observation = 0;  ///< whose row, plus one; 0: free
  std::uint16_t next = 0;         ///< another watch of the same observation, 0 for none
  bool pending = false;           ///< a condition holds: a notification is owed once pmin has passed
  bool stale = false;             ///< it changed, and epmin has not passed since it was looked at
  bool numeric = false;           ///< one numeric value: the two below mean something
  double old_value = 0;           ///< when it was last looked at
  double last_notified = 0;
  Instant looked_at{};

  [[nodiscard]] bool free() const noexcept { return observation == 0; }
};

/// What belongs to all paths of an observation together. All zero is a free row.
struct Observation {
  ShortServerId server = 0;  ///< 0: the row is free
  coap::Token token;
  lwm2m::ContentFormat format{};
  bool composite = false;
  bool in_flight = false;   ///< a confirmable notification has no outcome yet
  bool final_sent = false;  ///< ... which tells that the observation has ended
  bool blocked = false;     ///< something is due, and the way to the server is not clear
  /// What ended it, kEmpty while it lives: the row stays until the server has acknowledged that.
  coap::Code ended = coap::Code::kEmpty;
  std::uint32_t cache_key = 0;
  std::uint32_t sequence = 0;  ///< of the last message with an Observe option, 24 bits
  Instant last_sent{};
  Instant last_confirmed{};  ///< the last time the server showed that it listens
};

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
// One observation of one server (RFC 7641 §4, digest §8); a table of these comes from the arena.
#pragma once

#include "linnet/base/time.hpp"
#include "linnet/client/object.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/coap/token.hpp"
#include "linnet/lwm2m/content_format.hpp"

namespace linnet::client {

/// All zero is a free row; the defaults are those of one in use.
struct Observation {
  ShortServerId server = 0;  ///< 0: the row is free
  Path path;
  coap::Token token;
  lwm2m::ContentFormat format{};
  bool pending = false;     ///< a condition holds: a notification is owed once pmin has passed
  bool in_flight = false;   ///< a confirmable notification has no outcome yet
  bool final_sent = false;  ///< ... which tells that the observation has ended
  bool numeric = false;     ///< one numeric value: old_value and last_notified mean something
  /// What ended it, kEmpty while it lives: the row stays until the server has acknowledged that.
  coap::Code ended = coap::Code::kEmpty;
  std::uint32_t cache_key = 0;
  std::uint32_t sequence = 0;  ///< of the last message with an Observe option, 24 bits
  double old_value = 0;        ///< when it was last looked at
  double last_notified = 0;
  Instant last_sent{};
  Instant last_confirmed{};  ///< the last time the server showed that it listens
  Instant due = kNever;      ///< when `step` has to look at it
};

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
// What the device engine keeps. All of it begins as its defaults, most of them zero, so that one call
// clears the memory.
#pragma once

#include <array>
#include <span>

#include "linnet/base/time.hpp"
#include "linnet/client/access_control.hpp"
#include "linnet/client/attribute_table.hpp"
#include "linnet/client/bootstrap.hpp"
#include "linnet/client/bootstrap_interface.hpp"
#include "linnet/client/events.hpp"
#include "linnet/client/object_tree.hpp"
#include "linnet/client/observation_table.hpp"
#include "linnet/client/persistence.hpp"
#include "linnet/client/send_queue.hpp"
#include "linnet/client/server.hpp"
#include "linnet/client/traffic.hpp"
#include "linnet/coap/endpoint.hpp"

namespace linnet::client {

/// What is asked for most stands first: a small processor reaches it by short instructions.
struct EngineState {
  bool started_ = false;  ///< the first time has been seen
  bool work_pending_ = false;
  bool online_ = true;
  bool stopped_ = false;           ///< between stop_servers and start_servers
  bool accounts_changed_ = true;   ///< objects 0 and 1 are to be looked at
  bool blocked_ = false;           ///< some observation waits for the way to its server
  bool bootstrap_wanted_ = false;  ///< by the application, a server, or a registration that failed for good
  bool accounts_pending_ = true;   ///< it is to be seen whether there is a server to register with
  bool missing_pending_ = false;   ///< instances or rights went: observations and attributes may have to end
  std::uint16_t first_observation_ = 0;  ///< whose turn it is
  ObjectTree tree_;
  std::span<Server> servers_;
  /// Payloads of our own requests and notifications. None is made while an operation is served or a
  /// bootstrap server works on the device: then it keeps what is to be put back if that fails.
  ByteSpan work_;
  ObservationTable observations_;
  AttributeTable attributes_;
  AccessControl access_;
  SendQueue sends_;
  SendId next_send_ = 1;
  Listener* listener_ = nullptr;
  Instant now_{};
  Instant deadline_ = kNever;
  Instant window_end_ = kNever;  ///< of the first awake window to close
  Millis lag_{0};                ///< what the caller's clock lost by going backwards
  Bootstrap bootstrap_;
  BootstrapInterface bootstrap_interface_;
  std::array<std::uint8_t, 5> location_object_{};  ///< text of a Location-Path, until the reply is sent
  std::array<std::uint8_t, 5> location_instance_{};
  ByteSpan state_;  ///< for an image of the state
  StateImage image_;
  Instant save_due_ = kNever;
  class Question* question_ = nullptr;  ///< of the application
  CountingLinks counter_;
  coap::Endpoint endpoint_;
};

}  // namespace linnet::client

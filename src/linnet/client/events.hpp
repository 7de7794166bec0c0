// SPDX-License-Identifier: Apache-2.0
// What the device engine tells the application.
#pragma once

#include <string_view>

#include "linnet/client/object.hpp"
#include "linnet/coap/code.hpp"

namespace linnet::client {

enum class EventType : std::uint8_t {
  kRegistered,          ///< `text`: the location, "/rd/5a3f"
  kRegistrationFailed,  ///< an attempt failed: `response` (kEmpty where none came) and `why`
  kRegistrationGaveUp,  ///< all attempts failed: the next comes after the Communication Sequence Delay Timer
  kUpdated,
  kAwake,              ///< queue mode: a message opened the awake window
  kAsleep,             ///< queue mode: the window closed, the radio may go off as far as this server goes
  kSaveFailed,         ///< the state could not be kept (`why`); tried again in a minute
  kDeregistered,       ///< also where the server no longer answers
  kWritten,            ///< one for each value of a Write or Create: `path`, `value`
  kExecuted,           ///< `path`, `text`: the arguments
  kCreated,            ///< `path`: the instance
  kDeleted,            ///< `path`: the instance
  kAttributesWritten,  ///< `path`
  kObserved,           ///< `path`
  kCancelled,          ///< `path`: an observation ended
  kBootstrapping,      ///< the bootstrap server is wanted; `server` is kBootstrapServer, as in the next two
  kBootstrapped,       ///< it has finished: objects 0 and 1 may be others, registration begins anew
  kBootstrapFailed,    ///< all is as it was: `response` (kEmpty where none came) and `why`
  kNotified,           ///< `path`: a notification was handed to the link
  kSent,               ///< `pack`: the server has taken it
  kSendFailed,         ///< `pack`: it is given up, as the server would refuse it again: `response`, `why`
};

/// Views live until the listener returns.
struct Event {
  EventType type;
  ShortServerId server;
  Path path{};
  Value value{};
  std::string_view text{};
  coap::Code response = coap::Code::kEmpty;
  Errc why = Errc::kTimeout;
  std::uint32_t pack = 0;  ///< what Engine::send returned
};

/// What a server answered, kEmpty where it did not, in an Error that says how a request of ours ended.
[[nodiscard]] constexpr coap::Code response_of(Error outcome) noexcept {
  return static_cast<coap::Code>(outcome.response);
}

class Listener {
 public:
  /// Must not call the engine's `receive` and `step`; other calls are fine.
  virtual void on_event(const Event& event) noexcept = 0;

 protected:
  ~Listener() = default;
};

}  // namespace linnet::client

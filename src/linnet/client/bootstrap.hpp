// SPDX-License-Identifier: Apache-2.0
// When and how a device asks its bootstrap server (TS 6.4.2, digest §5): the states as a table, and
// what the engine keeps of a bootstrap.
//
//          wanted            hold off over           link              2.04, first operation
//   kIdle ───────▶ kWaiting ──────────────▶ kConnecting ──▶ kRequesting ──────────────▶ kRunning
//     ▲               ▲                         │ no link       │ refused, no answer        │
//     │ an account    └─────────────────────────┴───────────────┴─── 4.06, silence, lost ───┤
//     └── is usable ──┘   delay that doubles                                                │ Finish, 2.04
//     └───────────────────────── a repeated Finish is answered ── kLingering ◀──────────────┘
//
// A bootstrap is wanted when no server account is usable, when a server executes 1/x/9, when all
// registrations have failed for good, and when the application says so. It begins Client Hold Off
// Time (0/x/11) later. After one that failed everything is as it was before; the device goes back to
// the servers that it has, or, having none, tries again after 60 s, doubled each time up to a day.
#pragma once

#include <optional>

#include "linnet/base/time.hpp"
#include "linnet/coap/endpoint.hpp"

namespace linnet::client {

enum class BootstrapState : std::uint8_t {
  kIdle,
  kWaiting,     ///< for the Client Hold Off Time, or after a failure
  kConnecting,  ///< a link to the bootstrap server is wanted
  kRequesting,  ///< Bootstrap-Request is under way
  kRunning,     ///< the bootstrap server works on the device
  kLingering,   ///< done; a Finish whose answer was lost can still be answered
};

enum class BootstrapInput : std::uint8_t {
  kWanted,
  kDue,            ///< the time of this state is over
  kConnected,      ///< there is a link to the bootstrap server
  kOperation,      ///< 2.04, or an operation of the bootstrap server that overtook it
  kRefused,        ///< another answer to the Bootstrap-Request, or none
  kWithoutFormat,  ///< ... that a server of 1.0 gives to `pct`
  kLost,           ///< the link is gone, or could not be opened
  kFinished,
  kInconsistent,
  kSettled,  ///< there are servers to go back to
};

enum class BootstrapAction : std::uint8_t {
  kNone,
  kHoldOff,
  kOpen,
  kRequest,
  kServe,  ///< the bootstrap server has EXCHANGE_LIFETIME for what comes next
  kComplete,
  kFail,
  kClose,
};

class Bootstrap {
 public:
  static constexpr Seconds kFirstRetry{60};
  static constexpr Seconds kLongestRetry{86'400};

  /// Goes where the table says and returns what is to be done; kNone where the state takes no such input.
  BootstrapAction take(BootstrapInput input) noexcept;
  [[nodiscard]] BootstrapState state() const noexcept { return state_; }
  /// The bootstrap server has the device: nobody else is served, and nothing is sent to other servers.
  [[nodiscard]] bool active() const noexcept {
    return state_ == BootstrapState::kRequesting || state_ == BootstrapState::kRunning;
  }
  /// Something of the bootstrap server is awaited.
  [[nodiscard]] bool open() const noexcept { return active() || state_ == BootstrapState::kConnecting; }
  /// How long to wait after this many failures in a row, 1 or more.
  [[nodiscard]] static Seconds retry_delay(std::uint32_t failures) noexcept;

  coap::LinkId link = coap::kNoLink;
  std::optional<coap::RequestId> request;  ///< the Bootstrap-Request under way
  Instant due = kNever;                    ///< when the time of this state is over
  Instant purge_at = kNever;               ///< Bootstrap-Server Account Timeout
  std::uint32_t failures = 0;              ///< in a row
  bool without_format = false;             ///< the server does not take `pct`

 private:
  BootstrapState state_ = BootstrapState::kIdle;
};

}  // namespace linnet::client

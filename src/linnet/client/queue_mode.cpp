// SPDX-License-Identifier: Apache-2.0
// When a device in queue mode must listen and when it may sleep (TS 6.5, digest §9).
#include <algorithm>

#include "linnet/client/engine.hpp"

namespace linnet::client {

/// Something under way can only be answered while the radio is on.
bool Engine::must_listen(const Server& server) const noexcept {
  if (server.state == RegistrationState::kConnecting) return true;
  if (server.link == coap::kNoLink) return false;
  return server.request.has_value() || !endpoint_.ready(server.link) ||
         (server.registered() && !config_.queue_mode);
}

/// Tells the listener of windows that opened and closed.
void Engine::step_windows() noexcept {
  window_end_ = kNever;
  for (Server& server : servers_) {
    if (server.id == kEveryServer) continue;
    if constexpr (kEvents) {
      const bool open = now_ < server.awake_until || must_listen(server);
      if (open != server.awake) emit(open ? EventType::kAwake : EventType::kAsleep, server.id);
      server.awake = open;
    }
    // What is under way has a deadline of its own.
    if (now_ < server.awake_until) window_end_ = std::min(window_end_, server.awake_until);
  }
}

SleepAdvice Engine::sleep_advice() const noexcept {
  if constexpr (!kQueueMode) return {kNever, next_deadline()};
  SleepAdvice advice{now_ - lag_, work_pending_ ? Instant::min() : deadline_};
  if (!work_pending_ && advice.next != kNever) advice.next -= lag_;
  // A bootstrap server may come at any time.
  if (kBootstrap && bootstrap_.open()) advice.radio_until = kNever;
  for (const Server& server : servers_) {
    if (server.id == kEveryServer) continue;
    if (must_listen(server)) {
      advice.radio_until = kNever;
    } else if (server.link != coap::kNoLink && now_ < server.awake_until && advice.radio_until != kNever) {
      advice.radio_until = std::max(advice.radio_until, server.awake_until - lag_);
    }
  }
  return advice;
}

void Engine::sleep_now(ShortServerId server) noexcept {
  for (Server& row : servers_) {
    if (server == kEveryServer || row.id == server) row.awake_until = now_;
  }
  work_pending_ = true;
}

}  // namespace linnet::client

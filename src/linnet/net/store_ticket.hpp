// SPDX-License-Identifier: Apache-2.0
// The engine's tickets as the store's: the engine's may be any number, kNoTicket of the store is one.
#pragma once

#include <optional>

#include "linnet/server/event.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

[[nodiscard]] constexpr store::Ticket to_store(std::optional<server::Ticket> ticket) noexcept {
  return ticket ? static_cast<store::Ticket>(*ticket) + 1 : store::kNoTicket;
}
[[nodiscard]] inline server::Ticket from_store(store::Ticket ticket) noexcept {
  return server::Ticket{ticket - 1};
}

// Tickets of the shard's own, for limits of associations and for observations: the engine gives none so high.
inline constexpr store::Ticket kFirstLimit = std::uint64_t{5} << 61U;
inline constexpr store::Ticket kFirstHeld = std::uint64_t{3} << 62U;
static_assert(to_store(server::Ticket{server::kFirstQueueTicket + (std::uint64_t{1} << 60U)}) < kFirstLimit &&
              kFirstLimit < kFirstHeld);

}  // namespace linnet::net

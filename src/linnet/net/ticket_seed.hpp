// SPDX-License-Identifier: Apache-2.0
// What a server's session tickets are made from, kept over restarts: a device that wakes behind one resumes
// its session. The record: version 1 · when it was made, seconds since 1970: 8 · the seed: tls::kTicketSeed.
#pragma once

#include "linnet/store/registration_store.hpp"
#include "linnet/tls/server_security.hpp"

namespace linnet::net {

inline constexpr Seconds kTicketSeedLife{30 * 24 * 3600};

/// The seed of the store; a new one, handed to the store, where it has none that is younger than
/// kTicketSeedLife. Empty where there is no store, or no random number. The operation is not waited for:
/// tickets of a seed that did not reach the disk are worth nothing after a crash.
[[nodiscard]] tls::OwnedBytes ticket_seed(store::RegistrationStore* store, store::ShardIndex shard,
                                          UnixTime now);

}  // namespace linnet::net

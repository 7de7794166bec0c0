// SPDX-License-Identifier: Apache-2.0
// How often servers have started over a store: what is numbered by it needs no write of its own at a restart
// (tls/association.hpp). The record: version 1 · the number: 4.
#pragma once

#include "linnet/store/registration_store.hpp"
#include "linnet/tls/association.hpp"

namespace linnet::net {

/// Counts this start, and returns once that is on disk, or refused.
[[nodiscard]] tls::Start count_start(store::RegistrationStore* store, store::ShardIndex shard);

}  // namespace linnet::net

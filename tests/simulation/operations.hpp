// SPDX-License-Identifier: Apache-2.0
// What the server of a fleet asks of its devices, at random.
#pragma once

#include "invariants.hpp"
#include "linnet/server/engine.hpp"
#include "network.hpp"

namespace linnet::simulation {

/// Performs one operation on this registration; an engine that is busy, or knows that it cannot be,
/// refuses.
void perform_random_operation(server::Engine& engine, server::RegistrationId registration, Dice& dice,
                              Invariants& invariants, Instant now);

}  // namespace linnet::simulation

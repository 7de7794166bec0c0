// SPDX-License-Identifier: Apache-2.0
// What the server of a fleet asks of its devices, at random.
#pragma once

#include "invariants.hpp"
#include "server_node.hpp"

namespace linnet::simulation {

/// One operation on this registration, which waits for its device where that uses queue mode.
void perform_random_operation(ServerNode& server, server::RegistrationId registration, const Plan& plan,
                              Dice& dice, Invariants& invariants, Instant now);

}  // namespace linnet::simulation

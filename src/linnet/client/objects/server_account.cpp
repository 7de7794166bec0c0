// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/server_account.hpp"

#include "linnet/lwm2m/registration_parameters.hpp"

namespace linnet::client {

bool ServerInstance::is_binding(const Value& value) noexcept {
  const auto binding = lwm2m::Binding::parse(value.as_string());
  return binding && !binding->queue();
}

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/server_account.hpp"

#include "linnet/lwm2m/registration_parameters.hpp"

namespace linnet::client {

bool CompactServerInstance::is_binding(const Value& value) noexcept {
  const auto binding = lwm2m::Binding::parse(value.as_string());
  return binding && !binding->queue();
}

bool WholeServerInstance::is_transport(const Value& value) noexcept {
  return value.as_string().size() == 1 && is_binding(value);
}

}  // namespace linnet::client

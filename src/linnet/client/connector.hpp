// SPDX-License-Identifier: Apache-2.0
// Who opens links when the engine wants them: with a Connector in its Config the engine decides when
// to speak to which server; without one the application connects servers by itself.
#pragma once

#include "linnet/client/object.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/lwm2m/registration_parameters.hpp"

namespace linnet::client {

/// The bootstrap server, which has no Short Server ID, where a call takes one.
inline constexpr ShortServerId kBootstrapServer = 65535;

class Connector {
 public:
  /// A link to `server` is wanted, over one transport: UDP, TCP, SMS or Non-IP. `security` is the
  /// instance of object 0 that says where it is; kMaxId where the device has no object 0. Answer
  /// with Engine::connect or Engine::unreachable, from in here or later; until then the engine does
  /// not ask again for this server. What was asked before for the same server is void.
  virtual void open(ShortServerId server, InstanceId security, lwm2m::Binding transport) noexcept = 0;
  /// The engine is done with this link.
  virtual void close(coap::LinkId link) noexcept = 0;

 protected:
  ~Connector() = default;
};

/// What a link brings with it, as far as a registration depends on it (TS 6.4.3).
enum class Session : std::uint8_t {
  kNew,   ///< a new security context, or a new address of the device without security: registers
  kKept,  ///< the same as before or resumed: a registration that still stands is updated
};

}  // namespace linnet::client

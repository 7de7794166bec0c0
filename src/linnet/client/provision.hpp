// SPDX-License-Identifier: Apache-2.0
// Accounts that reach a device otherwise than by a bootstrap server: from a smartcard (Core 1.1 §6.1.4.2).
//
// `Engine::provision` takes objects as a card holds them. Their accounts take the place of all that are
// there, the bootstrap account excepted where they bring none; other objects get the instances that are
// brought, and what the device does not implement is passed over. All of it is one transaction that ends like
// a Finish of a bootstrap server: links lead somewhere, accounts are whole, and there is one, of a server or
// of a bootstrap server. Afterwards registration begins anew. kBusy: a bootstrap server is at work;
// kNotAllowed: inconsistent; kUnsupported: a major version of an object that this device does not have, or no
// TLV among its formats; kMalformed, kTooLarge, kNoSpace. Nothing has changed then.
//
// `Engine::withdraw` deletes Security instances with all that belongs to them, Server instances, OSCORE
// contexts and rights, because the card that they are from is gone. It need not leave an account. kBusy as
// above.
#pragma once

#include <optional>

#include "linnet/client/object.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::client {

/// The instances of one object.
struct ProvisionedObject {
  ObjectId id = 0;
  std::optional<lwm2m::Version> version;  ///< absent: that of the enabler, or 1.0
  ByteView instances;                     ///< TLV for the path of the object
};

}  // namespace linnet::client

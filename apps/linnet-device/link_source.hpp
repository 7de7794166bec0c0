// SPDX-License-Identifier: Apache-2.0
// Where a device gets the links to servers that it did not know at its start.
#pragma once

#include "linnet/coap/link.hpp"
#include "linnet/net/address.hpp"
#include "refusal.hpp"

namespace linnet::device {

class LinkSource {
 public:
  /// The link that leads to `address`, the same each time.
  virtual OrRefusal<coap::LinkId> link_to(const net::Address& address) = 0;

  // Over TCP; a source may have none.

  /// The same for a connection, which `connect` makes. What becomes of it is told to Connections.
  virtual OrRefusal<coap::LinkId> stream_to(const net::Address& address) {
    return refuse(Errc::kUnsupported, "this device has no TCP for " + address.text());
  }
  virtual void connect(coap::LinkId /*link*/) {}
  virtual void disconnect(coap::LinkId /*link*/) {}

 protected:
  ~LinkSource() = default;
};

}  // namespace linnet::device

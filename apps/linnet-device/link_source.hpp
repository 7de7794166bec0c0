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

 protected:
  ~LinkSource() = default;
};

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
// Where a device gets the links to servers that it did not know at its start.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "linnet/client/channel.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/net/address.hpp"
#include "refusal.hpp"

namespace linnet::device {

/// Makes the channel of a connection, begun, over its wire. The error is a sentence.
using MakeChannel =
    std::function<std::expected<std::unique_ptr<client::Channel>, std::string>(client::Wire&)>;

class LinkSource {
 public:
  /// The link that leads to `address`, the same each time.
  virtual OrRefusal<coap::LinkId> link_to(const net::Address& address) = 0;

  // Over TCP; a source may have none.

  /// The same for a connection, which `connect` makes, with a channel in it where `make` is not empty. What
  /// becomes of it is told to Connections.
  virtual OrRefusal<coap::LinkId> stream_to(const net::Address& address) {
    return refuse(Errc::kUnsupported, "this device has no TCP for " + address.text());
  }
  virtual std::expected<void, std::string> connect(coap::LinkId /*link*/, const MakeChannel& /*make*/) {
    return {};
  }
  /// The channel of a connection that stands; null where it has none.
  [[nodiscard]] virtual const client::Channel* channel(coap::LinkId /*link*/) const { return nullptr; }
  virtual void disconnect(coap::LinkId /*link*/) {}

 protected:
  ~LinkSource() = default;
};

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
// Which of the sockets that share a port gets the datagrams of a peer: a rule of our own in place of
// the kernel's, the same after every restart, so that a shard knows where a peer's datagrams arrive
// before it has spoken.
#pragma once

#include <cstdint>

#include "linnet/net/address.hpp"
#include "linnet/net/udp_socket.hpp"

namespace linnet::net {

/// The shard, below `shards`, where datagrams from `remote` arrive.
[[nodiscard]] unsigned steer(const Address& remote, unsigned shards) noexcept;

/// Gives the rule to the kernel for the group of SO_REUSEPORT sockets that `socket` is one of; they
/// must have been bound in the order of their shards. False: the system does not know how.
[[nodiscard]] bool install_steering(const UdpSocket& socket, unsigned shards) noexcept;

}  // namespace linnet::net

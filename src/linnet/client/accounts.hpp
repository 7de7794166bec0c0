// SPDX-License-Identifier: Apache-2.0
// What objects 0 and 1 say about servers: which accounts there are, and what the engine obeys of each
// (Core 1.1, digest §4). Everything is read when it is asked for, as servers may write it at any time.
#pragma once

#include <optional>

#include "linnet/client/object_tree.hpp"
#include "linnet/lwm2m/registration_parameters.hpp"

namespace linnet::client {

/// One server as object 1 names it.
struct Account {
  ShortServerId id = 0;        ///< 0: there is none
  InstanceId server = kMaxId;  ///< of object 1
};

/// The first usable account whose Server instance is `from` or above; its id is 0 where none is left.
/// Usable is one with a Short Server ID of 1 to 65534 and, where the device has an object 0, a
/// Security instance of the same id that is not the bootstrap server's.
[[nodiscard]] Account next_account(const ObjectTree& tree, InstanceId from = 0) noexcept;

/// The Server instance of this Short Server ID, whether its account is usable or not; kMaxId for none.
[[nodiscard]] InstanceId find_server_instance(const ObjectTree& tree, ShortServerId server) noexcept;
/// The Security instance of this Short Server ID that is no bootstrap server's; kMaxId for none.
[[nodiscard]] InstanceId find_security_instance(const ObjectTree& tree, ShortServerId server) noexcept;
/// An instance of object 0 is of the bootstrap server.
[[nodiscard]] bool is_bootstrap_account(const ObjectTree& tree, InstanceId security) noexcept;
/// The Security instance of the bootstrap server; kMaxId for none.
[[nodiscard]] InstanceId find_bootstrap_account(const ObjectTree& tree) noexcept;

/// A single resource as a number, of either integer kind or a boolean; `absent` where it is not there or out
/// of range. There need be no such object.
[[nodiscard]] std::uint32_t number_of(Object* object, InstanceId instance, ResourceId resource,
                                      std::uint32_t absent) noexcept;
/// The Short Server ID that a resource holds; 0 for none.
[[nodiscard]] ShortServerId id_of(Object* object, InstanceId instance, ResourceId resource) noexcept;
/// A single resource as a number, or as a text; absent where it is not there or out of range. The text stays
/// until the next call of its object.
[[nodiscard]] std::optional<std::uint32_t> read_number(const ObjectTree& tree, const Path& path) noexcept;
[[nodiscard]] std::optional<std::string_view> read_text(const ObjectTree& tree, const Path& path) noexcept;
/// Where an Object Link leads; MAX_ID:MAX_ID, which is nowhere, where there is none.
[[nodiscard]] lwm2m::Objlnk link_of(Object* object, InstanceId instance, ResourceId resource) noexcept;

/// The Server object instance of an account as the engine reads it, defaults filled in.
struct ServerSettings {
  InstanceId instance = kMaxId;  ///< kMaxId: there is none, and all else is defaults
  std::uint32_t lifetime = lwm2m::kDefaultLifetime;
  std::uint32_t default_pmin = 0;
  std::uint32_t default_pmax = 0;  ///< 0: none
  std::uint32_t disable_timeout = 86400;
  std::uint32_t store_notifications = 1;  ///< 0 or 1, as the next two like it
  lwm2m::Binding binding = lwm2m::Binding::kUdp;
  std::uint32_t retry_count = 5;
  std::uint32_t retry_timer = 60;
  std::uint32_t sequence_delay = 86400;
  std::uint32_t sequence_count = 1;
  std::optional<std::uint32_t> priority{};  ///< Registration Priority Order
  std::uint32_t initial_delay = 0;
  std::uint32_t failure_block = 0;
  std::uint32_t bootstrap_on_failure = 1;
  lwm2m::Binding preferred{};  ///< Preferred Transport; empty for none
};
[[nodiscard]] ServerSettings read_settings(const ObjectTree& tree, ShortServerId server) noexcept;

}  // namespace linnet::client

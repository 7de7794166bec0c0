// SPDX-License-Identifier: Apache-2.0
// What the bootstrap server does with a device: which instances it deletes, what it writes, and what
// it asks first (Core 1.1 §6.1.7, TS 6.4.2). bootstrap_check.hpp says what may stand in one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/lwm2m/path.hpp"
#include "linnet/server/owned_value.hpp"

namespace linnet::server {

/// Stands for the endpoint name of the device in text and in the identity of a pre-shared key
/// (`/0/x/3`).
inline constexpr std::string_view kEndpointVariable = "{endpoint}";

/// One Bootstrap-Write.
struct BootstrapWrite {
  lwm2m::Path path;                  ///< an instance, which it replaces or creates, or a resource
  std::vector<OwnedRecord> records;  ///< at or below `path`, ascending, not empty
};

struct BootstrapConfiguration {
  std::string name;
  /// Endpoint names, or what they begin with and `*`: `urn:dev:1`, `urn:dev:*`, `*`.
  std::vector<std::string> endpoints;
  std::vector<lwm2m::Path> discover;   ///< Bootstrap-Discover: `/` or objects
  std::vector<lwm2m::Path> read;       ///< Bootstrap-Read: objects 1 and 2 or their instances
  std::vector<lwm2m::Path> deletions;  ///< Bootstrap-Delete: `/`, objects, instances
  std::vector<BootstrapWrite> writes;  ///< ascending by path
  /// Servers whose accounts the device is to forget (TS 5.2.5). Which instances of object 0 these are, the
  /// session finds by a Bootstrap-Discover; it deletes them behind `deletions`.
  std::vector<lwm2m::ShortServerId> unbootstrap;

  /// True where the device is to forget the account of `server`.
  [[nodiscard]] bool forgets(lwm2m::ShortServerId server) const noexcept;

  /// True where one of the deletions takes what is at `path`. `/` spares the Device object, and
  /// whatever is spared of object 0 is the bootstrap server's own account.
  [[nodiscard]] bool deletes(const lwm2m::Path& path) const noexcept;
};

/// `value` as this device gets it: variables replaced. A text that changes lives in `scratch`.
[[nodiscard]] lwm2m::Value expand(const OwnedRecord& record, std::string_view endpoint, std::string& scratch);

/// The configurations of a server, by name and by the devices that they are for.
class BootstrapConfigurations {
 public:
  using Shared = std::shared_ptr<const BootstrapConfiguration>;

  /// The name of the configuration that has one of these endpoints already, other than that of the
  /// same name; nothing where there is none.
  [[nodiscard]] std::optional<std::string> conflict(const BootstrapConfiguration& configuration) const;
  /// Adds it, in place of that of the same name. It must be in conflict with none.
  void put(Shared configuration);
  /// False where there is none of that name.
  bool remove(std::string_view name);

  [[nodiscard]] Shared find(std::string_view name) const;
  /// That of exactly this name, else that of the longest beginning; null for none.
  [[nodiscard]] Shared choose(std::string_view endpoint) const;
  [[nodiscard]] std::size_t size() const noexcept { return by_name_.size(); }
  /// All of them, ascending by name.
  [[nodiscard]] const std::map<std::string, Shared, std::less<>>& all() const noexcept { return by_name_; }

 private:
  std::map<std::string, Shared, std::less<>> by_name_;
  std::map<std::string, Shared, std::less<>> by_endpoint_;  ///< as they are written, `*` included
};

}  // namespace linnet::server

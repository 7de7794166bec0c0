// SPDX-License-Identifier: Apache-2.0
// What a run of the simulation is made of. Everything else follows from the seed.
#pragma once

#include <cstdint>
#include <optional>

#include "network.hpp"

namespace linnet::simulation {

/// Evenly from `least` to `most`.
struct Span {
  Seconds least{0};
  Seconds most{0};
};

/// Who is at which host: the management servers, the bootstrap server, then the devices.
inline constexpr std::uint32_t kMostServers = 2;
inline constexpr std::uint32_t kBootstrapHost = kMostServers;
inline constexpr std::uint32_t kFirstDeviceHost = kBootstrapHost + 1;

struct Plan {
  std::uint64_t seed = 1;
  std::uint32_t devices = 50;
  Seconds duration{7200};
  Weather weather;

  Span lifetime{Seconds{200}, Seconds{900}};
  std::uint32_t default_pmin = 5;
  std::uint32_t default_pmax = 300;
  Seconds confirm_after{1800};
  bool confirmable_notifications = false;  ///< for every other device

  Span value_moves{Seconds{5}, Seconds{60}};  ///< per device
  Span sleepers_move{Seconds{60}, Seconds{600}};
  Span operations{Seconds{20}, Seconds{120}};  ///< per device
  Span mishaps{Seconds{600}, Seconds{3600}};   ///< per device: restarts, new addresses, partitions, clocks
  Span crashes{Seconds{300}, Seconds{1800}};   ///< of the server
  Seconds longest_partition{300};
  Seconds longest_jump{7200};              ///< of a device's clock, either way
  Seconds longest_outage{60};              ///< of a server
  Span holds{Seconds{60}, Seconds{1200}};  ///< how long an operation may wait for its device

  Seconds sweep_every{10};  ///< how often it is looked at what time alone can break
  Millis commit_delay{40};
  std::uint32_t refused_percent = 2;  ///< of what the store is asked for

  std::optional<std::uint32_t> traced;  ///< the host whose datagrams are printed

  // Who is what: among twelve devices in a row, every mixture of the three.

  /// How many servers it registers with.
  [[nodiscard]] static constexpr std::uint32_t servers_of(std::uint32_t device) noexcept {
    return device % 3 == 2 ? kMostServers : 1;
  }
  /// It uses queue mode and really sleeps: nothing reaches it then.
  [[nodiscard]] static constexpr bool sleeps(std::uint32_t device) noexcept {
    return device % 5 == 1 || device % 5 == 2;
  }
  /// It has nothing but a bootstrap account when it is new.
  [[nodiscard]] static constexpr bool bootstraps(std::uint32_t device) noexcept { return device % 4 == 3; }
};

}  // namespace linnet::simulation

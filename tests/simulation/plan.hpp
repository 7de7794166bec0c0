// SPDX-License-Identifier: Apache-2.0
// What a run of the simulation is made of. Everything else follows from the seed.
#pragma once

#include <cstdint>

#include "network.hpp"

namespace linnet::simulation {

/// Evenly from `least` to `most`.
struct Span {
  Seconds least{0};
  Seconds most{0};
};

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

  Span value_moves{Seconds{5}, Seconds{60}};   ///< per device
  Span operations{Seconds{20}, Seconds{120}};  ///< per device
  Span mishaps{Seconds{600}, Seconds{3600}};   ///< per device: restarts, new addresses, partitions, clocks
  Span crashes{Seconds{300}, Seconds{1800}};   ///< of the server
  Seconds longest_partition{300};
  Seconds longest_jump{7200};  ///< of a device's clock, either way
  Seconds longest_outage{60};  ///< of the server

  Seconds sweep_every{10};  ///< how often it is looked at what time alone can break
  Millis commit_delay{40};
  std::uint32_t refused_percent = 2;  ///< of what the store is asked for
};

}  // namespace linnet::simulation

// SPDX-License-Identifier: Apache-2.0
// A fleet under a virtual clock: two management servers, a bootstrap server, many devices, a network
// with weather, and mishaps. The run ends at rest: the weather clears, everything that was cut off comes
// back, time goes by, and both sides must agree; then all devices leave and every pool must be empty.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bootstrap_node.hpp"
#include "device_node.hpp"
#include "invariants.hpp"
#include "network.hpp"
#include "plan.hpp"
#include "server_node.hpp"

namespace linnet::simulation {

class Fleet {
 public:
  explicit Fleet(const Plan& plan);

  /// The whole run. It stops early when enough is broken.
  void run();

  [[nodiscard]] const std::vector<std::string>& broken() const noexcept { return invariants_.all_broken(); }
  [[nodiscard]] const NetworkStatistics& network() const noexcept { return network_.statistics(); }
  /// Of all servers together.
  [[nodiscard]] ServerCounts servers() const noexcept;
  [[nodiscard]] std::uint64_t bootstraps() const noexcept { return invariants_.bootstraps(); }
  [[nodiscard]] std::uint64_t unheard() const noexcept;
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  [[nodiscard]] Instant now() const noexcept { return now_; }

 private:
  enum Kind : std::uint32_t {
    kDatagram,
    kStepDevice,
    kStepServer,
    kCommit,
    kTouch,
    kSweep,
    // What ends when the fleet comes to rest:
    kValue,
    kOperation,
    kMishap,
    kHeal,
    kCrash,
    kRestart,
  };

  void run_until(Instant end);
  void handle(Event event);
  void deliver(std::uint32_t place);
  void step_device(std::uint32_t index);
  void step_server(std::uint32_t host);
  void arm_device(std::uint32_t index);
  void arm_server(std::uint32_t host);
  void sweep();
  void plan_next(Kind kind, std::uint32_t subject, Span span);

  void move_value(std::uint32_t index);
  void operate(std::uint32_t index);
  void mishap(std::uint32_t index);
  void crash(std::uint32_t host);
  void restart(std::uint32_t host);
  [[nodiscard]] bool runs(std::uint32_t host) const noexcept;

  void come_to_rest();
  void check_agreement();
  void check_device(std::uint32_t index);
  void check_registration(Pair pair);
  void check_values(Pair pair, server::RegistrationId registration);
  void check_survivors(std::uint32_t server);
  void leave();

  Plan plan_;
  Dice dice_;
  EventQueue queue_;
  Network network_;
  Invariants invariants_;
  std::vector<std::unique_ptr<ServerNode>> servers_;
  BootstrapNode bootstrap_;
  std::vector<std::unique_ptr<DeviceNode>> devices_;
  std::vector<Instant> device_armed_;
  std::vector<bool> left_;  // deregistered by themselves
  std::array<Instant, kFirstDeviceHost> server_armed_;
  std::array<bool, kMostServers> commit_planned_{};
  bool resting_ = false;
  Instant now_{Seconds(1000)};
  std::uint64_t events_ = 0;
};

}  // namespace linnet::simulation

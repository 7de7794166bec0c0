// SPDX-License-Identifier: Apache-2.0
// A fleet under a virtual clock: one server, many devices, a network with weather, and mishaps. The
// run ends at rest: the weather clears, everything that was cut off comes back, time goes by, and
// both sides must agree; then all devices leave and every pool must be empty.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
  [[nodiscard]] const ServerCounts& server() const noexcept { return server_.counts(); }
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
  void step_server();
  void arm_device(std::uint32_t index);
  void arm_server();
  void sweep();
  void plan_next(Kind kind, std::uint32_t subject, Span span);

  void move_value(std::uint32_t index);
  void operate(std::uint32_t index);
  void mishap(std::uint32_t index);
  void crash();
  void restart();

  void come_to_rest();
  void check_agreement();
  void check_device(std::uint32_t index);
  void check_values(std::uint32_t index, server::RegistrationId registration);
  void check_survivors();
  void leave();

  Plan plan_;
  Dice dice_;
  EventQueue queue_;
  Network network_;
  Invariants invariants_;
  ServerNode server_;
  std::vector<std::unique_ptr<DeviceNode>> devices_;
  std::vector<Instant> device_armed_;
  std::vector<bool> left_;  // deregistered by themselves
  Instant server_armed_ = kNever;
  bool commit_planned_ = false;
  bool resting_ = false;
  Instant now_{Seconds(1000)};
  std::uint64_t events_ = 0;
};

}  // namespace linnet::simulation

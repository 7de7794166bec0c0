// SPDX-License-Identifier: Apache-2.0
// Every invariant of a fleet, in one place: its sentence and where it comes from. The nodes report
// what they see; what breaks a rule is written down with time and device.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "linnet/coap/token.hpp"
#include "linnet/lwm2m/attributes.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/server/event.hpp"
#include "network.hpp"

namespace linnet::simulation {

enum class Rule : std::uint8_t {
  kOneResult,
  kOnce,
  kDone,
  kPmin,
  kPmax,
  kAgreeRegistered,
  kAgreeObserved,
  kLastValue,
  kSurvivesCrash,
  kLifetimeKept,
  kLifetimeRefreshed,
  kPoolsEmpty,
  kNoBusyLoop,
  kFits,
};

struct RuleText {
  std::string_view sentence, source;
};

/// In the order of Rule.
inline constexpr std::array kRules{
    RuleText{"every accepted operation has exactly one result", "server::Listener::on_result"},
    RuleText{"no operation takes effect twice while the device runs", "RFC 7252 4.5"},
    RuleText{"what was answered with success has been done", "Core 1.1 6.3"},
    RuleText{"no notification earlier than pmin after the one before", "Core 1.1 5.1.2"},
    RuleText{"no notification later than pmax after the one before", "Core 1.1 5.1.2"},
    RuleText{"at rest, device and server name the same registration", "Core 1.1 6.2"},
    RuleText{"at rest, device and server know the same observations", "RFC 7641 4.1"},
    RuleText{"at rest, the value that the server heard last is the device's", "RFC 7641 1.3"},
    RuleText{"a registration that was answered survives a crash of the server", "issue 3, store"},
    RuleText{"the server ends no registration before its lifetime has passed", "Core 1.1 6.2.1"},
    RuleText{"a running device tries to refresh before its lifetime has passed", "Core 1.1 6.2.2"},
    RuleText{"at rest, every pool is empty again", "ARCHITECTURE.md, contracts"},
    RuleText{"no engine asks again and again to be stepped at once", "client::Engine::step"},
    RuleText{"no message exceeds what the link carries", "RFC 7252 4.6"},
};
static_assert(kRules.size() == static_cast<std::size_t>(Rule::kFits) + 1);

class Invariants {
 public:
  static constexpr std::size_t kMaxBroken = 10;  ///< what is written down of one run

  explicit Invariants(std::uint32_t devices) : devices_(devices) {}

  void broken(Rule rule, Instant now, const std::string& detail);
  void hold(bool holds, Rule rule, Instant now, const std::string& detail) {
    if (!holds) broken(rule, now, detail);
  }
  [[nodiscard]] const std::vector<std::string>& all_broken() const noexcept { return broken_; }
  [[nodiscard]] bool enough() const noexcept { return broken_.size() >= kMaxBroken; }

  // Operations: each that has an effect carries a number of its own.
  void accepted(server::OperationId id, std::uint32_t serial) { waiting_.emplace(id, serial); }
  void result(server::OperationId id, bool success, Instant now);
  [[nodiscard]] std::uint32_t new_serial();
  void effect(std::uint32_t device, std::uint32_t serial, Instant now);
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

  // What a device does, from its events and its datagrams.
  void observed(std::uint32_t device, const lwm2m::Path& path, ByteView request, Instant now);
  void cancelled(std::uint32_t device, const lwm2m::Path& path);
  void attributes_written(std::uint32_t device, const lwm2m::Path& path, ByteView request);
  void sent_by_device(std::uint32_t device, ByteView datagram, Instant now);
  void device_stopped(std::uint32_t device);
  /// Its clock went forward to `now`: what that made due counts from here, and what it remembered of
  /// messages has aged.
  void device_jumped(std::uint32_t device, Instant now) {
    devices_[device].jumped = now;
    ++devices_[device].boots;
  }
  void deleted(std::uint32_t device, const lwm2m::Path& path);
  void registered(std::uint32_t device, Seconds lifetime) { devices_[device].lifetime = lifetime; }
  void not_registered(std::uint32_t device) { devices_[device].lifetime.reset(); }
  /// Looks at what time alone can break.
  void sweep(std::uint32_t device, Instant now);
  [[nodiscard]] bool observes(std::uint32_t device, const lwm2m::Path& path) const {
    return devices_[device].observations.contains(path);
  }
  [[nodiscard]] std::size_t observations(std::uint32_t device) const {
    return devices_[device].observations.size();
  }

  // What the server does.
  void server_crashed() { waiting_.clear(); }

  // Engines: a step that nothing led to but the engine's own wish.
  void stepped(std::uint32_t& idle_steps, Instant next, Instant now, const std::string& who);

  /// All of a device's notifications may wait: for their outcome, or until the way is clear.
  void confirms_all(std::uint32_t device) { devices_[device].confirms_all = true; }

  lwm2m::Attributes defaults;  ///< pmin and pmax of the Server object
  Seconds confirm_after{86'400};

 private:
  static constexpr std::uint32_t kMaxIdleSteps = 8;
  static constexpr Seconds kConfirmable{400};  // a confirmable one waits for its outcome, or in the queue

  struct Effect {
    std::uint32_t count = 0;  // since that boot
    std::uint32_t boot = 0;
  };
  struct Observation {
    coap::Token token;
    Instant last{};
    std::optional<coap::MessageId> message;
    bool confirmable = false;
    Instant confirmed{};
    bool ended = false;  // what it was about is gone, which the server may not know yet
  };
  struct Device {
    bool confirms_all = false;
    std::uint32_t boots = 0;
    std::map<lwm2m::Path, Observation> observations;
    std::map<lwm2m::Path, lwm2m::Attributes> attributes;
    std::optional<Seconds> lifetime;  // while registered
    Instant refresh_sent{};
    Instant jumped{};
  };

  [[nodiscard]] lwm2m::Attributes attributes(const Device& device, const lwm2m::Path& path) const;

  std::vector<Device> devices_;
  std::unordered_map<server::OperationId, std::uint32_t> waiting_;
  std::vector<Effect> effects_{Effect{}};  // by serial; 0 is for what has no effect
  std::vector<std::string> broken_;
};

[[nodiscard]] std::string to_text(const lwm2m::Path& path);

}  // namespace linnet::simulation

// SPDX-License-Identifier: Apache-2.0
// Every invariant of a fleet, in one place: its sentence and where it comes from. The nodes report
// what they see; what breaks a rule is written down with time and device.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/coap/token.hpp"
#include "linnet/lwm2m/attributes.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/server/event.hpp"
#include "linnet/server/queued_operation.hpp"
#include "network.hpp"
#include "plan.hpp"

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
  kQueueOrder,
  kQueueExpiry,
  kQueueSurvives,
  kBootstrapWhole,
  kBootstrapAgrees,
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
    RuleText{"queued operations of a device start in the order of their acceptance, one at a time", "TS 6.5"},
    RuleText{"a queued operation ends when its time is over, and not before", "server::Hold"},
    RuleText{"a queued operation that was accepted survives a crash of the server", "issue 3, store"},
    RuleText{"a bootstrap leaves the accounts of its configuration, or those that were there before",
             "TS 6.4.2"},
    RuleText{"what the bootstrap server calls finished, the device has finished", "TS 6.4.2"},
    RuleText{"a registration that was answered survives a crash of the server", "issue 3, store"},
    RuleText{"the server ends no registration before its lifetime has passed", "Core 1.1 6.2.1"},
    RuleText{"a running device tries to refresh before its lifetime has passed", "Core 1.1 6.2.2"},
    RuleText{"at rest, every pool is empty again", "ARCHITECTURE.md, contracts"},
    RuleText{"no engine asks again and again to be stepped at once", "client::Engine::step"},
    RuleText{"no message exceeds what the link carries", "RFC 7252 4.6"},
};
static_assert(kRules.size() == static_cast<std::size_t>(Rule::kFits) + 1);

/// A device and one of the servers that it speaks to, both counted from 0.
struct Pair {
  std::uint32_t device = 0;
  std::uint32_t server = 0;
  friend auto operator<=>(const Pair&, const Pair&) = default;
};

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
  void accepted(std::uint32_t server, server::OperationId id, std::uint32_t serial) {
    waiting_.emplace(std::pair(server, id), serial);
  }
  void result(std::uint32_t server, server::OperationId id, bool success, Instant now);
  [[nodiscard]] std::uint32_t new_serial();
  void effect(std::uint32_t device, std::uint32_t serial, Instant now);
  /// Those without a result, queued ones too.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size() + held_.size(); }

  // Queued operations (queue mode), as the server's listener hears of them.
  void offered(std::uint32_t server, const server::QueuedOperation& operation, std::uint32_t serial);
  void queued(std::uint32_t server, const server::QueuedOperation& operation, Instant now);
  void started(std::uint32_t server, const server::QueuedOperation& operation, Instant now);
  void finished(std::uint32_t server, const server::QueuedOperation& operation, Instant now);
  /// Its record is to go: a crash may take it without a word.
  void leaving(std::uint32_t server, server::QueuedId id);
  /// The store brought it back. Afterwards all that were accepted must have come.
  void restored(std::uint32_t server, server::QueuedId id);
  void all_restored(std::uint32_t server, Instant now);
  /// Looks for those that should have ended. The server runs.
  void sweep_queue(std::uint32_t server, Instant now);

  // What a device does, from its events and its datagrams.
  void observed(Pair pair, const lwm2m::Path& path, ByteView request, Instant now);
  void cancelled(Pair pair, const lwm2m::Path& path);
  void attributes_written(Pair pair, const lwm2m::Path& path, ByteView request);
  void sent_by_device(Pair pair, ByteView datagram, Instant now);
  void device_stopped(std::uint32_t device);
  /// Its clock went forward to `now`: what that made due counts from here, and what it remembered of
  /// messages has aged.
  void device_jumped(std::uint32_t device, Instant now) {
    devices_[device].jumped = now;
    ++devices_[device].boots;
  }
  void deleted(std::uint32_t device, const lwm2m::Path& path);
  void registered(Pair pair, Seconds lifetime) { account(pair).lifetime = lifetime; }
  void not_registered(Pair pair) { account(pair).lifetime.reset(); }
  /// Looks at what time alone can break.
  void sweep(std::uint32_t device, Instant now);
  [[nodiscard]] bool observes(Pair pair, const lwm2m::Path& path) const {
    return std::ranges::any_of(devices_[pair.device].accounts[pair.server].observations,
                               [&](const Observation& row) { return row.live && row.path == path; });
  }

  // Bootstrap: `accounts` is a text of what objects 0 and 1 hold.
  void bootstrapping(std::uint32_t device, std::string accounts);
  void bootstrapped(std::uint32_t device, bool as_configured, Instant now);
  void bootstrap_failed(std::uint32_t device, const std::string& accounts, Instant now);
  /// The bootstrap server has its answer to the Finish.
  void bootstrap_finished(std::uint32_t device, Instant now);
  [[nodiscard]] std::uint64_t bootstraps() const noexcept { return bootstraps_; }

  // What a server does.
  void server_crashed(std::uint32_t server);

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
    bool repeats = false;  // it may be sent until it is answered
  };
  /// A queued operation that was accepted, or may be.
  struct Held {
    std::string endpoint;
    std::uint32_t serial = 0;
    Instant expires{};
    bool accepted = false;
    bool sent = false;
    bool leaving = false;
    bool restored = false;
  };
  using HeldKey = std::pair<std::uint32_t, server::QueuedId>;
  /// One token of one path: requests that overtake each other leave two of them, until one is reset.
  struct Observation {
    lwm2m::Path path;
    coap::Token token;
    bool live = false;  // not cancelled; what was in flight may be sent again nevertheless
    Instant last{};
    std::optional<coap::MessageId> message;
    bool confirmable = false;
    Instant confirmed{};
    bool ended = false;  // what it was about is gone, which the server may not know yet
  };
  struct Account {
    std::vector<Observation> observations;
    std::map<lwm2m::Path, lwm2m::Attributes> attributes;
    std::optional<Seconds> lifetime;  // while registered
    Instant refresh_sent{};
  };
  struct Device {
    bool confirms_all = false;
    std::uint32_t boots = 0;
    std::array<Account, kMostServers> accounts;
    Instant jumped{};
    bool bootstrapping = false;
    std::string accounts_before;
    std::uint64_t bootstrapped = 0;        // by its own count, over all boots
    std::uint64_t bootstrap_finished = 0;  // by the server's
  };

  [[nodiscard]] Account& account(Pair pair) { return devices_[pair.device].accounts[pair.server]; }
  [[nodiscard]] lwm2m::Attributes attributes(const Account& account, const lwm2m::Path& path) const;
  void sweep(Pair pair, const Account& account, Instant now);

  std::vector<Device> devices_;
  std::map<std::pair<std::uint32_t, server::OperationId>, std::uint32_t> waiting_;
  std::map<HeldKey, Held> held_;
  std::map<HeldKey, Held> ended_;  // a crash may bring them back
  std::uint64_t bootstraps_ = 0;
  std::vector<Effect> effects_{Effect{}};  // by serial; 0 is for what has no effect
  std::vector<std::string> broken_;
};

[[nodiscard]] std::string to_text(const lwm2m::Path& path);

}  // namespace linnet::simulation

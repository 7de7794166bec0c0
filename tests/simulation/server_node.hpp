// SPDX-License-Identifier: Apache-2.0
// The server of a fleet: a management engine, its links and its store, which may crash and come back.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "invariants.hpp"
#include "linnet/server/engine.hpp"
#include "network.hpp"
#include "plan.hpp"
#include "server_links.hpp"
#include "store.hpp"

namespace linnet::simulation {

/// What the fleet counts, to know that a run was about something.
struct ServerCounts {
  std::uint64_t registered = 0, updated = 0, expired = 0, results = 0, successes = 0, notified = 0,
                crashes = 0, refused = 0, queued = 0, done_later = 0;

  ServerCounts& operator+=(const ServerCounts& more) noexcept;
};

class ServerNode final : public server::Listener {
 public:
  using Values = std::map<lwm2m::Path, double>;

  ServerNode(std::uint32_t index, const Plan& plan, Network& network, Invariants& invariants);

  void start(Instant now);
  void crash();
  [[nodiscard]] bool running() const noexcept { return engine_ != nullptr; }
  void receive(const Datagram& datagram, Instant now);
  void step(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept { return engine_->next_deadline(); }

  [[nodiscard]] bool commits() const noexcept { return store_.waits(); }
  void commit(std::uint32_t refused_percent, Instant now);

  /// Starts an operation, or has it wait where `hold` is given, with the number that tells it apart
  /// (0: it has no effect). An engine that is busy, or knows that it cannot be done, refuses.
  void perform(server::RegistrationId registration, const server::Operation& operation,
               const server::Hold* hold, std::uint32_t serial);
  /// Cancels some operation that waits for this device.
  void cancel_one(const std::string& endpoint);
  /// Writes refreshed lifetimes behind.
  void touch(Instant now);

  [[nodiscard]] server::Engine& engine() noexcept { return *engine_; }
  [[nodiscard]] ServerLinks& links() noexcept { return links_; }
  [[nodiscard]] const ServerCounts& counts() const noexcept { return counts_; }
  /// True when the server itself has ended this registration.
  [[nodiscard]] bool ended(server::RegistrationId id) const { return ended_.contains(id); }
  /// The values of an observation as they came last, null for one that is not there.
  [[nodiscard]] const Values* values(server::ObservationId id) const;
  void set_now(Instant now) noexcept { now_ = links_.now = now; }

  // server::Listener
  void on_registered(const server::Registration& registration, Instant now) noexcept override;
  void on_updated(const server::Registration& registration, server::UpdateChanges changes,
                  Instant now) noexcept override;
  void on_ended(const server::Registration& registration, server::EndReason why,
                Instant now) noexcept override;
  void on_result(server::OperationId id, const server::OperationResult& result,
                 Instant now) noexcept override;
  void on_notified(const server::Notified& notified, Instant now) noexcept override;
  void on_observation_ended(server::ObservationId id, server::RegistrationId registration,
                            const server::Observed& observed, server::ObservationEnd why,
                            Instant now) noexcept override;
  void on_operation_queued(const server::QueuedOperation& operation, Instant now) noexcept override;
  void on_operation_started(const server::QueuedOperation& operation, Instant now) noexcept override;
  void on_operation_finished(const server::QueuedOperation& operation, Instant now) noexcept override;
  void on_operation_change(const server::QueuedChange& change, Instant now) noexcept override;
  void on_change(const server::Change& change, Instant now) noexcept override;
  void on_observation_change(const server::ObservationChange& change, Instant now) noexcept override;

 private:
  [[nodiscard]] server::EngineConfig config() const;
  [[nodiscard]] static UnixTime wall(Instant now) noexcept;
  void restore_observations(Instant now);
  void restore_operations(Instant now);
  void refreshed(const server::Registration& registration, Instant now);
  void take_values(const server::OperationResult& result);

  std::uint32_t index_;
  const Plan& plan_;
  Invariants& invariants_;
  Dice dice_;
  ServerLinks links_;
  Store store_;
  ServerCounts counts_;
  Instant now_{};
  std::uint32_t idle_steps_ = 0;
  struct Refresh {
    Instant at, expires;
  };
  std::map<std::string, Refresh, std::less<>> refreshed_;
  std::set<server::RegistrationId> ended_;
  std::map<server::ObservationId, Values> values_;
  std::unique_ptr<server::Engine> engine_;
};

/// The definitions of what the fleet's devices have beside objects 1 and 3.
[[nodiscard]] const server::Models& fleet_models() noexcept;
[[nodiscard]] lwm2m::DataType type_of(const lwm2m::Path& path) noexcept;

}  // namespace linnet::simulation

// SPDX-License-Identifier: Apache-2.0
// The server of a fleet: a management engine, its links and its store, which may crash and come back.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "invariants.hpp"
#include "linnet/server/engine.hpp"
#include "network.hpp"
#include "plan.hpp"
#include "store.hpp"

namespace linnet::simulation {

/// Links by address; ids are given out again where the engine allows it.
class ServerLinks final : public coap::Links, public server::LinkDirectory {
 public:
  explicit ServerLinks(Network& network, Invariants& invariants)
      : network_(network), invariants_(invariants) {}

  /// The link of an address, a new one where there is none; nothing when all ids are in use.
  std::optional<coap::LinkId> link_of(Address address);
  /// Gives back the ids of links that the engine has no use for.
  void reclaim(server::Engine& engine, Instant now);
  void clear();
  [[nodiscard]] std::size_t size() const noexcept { return by_address_.size(); }
  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }

  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;
  std::optional<coap::LinkId> open(ByteView address) noexcept override;
  std::size_t address(coap::LinkId link, ByteSpan out) noexcept override;

  Instant now{};

 private:
  Network& network_;
  Invariants& invariants_;
  coap::LinkTraits traits_;
  Bytes buffer_;
  std::uint32_t limit_ = 0;
  std::map<Address, std::uint32_t> by_address_;
  std::vector<Address> addresses_;
  std::vector<std::uint32_t> free_;
};

/// What the fleet counts, to know that a run was about something.
struct ServerCounts {
  std::uint64_t registered = 0, updated = 0, expired = 0, results = 0, successes = 0, notified = 0,
                crashes = 0, refused = 0;
};

class ServerNode final : public server::Listener {
 public:
  using Values = std::map<lwm2m::Path, double>;

  ServerNode(const Plan& plan, Network& network, Invariants& invariants);

  void start(Instant now);
  void crash();
  [[nodiscard]] bool running() const noexcept { return engine_ != nullptr; }
  void receive(const Datagram& datagram, Instant now);
  void step(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept { return engine_->next_deadline(); }

  [[nodiscard]] bool commits() const noexcept { return store_.waits(); }
  void commit(std::uint32_t refused_percent, Instant now);
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
  void on_change(const server::Change& change, Instant now) noexcept override;
  void on_observation_change(const server::ObservationChange& change, Instant now) noexcept override;

 private:
  [[nodiscard]] server::EngineConfig config() const;
  [[nodiscard]] static UnixTime wall(Instant now) noexcept;
  void restore_observations(Instant now);
  void refreshed(const server::Registration& registration, Instant now);

  const Plan& plan_;
  Invariants& invariants_;
  Dice dice_;
  ServerLinks links_;
  Store store_;
  ServerCounts counts_;
  Instant now_{};
  std::uint32_t idle_steps_ = 0;
  std::map<std::string, Instant, std::less<>> refreshed_;
  std::set<server::RegistrationId> ended_;
  std::map<server::ObservationId, Values> values_;
  std::unique_ptr<server::Engine> engine_;
};

/// The definitions of what the fleet's devices have beside objects 1 and 3.
[[nodiscard]] const server::Models& fleet_models() noexcept;
[[nodiscard]] lwm2m::DataType type_of(const lwm2m::Path& path) noexcept;

}  // namespace linnet::simulation

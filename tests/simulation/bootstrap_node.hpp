// SPDX-License-Identifier: Apache-2.0
// The bootstrap server of a fleet: it gives each of its devices the accounts that the plan has for it.
#pragma once

#include <memory>
#include <string>

#include "invariants.hpp"
#include "linnet/server/bootstrap_engine.hpp"
#include "network.hpp"
#include "plan.hpp"
#include "server_links.hpp"

namespace linnet::simulation {

/// What a device gets for one server; the instance of objects 0 and 1 has the same number.
struct ServerAccount {
  std::uint32_t instance = 1;  ///< the Short Server ID as well
  std::string uri;
  Seconds lifetime{0};
};
[[nodiscard]] ServerAccount server_account(std::uint32_t server, Seconds lifetime);

class BootstrapNode final : public server::BootstrapListener {
 public:
  BootstrapNode(const Plan& plan, Network& network, Invariants& invariants);

  /// From now on the device of this name is given accounts with `servers` servers.
  void give(const std::string& endpoint, std::uint32_t servers, Seconds lifetime);
  void start(Instant now);
  void crash() noexcept;
  [[nodiscard]] bool running() const noexcept { return engine_ != nullptr; }
  void receive(const Datagram& datagram, Instant now);
  void step(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept { return engine_->next_deadline(); }
  [[nodiscard]] std::uint32_t sessions() const noexcept { return engine_->statistics().sessions; }

  // server::BootstrapListener
  void on_started(std::string_view endpoint, std::string_view configuration, Instant now) noexcept override;
  void on_finished(const server::BootstrapResult& result, Instant now) noexcept override;
  void on_unknown(std::string_view endpoint, Instant now) noexcept override;

 private:
  const Plan& plan_;
  Invariants& invariants_;
  Dice dice_;
  ServerLinks links_;
  server::BootstrapConfigurations configurations_;  // what is on disk
  std::uint32_t idle_steps_ = 0;
  std::unique_ptr<server::BootstrapEngine> engine_;
};

}  // namespace linnet::simulation

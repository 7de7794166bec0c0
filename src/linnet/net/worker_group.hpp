// SPDX-License-Identifier: Apache-2.0
// All workers of a server and the store behind them: how they start, are walked over, and end.
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "linnet/net/server.hpp"
#include "linnet/net/shard.hpp"

namespace linnet::net {

class WorkerGroup final : public store::StoreListener {
 public:
  ~WorkerGroup() override { stop(); }

  [[nodiscard]] std::expected<void, std::string> start(const ServerConfig& config,
                                                       const server::Models& models);
  void stop();

  /// Is called at one shard after the other: returns the next one, or nothing when it is done. Null:
  /// the server has ended, and nothing more comes.
  using Step = std::move_only_function<std::optional<unsigned>(Shard*)>;
  /// kBusy: too many are under way. kClosed: stopped. `step` is then not called.
  [[nodiscard]] Result<void> walk(unsigned first, Step step);

  /// Is called at the shard that has the endpoint, or with nothing.
  using Act = std::move_only_function<void(Shard*, std::optional<server::RegistrationId>)>;
  [[nodiscard]] Result<void> at_owner(std::string_view endpoint, Act act);

  /// Is called at one shard after the other until it returns true, and with null when none did or the server
  /// has ended. What is between two shards is looked for again.
  using Look = std::move_only_function<bool(Shard*)>;
  [[nodiscard]] Result<void> look_everywhere(std::string_view endpoint, Look look);

  /// Every shard publishes into it from its next task on; when stopped, nobody does.
  void add_channel(const std::shared_ptr<EventChannel>& channel);

  [[nodiscard]] unsigned size() const noexcept { return static_cast<unsigned>(fleet_.shards.size()); }
  /// Who may publish events: shards, and the bootstrap server behind them.
  [[nodiscard]] std::size_t publishers() const noexcept { return size() + (bootstrap_ ? 1U : 0U); }
  [[nodiscard]] BootstrapServer* bootstrap() noexcept { return bootstrap_.get(); }
  /// Null: nobody listens for TLS.
  [[nodiscard]] const TlsHandshakes* tls() const noexcept { return fleet_.tls.get(); }
  [[nodiscard]] CredentialBook& credentials() const noexcept { return *fleet_.credentials; }
  [[nodiscard]] const std::vector<std::string>& tenants() const noexcept { return fleet_.tenants; }
  [[nodiscard]] const ServerConfig& config() const noexcept { return config_; }
  [[nodiscard]] const store::RegistrationStore* store() const noexcept { return store_.get(); }
  [[nodiscard]] std::uint64_t restored() const noexcept { return restored_; }
  [[nodiscard]] std::uint64_t operations_restored() const noexcept { return operations_restored_; }
  [[nodiscard]] std::uint64_t not_restored() const noexcept { return not_restored_; }

  // store::StoreListener
  void on_committed(store::ShardIndex shard, std::span<const store::Ticket> tickets) override {
    settle(shard, tickets, true);
  }
  void on_refused(store::ShardIndex shard, std::span<const store::Ticket> tickets,
                  store::Condition /*reason*/) override {
    settle(shard, tickets, false);
  }
  void on_health(const store::Health& health) override {
    if (config_.on_health) config_.on_health(health);
  }

 private:
  /// Counts a call for as long as it waits in queues.
  class Call;

  void carry(Call call, unsigned shard, Step step);
  void settle(store::ShardIndex shard, std::span<const store::Ticket> tickets, bool committed);
  [[nodiscard]] std::expected<void, std::string> open_store();
  [[nodiscard]] std::expected<unsigned, std::string> count_shards() const;
  [[nodiscard]] std::expected<void, std::string> make_shards(unsigned shards, const server::Models& models);
  [[nodiscard]] std::expected<void, std::string> place_tenants();
  /// What devices prove themselves by.
  [[nodiscard]] Handshakes::CredentialSource known_devices() const;
  [[nodiscard]] std::expected<void, std::string> make_handshakes();
  [[nodiscard]] std::expected<void, std::string> make_tls();
  [[nodiscard]] std::expected<void, std::string> make_bootstrap();
  [[nodiscard]] std::expected<void, std::string> restore();
  [[nodiscard]] std::expected<void, std::string> restore_associations();
  [[nodiscard]] std::expected<void, std::string> restore_contexts();
  [[nodiscard]] std::expected<void, std::string> restore_operations();
  [[nodiscard]] std::expected<void, std::string> restore_observations();
  void everywhere(void (*act)(Shard&));

  ServerConfig config_;
  ShardFleet fleet_;
  std::unique_ptr<BootstrapServer> bootstrap_;       // null where none was configured
  std::unique_ptr<store::RegistrationStore> store_;  // ends before those that it reports to
  std::uint64_t restored_ = 0;
  std::uint64_t operations_restored_ = 0;
  std::uint64_t not_restored_ = 0;
  bool started_ = false;
  std::atomic<std::uint32_t> queued_ = 0;
  std::atomic<bool> stopped_ = false;
};

}  // namespace linnet::net

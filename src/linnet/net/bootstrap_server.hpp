// SPDX-License-Identifier: Apache-2.0
// The bootstrap server as a running thing: one worker with its sockets, links and engine, the
// configurations and results that the store keeps for it, and calls for any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "linnet/net/address.hpp"
#include "linnet/net/credential_book.hpp"
#include "linnet/net/link_layer.hpp"
#include "linnet/net/mpsc_queue.hpp"
#include "linnet/net/oscore_links.hpp"
#include "linnet/net/pages.hpp"
#include "linnet/net/shard_clock.hpp"
#include "linnet/net/store_ticket.hpp"
#include "linnet/net/subscription.hpp"
#include "linnet/net/system_random.hpp"
#include "linnet/server/bootstrap_engine.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

/// No port is registered for bootstrap servers; this is the one that Leshan's listens on.
inline constexpr std::uint16_t kBootstrapPort = 5783;

struct BootstrapServerConfig {
  std::vector<Address> listen;  ///< empty: there is no bootstrap server
  server::BootstrapEngineConfig engine;
  std::uint32_t max_configurations = 100'000;
  std::uint32_t max_results = 100'000;  ///< that are kept; the oldest goes first
};

/// What became of a change to the configurations.
struct ConfigurationOutcome {
  /// kExists: another configuration has one of the endpoints, `rival` is its name. kNotFound: there is
  /// none to remove. kNoSpace: max_configurations. kTooLarge. kIo: the store refused. kClosed: stopped.
  std::optional<Errc> failure;
  std::string rival;
  bool created = false;  ///< there was none of that name
};

template <typename Item>
struct NamedPage {
  std::vector<Item> items;          ///< ascending by name
  std::optional<std::string> next;  ///< the cursor to go on with; nothing at the end
};

/// Calls may come from any thread. A handler is called exactly once, from the worker's thread or from
/// `stop`; it must not block and must not throw. A call after the stop fails with kClosed, and its
/// handler is not called.
class BootstrapServer final : private server::BootstrapListener, private OscoreOwner {
 public:
  using Configuration = std::shared_ptr<const server::BootstrapConfiguration>;
  using ConfigurationPage = NamedPage<Configuration>;
  using ResultPage = NamedPage<server::BootstrapResult>;
  static constexpr std::uint32_t kMaxPage = 1000;

  /// Binds and brings back what the store has. Devices that protect nothing are admitted as
  /// server::admit says. `store` may be null; what it reports for `store_shard`
  /// must reach `settle`. The error is a sentence for people.
  [[nodiscard]] static std::expected<std::unique_ptr<BootstrapServer>, std::string> make(
      const BootstrapServerConfig& config, store::RegistrationStore* store, store::ShardIndex store_shard,
      const CredentialBook& credentials, bool allow_nosec);
  ~BootstrapServer() { stop(); }
  BootstrapServer(const BootstrapServer&) = delete;
  BootstrapServer& operator=(const BootstrapServer&) = delete;

  void start();
  /// Does what was asked before, fails what waits for the store with kClosed and ends the worker.
  void stop();

  /// With the ports that the system chose.
  [[nodiscard]] const std::vector<Address>& listening() const noexcept { return config_.listen; }
  /// Configurations and results of the store that could not be brought back.
  [[nodiscard]] std::uint32_t not_restored() const noexcept { return not_restored_; }

  // Configurations. They are in force when the handler is called without a failure: on disk before.

  using OutcomeHandler = std::move_only_function<void(ConfigurationOutcome)>;
  /// Adds or replaces. It must have passed server::check_configuration.
  [[nodiscard]] Result<void> put(server::BootstrapConfiguration configuration, OutcomeHandler done);
  [[nodiscard]] Result<void> remove(std::string name, OutcomeHandler done);
  /// The configuration of that name, or null.
  [[nodiscard]] Result<void> find(std::string name, std::move_only_function<void(Configuration)> done);
  /// Up to `limit` (at most kMaxPage) with names behind `after`.
  [[nodiscard]] Result<void> list(std::string after, std::uint32_t limit,
                                  std::move_only_function<void(ConfigurationPage)> done);

  // Results: the last one of each device.

  [[nodiscard]] Result<void> find_result(
      std::string endpoint, std::move_only_function<void(std::optional<server::BootstrapResult>)> done);
  [[nodiscard]] Result<void> list_results(std::string after, std::uint32_t limit,
                                          std::move_only_function<void(ResultPage)> done);

  [[nodiscard]] Result<void> statistics(std::move_only_function<void(server::BootstrapStatistics)> done);
  /// Publishes into ring `ring` of the channel from now on.
  void add_channel(std::shared_ptr<EventChannel> channel, std::size_t ring);
  /// What the store says became of `tickets`.
  void settle(std::span<const store::Ticket> tickets, bool committed);

 private:
  using Task = std::move_only_function<void()>;
  struct Change {
    std::string name;
    Configuration configuration;  ///< null: removed
    OutcomeHandler done;
  };
  struct KeptResult {
    server::BootstrapResult result;
    std::uint64_t number;
  };
  struct Channel {
    std::shared_ptr<EventChannel> channel;
    std::size_t ring;
  };

  /// Throws std::bad_alloc and std::runtime_error.
  BootstrapServer(BootstrapServerConfig config, std::vector<UdpSocket> sockets,
                  store::RegistrationStore* store, store::ShardIndex store_shard,
                  const CredentialBook& credentials, bool allow_nosec);

  [[nodiscard]] Result<void> post(Task task);
  void restore();
  void run();
  void wait();
  void hear(std::size_t socket);
  void look_for_contexts();
  [[nodiscard]] std::optional<store::Ticket> save_context(std::string_view key, ByteView record,
                                                          bool report) override;
  void deliver_held(coap::LinkId link, ByteView message) override;
  void lose_context(coap::LinkId link) override;
  [[nodiscard]] std::size_t address_of(coap::LinkId link, ByteSpan out) override;
  [[nodiscard]] coap::LinkId link_to(LinkTable::Hash hash, const Address& remote, std::size_t socket);
  void change(Change change);
  void carry_out();
  [[nodiscard]] Result<void> store_change(const Change& change);
  void finish_change(ConfigurationOutcome outcome);
  void keep(server::BootstrapResult result);
  void store_result(const server::BootstrapResult& result);
  void publish(Event::Kind kind, std::string_view endpoint,
               const std::shared_ptr<const server::BootstrapResult>& result);

  [[nodiscard]] Result<void> admit(coap::LinkId link, std::string_view endpoint) noexcept override;
  void on_started(std::string_view endpoint, std::string_view configuration, Instant now) noexcept override;
  void on_finished(const server::BootstrapResult& result, Instant now) noexcept override;
  void on_unknown(std::string_view endpoint, Instant now) noexcept override;

  BootstrapServerConfig config_;
  store::RegistrationStore* store_;
  store::ShardIndex store_shard_;
  CredentialReader credentials_;
  bool allow_nosec_;
  std::uint32_t not_restored_ = 0;
  SystemRandom random_;
  LinkLayer links_;
  ReceiveBatch in_;
  Pages pages_;  // of the engine
  server::BootstrapEngine engine_;
  std::unique_ptr<OscoreLinks> oscore_;  // null: no credential is a context
  store::Ticket last_context_ticket_ = kFirstLimit;
  FileDescriptor wake_;
  MpscQueue<Task> tasks_;
  std::thread thread_;
  Instant now_ = ShardClock::now();
  bool running_ = true;
  std::deque<Change> changes_;  // one behind the other: the first may be at the store
  store::Ticket ticket_ = 0;    // of the first, once it is there
  store::Ticket last_ticket_ = 0;
  std::map<std::string, KeptResult, std::less<>> results_;
  std::map<std::uint64_t, std::string> results_by_age_;
  std::uint64_t next_result_ = 0;
  std::vector<Channel> channels_;
};

}  // namespace linnet::net

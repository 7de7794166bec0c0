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
#include "linnet/net/associations.hpp"
#include "linnet/net/credential_book.hpp"
#include "linnet/net/enrollments.hpp"
#include "linnet/net/link_layer.hpp"
#include "linnet/net/mpsc_queue.hpp"
#include "linnet/net/oscore_links.hpp"
#include "linnet/net/pages.hpp"
#include "linnet/net/shard_clock.hpp"
#include "linnet/net/store_ticket.hpp"
#include "linnet/net/stream_links.hpp"
#include "linnet/net/subscription.hpp"
#include "linnet/net/system_random.hpp"
#include "linnet/net/tls_handshakes.hpp"
#include "linnet/server/bootstrap_engine.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

/// No ports are registered for bootstrap servers; these are the ones that Leshan's listens on.
inline constexpr std::uint16_t kBootstrapPort = 5783;
inline constexpr std::uint16_t kSecureBootstrapPort = 5784;

struct BootstrapServerConfig {
  std::vector<Address> listen;       ///< for datagrams
  std::vector<Address> listen_dtls;  ///< for datagrams over DTLS
  std::vector<Address> listen_tcp;   ///< for connections
  std::vector<Address> listen_tls;   ///< for connections over TLS
  HandshakeLimits handshakes;
  TlsLimits tls;
  StreamLimits streams{.max_connections = 4096};
  server::BootstrapEngineConfig engine;
  server::EnrollmentAuthority* authority = nullptr;  ///< that gives certificates by EST; outlives the server
  std::uint32_t max_configurations = 100'000;
  std::uint32_t max_results = 100'000;  ///< that are kept; the oldest goes first

  /// Without an address there is no bootstrap server.
  [[nodiscard]] bool listens() const noexcept {
    return !listen.empty() || !listen_dtls.empty() || !listen_tcp.empty() || !listen_tls.empty();
  }
};

/// What a bootstrap server has in common with the management server beside it.
struct BootstrapSurroundings {
  store::RegistrationStore* store = nullptr;  ///< null: nothing is durable
  store::ShardIndex store_shard = 0;          ///< what the store reports for it must reach `settle`
  const CredentialBook* credentials = nullptr;
  bool allow_nosec = true;  ///< devices that protect nothing are admitted as server::admit says
  const tls::ServerIdentity* identity = nullptr;  ///< over DTLS and TLS, beside pre-shared keys
  Handshakes::CredentialSource known{};           ///< what devices prove themselves by there, from any thread
};

struct BootstrapServerStatistics {
  server::BootstrapStatistics sessions;
  DtlsStatistics dtls;
  TlsStatistics tls;
  StreamStatistics streams;
  std::uint64_t connections = 0;  ///< over TCP and TLS, now
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
class BootstrapServer final : private server::BootstrapListener,
                              private AssociationOwner,
                              private StreamLinks::Owner,
                              private OscoreOwner {
 public:
  using Configuration = std::shared_ptr<const server::BootstrapConfiguration>;
  using ConfigurationPage = NamedPage<Configuration>;
  using ResultPage = NamedPage<server::BootstrapResult>;
  static constexpr std::uint32_t kMaxPage = 1000;

  /// Binds and brings back what the store has. The error is a sentence for people.
  [[nodiscard]] static std::expected<std::unique_ptr<BootstrapServer>, std::string> make(
      const BootstrapServerConfig& config, const BootstrapSurroundings& around);
  ~BootstrapServer() { stop(); }
  BootstrapServer(const BootstrapServer&) = delete;
  BootstrapServer& operator=(const BootstrapServer&) = delete;

  void start();
  /// Does what was asked before, fails what waits for the store with kClosed and ends the worker.
  void stop();

  /// The addresses with the ports that the system chose.
  [[nodiscard]] const BootstrapServerConfig& config() const noexcept { return config_; }
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

  [[nodiscard]] Result<void> statistics(std::move_only_function<void(const BootstrapServerStatistics&)> done);
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

  struct Bound {
    std::vector<UdpSocket> sockets;  // of `listen`, then of `listen_dtls`
    std::vector<TcpListener> tcp, tls;
  };
  /// Throws std::bad_alloc and std::runtime_error.
  BootstrapServer(BootstrapServerConfig config, const BootstrapSurroundings& around, Bound bound);

  [[nodiscard]] Result<void> post(Task task);
  void restore();
  void run();
  void wait();
  void hear(std::size_t socket);

  // bootstrap_links.cpp: what protects messages, and connections
  void secure(const BootstrapSurroundings& around, std::vector<TcpListener> tls);
  void look_for_contexts();
  /// Hands the engine what came over a link, now or when what it needs is there.
  void deliver(coap::LinkId link, ByteView message);
  [[nodiscard]] std::optional<std::string> identity(coap::LinkId link) const;
  [[nodiscard]] coap::LinkId link_to_peer(const Path& path, const Address& remote) override;
  void take_message(coap::LinkId link, const Path& path, const Address& remote, ByteView message) override;
  void lose_peer(coap::LinkId link) override;
  [[nodiscard]] coap::LinkId open_stream(const Address& remote, std::uint8_t listener) override;
  [[nodiscard]] StreamLinks::Taken take(coap::LinkId link, ByteView frame) override;
  void moved(coap::LinkId link, MovingConnection connection) override;
  void gone(coap::LinkId link) override;
  [[nodiscard]] bool registered(coap::LinkId link) const override;
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
  [[nodiscard]] std::string proved_endpoint(coap::LinkId link) noexcept override;
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
  std::unique_ptr<TlsHandshakes> tls_;  // null: no TLS. It goes behind the connections that it made
  LinkLayer links_;
  StreamLinks streams_;
  ReceiveBatch in_;
  Pages pages_;  // of the engine
  server::BootstrapEngine engine_;
  std::unique_ptr<Handshakes> handshakes_;      // null: no DTLS
  std::unique_ptr<Associations> associations_;  // the same
  std::unique_ptr<OscoreLinks> oscore_;         // null: no credential is a context
  std::unique_ptr<Enrollments> enrollments_;    // null: nobody gives certificates
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

// SPDX-License-Identifier: Apache-2.0
// The management server as a running thing: one worker per core, each with its sockets, its links and
// its engine, and what the floors above ask of them, from any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/net/address.hpp"
#include "linnet/net/bootstrap_server.hpp"
#include "linnet/net/credential_book.hpp"
#include "linnet/net/device.hpp"
#include "linnet/net/dtls_links.hpp"
#include "linnet/net/handshakes.hpp"
#include "linnet/net/outcome.hpp"
#include "linnet/net/stream_links.hpp"
#include "linnet/net/subscription.hpp"
#include "linnet/net/tls_handshakes.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

/// Opens the store with its listener, e.g. by store::open_sqlite_store, for so many shards.
using StoreFactory = std::function<store::OpenResult(store::StoreListener&, store::ShardIndex shards)>;

/// coaps: DTLS 1.2 (TS 6.8.1). Who the server is and whom it knows is the same for coaps+tcp.
struct DtlsConfig {
  std::vector<Address> listen{};
  tls::ServerIdentity identity{};  ///< beside pre-shared keys
  HandshakeLimits limits{};
  /// What devices prove themselves by, called from any thread. Empty: the credentials of the server.
  Handshakes::CredentialSource credentials{};
};

/// Whose devices speak to an address (server/tenant.hpp), beside each of a list; empty or missing: nobody's
/// in particular.
struct TenantConfig {
  std::vector<std::string> listen, dtls, tcp, tls;
};

struct ServerConfig {
  /// At least one, or one of another kind or of `bootstrap`; a wildcard answers from the address it was
  /// reached at.
  std::vector<Address> listen;
  std::vector<Address> listen_tcp;  ///< for connections (RFC 8323)
  std::vector<Address> listen_tls;  ///< for connections over TLS
  StreamLimits streams;
  TlsLimits tls;
  DtlsConfig dtls;                    ///< off by default
  unsigned shards = 0;                ///< workers; 0: one per core. More where stored registrations name more
  std::uint32_t max_links = 100'000;  ///< peers known at once, all shards
  /// Limits of all shards together for registrations, observations, strings and queued operations; `shard`,
  /// `durable` and `endpoint.max_peers` are set by the server.
  server::EngineConfig engine;
  std::uint32_t max_queued_calls =
      65'536;                       ///< of perform, find and so on that wait for a worker; more get kBusy
  BootstrapServerConfig bootstrap;  ///< off by default
  TenantConfig tenants;
  /// Devices that protect nothing may register and bootstrap, under names that have no credentials.
  bool allow_nosec = true;
  std::size_t max_credentials = 2'000'000;
  StoreFactory open_store;  ///< empty: nothing outlives the process, and nothing is waited for
  /// The store's condition changed. Called from the store's thread; must be short.
  std::function<void(const store::Health&)> on_health;
};

struct DeviceFilter {
  std::string endpoint_contains;          ///< empty: all
  std::optional<lwm2m::ObjectId> object;  ///< has this object
  std::string tenant = {};                ///< empty: all
};

struct DevicePage {
  std::vector<Device> devices;        ///< without their observations
  std::optional<std::uint64_t> next;  ///< the cursor to go on with; nothing at the end
};

struct ServerStatistics {
  server::EngineStatistics engine;        ///< of all shards
  server::BootstrapStatistics bootstrap;  ///< zero where there is no bootstrap server
  coap::EndpointStatistics endpoint;
  std::uint64_t received = 0;  ///< datagrams
  std::uint64_t sent = 0;
  std::uint64_t send_refused = 0;  ///< the system would not take them
  std::uint64_t truncated = 0;     ///< longer than a message may be
  std::uint64_t connections = 0;   ///< over TCP and TLS, now
  StreamStatistics streams;
  std::uint64_t links_exhausted = 0;  ///< dropped because max_links peers are in use
  std::uint64_t forwarded = 0;        ///< passed on to the shard that owns the peer
  std::uint64_t events_dropped = 0;   ///< a subscriber was too slow
  std::uint32_t links = 0;
  DtlsStatistics dtls;
  TlsStatistics tls;
};

class WorkerGroup;

/// Calls may come from any thread. A handler is called exactly once, from a worker's thread (or from
/// `stop`): it must not block and must not throw; it may call the server again. When a call fails at
/// once (kBusy: max_queued_calls; kClosed: stopped) its handler is not called.
class Server {
 public:
  using OutcomeHandler = std::move_only_function<void(Outcome)>;
  using DeviceHandler = std::move_only_function<void(std::optional<Device>)>;
  using PageHandler = std::move_only_function<void(DevicePage)>;
  using StatisticsHandler = std::move_only_function<void(const ServerStatistics&)>;
  using QueuedHandler = std::move_only_function<void(Result<Queued>)>;
  using QueuedListHandler = std::move_only_function<void(std::vector<Queued>)>;
  using DoneHandler = std::move_only_function<void(Result<void>)>;

  /// Binds, opens the store, brings registrations back and starts the workers. `models` must outlive
  /// the server. The error is a sentence for people that names the address or file.
  [[nodiscard]] static std::expected<std::unique_ptr<Server>, std::string> start(
      const ServerConfig& config, const server::Models& models);
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Answers what was received, writes what the store is owed, fails what is under way with kClosed
  /// and ends the workers. Not from a handler. Again: nothing.
  void stop();

  /// Where it listens, with the ports that the system chose.
  [[nodiscard]] const std::vector<Address>& listening() const noexcept;
  [[nodiscard]] const std::vector<Address>& listening_tcp() const noexcept;
  [[nodiscard]] const std::vector<Address>& listening_tls() const noexcept;
  [[nodiscard]] const std::vector<Address>& listening_dtls() const noexcept;
  [[nodiscard]] unsigned shards() const noexcept;
  /// Those that have an address, each once, in order.
  [[nodiscard]] const std::vector<std::string>& tenants() const noexcept;
  /// Null where none was configured. It ends with the server.
  [[nodiscard]] BootstrapServer* bootstrap() noexcept;
  [[nodiscard]] CredentialBook& credentials() noexcept;
  /// The store's condition; kOk without a store.
  [[nodiscard]] store::Health health() const;
  /// Registrations and queued operations brought back at the start, and records that could not be.
  [[nodiscard]] std::uint64_t restored() const noexcept;
  [[nodiscard]] std::uint64_t operations_restored() const noexcept;
  [[nodiscard]] std::uint64_t not_restored() const noexcept;

  /// Carries out an operation on the device of that endpoint name. Views in `operation` are copied.
  [[nodiscard]] Result<void> perform(std::string_view endpoint, const server::Operation& operation,
                                     OutcomeHandler done);

  // Operations that wait for a device in queue mode (docs/api.md, "Queue mode").

  /// Takes an operation into the device's queue. `done` gets it when it is finished, or `patience` after it
  /// was accepted. Or why it was not: what server::Engine::enqueue says, kIo (the store could not keep it)
  /// or kClosed.
  [[nodiscard]] Result<void> enqueue(std::string_view endpoint, const server::Operation& operation,
                                     const server::Hold& hold, Millis patience, QueuedHandler done);
  /// One that waits, or is finished and still kept, at once or when it is finished, after `patience` at the
  /// latest. kNotFound.
  [[nodiscard]] Result<void> find_queued(std::string_view endpoint, server::QueuedId id, Millis patience,
                                         QueuedHandler done);
  /// All of an endpoint, registered or not, oldest first.
  [[nodiscard]] Result<void> list_queued(std::string_view endpoint, QueuedListHandler done);
  /// Ends one that waits or was sent; `done` is called when that is on disk. A finished one is forgotten.
  /// kNotFound, kIo.
  [[nodiscard]] Result<void> cancel_queued(std::string_view endpoint, server::QueuedId id, DoneHandler done);

  /// The device with its observations, or nothing.
  [[nodiscard]] Result<void> find(std::string_view endpoint, DeviceHandler done);
  /// Up to `limit` (at most kMaxPage) devices from `cursor` (0 at first) on. A page may be short, or
  /// empty, and yet have a next one. kInvalidArgument: no limit, or a cursor that was never given.
  static constexpr std::uint32_t kMaxPage = 1000;
  [[nodiscard]] Result<void> list(const DeviceFilter& filter, std::uint64_t cursor, std::uint32_t limit,
                                  PageHandler done);
  /// Forgets a registration without telling the device. kNotFound.
  [[nodiscard]] Result<void> remove(std::string_view endpoint, DoneHandler done);
  /// Forgets an observation; the device learns it by a Reset to its next notification. kNotFound.
  [[nodiscard]] Result<void> forget_observation(std::string_view endpoint, const lwm2m::Path& path,
                                                DoneHandler done);
  [[nodiscard]] Result<void> statistics(StatisticsHandler done);

  /// Events from now on, of all devices, or (`endpoint` not empty) of one, or of a tenant's. They wait in a
  /// ring of `capacity` events a shard; what does not fit is dropped and counted. `wake` is called from a
  /// worker's thread when events wait and the last `wake` has been answered by `Subscription::take`;
  /// it must not block. Events of one device come in order. Destroying the subscription ends it.
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(std::string endpoint, std::size_t capacity,
                                                        std::function<void()> wake, std::string tenant = {});

 private:
  explicit Server(std::unique_ptr<WorkerGroup> workers) noexcept;
  std::unique_ptr<WorkerGroup> workers_;
};

}  // namespace linnet::net

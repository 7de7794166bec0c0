// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/worker_group.hpp"

#include <algorithm>
#include <future>
#include <iterator>
#include <thread>
#include <utility>

#include "linnet/net/observation_key.hpp"
#include "linnet/net/shard_clock.hpp"
#include "linnet/net/start_number.hpp"
#include "linnet/net/steering.hpp"
#include "linnet/net/ticket_seed.hpp"
#include "linnet/server/registration_record.hpp"
#include "linnet/server/tenant.hpp"

namespace linnet::net {

namespace {

// As many as a store is opened for, so that the registrations of a server with more workers come back.
constexpr unsigned kMaxShards = 64;
// The bootstrap server hands its operations over behind all shards.
constexpr store::ShardIndex kBootstrapShard = kMaxShards;
constexpr store::ShardIndex kCredentialShard = kMaxShards + 1;
// Peers are not spread evenly: a shard may have this much more than its part.
constexpr std::uint32_t kUnevenPercent = 125;
constexpr std::uint32_t kUnevenExtra = 64;

std::uint32_t part_of(std::uint32_t whole, unsigned shards) noexcept {
  if (shards == 1) return whole;
  const std::uint64_t part = std::uint64_t{whole} * kUnevenPercent / 100 / shards + kUnevenExtra;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(part, whole));
}

using Sockets = std::vector<std::vector<UdpSocket>>;  // of each shard, in the order of the addresses

// Binds every address once for each shard and gives the kernel the rule that spreads peers.
std::expected<Sockets, std::string> open_sockets(std::vector<Address>& addresses, unsigned shards) {
  Sockets sockets(shards);
  for (Address& address : addresses) {
    if (shards > 1) {
      // Sockets that share a port would also share it with another server of the same user.
      const auto alone = UdpSocket::open(address);
      if (!alone) return std::unexpected(alone.error());
      address = alone->local();
    }
    for (auto& of_shard : sockets) {
      auto socket = UdpSocket::open(address, {.reuse_port = shards > 1});
      if (!socket) return std::unexpected(socket.error());
      address = socket->local();
      of_shard.push_back(std::move(*socket));
    }
    if (shards > 1 && !install_steering(sockets[0].back(), shards)) {
      return std::unexpected("UDP " + address.text() +
                             ": this system cannot spread datagrams over workers; use one");
    }
  }
  return sockets;
}

using Listeners = std::vector<std::vector<TcpListener>>;  // of each shard, in the order of the addresses

// The kernel spreads connections by itself; those that are for another shard move there.
std::expected<Listeners, std::string> open_listeners(std::vector<Address>& addresses, unsigned shards) {
  Listeners listeners(shards);
  for (Address& address : addresses) {
    if (shards > 1) {
      const auto alone = TcpListener::open(address);
      if (!alone) return std::unexpected(alone.error());
      address = alone->local();
    }
    for (auto& of_shard : listeners) {
      auto listener = TcpListener::open(address, shards > 1);
      if (!listener) return std::unexpected(listener.error());
      address = listener->local();
      of_shard.push_back(std::move(*listener));
    }
  }
  return listeners;
}

std::optional<unsigned> shard_of(ByteView record) noexcept {
  const auto decoded = server::decode_record(record);
  if (!decoded) return std::nullopt;
  return decoded->id.shard();
}

}  // namespace

class WorkerGroup::Call {
 public:
  explicit Call(std::atomic<std::uint32_t>& queued) noexcept : queued_(&queued) {
    number_ = queued.fetch_add(1, std::memory_order_relaxed);
  }
  Call(Call&& other) noexcept : queued_(std::exchange(other.queued_, nullptr)), number_(other.number_) {}
  Call& operator=(Call&&) = delete;
  ~Call() {
    if (queued_ != nullptr) queued_->fetch_sub(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t number() const noexcept { return number_; }

 private:
  std::atomic<std::uint32_t>* queued_;
  std::uint32_t number_;
};

std::expected<void, std::string> WorkerGroup::start(const ServerConfig& config,
                                                    const server::Models& models) {
  config_ = config;
  const bool manages = !config_.listen.empty() || !config_.dtls.listen.empty() ||
                       !config_.listen_tcp.empty() || !config_.listen_tls.empty();
  if (!manages && !config_.bootstrap.listens()) return std::unexpected("there is no address to listen on");
  if (!manages) config_.shards = 1;
  if (config_.shards == 0) config_.shards = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxShards);
  if (config_.shards > kMaxShards) return std::unexpected("more than 64 workers");
  if (const auto placed = place_tenants(); !placed) return placed;
  if (const auto opened = open_store(); !opened) return opened;
  fleet_.credentials =
      std::make_unique<CredentialBook>(store_.get(), kCredentialShard, config_.max_credentials);
  fleet_.allow_nosec = config_.allow_nosec;
  // What takes longest of a restart, beside what does not need it.
  auto credentials = std::async(std::launch::async, [this] { return fleet_.credentials->restore(); });
  config_.dtls.identity.ticket_seed = ticket_seed(store_.get(), kCredentialShard, ShardClock::wall());
  fleet_.start = count_start(store_.get(), kCredentialShard);
  const auto shards = count_shards();
  if (!shards) return std::unexpected(shards.error());
  if (const auto made = make_shards(*shards, models); !made) return made;
  // Registrations find their links by them.
  if (const auto done = restore_associations(); !done) return done;
  if (const auto done = credentials.get(); !done) return done;
  if (const auto made = make_bootstrap(); !made) return made;
  if (const auto done = restore(); !done) return done;
  if (const auto done = restore_operations(); !done) return done;
  for (const auto& shard : fleet_.shards) shard->start();
  if (fleet_.handshakes) fleet_.handshakes->start();
  if (fleet_.tls) fleet_.tls->start();
  if (bootstrap_) bootstrap_->start();
  fleet_.credentials->start();
  started_ = true;
  return {};
}

std::expected<void, std::string> WorkerGroup::place_tenants() {
  // In the order in which a shard numbers its sockets and listeners.
  const TenantConfig& tenants = config_.tenants;
  for (const auto& [addresses, names] :
       {std::pair(&config_.listen, &tenants.listen), std::pair(&config_.dtls.listen, &tenants.dtls),
        std::pair(&config_.listen_tcp, &tenants.tcp), std::pair(&config_.listen_tls, &tenants.tls)}) {
    for (std::size_t i = 0; i < addresses->size(); ++i) {
      const std::string name = i < names->size() ? (*names)[i] : std::string();
      fleet_.tenants_at.push_back(name);
      if (name.empty()) continue;
      if (!server::is_tenant_name(name)) return std::unexpected("'" + name + "' is no name of a tenant");
      fleet_.tenants.push_back(name);
    }
  }
  std::ranges::sort(fleet_.tenants);
  const auto again = std::ranges::unique(fleet_.tenants);
  fleet_.tenants.erase(again.begin(), again.end());
  return {};
}

std::expected<void, std::string> WorkerGroup::open_store() {
  if (!config_.open_store) return {};
  auto opened = config_.open_store(*this, kMaxShards + 2);
  if (!opened) return std::unexpected(opened.error().message);
  store_ = std::move(*opened);
  fleet_.store = store_.get();
  return {};
}

std::expected<unsigned, std::string> WorkerGroup::count_shards() const {
  unsigned shards = config_.shards;
  if (!store_) return shards;
  const auto loaded = store_->load(store::RecordKind::kRegistration, [&](const store::RecordView& record) {
    // A location names its shard for as long as the registration lives.
    const auto shard = shard_of(record.value);
    if (shard && *shard < kMaxShards) shards = std::max(shards, *shard + 1);
  });
  if (!loaded) return std::unexpected("the stored registrations cannot be read: " + store_->health().detail);
  return shards;
}

std::expected<void, std::string> WorkerGroup::make_shards(unsigned shards, const server::Models& models) {
  auto sockets = open_sockets(config_.listen, shards);
  if (!sockets) return std::unexpected(sockets.error());
  fleet_.plain_sockets = config_.listen.size();
  auto secured = open_sockets(config_.dtls.listen, shards);
  if (!secured) return std::unexpected(secured.error());
  for (unsigned i = 0; i < shards; ++i) {
    std::ranges::move((*secured)[i], std::back_inserter((*sockets)[i]));
  }
  if (const auto made = make_handshakes(); !made) return made;
  if (const auto made = make_tls(); !made) return made;
  auto listeners = open_listeners(config_.listen_tcp, shards);
  if (!listeners) return std::unexpected(listeners.error());
  fleet_.streams = config_.streams;
  fleet_.streams.max_connections = part_of(config_.streams.max_connections, shards);
  server::EngineConfig engine = config_.engine;
  engine.max_registrations = part_of(engine.max_registrations, shards);
  engine.max_observations = part_of(engine.max_observations, shards);
  engine.max_string_bytes = part_of(engine.max_string_bytes, shards);
  engine.max_queued = part_of(engine.max_queued, shards);
  engine.max_results = part_of(engine.max_results, shards);
  engine.max_queued_bytes /= shards;
  const std::uint32_t links = part_of(config_.max_links, shards);
  fleet_.count = shards;
  try {
    for (unsigned i = 0; i < shards; ++i) {
      fleet_.shards.push_back(std::make_unique<Shard>(i, fleet_, engine, links, std::move((*sockets)[i]),
                                                      models, std::move((*listeners)[i])));
    }
  } catch (const std::exception& error) {
    return std::unexpected(error.what());
  }
  return {};
}

Handshakes::CredentialSource WorkerGroup::known_devices() const {
  if (config_.dtls.credentials) return config_.dtls.credentials;
  return [book = fleet_.credentials.get()] { return book->snapshot(); };
}

std::expected<void, std::string> WorkerGroup::make_handshakes() {
  if (config_.dtls.listen.empty()) return {};
  auto security = tls::ServerSecurity::make(tls::Transport::kDatagram, config_.dtls.identity);
  if (!security) return std::unexpected("coaps: " + security.error());
  fleet_.handshakes = std::make_unique<Handshakes>(
      std::move(*security), config_.dtls.limits, known_devices(), [this](HandshakeOutput output) {
        const unsigned shard = output.peer.shard;
        Task task = [kept = std::move(output)](Shard& here) mutable { here.take_handshake(std::move(kept)); };
        // A shard that has ended speaks to nobody any more.
        [[maybe_unused]] const bool posted = fleet_.shards[shard]->post(task);
      });
  return {};
}

std::expected<void, std::string> WorkerGroup::make_tls() {
  if (config_.listen_tls.empty()) return {};
  auto security = tls::ServerSecurity::make(tls::Transport::kStream, config_.dtls.identity);
  if (!security) return std::unexpected("coaps+tcp: " + security.error());
  auto listeners = open_listeners(config_.listen_tls, 1);
  if (!listeners) return std::unexpected(listeners.error());
  fleet_.tls_listeners = config_.listen_tls.size();
  try {
    fleet_.tls = std::make_unique<TlsHandshakes>(
        std::move(listeners->front()), config_.listen_tcp.size(), std::move(*security), config_.tls,
        known_devices(), [this, next = 0U](MovingConnection connection) mutable {
          next = (next + 1) % size();
          Task task = [kept = std::move(connection)](Shard& here) mutable {
            here.take_connection(std::move(kept));
          };
          // A shard that has ended closes it.
          [[maybe_unused]] const bool posted = fleet_.shards[next]->post(task);
        });
  } catch (const std::runtime_error& error) {
    return std::unexpected(error.what());
  }
  return {};
}

std::expected<void, std::string> WorkerGroup::restore_associations() {
  if (!store_) return {};
  bool any = false;
  const auto loaded = store_->load(store::RecordKind::kAssociation, [&](const store::RecordView& record) {
    // Its device makes a new handshake where it cannot be brought back.
    const bool known = !record.value.empty() && record.value[0] < fleet_.shards.size();
    if (known) any = fleet_.shards[record.value[0]]->restore_association(record.key, record.value) || any;
  });
  if (!loaded) return std::unexpected("the stored associations cannot be read: " + store_->health().detail);
  // Numbers that no start has set aside are on disk before the first answer asks for one. Where the store
  // refuses, they wait.
  if (any) [[maybe_unused]]
    const auto flushed = store_->flush();
  return {};
}

std::expected<void, std::string> WorkerGroup::restore_contexts() {
  bool any = false;
  const auto loaded = store_->load(store::RecordKind::kSecurityContext, [&](const store::RecordView& record) {
    const auto key = server::ContextKey::decode(record.key);
    if (!key || key->user != server::ContextUser::kManagement) return;
    const unsigned shard = OscoreLinks::worker_of(key->recipient_id, size());
    any = fleet_.shards[shard]->restore_context(record.key, record.value) || any;
  });
  if (!loaded)
    return std::unexpected("the stored security contexts cannot be read: " + store_->health().detail);
  if (any) [[maybe_unused]]
    const auto flushed = store_->flush();
  return {};
}

std::expected<void, std::string> WorkerGroup::make_bootstrap() {
  if (!config_.bootstrap.listens()) return {};
  auto made = BootstrapServer::make(config_.bootstrap, {.store = store_.get(),
                                                        .store_shard = kBootstrapShard,
                                                        .credentials = fleet_.credentials.get(),
                                                        .allow_nosec = config_.allow_nosec,
                                                        .identity = &config_.dtls.identity,
                                                        .known = known_devices()});
  if (!made) return std::unexpected(made.error());
  bootstrap_ = std::move(*made);
  return {};
}

std::expected<void, std::string> WorkerGroup::restore() {
  if (!store_) return {};
  if (const auto done = restore_contexts(); !done) return done;
  const auto loaded = store_->load(store::RecordKind::kRegistration, [&](const store::RecordView& record) {
    const auto shard = shard_of(record.value);
    const bool known = shard && *shard < fleet_.shards.size();
    if (!known || !fleet_.shards[*shard]->restore(record.value, record.expiry)) {
      ++not_restored_;
      return;
    }
    fleet_.hints.remember(record.key, *shard);
    ++restored_;
  });
  if (!loaded) return std::unexpected("the stored registrations cannot be read: " + store_->health().detail);
  return restore_observations();
}

std::expected<void, std::string> WorkerGroup::restore_observations() {
  std::vector<std::string> left_over;
  const auto loaded = store_->load(store::RecordKind::kObservation, [&](const store::RecordView& record) {
    const unsigned shard = ObservationKey::shard_of(record.key);
    const bool known = shard < fleet_.shards.size();
    if (!known || !fleet_.shards[shard]->restore_observation(record.value))
      left_over.emplace_back(record.key);
  });
  if (!loaded) return std::unexpected("the stored observations cannot be read: " + store_->health().detail);
  // Their registrations ended in the last moments before a crash, or do not come back either.
  for (const std::string& key : left_over) {
    [[maybe_unused]] const auto removed =
        store_->remove(0, store::kNoTicket, {store::RecordKind::kObservation, key});
  }
  return {};
}

std::expected<void, std::string> WorkerGroup::restore_operations() {
  if (!store_) return {};
  const auto loaded = store_->load(store::RecordKind::kOperation, [&](const store::RecordView& record) {
    const std::string_view endpoint =
        record.key.substr(0, record.key.size() - std::min(record.key.size(), sizeof(server::QueuedId)));
    // Where its device is registered; the first one keeps what waits for a device that is not.
    const auto at = std::ranges::find_if(
        fleet_.shards, [&](const auto& shard) { return shard->engine().find(endpoint).has_value(); });
    Shard& shard = at == fleet_.shards.end() ? *fleet_.shards.front() : **at;
    (shard.restore_operation(record.value, record.expiry) ? operations_restored_ : not_restored_) += 1;
  });
  if (!loaded) return std::unexpected("the stored operations cannot be read: " + store_->health().detail);
  return {};
}

void WorkerGroup::everywhere(void (*act)(Shard&)) {
  std::vector<std::future<void>> done;
  for (const auto& shard : fleet_.shards) {
    std::promise<void> promise;
    auto future = promise.get_future();
    Task task = [act, kept = std::move(promise)](Shard& here) mutable {
      act(here);
      kept.set_value();
    };
    if (shard->post(task)) done.push_back(std::move(future));
  }
  for (const auto& one : done) one.wait();
}

void WorkerGroup::stop() {
  if (stopped_.exchange(true) || !started_) return;
  everywhere([](Shard& shard) { shard.stop_hearing(); });
  // What was accepted gets onto the disk, and the answers into the queues in front of the end.
  if (store_) [[maybe_unused]]
    const auto flushed = store_->flush();
  if (bootstrap_) bootstrap_->stop();
  if (fleet_.handshakes) fleet_.handshakes->stop();
  if (fleet_.tls) fleet_.tls->stop();
  fleet_.credentials->stop();
  everywhere([](Shard& shard) { shard.end(); });
  for (const auto& shard : fleet_.shards) shard->join();
  if (store_) store_->close();
  for (bool any = true; any;) {
    any = false;
    for (const auto& shard : fleet_.shards) any = shard->finish() || any;
  }
}

void WorkerGroup::settle(store::ShardIndex shard, std::span<const store::Ticket> tickets, bool committed) {
  if (shard == kBootstrapShard && bootstrap_) return bootstrap_->settle(tickets, committed);
  if (shard == kCredentialShard) return fleet_.credentials->settle(tickets, committed);
  if (shard >= fleet_.shards.size()) return;
  Task task = [owned = std::vector(tickets.begin(), tickets.end()), committed](Shard& here) {
    here.settle(owned, committed);
  };
  // A shard that has ended has nobody left to answer.
  [[maybe_unused]] const bool posted = fleet_.shards[shard]->post(task);
}

Result<void> WorkerGroup::walk(unsigned first, Step step) {
  Call call(queued_);
  if (stopped_.load()) return fail(Errc::kClosed);
  if (call.number() >= config_.max_queued_calls) return fail(Errc::kBusy);
  carry(std::move(call), first, std::move(step));
  return {};
}

void WorkerGroup::carry(Call call, unsigned shard, Step step) {
  auto kept = std::make_shared<std::pair<Call, Step>>(std::move(call), std::move(step));
  Task task = [this, kept](Shard& here) {
    if (const auto next = kept->second(&here)) carry(std::move(kept->first), *next, std::move(kept->second));
  };
  if (!fleet_.shards[shard]->post(task)) [[maybe_unused]]
    const auto nobody = kept->second(nullptr);
}

void WorkerGroup::add_channel(const std::shared_ptr<EventChannel>& channel) {
  if (bootstrap_) bootstrap_->add_channel(channel, size());
  for (const auto& shard : fleet_.shards) {
    Task task = [channel](Shard& here) { here.add_channel(channel); };
    [[maybe_unused]] const bool posted = shard->post(task);
  }
}

Result<void> WorkerGroup::look_everywhere(std::string_view endpoint, Look look) {
  constexpr unsigned kRounds = 8;
  const unsigned first = fleet_.hints.shard(endpoint) % size();
  return walk(first,
              [this, look = std::move(look), left = size() - 1,
               rounds = kRounds](Shard* shard) mutable -> std::optional<unsigned> {
                if (shard == nullptr) {
                  static_cast<void>(look(nullptr));
                  return std::nullopt;
                }
                if (look(shard)) return std::nullopt;
                if (left == 0 && fleet_.moving.load() > 0 && rounds-- > 0) left = size();
                if (left-- == 0) {
                  static_cast<void>(look(nullptr));
                  return std::nullopt;
                }
                return (shard->index() + 1) % size();
              });
}

Result<void> WorkerGroup::at_owner(std::string_view endpoint, Act act) {
  const unsigned first = fleet_.hints.shard(endpoint) % size();
  return walk(first,
              [name = std::string(endpoint), act = std::move(act), left = size() - 1,
               shards = size()](Shard* shard) mutable -> std::optional<unsigned> {
                const auto id = shard != nullptr ? shard->engine().find(name) : std::nullopt;
                if (shard != nullptr && !id && left > 0) {
                  --left;
                  return (shard->index() + 1) % shards;
                }
                act(shard, id);
                return std::nullopt;
              });
}

}  // namespace linnet::net

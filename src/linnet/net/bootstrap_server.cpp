// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/bootstrap_server.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "linnet/server/bootstrap_record.hpp"

namespace linnet::net {

namespace {

// As of the management server: messages are to fit 1152 bytes (RFC 7252 §4.6).
constexpr std::size_t kMaxReceived = 2048;
constexpr Millis kLongestWait{60'000};

LinkLayerConfig link_config(const BootstrapServerConfig& config, SystemRandom& random) {
  return {.max_links = config.engine.endpoint.max_peers,
          .max_message = config.engine.endpoint.max_message,
          .hash_key = {random.next64(), random.next64()},
          .shard = 0,
          .shards = 1,
          .plain_sockets = config.listen.size(),
          .listeners = config.listen_tcp.size() + config.listen_tls.size()};
}

/// Opens one of each address, which learns its port.
template <typename Socket>
std::expected<void, std::string> open_all(std::vector<Address>& addresses, std::vector<Socket>& to) {
  for (Address& address : addresses) {
    auto socket = Socket::open(address);
    if (!socket) return std::unexpected("bootstrap: " + socket.error());
    address = socket->local();
    to.push_back(std::move(*socket));
  }
  return {};
}

}  // namespace

std::expected<std::unique_ptr<BootstrapServer>, std::string> BootstrapServer::make(
    const BootstrapServerConfig& config, const BootstrapSurroundings& around) {
  BootstrapServerConfig bound = config;
  Bound sockets;
  for (const auto& opened :
       {open_all(bound.listen, sockets.sockets), open_all(bound.listen_dtls, sockets.sockets),
        open_all(bound.listen_tcp, sockets.tcp), open_all(bound.listen_tls, sockets.tls)}) {
    if (!opened) return std::unexpected(opened.error());
  }
  try {
    std::unique_ptr<BootstrapServer> server(
        new BootstrapServer(std::move(bound), around, std::move(sockets)));
    server->restore();
    return server;
  } catch (const std::exception& error) {
    return std::unexpected(std::string("bootstrap: ") + error.what());
  }
}

BootstrapServer::BootstrapServer(BootstrapServerConfig config, const BootstrapSurroundings& around,
                                 Bound bound)
    : config_(std::move(config)),
      store_(around.store),
      store_shard_(around.store_shard),
      credentials_(*around.credentials),
      allow_nosec_(around.allow_nosec),
      links_(link_config(config_, random_), std::move(bound.sockets)),
      streams_(std::move(bound.tcp), config_.streams, *this),
      in_(kMaxReceived),
      pages_(server::BootstrapEngine::endpoint_memory(config_.engine)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  config_.engine.endpoint_pages = pages_.bytes();
  if (!engine_.init(config_.engine, links_, random_, *this)) {
    throw std::runtime_error("a limit is out of range, or there is no memory for its tables");
  }
  if (wake_.get() < 0) throw std::runtime_error("no file descriptors left");
  if (config_.authority != nullptr) {
    enrollments_ = std::make_unique<Enrollments>(
        *config_.authority,
        [this](coap::DeferredId id, server::EnrollmentTask task, server::EnrollmentAnswer answer) {
          // Once it has ended it answers nobody any more.
          [[maybe_unused]] const auto posted =
              post([this, id, kept = std::move(task), said = std::move(answer)]() mutable {
                if (running_) engine_.enrolled(id, kept, std::move(said), now_);
              });
        });
    engine_.enroll_with(*config_.authority, enrollments_.get());
  }
  links_.bind(LinkKind::kTcp, streams_);
  secure(around, std::move(bound.tls));
}

void BootstrapServer::start() {
  if (handshakes_) handshakes_->start();
  if (tls_) tls_->start();
  if (enrollments_) enrollments_->start();
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "bootstrap");
}

void BootstrapServer::stop() {
  if (!thread_.joinable()) return;
  if (handshakes_) handshakes_->stop();
  if (tls_) tls_->stop();
  if (enrollments_) enrollments_->stop();
  [[maybe_unused]] const auto posted = post([this] { running_ = false; });
  thread_.join();
  while (!tasks_.close()) tasks_.drain([](Task task) { task(); });
  while (!changes_.empty()) finish_change({.failure = Errc::kClosed, .rival = {}});
}

Result<void> BootstrapServer::post(Task task) {
  if (!tasks_.push(task)) return fail(Errc::kClosed);
  // A full counter wakes as well as a written one.
  [[maybe_unused]] const auto written = eventfd_write(wake_.get(), 1);
  return {};
}

void BootstrapServer::restore() {
  if (store_ == nullptr) return;
  using store::RecordKind;
  using store::RecordView;
  const auto configurations =
      store_->load(RecordKind::kBootstrapConfiguration, [&](const RecordView& record) {
        auto configuration = server::decode_configuration(record.key, record.value);
        if (!configuration || engine_.configurations().conflict(*configuration)) {
          ++not_restored_;
          return;
        }
        engine_.configurations().put(
            std::make_shared<const server::BootstrapConfiguration>(std::move(*configuration)));
      });
  std::vector<server::BootstrapResult> results;
  const auto loaded = store_->load(RecordKind::kBootstrapResult, [&](const RecordView& record) {
    auto result = server::decode_result(record.key, record.value);
    if (result) {
      results.push_back(std::move(*result));
    } else {
      ++not_restored_;
    }
  });
  if (!configurations || !loaded)
    throw std::runtime_error("the state cannot be read: " + store_->health().detail);
  look_for_contexts();
  const auto contexts = store_->load(RecordKind::kSecurityContext, [&](const RecordView& record) {
    const auto key = server::ContextKey::decode(record.key);
    if (!oscore_ || !key || key->user != server::ContextUser::kBootstrap) return;
    // No device is spoken to before it speaks.
    const auto nobody = [](ByteView /*address*/) { return std::optional<coap::LinkId>(); };
    if (!oscore_->restore(record.key, record.value, credentials_.get(), nobody)) ++not_restored_;
  });
  if (!contexts) throw std::runtime_error("the state cannot be read: " + store_->health().detail);
  std::ranges::sort(results, {}, &server::BootstrapResult::at);
  for (server::BootstrapResult& result : results) keep(std::move(result));
}

void BootstrapServer::run() {
  while (running_) {
    wait();
    now_ = ShardClock::now();
    look_for_contexts();
    for (std::size_t socket = 0; socket < links_.sockets().size(); ++socket) hear(socket);
    streams_.receive(now_);
    tasks_.drain([](Task task) { task(); });
    if (engine_.next_deadline() <= now_) engine_.step(now_);
    if (streams_.next_deadline() <= now_) streams_.step(now_);
    if (associations_ && associations_->next_deadline() <= now_) associations_->step(now_);
    if (oscore_) oscore_->save_changed();
    links_.flush();
    streams_.flush(now_);
  }
  streams_.release(now_);
}

void BootstrapServer::wait() {
  std::vector<pollfd> watched;
  watched.reserve(links_.sockets().size() + 2);
  for (const UdpSocket& socket : links_.sockets()) watched.push_back({socket.fd(), POLLIN, 0});
  watched.push_back({streams_.poll_fd(), POLLIN, 0});
  watched.push_back({wake_.get(), POLLIN, 0});
  const Instant secured = associations_ ? associations_->next_deadline() : kNever;
  const Instant until = std::min({engine_.next_deadline(), streams_.next_deadline(), secured});
  const Instant now = ShardClock::now();
  const Millis millis = until <= now ? Millis{0} : std::min(until - now, kLongestWait);
  ::poll(watched.data(), watched.size(), static_cast<int>(millis.count()));
  eventfd_t posts = 0;
  if ((watched.back().revents & POLLIN) != 0) [[maybe_unused]]
    const auto taken = eventfd_read(wake_.get(), &posts);
}

void BootstrapServer::hear(std::size_t socket) {
  const std::size_t count = in_.receive(links_.sockets()[socket]);
  LinkTable& table = links_.table();
  const auto number = static_cast<std::uint32_t>(socket);
  for (std::size_t i = 0; i < count; ++i) {
    const Datagram datagram = in_[i];
    if (datagram.bytes.empty()) continue;
    const LinkTable::Hash hash = table.hash(datagram.remote, number);
    coap::LinkId link = table.find(hash, datagram.remote, number);
    if (links_.kind_of(socket) == LinkKind::kDtls) {
      const Path path = links_.path(links_.path_of(socket, datagram.remote, datagram.local));
      associations_->hear(link, path, datagram.remote, datagram.bytes, now_);
      continue;
    }
    if (link == coap::kNoLink) link = link_to(hash, datagram.remote, socket);
    if (link == coap::kNoLink) continue;
    if (datagram.local != Address{} || datagram.remote.scope() != 0) {
      table.set_path(link, links_.path_of(socket, datagram.remote, datagram.local));
    }
    deliver(link, datagram.bytes);
  }
}

coap::LinkId BootstrapServer::link_to(LinkTable::Hash hash, const Address& remote, std::size_t socket) {
  const std::uint32_t known = links_.table().size();
  const coap::LinkId link = links_.add(hash, remote, socket, [&](coap::LinkId candidate) {
    if (streams_.connected(candidate) || !engine_.quiet(candidate)) return LinkLoss::kPeer;
    // It would have to shake hands again.
    if (associations_ && associations_->secured(candidate)) return LinkLoss::kShard;
    return engine_.idle(candidate, now_) ? LinkLoss::kNothing : LinkLoss::kDuplicates;
  });
  if (link == coap::kNoLink || coap::index(link) >= known) return link;
  engine_.drop(link, now_);
  if (associations_) associations_->forget(link, {});
  return link;
}

// Configurations.

Result<void> BootstrapServer::put(server::BootstrapConfiguration configuration, OutcomeHandler done) {
  std::string name = configuration.name;
  return post(
      [this, name = std::move(name),
       shared = std::make_shared<const server::BootstrapConfiguration>(std::move(configuration)),
       done = std::move(done)]() mutable { change({std::move(name), std::move(shared), std::move(done)}); });
}

Result<void> BootstrapServer::remove(std::string name, OutcomeHandler done) {
  return post([this, name = std::move(name), done = std::move(done)]() mutable {
    change({std::move(name), nullptr, std::move(done)});
  });
}

void BootstrapServer::change(Change change) {
  changes_.push_back(std::move(change));
  if (changes_.size() == 1) carry_out();
}

void BootstrapServer::carry_out() {
  while (!changes_.empty() && ticket_ == 0) {
    const Change& next = changes_.front();
    server::BootstrapConfigurations& all = engine_.configurations();
    const bool known = all.find(next.name) != nullptr;
    if (!next.configuration && !known) {
      finish_change({.failure = Errc::kNotFound, .rival = {}});
    } else if (next.configuration && !known && all.size() >= config_.max_configurations) {
      finish_change({.failure = Errc::kNoSpace, .rival = {}});
    } else if (const auto rival = next.configuration ? all.conflict(*next.configuration) : std::nullopt) {
      finish_change({.failure = Errc::kExists, .rival = *rival});
    } else if (store_ == nullptr) {
      finish_change({.failure = {}, .rival = {}});
    } else if (const auto stored = store_change(next); !stored) {
      const bool large = stored.error().code == Errc::kTooLarge;
      finish_change({.failure = large ? Errc::kTooLarge : Errc::kIo, .rival = {}});
    }
  }
}

Result<void> BootstrapServer::store_change(const Change& change) {
  const store::RecordKey key(store::RecordKind::kBootstrapConfiguration, change.name);
  const store::Ticket ticket = ++last_ticket_;
  Result<void> taken;
  if (!change.configuration) {
    taken = store_->remove(store_shard_, ticket, key);
  } else {
    const auto record = server::encode_record(*change.configuration);
    if (!record) return std::unexpected(record.error());
    taken = store_->save(store_shard_, ticket, key, *record, store::kKeptForGood);
  }
  if (taken) ticket_ = ticket;
  return taken;
}

void BootstrapServer::settle(std::span<const store::Ticket> tickets, bool committed) {
  // Results have no tickets: beside numbers of contexts there is the one change that is at the store.
  [[maybe_unused]] const auto posted =
      post([this, ended = std::vector(tickets.begin(), tickets.end()), committed] {
        for (const store::Ticket ticket : ended) {
          if (ticket > kFirstLimit) {
            oscore_->settle(ticket, committed);
          } else if (ticket == ticket_ && ticket != store::kNoTicket) {
            ticket_ = 0;
            finish_change({.failure = committed ? std::nullopt : std::optional(Errc::kIo), .rival = {}});
            carry_out();
          }
        }
      });
}

void BootstrapServer::finish_change(ConfigurationOutcome outcome) {
  Change change = std::move(changes_.front());
  changes_.pop_front();
  if (!outcome.failure) {
    server::BootstrapConfigurations& all = engine_.configurations();
    outcome.created = change.configuration && all.find(change.name) == nullptr;
    if (change.configuration) {
      all.put(std::move(change.configuration));
    } else {
      all.remove(change.name);
    }
  }
  change.done(std::move(outcome));
}

Result<void> BootstrapServer::find(std::string name, std::move_only_function<void(Configuration)> done) {
  return post([this, name = std::move(name), done = std::move(done)]() mutable {
    done(engine_.configurations().find(name));
  });
}

Result<void> BootstrapServer::list(std::string after, std::uint32_t limit,
                                   std::move_only_function<void(ConfigurationPage)> done) {
  return post(
      [this, after = std::move(after), limit = std::min(limit, kMaxPage), done = std::move(done)]() mutable {
        ConfigurationPage page;
        const auto& all = engine_.configurations().all();
        auto at = all.upper_bound(after);
        for (; at != all.end() && page.items.size() < limit; ++at) page.items.push_back(at->second);
        if (at != all.end() && !page.items.empty()) page.next = page.items.back()->name;
        done(std::move(page));
      });
}

// Results.

void BootstrapServer::keep(server::BootstrapResult result) {
  const std::uint64_t number = next_result_++;
  if (const auto before = results_.find(result.endpoint); before != results_.end()) {
    results_by_age_.erase(before->second.number);
  }
  results_by_age_[number] = result.endpoint;
  const std::string endpoint = result.endpoint;
  results_.insert_or_assign(endpoint, KeptResult{std::move(result), number});
  if (results_.size() <= config_.max_results) return;
  const auto oldest = results_by_age_.begin();
  if (store_ != nullptr) {
    // Where the store is too busy it goes with the next start.
    [[maybe_unused]] const auto removed =
        store_->remove(store_shard_, store::kNoTicket, {store::RecordKind::kBootstrapResult, oldest->second});
  }
  results_.erase(oldest->second);
  results_by_age_.erase(oldest);
}

void BootstrapServer::store_result(const server::BootstrapResult& result) {
  if (store_ == nullptr) return;
  const auto record = server::encode_record(result);
  if (!record) return;
  // Written behind: after a crash the result of the last moment may be the one before.
  [[maybe_unused]] const auto saved =
      store_->save(store_shard_, store::kNoTicket, {store::RecordKind::kBootstrapResult, result.endpoint},
                   *record, store::kKeptForGood);
}

Result<void> BootstrapServer::find_result(
    std::string endpoint, std::move_only_function<void(std::optional<server::BootstrapResult>)> done) {
  return post([this, endpoint = std::move(endpoint), done = std::move(done)]() mutable {
    const auto at = results_.find(endpoint);
    done(at == results_.end() ? std::nullopt : std::optional(at->second.result));
  });
}

Result<void> BootstrapServer::list_results(std::string after, std::uint32_t limit,
                                           std::move_only_function<void(ResultPage)> done) {
  return post(
      [this, after = std::move(after), limit = std::min(limit, kMaxPage), done = std::move(done)]() mutable {
        ResultPage page;
        auto at = results_.upper_bound(after);
        for (; at != results_.end() && page.items.size() < limit; ++at)
          page.items.push_back(at->second.result);
        if (at != results_.end() && !page.items.empty()) page.next = page.items.back().endpoint;
        done(std::move(page));
      });
}

Result<void> BootstrapServer::statistics(
    std::move_only_function<void(const BootstrapServerStatistics&)> done) {
  return post([this, done = std::move(done)]() mutable {
    BootstrapServerStatistics all;
    all.sessions = engine_.statistics();
    if (associations_) all.dtls = associations_->statistics();
    if (tls_) all.tls = tls_->statistics();
    all.streams = streams_.statistics();
    all.connections = streams_.connections();
    done(all);
  });
}

// Events.

void BootstrapServer::add_channel(std::shared_ptr<EventChannel> channel, std::size_t ring) {
  [[maybe_unused]] const auto posted = post([this, channel = std::move(channel), ring]() mutable {
    channels_.push_back({std::move(channel), ring});
  });
}

void BootstrapServer::publish(Event::Kind kind, std::string_view endpoint,
                              const std::shared_ptr<const server::BootstrapResult>& result) {
  std::erase_if(channels_, [](const Channel& channel) { return channel.channel->closed(); });
  for (const Channel& channel : channels_) {
    if (!channel.channel->wants(endpoint)) continue;
    Event event;
    event.kind = kind;
    event.at = ShardClock::wall();
    event.endpoint = endpoint;
    event.bootstrap = result;
    channel.channel->publish(channel.ring, std::move(event));
  }
}

void BootstrapServer::on_started(std::string_view endpoint, std::string_view configuration,
                                 Instant /*now*/) noexcept {
  auto begun = std::make_shared<server::BootstrapResult>();
  begun->endpoint = endpoint;
  begun->configuration = configuration;
  publish(Event::Kind::kBootstrapStarted, endpoint, std::move(begun));
}

void BootstrapServer::on_finished(const server::BootstrapResult& result, Instant /*now*/) noexcept {
  auto ended = std::make_shared<server::BootstrapResult>(result);
  ended->at = ShardClock::wall();
  store_result(*ended);
  keep(*ended);
  publish(ended->success() ? Event::Kind::kBootstrapped : Event::Kind::kBootstrapFailed, ended->endpoint,
          ended);
}

void BootstrapServer::on_unknown(std::string_view endpoint, Instant /*now*/) noexcept {
  publish(Event::Kind::kBootstrapFailed, endpoint, nullptr);
}

}  // namespace linnet::net

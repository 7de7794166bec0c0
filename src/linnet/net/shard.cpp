// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/shard.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "linnet/net/steering.hpp"

namespace linnet::net {

namespace {

// The most that is received at once; CoAP messages are to fit 1152 bytes (RFC 7252 §4.6).
constexpr std::size_t kMaxReceived = 2048;
// Half of what the store needs to keep its own promise (store::kWrittenBehind).
constexpr Millis kWriteBehindInterval{250};
// Datagrams from others that may wait at a shard: what a flood sends beyond is lost, as in a full socket.
constexpr std::uint32_t kMaxPassedWaiting = 4096;
constexpr std::size_t kRecordRoom = 16'384;
constexpr std::uint32_t kWakeTag = 0xFFFFFFFF;
constexpr std::uint32_t kStreamsTag = 0xFFFFFFFE;

LinkLayerConfig link_config(unsigned index, unsigned shards, const server::EngineConfig& engine,
                            std::uint32_t max_links, std::size_t plain_sockets, std::size_t listeners,
                            SystemRandom& random) {
  return {.max_links = max_links,
          .max_message = engine.endpoint.max_message,
          .hash_key = {random.next64(), random.next64()},
          .shard = index,
          .shards = shards,
          .plain_sockets = plain_sockets,
          .listeners = listeners};
}

void watch(int poll, int fd, std::uint32_t tag) {
  epoll_event event{.events = EPOLLIN, .data = {.u32 = tag}};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) throw std::runtime_error("epoll_ctl failed");
}

}  // namespace

Shard::Shard(unsigned index, ShardFleet& fleet, const server::EngineConfig& engine, std::uint32_t max_links,
             std::vector<UdpSocket> sockets, const server::Models& models, std::vector<TcpListener> listeners)
    : index_(index),
      fleet_(fleet),
      now_(ShardClock::now()),
      credentials_(*fleet.credentials),
      links_(link_config(index, fleet.count, engine, max_links, fleet.plain_sockets,
                         listeners.size() + fleet.tls_listeners, random_),
             std::move(sockets)),
      streams_(std::move(listeners), fleet.streams, *this),
      in_(kMaxReceived),
      poll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      ready_(links_.sockets().size(), 1),
      record_(kRecordRoom),
      max_links_(max_links),
      max_observations_(engine.max_observations) {
  if (links_.sockets().size() > fleet.plain_sockets) {
    AssociationOwner& owner = *this;
    associations_ = std::make_unique<Associations>(
        AssociationsConfig{
            .max_links = max_links, .worker = index, .durable = fleet.store != nullptr, .start = fleet.start},
        links_, *fleet.handshakes, owner);
  }
  server::EngineConfig config = engine;
  config.shard = static_cast<std::uint8_t>(index);
  config.durable = fleet.store != nullptr;
  config.endpoint.max_peers = max_links;
  engine_pages_ = Pages(server::Engine::endpoint_memory(config));
  config.endpoint_pages = engine_pages_.bytes();
  if (!engine_.init(config, links_, links_, random_, models, *this)) {
    throw std::runtime_error("a limit of the server is out of range, or there is no memory for its tables");
  }
  if (poll_.get() < 0 || wake_.get() < 0) throw std::runtime_error("no file descriptors left");
  links_.bind(LinkKind::kTcp, streams_);
  watch(poll_.get(), wake_.get(), kWakeTag);
  watch(poll_.get(), streams_.poll_fd(), kStreamsTag);
  for (std::uint32_t i = 0; i < links_.sockets().size(); ++i) watch(poll_.get(), links_.sockets()[i].fd(), i);
}

void Shard::start() {
  mark_far_peers();
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), ("shard " + std::to_string(index_)).c_str());
}

bool Shard::post(Task& task) {
  if (!tasks_.push(task)) return false;
  if (asleep_.exchange(false)) {
    // A full counter wakes as well as a written one.
    [[maybe_unused]] const auto written = eventfd_write(wake_.get(), 1);
  }
  return true;
}

void Shard::run() {
  write_behind_at_ = now_ + kWriteBehindInterval;
  while (running_) {
    wait();
    now_ = ShardClock::now();
    look_for_contexts();
    if (hearing_) {
      for (std::size_t socket = 0; socket < ready_.size(); ++socket) {
        if (ready_[socket] != 0) hear(socket);
      }
      if (std::exchange(streams_ready_, false)) {
        do_tasks();  // first, as for datagrams: who subscribed before a message came hears of it
        streams_.receive(now_);
      }
    }
    do_tasks();
    if (engine_.next_deadline() <= now_) engine_.step(now_);
    answer_impatient();
    if (!released_.empty()) release_contexts();
    if (streams_.next_deadline() <= now_) streams_.step(now_);
    if (associations_ && associations_->next_deadline() <= now_) associations_->step(now_);
    if (fleet_.store != nullptr && write_behind_at_ <= now_) write_behind();
    // Others must forget an endpoint before its device learns that it is registered here.
    tell_others();
    send_strays();
    links_.flush();
    streams_.flush(now_);
  }
}

int Shard::wait_millis() const noexcept {
  if (!refused_.empty()) return 0;
  Instant until = std::min(engine_.next_deadline(), streams_.next_deadline());
  if (fleet_.store != nullptr) until = std::min(until, write_behind_at_);
  if (associations_) until = std::min(until, associations_->next_deadline());
  if (!impatient_.empty()) until = std::min(until, impatient_.begin()->first);
  constexpr Millis kLongest{60'000};
  if (until == kNever) return static_cast<int>(kLongest.count());
  return static_cast<int>(std::clamp(until - ShardClock::now(), Millis{0}, kLongest).count());
}

void Shard::wait() {
  if (hearing_ && std::ranges::find(ready_, 1) != ready_.end()) {
    // Busy: no need to ask which socket has something, the full one has and the others may.
    std::ranges::fill(ready_, 1);
    streams_ready_ = streams_.used();
    return;
  }
  int millis = wait_millis();
  asleep_.store(true);
  if (!tasks_.empty()) millis = 0;
  std::array<epoll_event, 16> events;
  const int count = epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), millis);
  asleep_.store(false);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t tag = events[static_cast<std::size_t>(i)].data.u32;
    if (tag == kStreamsTag) {
      streams_ready_ = true;
      continue;
    }
    if (tag != kWakeTag) {
      ready_[tag] = 1;
      continue;
    }
    eventfd_t posts;
    [[maybe_unused]] const auto taken = eventfd_read(wake_.get(), &posts);
  }
}

void Shard::hear(std::size_t socket) {
  const UdpSocket& from = links_.sockets()[socket];
  const std::size_t count = in_.receive(from);
  ready_[socket] = count == kBatch ? 1 : 0;
  // Tasks first: another shard's word that an endpoint moved there is older than what came now.
  do_tasks();
  LinkTable& table = links_.table();
  const auto number = static_cast<std::uint32_t>(socket);
  for (std::size_t i = 0; i < count; ++i) {
    arrivals_[i].remote = in_[i].remote;
    arrivals_[i].hash = table.hash(arrivals_[i].remote, number);
    table.prefetch_slot(arrivals_[i].hash);
  }
  for (std::size_t i = 0; i < count; ++i) table.prefetch_link(arrivals_[i].hash);
  for (std::size_t i = 0; i < count; ++i) {
    arrivals_[i].link = table.find(arrivals_[i].hash, arrivals_[i].remote, number);
    if (arrivals_[i].link != coap::kNoLink) engine_.prefetch(arrivals_[i].link);
  }
  received_ += count;
  links_changed_ = false;
  for (std::size_t i = 0; i < count; ++i) take(socket, in_[i], arrivals_[i]);
}

void Shard::take(std::size_t socket, const Datagram& datagram, const Arrival& arrival) {
  if (datagram.bytes.empty()) return;
  if (links_.kind_of(socket) == LinkKind::kDtls) return take_secured(socket, datagram, arrival);
  LinkTable& table = links_.table();
  coap::LinkId link = arrival.link;
  if (links_changed_) link = table.find(arrival.hash, arrival.remote, static_cast<std::uint32_t>(socket));
  if (link == coap::kNoLink) {
    link = link_to(arrival.hash, arrival.remote, socket);
    if (link == coap::kNoLink) return;
  }
  if (const auto owner = elsewhere(link, datagram.bytes))
    table.set_shard(link, static_cast<std::uint8_t>(*owner));
  if (table.shard(link) != LinkTable::kNoShard) return pass_on(table.shard(link), socket, datagram);
  if (datagram.local != Address{} || arrival.remote.scope() != 0) {
    table.set_path(link, links_.path_of(socket, arrival.remote, datagram.local));
  }
  deliver(link, datagram.bytes);
}

std::optional<unsigned> Shard::elsewhere(coap::LinkId link, ByteView datagram) noexcept {
  if (fleet_.count == 1 || datagram.size() < 2) return std::nullopt;
  const coap::Code code{datagram[1]};
  const bool moves = code == coap::Code::kPost || code == coap::Code::kDelete || is_response(code);
  const bool looked_for = (oscore_ && is_request(code)) || (moves && !engine_.registration_of(link));
  if (!looked_for) return std::nullopt;
  const auto message = coap::Message::decode(datagram);
  return message ? elsewhere(link, *message) : std::nullopt;
}

std::optional<unsigned> Shard::elsewhere(coap::LinkId link, const coap::Message& message) noexcept {
  std::optional<unsigned> owner;
  // Its context knows one shard only, wherever it is registered.
  if (oscore_) owner = OscoreLinks::worker_of(message, fleet_.count);
  // A peer that is registered here is not looked for.
  if (!owner && !engine_.registration_of(link)) {
    owner = server::Engine::shard_of(message);
    if (!owner && server::Engine::is_send(message)) {
      const std::string sender = proved_endpoint(link);
      if (!sender.empty() && !engine_.find(sender)) owner = fleet_.hints.shard(sender);
    }
  }
  if (!owner || *owner == index_ || *owner >= fleet_.count) return std::nullopt;
  return owner;
}

coap::LinkId Shard::link_to(LinkTable::Hash hash, const Address& remote, std::size_t socket) {
  const std::uint32_t known = links_.table().size();
  std::vector<std::pair<coap::LinkId, Associations::Name>> secured;  // the names are gone with the links
  const coap::LinkId link = links_.add(hash, remote, socket, [&](coap::LinkId candidate) {
    if (streams_.connected(candidate) || !engine_.quiet(candidate)) return LinkLoss::kPeer;
    if (associations_ && associations_->secured(candidate)) {
      secured.emplace_back(candidate, associations_->name_of(candidate));
      return LinkLoss::kShard;
    }
    // A peer that is passed on is unknown to this engine, and registered at another, it may be.
    if (links_.table().shard(candidate) != LinkTable::kNoShard) return LinkLoss::kShard;
    return engine_.idle(candidate, now_) ? LinkLoss::kNothing : LinkLoss::kDuplicates;
  });
  links_changed_ = true;
  if (link == coap::kNoLink) {
    ++links_exhausted_;
  } else if (coap::index(link) < known) {
    engine_.drop(link, now_);
    for (const auto& [candidate, name] : secured) {
      if (candidate == link) associations_->forget(link, name);
    }
  }
  return link;
}

void Shard::pass_on(unsigned shard, std::size_t socket, const Datagram& datagram) {
  Shard& owner = *fleet_.shards[shard];
  if (owner.passed_waiting_.fetch_add(1, std::memory_order_relaxed) >= kMaxPassedWaiting) {
    owner.passed_waiting_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  ++forwarded_;
  const Path path = links_.path(links_.path_of(socket, datagram.remote, datagram.local));
  Task task =
      [remote = datagram.remote, path,
       bytes = std::vector<std::uint8_t>(datagram.bytes.begin(), datagram.bytes.end())](Shard& here) mutable {
        here.passed_waiting_.fetch_sub(1, std::memory_order_relaxed);
        here.receive_passed(remote, path, bytes);
      };
  // A shard that has ended hears nothing: lost, as on the way.
  [[maybe_unused]] const bool posted = owner.post(task);
}

void Shard::receive_passed(const Address& remote, const Path& path, ByteSpan bytes) {
  if (!hearing_) return;
  if (links_.kind_of(path.socket) == LinkKind::kDtls) {
    const coap::LinkId known =
        links_.table().find(links_.table().hash(remote, path.socket), remote, path.socket);
    if (known != coap::kNoLink) links_.table().set_shard(known, LinkTable::kNoShard);
    return associations_->hear(known, path, remote, bytes, now_);
  }
  LinkTable& table = links_.table();
  const LinkTable::Hash hash = table.hash(remote, path.socket);
  coap::LinkId link = table.find(hash, remote, path.socket);
  if (link == coap::kNoLink) link = link_to(hash, remote, path.socket);
  if (link == coap::kNoLink) return;
  table.set_shard(link, LinkTable::kNoShard);
  table.set_path(link, links_.path_of(path.socket, remote, path.local));
  deliver(link, bytes);
}

void Shard::mark_far_peers() {
  for (const LinkLayer::Far& far : links_.take_far()) {
    Task task = [far, owner = index_](Shard& shard) {
      LinkTable& table = shard.links_.table();
      const LinkTable::Hash hash = table.hash(far.remote, far.socket);
      coap::LinkId link = table.find(hash, far.remote, far.socket);
      if (link == coap::kNoLink) link = shard.link_to(hash, far.remote, far.socket);
      if (link != coap::kNoLink) table.set_shard(link, static_cast<std::uint8_t>(owner));
    };
    [[maybe_unused]] const bool posted = fleet_.shards[far.shard]->post(task);
  }
}

void Shard::do_tasks() {
  tasks_.drain([this](Task task) { task(*this); });
  if (!refused_.empty()) {
    const std::vector<store::Ticket> refused = std::exchange(refused_, {});
    settle(refused, false);
  }
}

void Shard::tell_others() {
  if (registered_here_.empty()) return;
  const auto names = std::make_shared<const std::string>(std::exchange(registered_here_, {}));
  for (const auto& other : fleet_.shards) {
    if (other.get() == this) continue;
    Task task = [names, here = index_](Shard& shard) {
      for (std::string_view rest = *names; !rest.empty();) {
        const auto size = static_cast<std::uint8_t>(rest[0]);
        shard.engine_.forget_endpoint(rest.substr(1, size), shard.now_);
        shard.move_queue(std::string(rest.substr(1, size)), here);
        rest.remove_prefix(1U + size);
      }
    };
    [[maybe_unused]] const bool posted = other->post(task);
  }
}

void Shard::write_behind() {
  write_behind_at_ = now_ + kWriteBehindInterval;
  engine_.drain_touched([&](const server::Registration& registration) {
    return fleet_.store->touch(index_, registration.endpoint, ShardClock::wall(registration.expires))
        .has_value();
  });
  if (associations_) associations_->save_changed();
  if (oscore_) oscore_->save_changed();
}

void Shard::stop_hearing() {
  hearing_ = false;
  if (fleet_.store != nullptr) write_behind();
}

void Shard::end() {
  streams_.release(now_);
  running_ = false;
}

void Shard::join() {
  if (thread_.joinable()) thread_.join();
  running_ = false;
}

bool Shard::finish() {
  bool any = !waiting_.empty();
  for (auto& [id, done] : std::exchange(waiting_, {})) {
    Outcome closed;
    closed.failure = Errc::kClosed;
    done(std::move(closed));
  }
  if (!queue_waiters_.empty() || !cancel_waiters_.empty()) {
    any = true;
    end_waiting();
  }
  for (auto& [ticket, held] : std::exchange(held_, {})) {
    if (!held.done) continue;
    any = true;
    held.outcome.failure = Errc::kClosed;
    held.done(std::move(held.outcome));
  }
  while (!tasks_.close()) {
    any = true;
    do_tasks();
  }
  return any;
}

}  // namespace linnet::net

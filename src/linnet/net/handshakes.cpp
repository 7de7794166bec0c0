// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/handshakes.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "linnet/net/shard_clock.hpp"

namespace linnet::net {

namespace {

// Behind the headers of record and message, and the version.
constexpr std::size_t kRandomAt = tls::kRecordHeader + 12 + 2;

std::array<std::uint8_t, 32> random_of(ByteView hello) noexcept {
  std::array<std::uint8_t, 32> random{};
  if (hello.size() >= kRandomAt + random.size())
    std::copy_n(hello.begin() + kRandomAt, random.size(), random.begin());
  return random;
}

}  // namespace

Handshakes::Handshakes(std::unique_ptr<tls::ServerSecurity> security, const HandshakeLimits& limits,
                       CredentialSource credentials, Deliver deliver)
    : security_(std::move(security)),
      limits_(limits),
      credentials_(std::move(credentials)),
      deliver_(std::move(deliver)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      table_(limits.under_way, limits.per_source) {}

void Handshakes::start() {
  running_ = true;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "handshakes");
}

void Handshakes::stop() {
  running_ = false;
  [[maybe_unused]] const auto written = eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
  while (!jobs_.close()) jobs_.drain([](const Job&) {});
}

bool Handshakes::begin(const HandshakePeer& peer, const tls::Prestate& prestate, ByteView datagram) {
  return post({.peer = peer, .prestate = prestate, .datagram = {datagram.begin(), datagram.end()}});
}

bool Handshakes::receive(const HandshakePeer& peer, ByteView datagram) {
  return post({.peer = peer, .prestate = {}, .datagram = {datagram.begin(), datagram.end()}});
}

bool Handshakes::post(Job job) {
  if (waiting_.fetch_add(1, std::memory_order_relaxed) >= limits_.waiting || !jobs_.push(job)) {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  [[maybe_unused]] const auto written = eventfd_write(wake_.get(), 1);
  return true;
}

void Handshakes::run() {
  while (running_) {
    pollfd woken{.fd = wake_.get(), .events = POLLIN, .revents = 0};
    ::poll(&woken, 1, wait_millis());
    eventfd_t posts = 0;
    if ((woken.revents & POLLIN) != 0) [[maybe_unused]]
      const auto taken = eventfd_read(wake_.get(), &posts);
    now_ = ShardClock::now();
    jobs_.drain([this](Job job) {
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      take(std::move(job));
    });
    step();
  }
  table_.clear();
}

int Handshakes::wait_millis() const {
  if (table_.empty()) return -1;
  return static_cast<int>(
      std::clamp(table_.next_due() - ShardClock::now(), Millis{0}, Millis{60'000}).count());
}

void Handshakes::take(Job job) {
  const Table::Name name{.remote = job.peer.remote, .socket = job.peer.path.socket};
  if (job.prestate) open(job, name);
  const auto place = table_.find(name);
  if (place == table_.none()) return;
  Handshake& handshake = place->second.payload;
  handshake.peer.path = job.peer.path;
  handshake.peer.shard = job.peer.shard;
  std::vector<tls::OwnedBytes> sent;
  const auto state = handshake.state->receive(
      job.datagram, [&](ByteView bytes) { sent.emplace_back(bytes.begin(), bytes.end()); });
  hand_out(place, state, std::move(sent));
}

void Handshakes::open(const Job& job, const Table::Name& name) {
  const auto random = random_of(job.datagram);
  if (const auto there = table_.find(name); there != table_.none()) {
    // A ClientHello that is repeated belongs to the handshake that it began.
    if (there->second.payload.random == random) return;
    table_.end(there);
  }
  if (!table_.has_room_for(name)) return;
  table_.open(
      name, now_ + limits_.handshake.give_up, job.peer,
      std::make_unique<tls::ServerHandshake>(*security_, limits_.handshake, credentials_(), *job.prestate),
      random);
}

void Handshakes::hand_out(Table::Place place, tls::ServerHandshake::State state,
                          std::vector<tls::OwnedBytes> sent) {
  using State = tls::ServerHandshake::State;
  if (state == State::kGoing && sent.empty()) return wait_for(place);
  HandshakeOutput output;
  output.peer = place->second.payload.peer;
  output.datagrams = std::move(sent);
  const tls::ServerHandshake& handshake = *place->second.payload.state;
  if (state == State::kDone) {
    output.end = HandshakeOutput::End::kDone;
    output.association = handshake.association();
    output.last_flight = handshake.last_flight();
    output.resumed = handshake.resumed();
  } else if (state == State::kFailed) {
    output.end = HandshakeOutput::End::kFailed;
  }
  deliver_(std::move(output));
  if (state == State::kGoing) {
    wait_for(place);
  } else {
    table_.end(place);
  }
}

void Handshakes::wait_for(Table::Place place) {
  table_.wait(place, now_ + place->second.payload.state->until_due());
}

void Handshakes::step() {
  while (table_.next_due() <= now_) {
    const auto place = table_.due();
    if (place->second.until <= now_) {
      hand_out(place, tls::ServerHandshake::State::kFailed, {});
      continue;
    }
    std::vector<tls::OwnedBytes> sent;
    const auto state = place->second.payload.state->step(
        [&](ByteView bytes) { sent.emplace_back(bytes.begin(), bytes.end()); });
    hand_out(place, state, std::move(sent));
  }
}

}  // namespace linnet::net

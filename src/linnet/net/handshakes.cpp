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
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

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
  entries_.clear();
}

int Handshakes::wait_millis() const {
  if (due_.empty()) return -1;
  return static_cast<int>(
      std::clamp(due_.begin()->first - ShardClock::now(), Millis{0}, Millis{60'000}).count());
}

void Handshakes::take(Job job) {
  const Name name{.remote = job.peer.remote, .socket = job.peer.path.socket};
  if (job.prestate) open(job, name);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return;
  entry->second.peer.path = job.peer.path;
  entry->second.peer.shard = job.peer.shard;
  std::vector<tls::OwnedBytes> sent;
  const auto state = entry->second.handshake->receive(
      job.datagram, [&](ByteView bytes) { sent.emplace_back(bytes.begin(), bytes.end()); });
  hand_out(entry, state, std::move(sent));
}

void Handshakes::open(const Job& job, const Name& name) {
  const auto random = random_of(job.datagram);
  if (const auto there = entries_.find(name); there != entries_.end()) {
    // A ClientHello that is repeated belongs to the handshake that it began.
    if (there->second.random == random) return;
    end(there);
  }
  std::uint32_t& of_source = sources_[job.peer.remote.ip()];
  if (entries_.size() >= limits_.under_way || of_source >= limits_.per_source) {
    if (of_source == 0) sources_.erase(job.peer.remote.ip());
    return;
  }
  ++of_source;
  const auto made =
      entries_
          .emplace(name, Entry{.peer = job.peer,
                               .handshake = std::make_unique<tls::ServerHandshake>(
                                   *security_, limits_.handshake, credentials_(), *job.prestate),
                               .random = random,
                               .until = now_ + limits_.handshake.give_up,
                               .due = due_.end()})
          .first;
  made->second.due = due_.emplace(made->second.until, name);
}

void Handshakes::hand_out(Entries::iterator entry, tls::ServerHandshake::State state,
                          std::vector<tls::OwnedBytes> sent) {
  using State = tls::ServerHandshake::State;
  if (state == State::kGoing && sent.empty()) return wait_for(entry);
  HandshakeOutput output;
  output.peer = entry->second.peer;
  output.datagrams = std::move(sent);
  const tls::ServerHandshake& handshake = *entry->second.handshake;
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
    wait_for(entry);
  } else {
    end(entry);
  }
}

void Handshakes::wait_for(Entries::iterator entry) {
  due_.erase(entry->second.due);
  const Instant due = now_ + entry->second.handshake->until_due();
  entry->second.due = due_.emplace(std::min(due, entry->second.until), entry->first);
}

void Handshakes::end(Entries::iterator entry) {
  const auto source = sources_.find(entry->first.remote.ip());
  if (source != sources_.end() && --source->second == 0) sources_.erase(source);
  due_.erase(entry->second.due);
  entries_.erase(entry);
}

void Handshakes::step() {
  while (!due_.empty() && due_.begin()->first <= now_) {
    const auto entry = entries_.find(due_.begin()->second);
    if (entry->second.until <= now_) {
      hand_out(entry, tls::ServerHandshake::State::kFailed, {});
      continue;
    }
    std::vector<tls::OwnedBytes> sent;
    const auto state =
        entry->second.handshake->step([&](ByteView bytes) { sent.emplace_back(bytes.begin(), bytes.end()); });
    hand_out(entry, state, std::move(sent));
  }
}

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/tls_handshakes.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "linnet/net/shard_clock.hpp"

namespace linnet::net {

namespace {

constexpr std::uint64_t kListenerTag = std::uint64_t{1} << 32U;
constexpr std::uint64_t kWakeTag = std::uint64_t{1} << 33U;
constexpr unsigned kMostAccepted = 64;  // of a listener in one go
constexpr Millis kRetryInterval{1000};

/// False where the socket does not take it all: a flight is far shorter than the buffer of a connection that
/// has just begun, unless its peer reads nothing.
bool send_all(int socket, ByteView bytes) noexcept {
  ssize_t size = 0;
  do {
    size = ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(bytes.size());
}

}  // namespace

TlsHandshakes::TlsHandshakes(std::vector<TcpListener> listeners, std::size_t first_listener,
                             std::unique_ptr<tls::ServerSecurity> security, const TlsLimits& limits,
                             CredentialSource credentials, Deliver deliver)
    : listeners_(std::move(listeners)),
      first_listener_(first_listener),
      security_(std::move(security)),
      limits_(limits),
      credentials_(std::move(credentials)),
      deliver_(std::move(deliver)),
      poll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (poll_.get() < 0 || wake_.get() < 0) throw std::runtime_error("no file descriptors left");
  watch(wake_.get(), kWakeTag);
  listen(true);
}

void TlsHandshakes::watch(int fd, std::uint64_t tag) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = tag}};
  if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw std::runtime_error("epoll_ctl failed");
}

void TlsHandshakes::listen(bool on) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = kListenerTag | i}};
    (void)epoll_ctl(poll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listeners_[i].fd(), &event);
  }
}

void TlsHandshakes::start() {
  running_ = true;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "tls handshakes");
}

void TlsHandshakes::stop() {
  running_ = false;
  [[maybe_unused]] const auto written = eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

TlsStatistics TlsHandshakes::statistics() const noexcept {
  return {.handshakes = done_, .resumed = resumed_, .failed = failed_, .refused = refused_};
}

void TlsHandshakes::run() {
  std::array<epoll_event, 64> events;
  while (running_) {
    const int count = epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), wait_millis());
    now_ = ShardClock::now();
    for (int i = 0; i < count; ++i) {
      const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
      if (tag == kWakeTag) continue;  // the end
      if ((tag & kListenerTag) != 0) {
        accept(static_cast<std::size_t>(tag & 0xFFU));
        continue;
      }
      const auto entry = entries_.find(static_cast<Number>(tag));
      if (entry != entries_.end()) go_on(entry);
    }
    step();
  }
  entries_.clear();
}

int TlsHandshakes::wait_millis() const {
  const Instant until = entries_.empty() ? retry_at_ : std::min(retry_at_, entries_.begin()->second.until);
  if (until == kNever) return -1;
  return static_cast<int>(std::clamp(until - ShardClock::now(), Millis{0}, Millis{60'000}).count());
}

void TlsHandshakes::accept(std::size_t listener) {
  for (unsigned i = 0; i < kMostAccepted; ++i) {
    auto accepted = listeners_[listener].accept();
    if (!accepted && accepted.error() == TcpListener::Nothing::kExhausted) {
      // The waiting connection would wake this thread again and again.
      listen(false);
      retry_at_ = now_ + kRetryInterval;
    }
    if (!accepted) return;
    open(std::move(*accepted), listener);
  }
}

void TlsHandshakes::open(TcpListener::Accepted accepted, std::size_t listener) {
  const auto source = sources_.find(accepted.remote.ip());
  if (entries_.size() >= limits_.under_way ||
      (source != sources_.end() && source->second >= limits_.per_source)) {
    ++refused_;
    return;
  }
  const Number number = ++newest_;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = number}};
  if (entries_.contains(number) ||
      epoll_ctl(poll_.get(), EPOLL_CTL_ADD, accepted.socket.get(), &event) != 0) {
    ++refused_;
    return;
  }
  ++sources_[accepted.remote.ip()];
  Entry entry{.connection = {}, .until = now_ + limits_.give_up};
  entry.connection.socket = std::move(accepted.socket);
  entry.connection.remote = accepted.remote;
  entry.connection.listener = static_cast<std::uint8_t>(first_listener_ + listener);
  entry.connection.since = now_;
  entry.connection.channel = std::make_unique<tls::ServerChannel>(*security_, credentials_());
  entries_.emplace(number, std::move(entry));
}

void TlsHandshakes::go_on(Entries::iterator entry) {
  using State = tls::ServerChannel::State;
  MovingConnection& connection = entry->second.connection;
  std::array<std::uint8_t, 16'384> bytes;
  ssize_t size = 0;
  do {
    size = recv(connection.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return;
  bool lost = size <= 0;
  auto state = State::kClosed;
  if (!lost) {
    state = connection.channel->receive(
        ByteView(bytes).first(static_cast<std::size_t>(size)),
        [&](ByteView content) { connection.in.insert(connection.in.end(), content.begin(), content.end()); },
        [&](ByteView sealed) { lost = lost || !send_all(connection.socket.get(), sealed); });
  }
  if (!lost && state == State::kHandshaking) return;
  if (lost || state == State::kClosed) {
    ++failed_;
    return end(entry);
  }
  ++done_;
  if (connection.channel->resumed()) ++resumed_;
  epoll_event unused{};
  (void)epoll_ctl(poll_.get(), EPOLL_CTL_DEL, connection.socket.get(), &unused);
  MovingConnection opened = std::move(connection);
  end(entry);
  deliver_(std::move(opened));
}

void TlsHandshakes::end(Entries::iterator entry) {
  const auto source = sources_.find(entry->second.connection.remote.ip());
  if (source != sources_.end() && --source->second == 0) sources_.erase(source);
  entries_.erase(entry);
}

void TlsHandshakes::step() {
  if (retry_at_ <= now_) {
    retry_at_ = kNever;
    listen(true);
  }
  while (!entries_.empty() && entries_.begin()->second.until <= now_) {
    ++failed_;
    end(entries_.begin());
  }
}

}  // namespace linnet::net

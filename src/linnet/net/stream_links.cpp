// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/stream_links.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace linnet::net {

namespace {

constexpr std::size_t kReadAtOnce = 64 * 1024;
constexpr std::size_t kMostBatched = 1024 * 1024;
constexpr unsigned kMostAccepted = 64;  // of a listener in one go
constexpr Millis kCheckInterval{1000};
constexpr Millis kRetryInterval{1000};
constexpr std::uint64_t kListenerTag = std::uint64_t{1} << 32U;

}  // namespace

struct StreamLinks::Connection {
  FileDescriptor socket;
  coap::LinkId link{};
  std::uint32_t place = 0;  // in connections_
  Address remote;
  std::unique_ptr<tls::ServerChannel> channel;  // null: no TLS
  coap::StreamSession session;
  coap::LinkTraits traits;
  std::vector<std::uint8_t> in;   // of a message that has not come whole
  std::vector<std::uint8_t> out;  // what the peer has not taken
  Instant since{};                // it began, or its device was last registered
  Instant untaken_since{};
  Instant partial_since{};  // a record, where there is one
  std::uint8_t listener = 0;
  bool waits_for_room = false;
  bool doomed = false;
  bool moves = false;
};

StreamLinks::StreamLinks(std::vector<TcpListener> listeners, const StreamLimits& limits, Owner& owner)
    : limits_(&limits),
      owner_(&owner),
      listeners_(std::move(listeners)),
      poll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (poll_.get() < 0) throw std::runtime_error("no file descriptors left");
  closed_.stream = true;
  buffer_.resize(kReadAtOnce + limits.session.max_message);
  listening_ = false;
  listen(true);
}

StreamLinks::~StreamLinks() = default;

StreamLinks::Connection* StreamLinks::find(coap::LinkId link) const noexcept {
  return coap::index(link) < by_link_.size() ? by_link_[coap::index(link)].get() : nullptr;
}

void StreamLinks::listen(bool on) noexcept {
  if (listening_ == on) return;
  listening_ = on;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = kListenerTag | i}};
    (void)epoll_ctl(poll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listeners_[i].fd(), &event);
  }
}

void StreamLinks::receive(Instant now) {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if ((event.data.u64 & kListenerTag) != 0) {
      accept(static_cast<std::size_t>(event.data.u64 & 0xFFU), now);
      continue;
    }
    Connection* const connection = find(coap::LinkId{static_cast<std::uint32_t>(event.data.u64)});
    if (connection == nullptr || connection->doomed) continue;
    if ((event.events & EPOLLOUT) != 0) write_unsent(*connection, now);
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read(*connection, now);
  }
}

void StreamLinks::accept(std::size_t listener, Instant now) {
  for (unsigned i = 0; i < kMostAccepted; ++i) {
    auto accepted = listeners_[listener].accept();
    if (!accepted && accepted.error() == TcpListener::Nothing::kExhausted) {
      // The waiting connection would wake this thread again and again.
      listen(false);
      retry_at_ = now + kRetryInterval;
    }
    if (!accepted) return;
    MovingConnection fresh;
    fresh.socket = std::move(accepted->socket);
    fresh.remote = accepted->remote;
    fresh.listener = static_cast<std::uint8_t>(listener);
    fresh.since = now;
    adopt(std::move(fresh), now);
  }
}

void StreamLinks::adopt(MovingConnection moving, Instant now) {
  const bool fresh = moving.session.state() == coap::StreamSession::State::kClosed;
  const coap::LinkId link = connections_.size() < limits_->max_connections
                                ? owner_->open_stream(moving.remote, moving.listener)
                                : coap::kNoLink;
  if (link == coap::kNoLink || find(link) != nullptr) {
    ++statistics_.refused;
    return;
  }
  ++statistics_.accepted;
  Connection* const connection = add(link, std::move(moving));
  if (connection == nullptr) return owner_->gone(link);
  connection->partial_since = now;
  if (connections_.size() == 1) check_at_ = now + kCheckInterval;
  if (fresh) {
    connection->session.open(limits_->session, now, [&](ByteView frame) { signal(*connection, frame); });
  }
  if (!connection->in.empty()) {
    const std::vector<std::uint8_t> in = std::exchange(connection->in, {});
    process(*connection, in, now);
  }
}

StreamLinks::Connection* StreamLinks::add(coap::LinkId link, MovingConnection&& moving) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = coap::index(link)}};
  if (!moving.out.empty()) event.events |= EPOLLOUT;
  if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, moving.socket.get(), &event) != 0) return nullptr;
  auto connection = std::make_unique<Connection>();
  connection->socket = std::move(moving.socket);
  connection->link = link;
  connection->place = static_cast<std::uint32_t>(connections_.size());
  connection->remote = moving.remote;
  connection->channel = std::move(moving.channel);
  connection->session = moving.session;
  connection->in = std::move(moving.in);
  connection->out = std::move(moving.out);
  connection->since = moving.since;
  connection->listener = moving.listener;
  connection->waits_for_room = !connection->out.empty();
  connection->traits.stream = true;
  if (coap::index(link) >= by_link_.size()) by_link_.resize(coap::index(link) + 1U);
  connections_.push_back(link);
  auto& place = by_link_[coap::index(link)];
  place = std::move(connection);
  return place.get();
}

const tls::ServerChannel* StreamLinks::channel(coap::LinkId link) const noexcept {
  const Connection* const connection = find(link);
  return connection != nullptr ? connection->channel.get() : nullptr;
}

void StreamLinks::read(Connection& connection, Instant now) {
  if (connection.channel) return read_secured(connection, now);
  std::vector<std::uint8_t>& before = connection.in;
  std::copy(before.begin(), before.end(), buffer_.begin());
  const std::size_t kept = before.size();
  ssize_t size = 0;
  do {
    size = recv(connection.socket.get(), buffer_.data() + kept, buffer_.size() - kept, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return doom(connection);
  statistics_.received += static_cast<std::uint64_t>(size);
  process(connection, ByteView(buffer_).first(kept + static_cast<std::size_t>(size)), now);
}

void StreamLinks::read_secured(Connection& connection, Instant now) {
  ssize_t size = 0;
  do {
    size = recv(connection.socket.get(), buffer_.data(), kReadAtOnce, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return doom(connection);
  statistics_.received += static_cast<std::uint64_t>(size);
  const std::size_t kept = connection.in.size();
  plain_.assign(connection.in.begin(), connection.in.end());
  const bool was_partial = connection.channel->partial();
  const auto state = connection.channel->receive(
      ByteView(buffer_).first(static_cast<std::size_t>(size)),
      [&](ByteView plaintext) { plain_.insert(plain_.end(), plaintext.begin(), plaintext.end()); },
      [&](ByteView sealed) { write_sealed(connection, sealed, now); });
  if (!was_partial || plain_.size() > kept) connection.partial_since = now;
  if (plain_.size() > kept) process(connection, plain_, now);
  wipe(plain_);
  if (state == tls::ServerChannel::State::kOpen) return;
  if (!connection.channel->failure().empty()) ++statistics_.dropped;
  doom(connection);
}

void StreamLinks::process(Connection& connection, ByteView bytes, Instant now) {
  const auto deliver = [&](ByteView frame) {
    learn(connection);
    connection.moves = owner_->take(connection.link, frame) == Taken::kElsewhere;
    return !connection.moves && !connection.doomed;
  };
  const auto answer = [&](ByteView frame) { signal(connection, frame); };
  const std::size_t used = connection.session.receive(bytes, now, deliver, answer);
  learn(connection);
  const ByteView rest = bytes.subspan(used);
  std::vector<std::uint8_t> left(rest.begin(), rest.end());
  connection.in = std::move(left);
  const bool closed = connection.session.state() == coap::StreamSession::State::kClosed;
  if (closed) ++statistics_.dropped;
  if (closed || connection.moves) doom(connection);
}

/// What the peer's CSM said.
void StreamLinks::learn(Connection& connection) noexcept {
  connection.traits.max_message = connection.session.peer_max_message();
  connection.traits.bert = connection.session.bert();
}

void StreamLinks::signal(Connection& connection, ByteView frame) noexcept {
  const ByteSpan out = prepare(connection.link, frame.size());
  if (out.size() < frame.size()) return;
  std::memcpy(out.data(), frame.data(), frame.size());
  send(connection.link, frame.size());
}

const coap::LinkTraits& StreamLinks::traits(coap::LinkId link) noexcept {
  const Connection* const connection = find(link);
  return connection != nullptr ? connection->traits : closed_;
}

ByteSpan StreamLinks::prepare(coap::LinkId link, std::size_t size) noexcept {
  Connection* const connection = find(link);
  if (connection == nullptr || connection->doomed || batch_size_ + size > kMostBatched) return {};
  if (connection->out.size() + size > limits_->max_unsent) {
    ++statistics_.dropped;
    doom(*connection);
    return {};
  }
  if (batch_.size() < batch_size_ + size) batch_.resize(std::max(batch_size_ + size, batch_.size() * 2));
  return ByteSpan(batch_).subspan(batch_size_, size);
}

void StreamLinks::send(coap::LinkId link, std::size_t size) noexcept {
  segments_.push_back({link, static_cast<std::uint32_t>(batch_size_), static_cast<std::uint32_t>(size)});
  batch_size_ += size;
}

void StreamLinks::flush_batch(Instant now) {
  for (const Segment& segment : segments_) {
    Connection* const connection = find(segment.link);
    if (connection != nullptr)
      write(*connection, ByteView(batch_).subspan(segment.offset, segment.size), now);
  }
  segments_.clear();
  batch_size_ = 0;
}

void StreamLinks::flush(Instant now) {
  flush_batch(now);
  bury();
}

void StreamLinks::write(Connection& connection, ByteView bytes, Instant now) {
  if (!connection.channel) return write_sealed(connection, bytes, now);
  const auto sent =
      connection.channel->send(bytes, [&](ByteView sealed) { write_sealed(connection, sealed, now); });
  if (!sent) doom(connection);
}

/// To the socket as it is.
void StreamLinks::write_sealed(Connection& connection, ByteView bytes, Instant now) {
  ssize_t size = 0;
  if (connection.out.empty()) {
    do {
      size = ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (size < 0 && errno == EINTR);
    if (size < 0 && errno != EAGAIN) return doom(connection);
    size = std::max<ssize_t>(size, 0);
  }
  statistics_.sent += static_cast<std::uint64_t>(size);
  const ByteView rest = bytes.subspan(static_cast<std::size_t>(size));
  if (rest.empty()) return;
  if (connection.out.empty()) connection.untaken_since = now;
  connection.out.insert(connection.out.end(), rest.begin(), rest.end());
  await_room(connection, true);
}

void StreamLinks::write_unsent(Connection& connection, Instant now) {
  std::vector<std::uint8_t> out = std::exchange(connection.out, {});
  ssize_t size = 0;
  do {
    size = ::send(connection.socket.get(), out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno != EAGAIN) return doom(connection);
  if (size > 0) {
    statistics_.sent += static_cast<std::uint64_t>(size);
    out.erase(out.begin(), out.begin() + size);
    connection.untaken_since = now;
  }
  if (out.empty()) return await_room(connection, false);
  connection.out = std::move(out);
}

void StreamLinks::await_room(Connection& connection, bool on) noexcept {
  if (connection.waits_for_room == on) return;
  connection.waits_for_room = on;
  const std::uint32_t events = on ? EPOLLIN | EPOLLOUT : EPOLLIN;
  epoll_event event{.events = events, .data = {.u64 = coap::index(connection.link)}};
  (void)epoll_ctl(poll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event);
}

void StreamLinks::doom(Connection& connection) noexcept {
  if (connection.doomed) return;
  connection.doomed = true;
  doomed_.push_back(connection.link);
}

void StreamLinks::step(Instant now) {
  if (retry_at_ <= now) {
    retry_at_ = kNever;
    listen(true);
  }
  if (connections_.empty() || check_at_ > now) return;
  check_at_ = now + kCheckInterval;
  for (const coap::LinkId link : connections_) check(*find(link), now);
}

/// Gives up who is silent, slow, or a stranger for too long.
void StreamLinks::check(Connection& connection, Instant now) {
  if (connection.doomed) return;
  const auto send_signal = [&](ByteView frame) { signal(connection, frame); };
  connection.session.step(now, send_signal);
  const bool known = owner_->registered(connection.link);
  if (known) connection.since = now;
  const bool crowded = connections_.size() * 2 > limits_->max_connections;
  const Millis patience = crowded ? limits_->hurried_stranger_timeout : limits_->stranger_timeout;
  const bool stranger = !known && now - connection.since >= patience;
  const bool slow = !connection.out.empty() && now - connection.untaken_since >= limits_->send_timeout;
  const bool unfinished = connection.channel && connection.channel->partial() &&
                          now - connection.partial_since >= limits_->session.frame_timeout;
  const bool closed = connection.session.state() == coap::StreamSession::State::kClosed;
  if (!closed && !stranger && !slow && !unfinished) return;
  if (stranger) signal(connection, coap::Signal::release().bytes());
  ++statistics_.dropped;
  doom(connection);
}

/// Closes, or hands on, what `doom` was said of. Messages that could be sent have been.
void StreamLinks::bury() {
  while (!doomed_.empty()) {
    const coap::LinkId link = doomed_.back();
    doomed_.pop_back();
    Connection& connection = *find(link);
    const bool moves = connection.moves;
    if (connection.channel && !moves)
      connection.channel->close([&](ByteView sealed) { write_sealed(connection, sealed, Instant{}); });
    MovingConnection moving = take_out(connection);
    owner_->gone(link);
    if (moves) owner_->moved(link, std::move(moving));
  }
}

MovingConnection StreamLinks::take_out(Connection& connection) {
  MovingConnection moving;
  epoll_event unused{};
  (void)epoll_ctl(poll_.get(), EPOLL_CTL_DEL, connection.socket.get(), &unused);
  moving.socket = std::move(connection.socket);
  moving.remote = connection.remote;
  moving.listener = connection.listener;
  moving.channel = std::move(connection.channel);
  moving.session = connection.session;
  moving.since = connection.since;
  moving.in = std::move(connection.in);
  moving.out = std::move(connection.out);
  const std::uint32_t place = connection.place;
  const coap::LinkId link = connection.link;
  connections_[place] = connections_.back();
  find(connections_[place])->place = place;
  connections_.pop_back();
  by_link_[coap::index(link)].reset();
  return moving;
}

void StreamLinks::release(Instant now) {
  listen(false);
  retry_at_ = kNever;
  for (const coap::LinkId link : connections_) {
    signal(*find(link), coap::Signal::release().bytes());
    if (segments_.size() % 1024 == 0) flush_batch(now);
  }
  flush_batch(now);
  for (const coap::LinkId link : connections_) doom(*find(link));
  bury();
}

}  // namespace linnet::net

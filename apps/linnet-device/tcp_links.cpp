// SPDX-License-Identifier: Apache-2.0
#include "tcp_links.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>
#include <vector>

namespace linnet::device {

namespace asio = boost::asio;
using asio::ip::tcp;
using Failure = boost::system::error_code;

namespace {

constexpr std::uint32_t kMaxMessage = 8192 + 256;
constexpr std::size_t kReadAtOnce = 16 * 1024;

tcp::endpoint endpoint_of(const net::Address& address) {
  const asio::ip::address_v6 ip(address.ip(), address.scope());
  if (!address.is_v4()) return {ip, address.port()};
  return {make_address_v4(asio::ip::v4_mapped, ip), address.port()};
}

}  // namespace

/// Lives until its last handler has run; a closed one no longer speaks to its owner.
class TcpLinks::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(TcpLinks& owner, coap::LinkId to, const net::Address& server)
      : owner_(&owner), link(to), peer(server), socket_(owner.io_), timer_(owner.io_) {
    traits.stream = true;
  }

  void connect() {
    timer_.expires_after(kConnectTimeout);
    timer_.async_wait([self = shared_from_this()](const Failure& error) {
      if (!error && self->state() == coap::StreamSession::State::kClosed) self->end();
    });
    socket_.async_connect(endpoint_of(peer), [self = shared_from_this()](const Failure& error) {
      if (self->owner_ == nullptr) return;
      if (error) return self->end();
      self->open();
    });
  }
  /// Nobody is told of what comes.
  void abandon() {
    owner_ = nullptr;
    timer_.cancel();
    if (outgoing_.empty() && waiting_.empty()) close_socket();
  }
  void signal(ByteView frame) {
    if (owner_ != nullptr && owner_->handlers_.on_traffic) owner_->handlers_.on_traffic(true, peer, frame);
    waiting_.insert(waiting_.end(), frame.begin(), frame.end());
    write();
  }
  [[nodiscard]] bool takes(std::size_t size) const noexcept {
    return state() == coap::StreamSession::State::kOpen && waiting_.size() + size <= kMaxUnsent;
  }
  [[nodiscard]] coap::StreamSession::State state() const noexcept { return session_.state(); }

 private:
  void open() {
    Failure ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    session_.open(owner_->config_, owner_->handlers_.now(), [this](ByteView frame) { signal(frame); });
    read();
    wait();
  }
  void read() {
    socket_.async_read_some(
        asio::buffer(buffer_), [self = shared_from_this()](const Failure& error, std::size_t size) {
          if (self->owner_ == nullptr) return;
          if (error) return self->end();
          self->incoming_.insert(self->incoming_.end(), self->buffer_.begin(),
                                 self->buffer_.begin() + static_cast<std::ptrdiff_t>(size));
          self->take();
          if (self->owner_ != nullptr) self->read();
        });
  }
  void take() {
    const auto send = [this](ByteView frame) { signal(frame); };
    const auto deliver = [this](ByteView frame) {
      learn();
      if (owner_ == nullptr) return false;
      if (owner_->handlers_.on_traffic) owner_->handlers_.on_traffic(false, peer, frame);
      owner_->handlers_.on_frame(link, frame);
      return owner_ != nullptr;  // it may have been closed by what it said
    };
    const std::size_t used = session_.receive(incoming_, owner_->handlers_.now(), deliver, send);
    incoming_.erase(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(used));
    if (owner_ == nullptr) return;
    learn();
    if (owner_ == nullptr) return;
    if (state() == coap::StreamSession::State::kClosed) return end();
    wait();
  }
  /// The peer's first CSM makes the way open.
  void learn() {
    traits.max_message = session_.peer_max_message();
    traits.bert = session_.bert();
    if (told_ || state() != coap::StreamSession::State::kOpen) return;
    told_ = true;
    owner_->handlers_.on_open(link);
  }
  void wait() {
    const Instant deadline = session_.next_deadline();
    if (deadline == kNever) return;
    timer_.expires_after(std::max<Millis>(deadline - owner_->handlers_.now(), Millis(1)));
    timer_.async_wait([self = shared_from_this()](const Failure& error) {
      if (error || self->owner_ == nullptr) return;
      self->session_.step(self->owner_->handlers_.now(), [&](ByteView frame) { self->signal(frame); });
      if (self->state() == coap::StreamSession::State::kClosed) return self->end();
      self->wait();
    });
  }
  void write() {
    if (!outgoing_.empty() || waiting_.empty()) return;
    outgoing_.swap(waiting_);
    asio::async_write(socket_, asio::buffer(outgoing_),
                      [self = shared_from_this()](const Failure& error, std::size_t) {
                        self->outgoing_.clear();
                        if (!error) self->write();
                        if (self->owner_ != nullptr && error) return self->end();
                        if (self->owner_ == nullptr && self->outgoing_.empty()) self->close_socket();
                      });
  }
  void end() {
    TcpLinks* const owner = std::exchange(owner_, nullptr);
    timer_.cancel();
    if (outgoing_.empty()) close_socket();
    if (owner != nullptr) owner->ended(*this, told_);
  }
  void close_socket() {
    Failure ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    socket_.close(ignored);
  }

  TcpLinks* owner_;  // null once it is closed

 public:
  const coap::LinkId link;
  const net::Address peer;
  coap::LinkTraits traits;

 private:
  tcp::socket socket_;
  asio::steady_timer timer_;
  coap::StreamSession session_;
  std::array<std::uint8_t, kReadAtOnce> buffer_{};
  std::vector<std::uint8_t> incoming_, waiting_, outgoing_;
  bool told_ = false;
};

TcpLinks::TcpLinks(asio::io_context& io, Handlers handlers) : io_(io), handlers_(std::move(handlers)) {
  config_.max_message = kMaxMessage;
  closed_.stream = true;
}

TcpLinks::~TcpLinks() {
  for (const auto& [link, connection] : connections_) connection->abandon();
}

TcpLinks::Connection* TcpLinks::find(coap::LinkId link) const noexcept {
  const auto at = connections_.find(link);
  return at == connections_.end() ? nullptr : at->second.get();
}

void TcpLinks::connect(coap::LinkId link, const net::Address& server) {
  if (Connection* const before = find(link)) before->abandon();
  auto& place = connections_[link];
  place = std::make_shared<Connection>(*this, link, server);
  place->connect();
}

void TcpLinks::close(coap::LinkId link) {
  const auto at = connections_.find(link);
  if (at == connections_.end()) return;
  const std::shared_ptr<Connection> connection = std::move(at->second);
  connections_.erase(at);
  if (connection->state() == coap::StreamSession::State::kOpen)
    connection->signal(coap::Signal::release().bytes());
  connection->abandon();
}

void TcpLinks::ended(Connection& connection, bool was_open) {
  const coap::LinkId link = connection.link;
  connections_.erase(link);
  // The engine may be at work in this very call.
  asio::post(io_, [this, link, was_open] {
    if (!has(link)) handlers_.on_closed(link, was_open);
  });
}

const coap::LinkTraits& TcpLinks::traits(coap::LinkId link) noexcept {
  const Connection* const connection = find(link);
  return connection != nullptr ? connection->traits : closed_;
}

ByteSpan TcpLinks::prepare(coap::LinkId link, std::size_t size) noexcept {
  const Connection* const connection = find(link);
  if (connection == nullptr || !connection->takes(size)) return {};
  outgoing_.resize(std::max(outgoing_.size(), size));
  return ByteSpan(outgoing_).first(size);
}

void TcpLinks::send(coap::LinkId link, std::size_t size) noexcept {
  if (Connection* const connection = find(link)) connection->signal(ByteView(outgoing_).first(size));
}

}  // namespace linnet::device

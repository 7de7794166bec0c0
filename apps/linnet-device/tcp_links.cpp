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
class TcpLinks::Connection final : public std::enable_shared_from_this<Connection>, public client::Wire {
 public:
  Connection(TcpLinks& owner, coap::LinkId to, const net::Address& server)
      : owner_(&owner), link(to), peer(server), socket_(owner.io_), timer_(owner.io_) {
    traits.stream = true;
  }

  /// What the channel says first waits for the socket.
  std::expected<void, std::string> secure(const MakeChannel& make) {
    auto made = make(*this);
    if (!made) return std::unexpected(made.error());
    channel_ = *std::move(made);
    return {};
  }
  [[nodiscard]] const client::Channel* channel() const noexcept { return channel_.get(); }
  void transmit(ByteView bytes) noexcept override {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    write();
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
    if (channel_ && channel_->state() == client::ChannelState::kOpen) channel_->close();
    if (outgoing_.empty() && waiting_.empty()) close_socket();
  }
  void signal(ByteView frame) {
    if (owner_ != nullptr && owner_->handlers_.on_traffic) owner_->handlers_.on_traffic(true, peer, frame);
    // What a channel does not take is lost, as its connection is: the next read tells.
    if (channel_) {
      [[maybe_unused]] const auto sent = channel_->send(frame);
    } else {
      transmit(frame);
    }
  }
  [[nodiscard]] bool takes(std::size_t size) const noexcept {
    return state() == coap::StreamSession::State::kOpen && waiting_.size() + size <= kMaxUnsent;
  }
  [[nodiscard]] coap::StreamSession::State state() const noexcept { return session_.state(); }

 private:
  void open() {
    Failure ignored;
    (void)socket_.set_option(tcp::no_delay(true), ignored);
    connected_ = true;
    if (!channel_) speak();
    write();
    read();
  }
  /// The way for frames is there.
  void speak() {
    session_.open(owner_->config_, owner_->handlers_.now(), [this](ByteView frame) { signal(frame); });
    wait();
  }
  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](const Failure& error, std::size_t size) {
                              if (self->owner_ == nullptr) return;
                              if (error) return self->end();
                              const ByteView bytes = ByteView(self->buffer_).first(size);
                              if (self->channel_) {
                                self->take_records(bytes);
                              } else {
                                self->incoming_.insert(self->incoming_.end(), bytes.begin(), bytes.end());
                                self->take();
                              }
                              if (self->owner_ != nullptr) self->read();
                            });
  }
  void take_records(ByteView bytes) {
    channel_->receive(
        bytes,
        [this](ByteView content) { incoming_.insert(incoming_.end(), content.begin(), content.end()); },
        owner_->handlers_.now());
    const bool closed = channel_->state() == client::ChannelState::kClosed;
    if (!closed && channel_->state() != client::ChannelState::kOpen) return;
    if (!closed && state() == coap::StreamSession::State::kClosed) speak();
    if (!incoming_.empty()) take();
    if (closed && owner_ != nullptr) end();
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
    if (!connected_ || !outgoing_.empty() || waiting_.empty()) return;
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
    Closed how{.was_open = told_};
    if (channel_ && channel_->state() == client::ChannelState::kClosed) how.channel = channel_->end();
    if (owner != nullptr) owner->ended(*this, how);
  }
  void close_socket() {
    Failure ignored;
    (void)socket_.shutdown(tcp::socket::shutdown_send, ignored);
    (void)socket_.close(ignored);
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
  std::unique_ptr<client::Channel> channel_;  // null: no TLS
  bool connected_ = false;
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

std::expected<void, std::string> TcpLinks::connect(coap::LinkId link, const net::Address& server,
                                                   const MakeChannel& make) {
  if (Connection* const before = find(link)) before->abandon();
  connections_.erase(link);
  const auto made = std::make_shared<Connection>(*this, link, server);
  if (make) {
    if (const auto secured = made->secure(make); !secured) return secured;
  }
  connections_[link] = made;
  made->connect();
  return {};
}

const client::Channel* TcpLinks::channel(coap::LinkId link) const noexcept {
  const Connection* const connection = find(link);
  return connection != nullptr ? connection->channel() : nullptr;
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

void TcpLinks::ended(Connection& connection, const Closed& how) {
  const coap::LinkId link = connection.link;
  connections_.erase(link);
  // The engine may be at work in this very call.
  asio::post(io_, [this, link, how] {
    if (!has(link)) handlers_.on_closed(link, how);
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

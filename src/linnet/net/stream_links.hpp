// SPDX-License-Identifier: Apache-2.0
// The connections of one shard (RFC 8323) as links, over TCP or TLS. An idle connection has no buffer: bytes
// are kept only of a message that has not come whole, and of what its peer does not take.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "linnet/coap/link.hpp"
#include "linnet/coap/stream_session.hpp"
#include "linnet/net/tcp_listener.hpp"
#include "linnet/tls/server_channel.hpp"

namespace linnet::net {

/// Limits of the connections of one shard, and of each of them.
struct StreamLimits {
  coap::StreamConfig session{.max_message = 8192 + 256};
  std::uint32_t max_connections =
      100'000;                          ///< at once; when half of them are in use, strangers get less time
  std::size_t max_unsent = 256 * 1024;  ///< bytes that one peer may leave untaken
  Millis send_timeout{30'000};          ///< for taking any of them
  Millis stranger_timeout{120'000};     ///< without a registration; kept open for as long as there is one
  Millis hurried_stranger_timeout{10'000};  ///< the same when half of the connections are in use
};

struct StreamStatistics {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< there was no room for them
  std::uint64_t dropped = 0;  ///< given up by the server: slow, silent, wrong, or strangers for too long
  std::uint64_t received = 0, sent = 0;  ///< bytes

  void add(const StreamStatistics& other) noexcept {
    accepted += other.accepted;
    refused += other.refused;
    dropped += other.dropped;
    received += other.received;
    sent += other.sent;
  }
};

/// A connection on its way to a shard: from its handshake, or from another shard in front of the message that
/// leads it on.
struct MovingConnection {
  FileDescriptor socket;
  Address remote;
  std::uint8_t listener = 0;
  std::unique_ptr<tls::ServerChannel> channel;  ///< open; null: no TLS
  coap::StreamSession session;
  Instant since{};
  std::vector<std::uint8_t> in, out;
};

/// Not shared between threads.
class StreamLinks final : public coap::Links {
 public:
  enum class Taken : std::uint8_t { kTaken, kElsewhere };
  /// Whose links these are. Calls nothing of StreamLinks but coap::Links from within.
  class Owner {
   public:
    /// A link for a new connection, or kNoLink. Its last connection, if there was one, is gone.
    virtual coap::LinkId open_stream(const Address& remote, std::uint8_t listener) = 0;
    /// A message. kElsewhere: it is for another shard, and `moved` comes soon.
    virtual Taken take(coap::LinkId link, ByteView frame) = 0;
    virtual void moved(coap::LinkId link, MovingConnection connection) = 0;
    /// The connection is no more.
    virtual void gone(coap::LinkId link) = 0;
    /// A device is registered over it.
    [[nodiscard]] virtual bool registered(coap::LinkId link) const = 0;

   protected:
    ~Owner() = default;
  };

  /// `limits` and `owner` outlive this. Throws std::runtime_error.
  StreamLinks(std::vector<TcpListener> listeners, const StreamLimits& limits, Owner& owner);
  ~StreamLinks();
  StreamLinks(const StreamLinks&) = delete;
  StreamLinks& operator=(const StreamLinks&) = delete;

  [[nodiscard]] bool used() const noexcept { return !listeners_.empty() || !connections_.empty(); }
  /// Readable when `receive` has something to do.
  [[nodiscard]] int poll_fd() const noexcept { return poll_.get(); }
  void receive(Instant now);
  /// Sends what was given to `send`, and ends what has to end.
  void flush(Instant now);
  /// Does what is due.
  void step(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept {
    return connections_.empty() ? retry_at_ : check_at_;
  }
  void adopt(MovingConnection connection, Instant now);
  /// Tells all peers that the server goes, and closes.
  void release(Instant now);

  [[nodiscard]] bool connected(coap::LinkId link) const noexcept { return find(link) != nullptr; }
  /// Of a connection over TLS; null where there is none.
  [[nodiscard]] const tls::ServerChannel* channel(coap::LinkId link) const noexcept;
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }
  [[nodiscard]] const StreamStatistics& statistics() const noexcept { return statistics_; }

  // coap::Links
  const coap::LinkTraits& traits(coap::LinkId link) noexcept override;
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;

 private:
  struct Connection;
  /// A message in `batch_`.
  struct Segment {
    coap::LinkId link;
    std::uint32_t offset;
    std::uint32_t size;
  };

  [[nodiscard]] Connection* find(coap::LinkId link) const noexcept;
  void accept(std::size_t listener, Instant now);
  void listen(bool on) noexcept;
  Connection* add(coap::LinkId link, MovingConnection&& moving);
  void read(Connection& connection, Instant now);
  void read_secured(Connection& connection, Instant now);
  void process(Connection& connection, ByteView bytes, Instant now);
  static void learn(Connection& connection) noexcept;
  void signal(Connection& connection, ByteView frame) noexcept;
  void flush_batch(Instant now);
  void write(Connection& connection, ByteView bytes, Instant now);
  void write_sealed(Connection& connection, ByteView bytes, Instant now);
  void write_unsent(Connection& connection, Instant now);
  void await_room(Connection& connection, bool on) noexcept;
  void doom(Connection& connection) noexcept;
  void check(Connection& connection, Instant now);
  void bury();
  [[nodiscard]] MovingConnection take_out(Connection& connection);

  const StreamLimits* limits_;
  Owner* owner_;
  std::vector<TcpListener> listeners_;
  FileDescriptor poll_;
  std::vector<std::unique_ptr<Connection>> by_link_;
  std::vector<coap::LinkId> connections_;
  std::vector<std::uint8_t> buffer_;  // for reading
  std::vector<std::uint8_t> plain_;   // what records held
  std::vector<std::uint8_t> batch_;   // messages that go with the next flush
  std::size_t batch_size_ = 0;
  std::vector<Segment> segments_;
  std::vector<coap::LinkId> doomed_;  // to be closed, or moved, by `bury`
  bool listening_ = true;
  Instant retry_at_ = kNever;  // when to accept again
  Instant check_at_{};
  coap::LinkTraits closed_;
  StreamStatistics statistics_;
};

}  // namespace linnet::net

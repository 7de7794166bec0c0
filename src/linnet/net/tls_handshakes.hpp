// SPDX-License-Identifier: Apache-2.0
// Listens for connections over TLS and shakes hands with them on a thread of its own, so that public-key
// arithmetic delays no device that is there already, and nobody has a link before it proved who it is.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "linnet/net/stream_links.hpp"
#include "linnet/net/tcp_listener.hpp"
#include "linnet/tls/server_channel.hpp"

namespace linnet::net {

struct TlsLimits {
  std::uint32_t under_way = 1024;  ///< handshakes at once, about 30 kB each
  std::uint32_t per_source = 64;   ///< of one IP address
  Millis give_up{20'000};          ///< from the connection to the end of the handshake, however it trickles
};

struct TlsStatistics {
  std::uint64_t handshakes = 0;  ///< done
  std::uint64_t resumed = 0;     ///< of those
  std::uint64_t failed = 0;      ///< ended otherwise, or took too long
  std::uint64_t refused = 0;     ///< connections closed because too many handshakes are under way

  void add(const TlsStatistics& other) noexcept {
    handshakes += other.handshakes;
    resumed += other.resumed;
    failed += other.failed;
    refused += other.refused;
  }
};

class TlsHandshakes {
 public:
  using CredentialSource = std::function<server::Credentials::Shared()>;
  /// Called from the thread of the handshakes; must not block.
  using Deliver = std::function<void(MovingConnection)>;

  /// `first_listener` is what the first of the listeners counts as among all. Throws std::runtime_error.
  TlsHandshakes(std::vector<TcpListener> listeners, std::size_t first_listener,
                std::unique_ptr<tls::ServerSecurity> security, const TlsLimits& limits,
                CredentialSource credentials, Deliver deliver);
  ~TlsHandshakes() { stop(); }
  TlsHandshakes(const TlsHandshakes&) = delete;
  TlsHandshakes& operator=(const TlsHandshakes&) = delete;

  void start();
  void stop();

  // Any thread.

  [[nodiscard]] server::Credentials::Shared credentials() const { return credentials_(); }
  [[nodiscard]] TlsStatistics statistics() const noexcept;

 private:
  using Number = std::uint32_t;
  struct Entry {
    MovingConnection connection;
    Instant until;
  };
  using Entries = std::map<Number, Entry>;  // oldest first

  void run();
  [[nodiscard]] int wait_millis() const;
  void watch(int fd, std::uint64_t tag);
  void listen(bool on);
  void accept(std::size_t listener);
  void open(TcpListener::Accepted accepted, std::size_t listener);
  void go_on(Entries::iterator entry);
  void end(Entries::iterator entry);
  void step();

  std::vector<TcpListener> listeners_;
  std::size_t first_listener_;
  std::unique_ptr<tls::ServerSecurity> security_;
  TlsLimits limits_;
  CredentialSource credentials_;
  Deliver deliver_;
  FileDescriptor poll_;
  FileDescriptor wake_;
  std::atomic<bool> running_ = false;
  std::thread thread_;
  Instant now_{};
  Instant retry_at_ = kNever;  // when to accept again
  Number newest_ = 0;
  Entries entries_;
  std::map<Address::Ip, std::uint32_t> sources_;
  std::atomic<std::uint64_t> done_ = 0, resumed_ = 0, failed_ = 0, refused_ = 0;
};

}  // namespace linnet::net

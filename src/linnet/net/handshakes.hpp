// SPDX-License-Identifier: Apache-2.0
// DTLS handshakes on a thread of their own, so that public-key arithmetic never delays a datagram of a device
// that is there already. Shards pass datagrams in and get datagrams and associations out.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "linnet/net/handshake_table.hpp"
#include "linnet/net/link_table.hpp"
#include "linnet/net/mpsc_queue.hpp"
#include "linnet/net/udp_socket.hpp"
#include "linnet/tls/server_handshake.hpp"

namespace linnet::net {

/// A peer as a shard hears it.
struct HandshakePeer {
  unsigned shard = 0;
  Path path;
  Address remote;
};

/// What a handshake has for the shard of its peer.
struct HandshakeOutput {
  HandshakePeer peer;
  std::vector<tls::OwnedBytes> datagrams;  ///< for the peer
  enum class End : std::uint8_t { kGoesOn, kDone, kFailed } end = End::kGoesOn;
  bool resumed = false;
  tls::Association association;              ///< kDone
  std::vector<tls::OwnedBytes> last_flight;  ///< kDone: as ServerHandshake::last_flight

  HandshakeOutput() = default;
  HandshakeOutput(HandshakeOutput&&) = default;
  HandshakeOutput& operator=(HandshakeOutput&&) = default;
  ~HandshakeOutput() { association.clear(); }
};

struct HandshakeLimits {
  /// At the thread of the library's, about 11 kB each, and as many with pre-shared keys, of 1 kB, at each
  /// worker.
  std::uint32_t under_way = 4096;
  std::uint32_t per_source = 64;  ///< of one IP address
  std::uint32_t waiting = 8192;   ///< datagrams that wait for their turn
  tls::HandshakeConfig handshake;
};

/// Calls may come from any thread.
class Handshakes {
 public:
  using CredentialSource = std::function<server::Credentials::Shared()>;
  /// Called from the thread of the handshakes; must not block.
  using Deliver = std::function<void(HandshakeOutput)>;

  Handshakes(std::unique_ptr<tls::ServerSecurity> security, const HandshakeLimits& limits,
             CredentialSource credentials, Deliver deliver);
  ~Handshakes() { stop(); }
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  void start();
  void stop();
  [[nodiscard]] server::Credentials::Shared credentials() const { return credentials_(); }
  [[nodiscard]] const tls::ServerSecurity& security() const noexcept { return *security_; }
  [[nodiscard]] const HandshakeLimits& limits() const noexcept { return limits_; }

  /// A ClientHello with its cookie. False: too much waits, it is dropped.
  bool begin(const HandshakePeer& peer, const tls::Prestate& prestate, ByteView datagram);
  /// Another datagram of a handshake; where there is none it is ignored. False: as above.
  bool receive(const HandshakePeer& peer, ByteView datagram);

 private:
  struct Job {
    HandshakePeer peer;
    std::optional<tls::Prestate> prestate;
    tls::OwnedBytes datagram;
  };
  struct Handshake {
    HandshakePeer peer;
    std::unique_ptr<tls::ServerHandshake> state;
    std::array<std::uint8_t, 32> random;  // of its ClientHello
  };
  using Table = HandshakeTable<Handshake>;

  bool post(Job job);
  void run();
  void take(Job job);
  void open(const Job& job, const Table::Name& name);
  void hand_out(Table::Place place, tls::ServerHandshake::State state, std::vector<tls::OwnedBytes> sent);
  void wait_for(Table::Place place);
  void step();
  [[nodiscard]] int wait_millis() const;

  std::unique_ptr<tls::ServerSecurity> security_;
  HandshakeLimits limits_;
  CredentialSource credentials_;
  Deliver deliver_;
  MpscQueue<Job> jobs_;
  std::atomic<std::uint32_t> waiting_ = 0;
  std::atomic<bool> running_ = false;
  FileDescriptor wake_;
  std::thread thread_;
  Instant now_{};
  Table table_;
};

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// DTLS handshakes with pre-shared keys at the worker that hears them: no public keys, so that they cost less
// than their way to another thread would.
#pragma once

#include "linnet/net/handshake_table.hpp"
#include "linnet/net/handshakes.hpp"
#include "linnet/net/link_layer.hpp"
#include "linnet/tls/psk_handshake.hpp"

namespace linnet::net {

/// Not shared between threads.
class PskHandshakes {
 public:
  /// What became of a datagram.
  enum class Taken : std::uint8_t {
    kNot,  ///< it is none of a handshake here
    kTaken,
    kCrowded,  ///< dropped: too many are under way
    kEnded,    ///< `output` has what came of it
  };

  /// All references must outlive this. `worker` as HandshakePeer::shard.
  PskHandshakes(Handshakes& library, LinkLayer& links, unsigned worker);

  /// A ClientHello with its cookie; kNot: it is the library's.
  [[nodiscard]] Taken begin(const tls::Record& hello, const Path& path, const Address& remote, Instant now);
  /// A datagram of a peer, any bytes at all; what is behind the handshake's records stays in it.
  [[nodiscard]] Taken receive(ByteSpan& datagram, const Path& path, const Address& remote, Instant now,
                              HandshakeOutput& output);
  /// Repeats flights and gives up; returns how many it gave up.
  std::uint32_t step(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept { return table_.next_due(); }
  /// Whether a handshake with this peer is under way here.
  [[nodiscard]] bool knows(const Path& path, const Address& remote) {
    return !table_.empty() && table_.find({.remote = remote, .socket = path.socket}) != table_.none();
  }

 private:
  struct Handshake {
    Path path;
    std::unique_ptr<tls::PskHandshake> state;
  };
  using Table = HandshakeTable<Handshake>;

  Handshakes& library_;
  LinkLayer& links_;
  unsigned worker_;
  Table table_;
};

}  // namespace linnet::net

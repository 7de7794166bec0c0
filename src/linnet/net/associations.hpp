// SPDX-License-Identifier: Apache-2.0
// DTLS at one worker of a server (RFC 6347): which datagram belongs to a handshake and which to an
// association, what a peer says over it, and how an association outlives a restart.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "linnet/net/dtls_links.hpp"
#include "linnet/net/handshakes.hpp"
#include "linnet/net/link_layer.hpp"
#include "linnet/net/psk_handshakes.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

struct AssociationsConfig {
  std::uint32_t max_links = 100'000;  ///< LinkIds are below
  unsigned worker = 0;                ///< as HandshakePeer::shard, and the first byte of what is written down
  /// Associations are written down, and numbers are set aside on disk before they are used. Without it they
  /// end with the process, and their peers shake hands again.
  bool durable = true;
  tls::Start start{};  ///< as net/start_number.hpp counted it
};

/// What associations ask of the worker that has them.
class AssociationOwner {
 public:
  /// The link of a peer, made where there is none, which is served here from now on. kNoLink: no room.
  [[nodiscard]] virtual coap::LinkId link_to_peer(const Path& path, const Address& remote) = 0;
  /// A message that came over an association, from where its peer is now.
  virtual void take_message(coap::LinkId link, const Path& path, const Address& remote, ByteView message) = 0;
  /// Nobody is behind this link any more, or somebody else.
  virtual void lose_peer(coap::LinkId link) = 0;

  // Not called where nothing is durable.

  /// Hands a record of RecordKind::kAssociation to the store; with `report` its end comes back to
  /// Associations::settle under the ticket that is returned. Nothing: the store does not take it.
  [[nodiscard]] virtual std::optional<store::Ticket> save_association(std::string_view /*key*/,
                                                                      ByteView /*record*/, bool /*report*/) {
    return std::nullopt;
  }
  virtual void remove_association(std::string_view /*key*/) {}

 protected:
  ~AssociationOwner() = default;
};

/// Not shared between threads.
class Associations {
 public:
  /// The address of a peer as its association is written down under, taken before its link is another's.
  struct Name {
    std::array<std::uint8_t, server::LinkDirectory::kMaxAddress> bytes{};
    std::size_t size = 0;  ///< 0: it has none that outlives a restart
    [[nodiscard]] ByteView view() const noexcept { return ByteView(bytes).first(size); }
  };

  /// Throws std::bad_alloc. All references must outlive this.
  Associations(const AssociationsConfig& config, LinkLayer& links, Handshakes& handshakes,
               AssociationOwner& owner);
  Associations(const Associations&) = delete;
  Associations& operator=(const Associations&) = delete;

  [[nodiscard]] bool secured(coap::LinkId link) const noexcept { return links_.secured(link); }
  /// The endpoint that the peer of a secured link proved to be, with the credentials of now; empty where
  /// they know it no more. Nothing: the link is not secured.
  [[nodiscard]] std::optional<std::string> endpoint(coap::LinkId link) const;
  [[nodiscard]] const DtlsStatistics& statistics() const noexcept { return links_.statistics(); }
  [[nodiscard]] Name name_of(coap::LinkId link) noexcept;

  /// A datagram of a peer, any bytes at all, which it spoils. `link` is the peer's, or kNoLink.
  void hear(coap::LinkId link, const Path& path, const Address& remote, ByteSpan datagram, Instant now);
  /// What the handshakes have for a peer of this worker.
  void take_handshake(HandshakeOutput output, Instant now);
  /// Puts an association in the place of the one that the link has.
  void adopt(HandshakeOutput output, coap::LinkId link, Instant now);
  /// Takes an association out, for another worker.
  [[nodiscard]] HandshakeOutput take_out(coap::LinkId link);
  /// The link, which was of the peer `name`, is another's now.
  void forget(coap::LinkId link, const Name& name);

  /// Repeats and gives up what is due. Call at `next_deadline`; what is heard calls it as well.
  void step(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept;
  /// Hands what changed to the store; call every few hundred milliseconds.
  void save_changed();
  /// False: the ticket was given for something else.
  bool settle(store::Ticket ticket, bool committed);
  /// Brings a record back. kTruncated, kMalformed, kNoSpace.
  [[nodiscard]] Result<void> restore(std::string_view key, ByteView value);

 private:
  using EarlyName = std::pair<Address, std::uint32_t>;  // and its socket
  struct Early {
    std::vector<tls::OwnedBytes> datagrams;
    Instant until;
  };
  /// A higher limit of an association's numbers that is on its way to the disk.
  struct Limit {
    coap::LinkId link;
    std::uint64_t limit;
  };

  /// True where the datagram is for the handshakes alone.
  [[nodiscard]] bool hear_unprotected(const tls::Record& first, const Path& path, const Address& remote,
                                      ByteSpan datagram);
  /// Begins a handshake, here or at the library's.
  void begin(const tls::Record& hello, const tls::Prestate& prestate, const Path& path, const Address& remote,
             ByteView datagram);
  void hear_records(coap::LinkId link, const Path& path, const Address& remote, ByteSpan datagram);
  void hear_content(coap::LinkId link, const Path& path, const Address& remote, tls::ContentType type,
                    ByteView content);
  void hear_alert(coap::LinkId link, ByteView alert);
  void pass_to_handshakes(const Path& path, const Address& remote, ByteSpan datagram);
  void finish_handshake(HandshakeOutput output);
  /// Keeps what came behind the last flight of a peer until its handshake is done; false where none goes on.
  bool keep_early(const Path& path, const Address& remote, ByteView datagram);
  void end(coap::LinkId link);
  void save(coap::LinkId link, bool raise);
  void remove_record(const Name& name);
  void forget_limits(coap::LinkId link);

  AssociationsConfig config_;
  LinkLayer& layer_;
  Handshakes& handshakes_;
  AssociationOwner& owner_;
  DtlsLinks links_;
  Instant now_{};
  tls::CookieGuard cookies_;
  PskHandshakes psk_;
  std::map<EarlyName, Early> early_;  // peers whose handshakes were begun at the library's and have not ended
  Instant sweep_at_ = kNever;         // when flights and early datagrams are looked through
  std::unordered_map<store::Ticket, Limit> limits_;
};

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// The links of one shard that speak DTLS: an association each, 256 bytes in pages that only cost where they
// are used and stay out of core dumps, and the way out through it.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "linnet/net/link_layer.hpp"
#include "linnet/net/pages.hpp"
#include "linnet/tls/record.hpp"
#include "linnet/tls/server_handshake.hpp"

namespace linnet::net {

struct DtlsStatistics {
  std::uint64_t handshakes = 0;  ///< done
  std::uint64_t resumed = 0;     ///< of those
  std::uint64_t failed = 0;      ///< handshakes that ended otherwise
  std::uint64_t cookies = 0;     ///< ClientHellos that were answered without state
  std::uint64_t crowded = 0;     ///< datagrams of handshakes that were dropped because too many are under way
  std::uint64_t replayed = 0;    ///< records refused because their number was used or is too old
  std::uint64_t unopened = 0;    ///< records refused for any other reason
  std::uint32_t associations = 0;  ///< now

  void add(const DtlsStatistics& other) noexcept;
};

/// Not shared between threads.
class DtlsLinks final : public coap::Links {
 public:
  /// Throws std::bad_alloc. Binds itself to `links`, which must outlive it. `notes` says that somebody calls
  /// take_changed.
  DtlsLinks(LinkLayer& links, std::uint32_t max_links, bool notes);

  [[nodiscard]] const tls::Association& association(coap::LinkId link) const noexcept {
    return associations_[coap::index(link)];
  }
  [[nodiscard]] bool secured(coap::LinkId link) const noexcept { return association(link).exists(); }
  /// Puts an association in the place of the one that was there, as it is written down.
  void put(coap::LinkId link, const tls::Association& association);
  /// The same with one that is to be written down. `last_flight` is kept until the peer's first
  /// record is opened, a minute at most.
  void install(coap::LinkId link, const tls::Association& association,
               std::vector<tls::OwnedBytes> last_flight, Instant now);
  /// Forgets it, which wipes it.
  void clear(coap::LinkId link) noexcept;
  /// The endpoint that its peer proved to be, with the credentials of now; nothing where they know it no
  /// more.
  [[nodiscard]] std::optional<std::string> endpoint(coap::LinkId link,
                                                    const server::Credentials& credentials) const;
  /// Takes it out, for another shard.
  [[nodiscard]] tls::Association take(coap::LinkId link) noexcept;

  /// tls::open, counted.
  [[nodiscard]] Result<ByteSpan> open(coap::LinkId link, const tls::Record& record) noexcept;
  /// The peer has our last flight.
  void confirm(coap::LinkId link) noexcept;
  /// Sends the last flight again, the same bytes, some times at most.
  void repeat_last_flight(coap::LinkId link) noexcept;
  /// Sends an alert: level and description (RFC 5246 §7.2).
  void alert(coap::LinkId link, std::uint8_t level, std::uint8_t description) noexcept;

  /// What has to be written down, taken once: associations that opened or sealed something since.
  [[nodiscard]] std::vector<coap::LinkId> take_changed() noexcept;
  void set_saving(coap::LinkId link, bool saving) noexcept {
    associations_[coap::index(link)].saving = saving;
  }
  void raise_limit(coap::LinkId link, std::uint64_t limit) noexcept;
  void forget_old_flights(Instant now) noexcept;
  [[nodiscard]] bool keeps_flights() const noexcept { return !flights_.empty(); }

  [[nodiscard]] DtlsStatistics& statistics() noexcept { return statistics_; }
  [[nodiscard]] const DtlsStatistics& statistics() const noexcept { return statistics_; }

  // coap::Links
  const coap::LinkTraits& traits(coap::LinkId link) noexcept override;
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;

 private:
  struct Flight {
    std::vector<tls::OwnedBytes> datagrams;
    unsigned left;
    Instant until;
  };
  [[nodiscard]] tls::Association& at(coap::LinkId link) noexcept { return associations_[coap::index(link)]; }
  void seal_and_send(coap::LinkId link, tls::ContentType type, std::size_t size) noexcept;
  void note_change(coap::LinkId link);

  LinkLayer& links_;
  coap::LinkTraits traits_;
  Pages pages_;
  std::span<tls::Association> associations_;
  ByteSpan buffer_;
  std::unordered_map<std::uint32_t, Flight> flights_;  // by link
  bool notes_;
  std::vector<coap::LinkId> changed_;
  DtlsStatistics statistics_;
};

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/associations.hpp"

#include <algorithm>

namespace linnet::net {

namespace {

using tls::ContentType;

// The next step of numbers is asked for when half of one is used.
using tls::kNumbersAside;
constexpr std::size_t kRecordRoomOfAssociation = 1 + tls::kMaxAssociationRecord;

// Of a peer whose handshake is being finished: it may go on speaking behind its last flight.
constexpr std::size_t kMostEarly = 4;
constexpr std::size_t kMostEarlyPeers = 4096;
constexpr Seconds kEarlyLife{60};
constexpr Seconds kSweepInterval{5};

constexpr std::uint8_t kWarning = 1;
constexpr std::uint8_t kFatal = 2;
constexpr std::uint8_t kCloseNotify = 0;
constexpr std::uint8_t kNoRenegotiation = 100;

// What a cookie is good for.
std::array<std::uint8_t, 19> cookie_subject(const Path& path, const Address& remote) noexcept {
  std::array<std::uint8_t, 19> subject{};
  std::ranges::copy(remote.ip(), subject.begin());
  subject[16] = static_cast<std::uint8_t>(remote.port() >> 8U);
  subject[17] = static_cast<std::uint8_t>(remote.port());
  subject[18] = static_cast<std::uint8_t>(path.socket);
  return subject;
}

bool same_peer(const tls::Association& a, const tls::Association& b) noexcept {
  return a.proof == b.proof && equal(a.identity(), b.identity());
}

}  // namespace

Associations::Associations(const AssociationsConfig& config, LinkLayer& links, Handshakes& handshakes,
                           AssociationOwner& owner)
    : config_(config),
      layer_(links),
      handshakes_(handshakes),
      owner_(owner),
      links_(links, config.max_links, config.durable),
      psk_(handshakes, links, config.worker) {}

std::optional<std::string> Associations::endpoint(coap::LinkId link) const {
  if (!links_.secured(link)) return std::nullopt;
  return links_.endpoint(link, *handshakes_.credentials()).value_or("");
}

Associations::Name Associations::name_of(coap::LinkId link) noexcept {
  Name name;
  name.size = layer_.address(link, name.bytes);
  return name;
}

void Associations::hear(coap::LinkId link, const Path& path, const Address& remote, ByteSpan datagram,
                        Instant now) {
  now_ = now;
  if (next_deadline() <= now) step(now);
  ByteSpan rest = datagram;
  const auto first = tls::take_record(rest);
  if (!first) {
    ++links_.statistics().unopened;
    return;
  }
  const bool secured = link != coap::kNoLink && links_.secured(link);
  if (first->epoch == 0) {
    const bool alone = hear_unprotected(*first, path, remote, datagram);
    // A client that did not get our last flight repeats its own, whose last record is protected.
    if (alone || !secured || links_.association(link).confirmed) return;
  } else if (!secured) {
    if (first->type == ContentType::kHandshake) return pass_to_handshakes(path, remote, datagram);
    if (!keep_early(path, remote, datagram)) ++links_.statistics().unopened;
    return;
  }
  hear_records(link, path, remote, datagram);
}

bool Associations::hear_unprotected(const tls::Record& first, const Path& path, const Address& remote,
                                    ByteSpan datagram) {
  if (first.type != ContentType::kHandshake || !tls::CookieGuard::is_client_hello(first)) {
    const bool here = psk_.knows(path, remote);
    pass_to_handshakes(path, remote, datagram);
    return here;
  }
  const auto ask = [&](ByteView bytes) {
    ++links_.statistics().cookies;
    layer_.send_copy(path, remote, bytes);
  };
  const auto prestate = cookies_.check(datagram, cookie_subject(path, remote), now_, ask);
  if (!prestate) return true;
  begin(first, *prestate, path, remote, datagram);
  return true;
}

void Associations::begin(const tls::Record& hello, const tls::Prestate& prestate, const Path& path,
                         const Address& remote, ByteView datagram) {
  const auto taken = psk_.begin(hello, path, remote, now_);
  if (taken == PskHandshakes::Taken::kCrowded) ++links_.statistics().crowded;
  if (taken != PskHandshakes::Taken::kNot) return;
  const HandshakePeer peer{.shard = config_.worker, .path = path, .remote = remote};
  if (!handshakes_.begin(peer, prestate, datagram)) {
    ++links_.statistics().crowded;
  } else if (early_.size() < kMostEarlyPeers) {
    early_.insert_or_assign(EarlyName(remote, path.socket),
                            Early{.datagrams = {}, .until = now_ + kEarlyLife});
    sweep_at_ = std::min(sweep_at_, now_ + kSweepInterval);
  }
}

bool Associations::keep_early(const Path& path, const Address& remote, ByteView datagram) {
  const auto found = early_.find(EarlyName(remote, path.socket));
  if (found == early_.end() || found->second.datagrams.size() >= kMostEarly) return false;
  found->second.datagrams.emplace_back(datagram.begin(), datagram.end());
  return true;
}

void Associations::pass_to_handshakes(const Path& path, const Address& remote, ByteSpan datagram) {
  using Taken = PskHandshakes::Taken;
  HandshakeOutput output;
  const Taken taken = psk_.receive(datagram, path, remote, now_, output);
  if (taken == Taken::kEnded) {
    finish_handshake(std::move(output));
    // What stands behind it in the same datagram.
    const coap::LinkId link =
        datagram.empty() ? coap::kNoLink
                         : layer_.table().find(layer_.table().hash(remote, path.socket), remote, path.socket);
    if (link != coap::kNoLink) hear_records(link, path, remote, datagram);
  }
  if (taken != Taken::kNot) return;
  const HandshakePeer peer{.shard = config_.worker, .path = path, .remote = remote};
  if (!handshakes_.receive(peer, datagram)) ++links_.statistics().crowded;
}

void Associations::hear_records(coap::LinkId link, const Path& path, const Address& remote,
                                ByteSpan datagram) {
  // Kept as it came, in case that it belongs to a new handshake: opening spoils it.
  std::array<std::uint8_t, 256> copy;
  const ByteSpan whole = ByteSpan(copy).first(std::min(copy.size(), datagram.size()));
  std::ranges::copy_n(datagram.begin(), static_cast<std::ptrdiff_t>(whole.size()), copy.begin());
  tls::OwnedBytes early;
  if (!early_.empty() && early_.contains(EarlyName(remote, path.socket)))
    early.assign(datagram.begin(), datagram.end());
  bool first = true;
  while (!datagram.empty() && links_.secured(link)) {
    const auto record = tls::take_record(datagram);
    if (!record) {
      ++links_.statistics().unopened;
      return;
    }
    const bool begins = std::exchange(first, false);
    if (record->epoch == 0) continue;
    const auto content = links_.open(link, *record);
    if (content) {
      if (layer_.table().shard(link) != LinkTable::kNoShard) return;
      hear_content(link, path, remote, record->type, *content);
    } else if (begins && record->type == ContentType::kHandshake) {
      // The Finished of a handshake that is to replace this association (RFC 6347 §4.2.8).
      return pass_to_handshakes(path, remote, whole);
    } else if (begins && !early.empty()) {
      // Or what came right behind it.
      keep_early(path, remote, early);
      return;
    }
  }
}

void Associations::hear_content(coap::LinkId link, const Path& path, const Address& remote, ContentType type,
                                ByteView content) {
  switch (type) {
    case ContentType::kApplicationData: {
      links_.confirm(link);
      layer_.table().set_path(link, layer_.path_of(path.socket, remote, path.local));
      return owner_.take_message(link, path, remote, content);
    }
    case ContentType::kHandshake:
      // Until it is confirmed this is the Finished once more, and afterwards an attempt to renegotiate.
      if (!links_.association(link).confirmed) return links_.repeat_last_flight(link);
      return links_.alert(link, kWarning, kNoRenegotiation);
    case ContentType::kAlert: return hear_alert(link, content);
    case ContentType::kChangeCipherSpec: return;
  }
}

void Associations::hear_alert(coap::LinkId link, ByteView alert) {
  if (alert.size() != 2) return;
  if (alert[0] != kFatal && alert[1] != kCloseNotify) return;
  // It is answered in kind (RFC 5246 §7.2.1).
  if (alert[1] == kCloseNotify) links_.alert(link, kWarning, kCloseNotify);
  end(link);
}

void Associations::end(coap::LinkId link) {
  forget(link, name_of(link));
  owner_.lose_peer(link);
}

void Associations::take_handshake(HandshakeOutput output, Instant now) {
  now_ = now;
  using End = HandshakeOutput::End;
  std::vector<tls::OwnedBytes> early;
  const auto waiting = early_.find(EarlyName(output.peer.remote, output.peer.path.socket));
  if (waiting != early_.end() && output.end != End::kGoesOn) {
    early = std::move(waiting->second.datagrams);
    early_.erase(waiting);
  }
  const HandshakePeer peer = output.peer;
  finish_handshake(std::move(output));
  LinkTable& table = layer_.table();
  for (tls::OwnedBytes& datagram : early) {
    const coap::LinkId link =
        table.find(table.hash(peer.remote, peer.path.socket), peer.remote, peer.path.socket);
    hear(link, peer.path, peer.remote, datagram, now);
  }
}

void Associations::finish_handshake(HandshakeOutput output) {
  using End = HandshakeOutput::End;
  coap::LinkId link = coap::kNoLink;
  if (output.end == End::kFailed) ++links_.statistics().failed;
  if (output.end == End::kDone) {
    link = owner_.link_to_peer(output.peer.path, output.peer.remote);
    if (link == coap::kNoLink) return;  // no room: the client will try again
  }
  for (const tls::OwnedBytes& datagram : output.datagrams) {
    layer_.send_copy(output.peer.path, output.peer.remote, datagram);
  }
  if (output.end != End::kDone) return;
  ++links_.statistics().handshakes;
  if (output.resumed) ++links_.statistics().resumed;
  adopt(std::move(output), link, now_);
}

void Associations::adopt(HandshakeOutput output, coap::LinkId link, Instant now) {
  // Whoever was at this address before is another one now.
  const bool other = links_.secured(link) && !same_peer(links_.association(link), output.association);
  if (other) owner_.lose_peer(link);
  forget_limits(link);
  if (config_.durable && output.association.write_limit == tls::Association::kLastNumber) {
    output.association.write_limit =
        std::min(output.association.write_next + kNumbersAside, tls::Association::kLastNumber) &
        tls::Association::kLastNumber;
  }
  if (!output.last_flight.empty()) sweep_at_ = std::min(sweep_at_, now + kSweepInterval);
  links_.install(link, output.association, std::move(output.last_flight), now);
  save(link, false);
}

HandshakeOutput Associations::take_out(coap::LinkId link) {
  HandshakeOutput taken;
  taken.end = HandshakeOutput::End::kDone;
  forget_limits(link);
  taken.association = links_.take(link);
  return taken;
}

void Associations::forget(coap::LinkId link, const Name& name) {
  forget_limits(link);
  links_.clear(link);
  if (config_.durable && name.size != 0) owner_.remove_association(as_text(name.view()));
}

void Associations::save(coap::LinkId link, bool raise) {
  if (!config_.durable) return;
  const Name name = name_of(link);
  const tls::Association& association = links_.association(link);
  if (name.size == 0) {
    // It cannot be found again after a restart: nothing needs to be set aside.
    return links_.raise_limit(link, tls::Association::kLastNumber);
  }
  // What is on its way to the disk must not be taken back by what follows it.
  std::uint64_t limit = association.write_limit;
  for (const auto& [waiting, higher] : limits_) {
    if (association.saving && higher.link == link) limit = std::max(limit, higher.limit);
  }
  if (raise) limit = std::min(association.write_next + kNumbersAside, tls::Association::kLastNumber);
  std::array<std::uint8_t, kRecordRoomOfAssociation> record;
  record[0] = static_cast<std::uint8_t>(config_.worker);
  const auto encoded =
      tls::encode_association(association, limit, config_.start, ByteSpan(record).subspan(1));
  std::optional<store::Ticket> ticket;
  if (encoded) {
    ticket = owner_.save_association(as_text(name.view()), ByteView(record).first(1 + *encoded), raise);
  }
  wipe(record);
  if (!raise) return;
  links_.set_saving(link, ticket.has_value());
  if (ticket) limits_.emplace(*ticket, Limit{.link = link, .limit = limit});
}

Instant Associations::next_deadline() const noexcept {
  return std::min(psk_.next_deadline(), sweep_at_);
}

void Associations::step(Instant now) {
  links_.statistics().failed += psk_.step(now);
  if (sweep_at_ > now) return;
  links_.forget_old_flights(now);
  std::erase_if(early_, [now](const auto& peer) { return peer.second.until <= now; });
  sweep_at_ = early_.empty() && !links_.keeps_flights() ? kNever : now + kSweepInterval;
}

void Associations::save_changed() {
  for (const coap::LinkId link : links_.take_changed()) {
    const tls::Association& association = links_.association(link);
    const bool low = association.write_next + kNumbersAside / 2 > association.write_limit;
    save(link, low && !association.saving);
  }
}

bool Associations::settle(store::Ticket ticket, bool committed) {
  const auto found = limits_.find(ticket);
  if (found == limits_.end()) return false;
  const Limit limit = found->second;
  limits_.erase(found);
  if (committed) {
    links_.raise_limit(limit.link, limit.limit);
  } else {
    links_.set_saving(limit.link, false);
  }
  return true;
}

void Associations::forget_limits(coap::LinkId link) {
  std::erase_if(limits_, [link](const auto& entry) { return entry.second.link == link; });
}

Result<void> Associations::restore(std::string_view key, ByteView value) {
  if (value.empty()) return fail(Errc::kTruncated);
  auto association = tls::decode_association(value.subspan(1), config_.start);
  if (!association) return std::unexpected(association.error());
  const auto link = layer_.establish(as_bytes(key));
  if (!link) {
    association->clear();
    return fail(Errc::kNoSpace);
  }
  links_.put(*link, *association);
  if (association->write_next == association->write_limit) save(*link, true);
  association->clear();
  return {};
}

}  // namespace linnet::net

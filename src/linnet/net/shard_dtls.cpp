// SPDX-License-Identifier: Apache-2.0
// Associations of a shard (RFC 6347): which datagram belongs to a handshake and which to an association,
// where an association goes when its device is registered at another shard, and how it outlives a restart.
#include <algorithm>

#include "linnet/net/shard.hpp"
#include "linnet/net/steering.hpp"
#include "linnet/net/store_ticket.hpp"
#include "linnet/server/admission.hpp"
#include "linnet/server/tenant.hpp"

namespace linnet::net {

namespace {

using tls::ContentType;

// Numbers are set aside in steps of this many; the next step is asked for when half of one is used.
constexpr std::uint64_t kNumbersAside = 65'536;
constexpr std::size_t kRecordRoomOfAssociation = 1 + tls::kMaxAssociationRecord;

// Of a peer whose handshake is being finished: it may go on speaking behind its last flight.
constexpr std::size_t kMostEarly = 4;
constexpr std::size_t kMostEarlyPeers = 4096;
constexpr Seconds kEarlyLife{60};

constexpr std::uint8_t kWarning = 1;
constexpr std::uint8_t kFatal = 2;
constexpr std::uint8_t kCloseNotify = 0;
constexpr std::uint8_t kNoRenegotiation = 100;

using Key = std::array<std::uint8_t, server::LinkDirectory::kMaxAddress>;

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

void Shard::take_secured(std::size_t socket, const Datagram& datagram, const Arrival& arrival) {
  const LinkTable& table = links_.table();
  coap::LinkId link = arrival.link;
  if (links_changed_) link = table.find(arrival.hash, arrival.remote, static_cast<std::uint32_t>(socket));
  if (link != coap::kNoLink && table.shard(link) != LinkTable::kNoShard) {
    return pass_on(table.shard(link), socket, datagram);
  }
  const Path path = links_.path(links_.path_of(socket, arrival.remote, datagram.local));
  hear_secured(link, path, arrival.remote, datagram.bytes);
}

void Shard::hear_secured(coap::LinkId link, const Path& path, const Address& remote, ByteSpan datagram) {
  ByteSpan rest = datagram;
  const auto first = tls::take_record(rest);
  if (!first) {
    ++dtls_->statistics().unopened;
    return;
  }
  const bool secured = link != coap::kNoLink && dtls_->secured(link);
  if (first->epoch == 0) {
    const bool alone = hear_unprotected(*first, path, remote, datagram);
    // A client that did not get our last flight repeats its own, whose last record is protected.
    if (alone || !secured || dtls_->association(link).confirmed) return;
  } else if (!secured) {
    if (first->type == ContentType::kHandshake) return pass_to_handshakes(path, remote, datagram);
    if (!keep_early(path, remote, datagram)) ++dtls_->statistics().unopened;
    return;
  }
  hear_records(link, path, remote, datagram);
}

bool Shard::hear_unprotected(const tls::Record& first, const Path& path, const Address& remote,
                             ByteView datagram) {
  if (first.type != ContentType::kHandshake || !tls::CookieGuard::is_client_hello(first)) {
    pass_to_handshakes(path, remote, datagram);
    return false;
  }
  const auto prestate = cookies_.check(datagram, cookie_subject(path, remote), now_,
                                       [&](ByteView bytes) { links_.send_copy(path, remote, bytes); });
  if (!prestate) {
    ++dtls_->statistics().cookies;
    return true;
  }
  const HandshakePeer peer{.shard = index_, .path = path, .remote = remote};
  if (!fleet_.handshakes->begin(peer, *prestate, datagram)) {
    ++dtls_->statistics().crowded;
  } else if (early_.size() < kMostEarlyPeers) {
    early_.insert_or_assign(EarlyName(remote, path.socket),
                            Early{.datagrams = {}, .until = now_ + kEarlyLife});
  }
  return true;
}

bool Shard::keep_early(const Path& path, const Address& remote, ByteView datagram) {
  const auto found = early_.find(EarlyName(remote, path.socket));
  if (found == early_.end() || found->second.datagrams.size() >= kMostEarly) return false;
  found->second.datagrams.emplace_back(datagram.begin(), datagram.end());
  return true;
}

void Shard::pass_to_handshakes(const Path& path, const Address& remote, ByteView datagram) {
  const HandshakePeer peer{.shard = index_, .path = path, .remote = remote};
  if (!fleet_.handshakes->receive(peer, datagram)) ++dtls_->statistics().crowded;
}

void Shard::hear_records(coap::LinkId link, const Path& path, const Address& remote, ByteSpan datagram) {
  // Kept as it came, in case that it belongs to a new handshake: opening spoils it.
  std::array<std::uint8_t, 256> copy;
  const ByteView whole = ByteSpan(copy).first(std::min(copy.size(), datagram.size()));
  std::ranges::copy_n(datagram.begin(), static_cast<std::ptrdiff_t>(whole.size()), copy.begin());
  tls::OwnedBytes early;
  if (!early_.empty() && early_.contains(EarlyName(remote, path.socket)))
    early.assign(datagram.begin(), datagram.end());
  bool first = true;
  while (!datagram.empty() && dtls_->secured(link)) {
    const auto record = tls::take_record(datagram);
    if (!record) {
      ++dtls_->statistics().unopened;
      return;
    }
    const bool begins = std::exchange(first, false);
    if (record->epoch == 0) continue;
    const auto content = dtls_->open(link, *record);
    if (content) {
      if (links_.table().shard(link) != LinkTable::kNoShard) return;
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

void Shard::hear_content(coap::LinkId link, const Path& path, const Address& remote, ContentType type,
                         ByteView content) {
  switch (type) {
    case ContentType::kApplicationData: {
      dtls_->confirm(link);
      links_.table().set_path(link, links_.path_of(path.socket, remote, path.local));
      if (const auto owner = elsewhere(link, content))
        return move_association(*owner, link, path, remote, content);
      return deliver(link, content);
    }
    case ContentType::kHandshake:
      // Until it is confirmed this is the Finished once more, and afterwards an attempt to renegotiate.
      if (!dtls_->association(link).confirmed) return dtls_->repeat_last_flight(link);
      return dtls_->alert(link, kWarning, kNoRenegotiation);
    case ContentType::kAlert: return hear_alert(link, content);
    case ContentType::kChangeCipherSpec: return;
  }
}

void Shard::hear_alert(coap::LinkId link, ByteView alert) {
  if (alert.size() != 2) return;
  if (alert[0] != kFatal && alert[1] != kCloseNotify) return;
  // It is answered in kind (RFC 5246 §7.2.1).
  if (alert[1] == kCloseNotify) dtls_->alert(link, kWarning, kCloseNotify);
  end_association(link);
}

void Shard::end_association(coap::LinkId link) {
  Key key;
  forget_association_record(ByteView(key).first(links_.address(link, key)));
  forget_limits(link);
  dtls_->clear(link);
  engine_.drop(link, now_);
}

// TS 5.2.6, 5.5.5. Where there are two identities, both must be of this endpoint.
Result<void> Shard::admit(coap::LinkId link, std::string_view endpoint) noexcept {
  auto proved = server::LinkIdentity::kNone;
  const auto prove = [&](bool own) {
    const bool same = own && proved != server::LinkIdentity::kOther;
    proved = same ? server::LinkIdentity::kSame : server::LinkIdentity::kOther;
  };
  if (const auto own = identity(link)) prove(*own == endpoint);
  if (oscore_ && oscore_->secured(link)) prove(oscore_->endpoint(link, credentials_.get()) == endpoint);
  // A tenant's name comes over the tenant's addresses, or proves itself.
  const std::string_view at = tenant(link);
  const bool foreign = at.empty() ? proved != server::LinkIdentity::kSame &&
                                        !server::tenant_of(endpoint, fleet_.tenants).empty()
                                  : !server::belongs_to(endpoint, at);
  if (foreign) return fail(Errc::kUnauthorized, static_cast<std::uint8_t>(coap::Code::kForbidden));
  return server::admit(proved, endpoint, credentials_.get(), fleet_.allow_nosec);
}

std::string_view Shard::tenant(coap::LinkId link) noexcept {
  const std::uint32_t socket = links_.path(links_.table().path(link)).socket;
  return socket < fleet_.tenants_at.size() ? std::string_view(fleet_.tenants_at[socket]) : std::string_view{};
}

std::string Shard::proved_endpoint(coap::LinkId link) noexcept {
  if (auto own = identity(link)) return *std::move(own);
  if (!oscore_ || !oscore_->secured(link)) return {};
  return std::string(oscore_->endpoint(link, credentials_.get()).value_or(""));
}

std::optional<std::string> Shard::identity(coap::LinkId link) const {
  if (dtls_ && dtls_->secured(link)) {
    return dtls_->endpoint(link, *fleet_.handshakes->credentials()).value_or("");
  }
  if (const tls::ServerChannel* const channel = streams_.channel(link)) {
    return std::string(channel->endpoint(*fleet_.tls->credentials()).value_or(""));
  }
  return std::nullopt;
}

coap::LinkId Shard::secured_link(const Path& path, const Address& remote) {
  LinkTable& table = links_.table();
  const LinkTable::Hash hash = table.hash(remote, path.socket);
  coap::LinkId link = table.find(hash, remote, path.socket);
  if (link == coap::kNoLink) link = link_to(hash, remote, path.socket);
  if (link == coap::kNoLink) return link;
  table.set_shard(link, LinkTable::kNoShard);
  table.set_path(link, links_.path_of(path.socket, remote, path.local));
  return link;
}

void Shard::take_handshake(HandshakeOutput output) {
  using End = HandshakeOutput::End;
  std::vector<tls::OwnedBytes> early;
  const auto waiting = early_.find(EarlyName(output.peer.remote, output.peer.path.socket));
  if (waiting != early_.end() && output.end != End::kGoesOn) {
    early = std::move(waiting->second.datagrams);
    early_.erase(waiting);
  }
  if (output.end == End::kFailed) ++dtls_->statistics().failed;
  if (output.end == End::kDone && hearing_) {
    const coap::LinkId link = secured_link(output.peer.path, output.peer.remote);
    if (link == coap::kNoLink) return;  // no room: the client will try again
    ++dtls_->statistics().handshakes;
    if (output.resumed) ++dtls_->statistics().resumed;
    for (const tls::OwnedBytes& datagram : output.datagrams) links_.send_copy(link, datagram);
    const HandshakePeer peer = output.peer;
    adopt(std::move(output), link);
    for (tls::OwnedBytes& datagram : early) hear_secured(link, peer.path, peer.remote, datagram);
    return;
  }
  for (const tls::OwnedBytes& datagram : output.datagrams) {
    links_.send_copy(output.peer.path, output.peer.remote, datagram);
  }
}

void Shard::adopt(HandshakeOutput output, coap::LinkId link) {
  // Whoever was at this address before is another one now.
  const bool other = dtls_->secured(link) && !same_peer(dtls_->association(link), output.association);
  if (other) engine_.drop(link, now_);
  forget_limits(link);
  if (fleet_.store != nullptr && output.association.write_limit == tls::Association::kLastNumber) {
    output.association.write_limit =
        std::min(output.association.write_next + kNumbersAside, tls::Association::kLastNumber) &
        tls::Association::kLastNumber;
  }
  dtls_->install(link, output.association, std::move(output.last_flight), now_);
  save_association(link, false);
}

void Shard::move_association(unsigned shard, coap::LinkId link, const Path& path, const Address& remote,
                             ByteView content) {
  HandshakeOutput moved;
  moved.peer = {.shard = shard, .path = path, .remote = remote};
  moved.end = HandshakeOutput::End::kDone;
  forget_limits(link);
  moved.association = dtls_->take(link);
  links_.table().set_shard(link, static_cast<std::uint8_t>(shard));
  engine_.drop(link, now_);
  ++forwarded_;
  Task task = [moved = std::move(moved), bytes = std::vector<std::uint8_t>(content.begin(), content.end())](
                  Shard& here) mutable { here.receive_moved(std::move(moved), bytes); };
  // A shard that has ended hears nothing: lost, as on the way.
  [[maybe_unused]] const bool posted = fleet_.shards[shard]->post(task);
}

void Shard::receive_moved(HandshakeOutput moved, ByteView content) {
  if (!hearing_) return;
  const coap::LinkId link = secured_link(moved.peer.path, moved.peer.remote);
  if (link == coap::kNoLink) return;
  adopt(std::move(moved), link);
  deliver(link, content);
}

void Shard::save_association(coap::LinkId link, bool raise) {
  if (fleet_.store == nullptr) return;
  Key key;
  const std::size_t size = links_.address(link, key);
  const tls::Association& association = dtls_->association(link);
  if (size == 0) {
    // It cannot be found again after a restart: nothing needs to be set aside.
    return dtls_->raise_limit(link, tls::Association::kLastNumber);
  }
  // What is on its way to the disk must not be taken back by what follows it.
  std::uint64_t limit = association.write_limit;
  for (const auto& [waiting, higher] : limits_) {
    if (association.saving && higher.link == link) limit = std::max(limit, higher.limit);
  }
  store::Ticket ticket = store::kNoTicket;
  if (raise) {
    limit = std::min(association.write_next + kNumbersAside, tls::Association::kLastNumber);
    ticket = ++newest_limit_;
  }
  std::array<std::uint8_t, kRecordRoomOfAssociation> record;
  record[0] = static_cast<std::uint8_t>(index_);
  const auto encoded = tls::encode_association(association, limit, ByteSpan(record).subspan(1));
  const bool taken =
      encoded && fleet_.store->save(index_, ticket,
                                    {store::RecordKind::kAssociation, as_text(ByteView(key).first(size))},
                                    ByteView(record).first(1 + *encoded), store::kKeptForGood);
  wipe(record);
  if (!raise) return;
  dtls_->set_saving(link, taken);
  if (taken) limits_.emplace(ticket, Limit{.link = link, .limit = limit});
}

void Shard::save_changed_associations() {
  for (const coap::LinkId link : dtls_->take_changed()) {
    const tls::Association& association = dtls_->association(link);
    const bool low = association.write_next + kNumbersAside / 2 > association.write_limit;
    save_association(link, low && !association.saving);
  }
  dtls_->forget_old_flights(now_);
  std::erase_if(early_, [this](const auto& peer) { return peer.second.until <= now_; });
}

void Shard::forget_association_record(ByteView address) const {
  if (fleet_.store == nullptr || address.empty()) return;
  [[maybe_unused]] const auto removed =
      fleet_.store->remove(index_, store::kNoTicket, {store::RecordKind::kAssociation, as_text(address)});
}

void Shard::settle_limit(store::Ticket ticket, bool committed) {
  const auto found = limits_.find(ticket);
  if (found == limits_.end()) {
    if (oscore_) oscore_->settle(ticket, committed);
    return;
  }
  const Limit limit = found->second;
  limits_.erase(found);
  if (committed) {
    dtls_->raise_limit(limit.link, limit.limit);
  } else {
    dtls_->set_saving(limit.link, false);
  }
}

void Shard::forget_limits(coap::LinkId link) {
  std::erase_if(limits_, [link](const auto& entry) { return entry.second.link == link; });
}

Result<void> Shard::restore_association(std::string_view key, ByteView value) {
  if (!dtls_) return fail(Errc::kUnsupported);
  if (value.empty()) return fail(Errc::kTruncated);
  auto association = tls::decode_association(value.subspan(1));
  if (!association) return std::unexpected(association.error());
  const auto link = links_.establish(as_bytes(key));
  if (!link) {
    association->clear();
    return fail(Errc::kNoSpace);
  }
  dtls_->install(*link, *association, {}, now_);
  association->clear();
  save_association(*link, true);
  return {};
}

}  // namespace linnet::net

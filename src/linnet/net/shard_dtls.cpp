// SPDX-License-Identifier: Apache-2.0
// What a shard does for associations (net/associations.hpp): links for them, their way to the shard of their
// registration, and what their peers have proved.
#include <algorithm>

#include "linnet/net/shard.hpp"
#include "linnet/net/steering.hpp"
#include "linnet/net/store_ticket.hpp"
#include "linnet/server/admission.hpp"
#include "linnet/server/tenant.hpp"

namespace linnet::net {

void Shard::take_secured(std::size_t socket, const Datagram& datagram, const Arrival& arrival) {
  const LinkTable& table = links_.table();
  coap::LinkId link = arrival.link;
  if (links_changed_) link = table.find(arrival.hash, arrival.remote, static_cast<std::uint32_t>(socket));
  if (link != coap::kNoLink && table.shard(link) != LinkTable::kNoShard) {
    return pass_on(table.shard(link), socket, datagram);
  }
  const Path path = links_.path(links_.path_of(socket, arrival.remote, datagram.local));
  associations_->hear(link, path, arrival.remote, datagram.bytes, now_);
}

// TS 5.2.6, 5.5.5.
Result<void> Shard::admit(coap::LinkId link, std::string_view endpoint) noexcept {
  auto proved = server::LinkIdentity::kNone;
  if (const auto own = identity(link)) proved = server::with_proof(proved, *own == endpoint);
  if (oscore_ && oscore_->secured(link)) {
    proved = server::with_proof(proved, oscore_->endpoint(link, credentials_.get()) == endpoint);
  }
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
  if (associations_) {
    if (auto own = associations_->endpoint(link)) return own;
  }
  if (const tls::ServerChannel* const channel = streams_.channel(link)) {
    return std::string(channel->endpoint(*fleet_.tls->credentials()).value_or(""));
  }
  return std::nullopt;
}

coap::LinkId Shard::link_to_peer(const Path& path, const Address& remote) {
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
  if (hearing_) associations_->take_handshake(std::move(output), now_);
}

void Shard::take_message(coap::LinkId link, const Path& path, const Address& remote, ByteView message) {
  const auto owner = elsewhere(link, message);
  if (!owner) return deliver(link, message);
  HandshakeOutput moved = associations_->take_out(link);
  moved.peer = {.shard = *owner, .path = path, .remote = remote};
  links_.table().set_shard(link, static_cast<std::uint8_t>(*owner));
  engine_.drop(link, now_);
  ++forwarded_;
  Task task = [moved = std::move(moved), bytes = std::vector<std::uint8_t>(message.begin(), message.end())](
                  Shard& here) mutable { here.receive_moved(std::move(moved), bytes); };
  // A shard that has ended hears nothing: lost, as on the way.
  [[maybe_unused]] const bool posted = fleet_.shards[*owner]->post(task);
}

void Shard::receive_moved(HandshakeOutput moved, ByteView message) {
  if (!hearing_) return;
  const coap::LinkId link = link_to_peer(moved.peer.path, moved.peer.remote);
  if (link == coap::kNoLink) return;
  associations_->adopt(std::move(moved), link, now_);
  deliver(link, message);
}

void Shard::lose_peer(coap::LinkId link) {
  engine_.drop(link, now_);
}

std::optional<store::Ticket> Shard::save_association(std::string_view key, ByteView record, bool report) {
  return save_record({store::RecordKind::kAssociation, key}, record, report);
}

void Shard::remove_association(std::string_view key) {
  [[maybe_unused]] const auto removed =
      fleet_.store->remove(index_, store::kNoTicket, {store::RecordKind::kAssociation, key});
}

std::optional<store::Ticket> Shard::save_record(store::RecordKey key, ByteView record, bool report) {
  const store::Ticket ticket = report ? ++newest_limit_ : store::kNoTicket;
  if (!fleet_.store->save(index_, ticket, key, record, store::kKeptForGood)) return std::nullopt;
  return ticket;
}

Result<void> Shard::restore_association(std::string_view key, ByteView value) {
  if (!associations_) return fail(Errc::kUnsupported);
  return associations_->restore(key, value);
}

}  // namespace linnet::net

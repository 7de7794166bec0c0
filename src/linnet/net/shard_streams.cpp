// SPDX-License-Identifier: Apache-2.0
// What a shard does for connections: links for them, and their way to the shard of their registration.
#include <utility>

#include "linnet/coap/frame.hpp"
#include "linnet/net/shard.hpp"

namespace linnet::net {

coap::LinkId Shard::open_stream(const Address& remote, std::uint8_t listener) {
  LinkTable& table = links_.table();
  const std::size_t socket = links_.socket_of_listener(listener);
  const LinkTable::Hash hash = table.hash(remote, static_cast<std::uint32_t>(socket));
  const coap::LinkId known = table.find(hash, remote, static_cast<std::uint32_t>(socket));
  return known != coap::kNoLink ? known : link_to(hash, remote, socket);
}

std::optional<unsigned> Shard::frame_elsewhere(coap::LinkId link, ByteView frame) noexcept {
  if (fleet_.count == 1 || (!oscore_ && engine_.registration_of(link))) return std::nullopt;
  const auto message = coap::Message::decode_frame(frame);
  return message ? elsewhere(link, *message) : std::nullopt;
}

StreamLinks::Taken Shard::take(coap::LinkId link, ByteView frame) {
  if (frame_elsewhere(link, frame)) return StreamLinks::Taken::kElsewhere;
  deliver(link, frame);
  return StreamLinks::Taken::kTaken;
}

void Shard::take_connection(MovingConnection connection) {
  if (hearing_) streams_.adopt(std::move(connection), now_);
}

void Shard::moved(coap::LinkId link, MovingConnection connection) {
  const auto frame = coap::Frame::peek(connection.in);
  const auto owner =
      frame ? frame_elsewhere(link, ByteView(connection.in).first(static_cast<std::size_t>(frame->size)))
            : std::nullopt;
  if (!owner) return;
  ++forwarded_;
  Task task = [moving = std::move(connection)](Shard& here) mutable {
    here.take_connection(std::move(moving));
  };
  // A shard that has ended closes it.
  [[maybe_unused]] const bool posted = fleet_.shards[*owner]->post(task);
}

/// With its connection all observations of a peer end (RFC 8323 §3.4, §7.4); its registration stays.
void Shard::gone(coap::LinkId link) {
  if (const auto registration = engine_.registration_of(link)) {
    std::vector<server::ObservationId> ended;
    engine_.for_each_observation(
        *registration, [&](server::ObservationId id, const server::Observed&) { ended.push_back(id); });
    for (const server::ObservationId id : ended) {
      [[maybe_unused]] const auto forgotten = engine_.forget_observation(id, now_);
    }
  }
  engine_.drop(link, now_);
}

bool Shard::registered(coap::LinkId link) const {
  return engine_.registration_of(link).has_value();
}

}  // namespace linnet::net

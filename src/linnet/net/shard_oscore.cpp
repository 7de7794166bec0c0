// SPDX-License-Identifier: Apache-2.0
// Messages under OSCORE at a shard (RFC 8613): each context is used by one shard alone, the one that its
// recipient id leads to, so that its numbers and its replay window are in one place.
#include "linnet/net/shard.hpp"
#include "linnet/net/store_ticket.hpp"

namespace linnet::net {

/// Nothing is made, and no message is looked at, before a credential is a context.
void Shard::look_for_contexts() {
  if (oscore_ || credentials_.get().oscore_contexts() == 0) return;
  OscoreLinksConfig config;
  config.max_links = max_links_;
  config.max_observations = max_observations_;
  config.max_message = static_cast<std::uint16_t>(fleet_.streams.session.max_message);
  config.durable = fleet_.store != nullptr;
  OscoreOwner& owner = *this;
  oscore_ = std::make_unique<OscoreLinks>(config, owner);
  engine_.protect_by(oscore_->protection());
}

void Shard::deliver(coap::LinkId link, ByteView message) {
  if (oscore_) {
    const bool stream = links_.table().kind(link) == LinkKind::kTcp;
    const auto decoded = stream ? coap::Message::decode_frame(message) : coap::Message::decode(message);
    if (decoded && !oscore_->prepare(link, *decoded, message, credentials_.get())) return;
  }
  engine_.receive(link, message, now_);
}

/// Once the answer to a De-register has gone. Other registrations of the link keep the context.
void Shard::release_contexts() {
  for (const coap::LinkId released : std::exchange(released_, {})) {
    if (!engine_.registration_of(released)) oscore_->release(released);
  }
}

void Shard::release_context(const server::Registration& registration) {
  if (!oscore_ || registration.link == coap::kNoLink || !oscore_->secured(registration.link)) return;
  released_.push_back(registration.link);
}

std::optional<store::Ticket> Shard::save_context(std::string_view key, ByteView record, bool report) {
  if (fleet_.store == nullptr || record.empty()) return std::nullopt;
  return save_record({store::RecordKind::kSecurityContext, key}, record, report);
}

void Shard::deliver_held(coap::LinkId link, ByteView message) {
  engine_.receive(link, message, now_);
}

void Shard::lose_context(coap::LinkId link) {
  engine_.drop(link, now_);
}

std::size_t Shard::address_of(coap::LinkId link, ByteSpan out) {
  return links_.address(link, out);
}

Result<void> Shard::restore_context(std::string_view key, ByteView value) {
  look_for_contexts();
  if (!oscore_) return fail(Errc::kUnsupported);
  return oscore_->restore(key, value, credentials_.get(),
                          [this](ByteView address) { return links_.open(address); });
}

Result<server::RegistrationId> Shard::restore(ByteView record, UnixTime expires) {
  const auto restored = engine_.restore(record, expires, now_, clock_.wall(now_));
  if (restored) drop_unprotected(*restored);
  return restored;
}

/// A device that has credentials is not spoken to in the clear: it must speak first.
void Shard::drop_unprotected(server::RegistrationId registration) {
  const auto known = engine_.get(registration);
  if (!known || known->link == coap::kNoLink || !credentials_.get().credentialed(known->endpoint)) return;
  const bool secured =
      (associations_ && associations_->secured(known->link)) || (oscore_ && oscore_->secured(known->link));
  if (!secured) engine_.drop(known->link, now_);
}

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// What the engine tells a shard, and what becomes of it: results, events, changes for the store.
#include <algorithm>

#include "linnet/net/observation_key.hpp"
#include "linnet/net/shard.hpp"
#include "linnet/net/shard_publish.hpp"
#include "linnet/net/store_ticket.hpp"

namespace linnet::net {

Outcome owned(const server::OperationResult& result) {
  return {.failure = result.failure,
          .kind = result.kind,
          .path = result.path,
          .code = result.code,
          .format = result.format,
          .payload = {result.payload.begin(), result.payload.end()},
          .created = result.created,
          .observation = result.observation};
}

void Shard::perform(server::RegistrationId registration, const server::Operation& operation,
                    Server::OutcomeHandler done) {
  const auto started = running_ ? engine_.perform(registration, operation, now_)
                                : Result<server::OperationId>(fail(Errc::kClosed));
  if (started) {
    waiting_.emplace(static_cast<std::uint64_t>(*started), std::move(done));
  } else {
    Outcome outcome;
    outcome.failure = started.error().code;
    outcome.kind = operation.kind;
    outcome.path = operation.path;
    done(std::move(outcome));
  }
}

Result<void> Shard::remove(server::RegistrationId registration) {
  removing_ = true;
  const auto removed = engine_.remove(registration, now_);
  removing_ = false;
  return removed;
}

Device Shard::describe(const server::Registration& registration) const {
  Device device{.endpoint = std::string(registration.endpoint),
                .id = registration.id,
                .address = {},
                .lifetime = registration.lifetime,
                .version = registration.version,
                .binding = registration.binding,
                .formats = server::formats_of(registration),
                .object_list = {registration.object_list.begin(), registration.object_list.end()},
                .extra_parameters = {},
                .registered = ShardClock::wall(registration.registered),
                .updated = ShardClock::wall(registration.updated),
                .expires = ShardClock::wall(registration.expires),
                .awake = engine_.awake(registration.id, now_),
                .queued = engine_.queued(registration.endpoint),
                .observations = {}};
  const ByteView extras = registration.extras.encoded();
  device.extra_parameters.assign(extras.begin(), extras.end());
  if (registration.link != coap::kNoLink) device.address = links_.remote(registration.link);
  return device;
}

void Shard::add_statistics(ServerStatistics& statistics) const {
  const server::EngineStatistics engine = engine_.statistics();
  const coap::EndpointStatistics& endpoint = engine_.endpoint_statistics();
  server::EngineStatistics& e = statistics.engine;
  e.registrations += engine.registrations;
  e.observations += engine.observations;
  e.operations += engine.operations;
  e.queued += engine.queued;
  e.object_lists += engine.object_lists;
  e.registered += engine.registered;
  e.updated += engine.updated;
  e.deregistered += engine.deregistered;
  e.expired += engine.expired;
  e.notified += engine.notified;
  e.refused += engine.refused;
  e.sent += engine.sent;
  coap::EndpointStatistics& c = statistics.endpoint;
  c.received += endpoint.received;
  c.sent += endpoint.sent;
  c.retransmitted += endpoint.retransmitted;
  c.duplicates += endpoint.duplicates;
  c.malformed += endpoint.malformed;
  c.rejected += endpoint.rejected;
  c.dropped += endpoint.dropped;
  statistics.received += received_;
  statistics.connections += streams_.connections();
  statistics.streams.add(streams_.statistics());
  statistics.sent += links_.statistics().sent;
  statistics.send_refused += links_.statistics().refused;
  statistics.truncated += in_.truncated();
  statistics.links_exhausted += links_exhausted_;
  statistics.forwarded += forwarded_;
  statistics.links += links_.table().size();
  if (associations_) statistics.dtls.add(associations_->statistics());
  statistics.events_dropped += events_dropped_;
  for (const auto& channel : channels_) {
    // Every shard knows every channel; one of them counts.
    if (index_ == 0) statistics.events_dropped += channel->dropped();
  }
}

void Shard::settle(std::span<const store::Ticket> tickets, bool committed) {
  for (const store::Ticket ticket : tickets) {
    if (ticket == store::kNoTicket) continue;
    if (ticket > kFirstHeld) {
      settle_observation(ticket, committed);
    } else if (ticket > kFirstLimit) {
      if (!(associations_ && associations_->settle(ticket, committed)) && oscore_) {
        oscore_->settle(ticket, committed);
      }
    } else if (committed) {
      engine_.committed(from_store(ticket), now_);
    } else {
      engine_.refused(from_store(ticket), now_);
    }
  }
}

std::vector<std::uint8_t> Shard::objects_of(server::RegistrationId registration) const {
  const auto known = engine_.get(registration);
  if (!known) return {};
  return {known->object_list.begin(), known->object_list.end()};
}

void Shard::on_registered(const server::Registration& registration, Instant /*now*/) noexcept {
  fleet_.hints.remember(registration.endpoint, index_);
  if (fleet_.count > 1) {
    registered_here_ += static_cast<char>(registration.endpoint.size());
    registered_here_ += registration.endpoint;
  }
  publish(registration.endpoint, [&] {
    Event event{.kind = Event::Kind::kRegistered, .registration = registration.id};
    event.device = describe(registration);
    return event;
  });
}

void Shard::on_updated(const server::Registration& registration, server::UpdateChanges changes,
                       Instant /*now*/) noexcept {
  publish(registration.endpoint, [&] {
    Event event{.kind = Event::Kind::kUpdated, .registration = registration.id};
    event.changes = changes;
    if (changes.any()) event.device = describe(registration);
    return event;
  });
}

void Shard::on_ended(const server::Registration& registration, server::EndReason why,
                     Instant /*now*/) noexcept {
  // What took its place, here or at another shard, has an event of its own.
  if (why != server::EndReason::kReplaced) release_context(registration);
  const bool silent = why == server::EndReason::kForgotten && !removing_;
  if (silent || why == server::EndReason::kReplaced) return;
  publish(registration.endpoint, [&] {
    Event event{.kind = Event::Kind::kDeregistered, .registration = registration.id};
    if (why == server::EndReason::kExpired) event.kind = Event::Kind::kExpired;
    if (why == server::EndReason::kForgotten) event.kind = Event::Kind::kForgotten;
    return event;
  });
}

void Shard::on_result(server::OperationId id, const server::OperationResult& result,
                      Instant /*now*/) noexcept {
  const auto waiting = waiting_.find(static_cast<std::uint64_t>(id));
  if (waiting == waiting_.end()) return;
  Server::OutcomeHandler done = std::move(waiting->second);
  waiting_.erase(waiting);
  const auto held = held_.find(newest_held_);
  if (held != held_.end() && result.observation == held->second.observation) {
    held->second.done = std::move(done);
    held->second.outcome = net::owned(result);
    return;
  }
  done(net::owned(result));
}

void Shard::settle_observation(store::Ticket ticket, bool committed) {
  auto node = held_.extract(ticket);
  if (node.empty()) return;
  HeldOutcome& held = node.mapped();
  if (!committed) {
    // The device learns it by a Reset; it may have ended meanwhile.
    [[maybe_unused]] const auto forgotten = engine_.forget_observation(held.observation, now_);
    held.outcome.failure = Errc::kIo;
    held.outcome.observation.reset();
  }
  if (held.done) held.done(std::move(held.outcome));
}

void Shard::on_notified(const server::Notified& notified, Instant /*now*/) noexcept {
  publish(notified.endpoint, [&] {
    Event event{.kind = Event::Kind::kNotified, .registration = notified.registration};
    event.object_list = objects_of(notified.registration);
    event.observation = notified.observation;
    event.path = notified.path;
    event.paths.assign(notified.paths.begin(), notified.paths.end());
    event.code = notified.code;
    event.format = notified.format;
    event.payload.assign(notified.payload.begin(), notified.payload.end());
    return event;
  });
}

void Shard::on_observation_ended(server::ObservationId id, server::RegistrationId registration,
                                 const server::Observed& observed, server::ObservationEnd why,
                                 Instant /*now*/) noexcept {
  if (channels_.empty()) return;
  const auto known = engine_.get(registration);
  publish(known ? known->endpoint : std::string_view(), [&] {
    Event event{.kind = Event::Kind::kObservationEnded, .registration = registration};
    event.observation = id;
    event.ended = why;
    event.path = observed.path;
    event.paths.assign(observed.paths.begin(), observed.paths.end());
    return event;
  });
}

void Shard::on_sent(const server::Sent& sent, Instant /*now*/) noexcept {
  publish(sent.endpoint, [&] {
    Event event{.kind = Event::Kind::kSent, .registration = sent.registration};
    event.object_list = objects_of(sent.registration);
    event.format = sent.format;
    event.payload.assign(sent.payload.begin(), sent.payload.end());
    return event;
  });
}

void Shard::on_change(const server::Change& change, Instant now) noexcept {
  // What protects its messages is on disk in front of it.
  if (oscore_) oscore_->save_changed();
  const store::Ticket ticket = to_store(change.ticket);
  Result<void> taken = fail(Errc::kIo);
  if (change.kind == server::Change::Kind::kErase) {
    taken = fleet_.store->remove(index_, ticket, change.endpoint);
  } else if (const auto size = engine_.encode_registration(change.id, now, ShardClock::wall(now), record_)) {
    taken = fleet_.store->save(index_, ticket, change.endpoint, ByteView(record_).first(*size),
                               ShardClock::wall(change.expires));
  }
  if (!taken && ticket != store::kNoTicket) refused_.push_back(ticket);
}

void Shard::on_observation_change(const server::ObservationChange& change, Instant /*now*/) noexcept {
  const ObservationKey key(index_, change.id);
  if (change.kind == server::Change::Kind::kErase) {
    // What cannot be removed is found to be of no registration after a restart.
    [[maybe_unused]] const auto taken = fleet_.store->remove(index_, store::kNoTicket, key.record());
    return;
  }
  if (oscore_) oscore_->save_changed();
  newest_held_ = std::max(newest_held_, kFirstHeld) + 1;
  held_[newest_held_].observation = change.id;
  const auto size = engine_.encode_observation(change.id, record_);
  const bool taken = size && fleet_.store->save(index_, newest_held_, key.record(),
                                                ByteView(record_).first(*size), ObservationKey::kExpiry);
  if (!taken) refused_.push_back(newest_held_);
}

}  // namespace linnet::net

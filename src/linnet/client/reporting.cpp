// SPDX-License-Identifier: Apache-2.0
// Observe, Notify and Cancel (TS 6.4.5, RFC 7641 §4, digest §8).
#include <algorithm>

#include "linnet/client/request.hpp"

namespace linnet::client {

namespace {

constexpr std::uint32_t kSequenceMask = 0xFFFFFF;
constexpr Millis kBusyDelay{1000};  // until a notification that nobody could take is tried again

}  // namespace

Observation* Engine::find_observation(ShortServerId server, const coap::Token& token) const noexcept {
  for (Observation& row : observations_) {
    if (row.server == server && row.token == token) return &row;
  }
  return nullptr;
}

std::optional<std::uint32_t> Engine::observe(Request& request, lwm2m::ContentFormat format) noexcept {
  const ShortServerId server = request.server.id;
  Observation* row = find_observation(server, request.message.token);
  if (row == nullptr) {
    // A free row, or the one of the same path: a server that forgot its token asks again.
    for (Observation& candidate : observations_) {
      if (candidate.server == server && candidate.path == request.path) {
        row = &candidate;
        break;
      }
      if (row == nullptr && candidate.server == 0) row = &candidate;
    }
  }
  if (row == nullptr) return std::nullopt;
  const std::uint32_t sequence = row->server != 0 ? (row->sequence + 1) & kSequenceMask : 0;
  *row = Observation{};
  row->server = server;
  row->path = request.path;
  row->token = request.message.token;
  row->format = format;
  row->cache_key = request.message.cache_key;
  row->sequence = sequence;
  row->last_sent = row->last_confirmed = now_;
  const auto target = tree_.resolve(request.path);
  if (target && target->definition != nullptr &&
      (request.path.depth() == 4 || !target->definition->multiple)) {
    const auto value = tree_.read(request.path);
    row->numeric = value && value->numeric();
    if (row->numeric) row->old_value = row->last_notified = value->to_double();
  }
  schedule(*row);
  emit(EventType::kObserved, server, request.path);
  return sequence;
}

void Engine::cancel_observation(const Request& request) noexcept {
  Observation* row = find_observation(request.server.id, request.message.token);
  if (row == nullptr) {
    const auto same_path = [&](const Observation& candidate) {
      return candidate.server == request.server.id && candidate.path == request.path;
    };
    const auto found = std::ranges::find_if(observations_, same_path);
    if (found != observations_.end()) row = &*found;
  }
  if (row != nullptr) end_observation(*row);
}

void Engine::end_observation(Observation& observation) noexcept {
  const ShortServerId server = observation.server;
  const Path path = observation.path;
  observation = Observation{};
  emit(EventType::kCancelled, server, path);
}

void Engine::end_observations(ShortServerId server) noexcept {
  for (Observation& row : observations_) {
    if (row.server == server && server != 0) end_observation(row);
  }
}

/// Instances or rights went away: what was observed or had attributes there ends.
void Engine::end_missing_observations() noexcept {
  missing_pending_ = false;
  for (Observation& row : observations_) {
    if (row.server == 0 || row.ended != coap::Code::kEmpty) continue;
    if (!tree_.resolve(row.path)) {
      notify_end(row, coap::Code::kNotFound);
    } else if (!may(row.server, Right::kRead, row.path)) {
      notify_end(row, coap::Code::kUnauthorized);
    }
  }
  attributes_.remove_unless([this](const Path& path) { return tree_.resolve(path).has_value(); });
}

/// Own, inherited, and the server's defaults (resources 2 and 3 of object 1).
lwm2m::Attributes Engine::attributes_of(const Observation& observation) const noexcept {
  const ServerSettings server = settings(observation.server);
  lwm2m::Attributes defaults;
  if (server.default_pmin > 0) defaults.pmin = server.default_pmin;
  if (server.default_pmax > 0) defaults.pmax = server.default_pmax;
  return lwm2m::effective(
      lwm2m::inherit(attributes_.inherited(observation.server, observation.path), defaults));
}

void Engine::schedule(Observation& observation) noexcept {
  observation.due = kNever;
  work_pending_ = true;
  if (observation.in_flight) return;  // the newest value follows its outcome (RFC 7641 §4.5.2)
  if (observation.ended != coap::Code::kEmpty) {
    observation.due = now_;
    return;
  }
  const lwm2m::Attributes attributes = attributes_of(observation);
  const Instant earliest = observation.last_sent + Seconds(attributes.pmin.value_or(0));
  // A pmax of 0 is none (Core 1.1 §5.1.2), and none may come sooner than pmin.
  if (attributes.pmax.value_or(0) > 0) {
    observation.due = std::max(earliest, observation.last_sent + Seconds(*attributes.pmax));
  }
  if (observation.pending) observation.due = std::min(observation.due, earliest);
}

/// A value at, below or above what is observed may have changed.
void Engine::look_at_observations(const Path& path) noexcept {
  for (Observation& row : observations_) {
    if (row.server == 0 || !(row.path.contains(path) || path.contains(row.path))) continue;
    evaluate(row);
    schedule(row);
  }
}

void Engine::evaluate(Observation& observation) noexcept {
  if (observation.ended != coap::Code::kEmpty) return;
  if (!observation.numeric) {
    observation.pending = true;
    return;
  }
  const auto value = tree_.read(observation.path);
  if (!value) {
    observation.pending = true;  // it is gone, which the server is to learn
    return;
  }
  const lwm2m::Attributes attributes = attributes_of(observation);
  const double now = value->to_double();
  const bool notifies = lwm2m::notifies(attributes, {observation.old_value, now, observation.last_notified});
  observation.old_value = now;
  // A threshold that was crossed stays crossed; a value that came back is no change.
  observation.pending = notifies || (observation.pending && attributes.has_thresholds());
}

bool Engine::confirms(const Observation& observation) const noexcept {
  return config_.confirmable_notifications || observation.ended != coap::Code::kEmpty ||
         now_ - observation.last_confirmed >= config_.confirm_after;
}

Instant Engine::step_observations() noexcept {
  Instant next = kNever;
  const std::size_t first = first_observation_;
  for (std::size_t i = 0; i < observations_.size(); ++i) {
    const std::size_t index = (first + i) % observations_.size();
    Observation& row = observations_[index];
    if (row.server == 0) continue;
    const Server* server = find_server(row.server);
    if (server == nullptr || !server->registered()) continue;
    if (now_ >= row.due) {
      const bool confirmable = confirms(row);
      // In a queue its value would age, pmin would not hold, and an Update would wait behind it.
      // Whatever clears the way leads to a step.
      if (confirmable && !endpoint_.ready(server->link)) continue;
      notify(row);
      // The next time the way is clear it is another's turn.
      if (confirmable) first_observation_ = static_cast<std::uint16_t>(index + 1);
    }
    if (row.server != 0) next = std::min(next, row.due);
  }
  return next;
}

void Engine::notify(Observation& observation) noexcept {
  if (observation.ended != coap::Code::kEmpty) return notify_end(observation, observation.ended);
  const lwm2m::Codec* codec = lwm2m::find_codec(config_.codecs, observation.format);
  const auto readable = tree_.check_readable(observation.path);
  if (!readable) return notify_end(observation, response_code(readable.error()));
  const auto size = codec->encode(
      observation.path,
      [&](lwm2m::RecordSink sink) { return walk(observation.server, observation.path, sink); }, work_);
  if (!size) return notify_end(observation, response_code(size.error()));

  coap::Notification notification;
  notification.token = observation.token;
  notification.cache_key = observation.cache_key;
  notification.confirmable = confirms(observation);
  notification.observe = (observation.sequence + 1) & kSequenceMask;
  notification.content_format = static_cast<std::uint16_t>(observation.format);
  notification.payload = work_.first(*size);
  if (!endpoint_.notify(find_server(observation.server)->link, notification, now_)) {
    observation.due = now_ + kBusyDelay;
    return;
  }
  observation.sequence = *notification.observe;
  observation.last_sent = now_;
  observation.pending = false;
  observation.in_flight = notification.confirmable;
  if (observation.numeric) {
    if (const auto value = tree_.read(observation.path)) {
      observation.old_value = observation.last_notified = value->to_double();
    }
  }
  schedule(observation);
  emit(EventType::kNotified, observation.server, observation.path);
}

/// The last notification of an observation: an error without Observe (RFC 7641 §4.2). A server that
/// missed it would wait for values until the registration ends: it is sent until it is acknowledged.
void Engine::notify_end(Observation& observation, coap::Code code) noexcept {
  const Server* server = find_server(observation.server);
  if (server == nullptr || !server->registered()) return end_observation(observation);
  observation.ended = code;
  schedule(observation);
  if (observation.in_flight || !endpoint_.ready(server->link)) return;
  coap::Notification notification;
  notification.token = observation.token;
  notification.cache_key = observation.cache_key;
  notification.code = code;
  notification.confirmable = true;
  if (!endpoint_.notify(server->link, notification, now_)) {
    observation.due = now_ + kBusyDelay;
    return;
  }
  observation.in_flight = true;
  observation.due = kNever;
  observation.final_sent = true;
}

bool Engine::on_notification(const coap::IncomingResponse& /*response*/, Instant /*now*/) noexcept {
  return false;
}

void Engine::on_notification_outcome(coap::LinkId link, const coap::Token& token,
                                     coap::NotificationOutcome outcome, Instant /*now*/) noexcept {
  Server* server = find_server(link);
  Observation* row = server != nullptr ? find_observation(server->id, token) : nullptr;
  if (row == nullptr) return;
  row->in_flight = false;
  switch (outcome) {
    case coap::NotificationOutcome::kAcknowledged:
      if (row->final_sent) return end_observation(*row);
      row->last_confirmed = now_;
      break;
    case coap::NotificationOutcome::kReset: return end_observation(*row);
    case coap::NotificationOutcome::kTimedOut:
      // An observation lives as long as its registration: an Update shows whether that still does.
      server->update_wanted = true;
      row->final_sent = false;
      row->pending = row->pending || settings(server->id).store_notifications;
      break;
  }
  schedule(*row);
}

}  // namespace linnet::client

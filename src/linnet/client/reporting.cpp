// SPDX-License-Identifier: Apache-2.0
// Observe, Notify and Cancel, of one path and of several (TS 6.4.5, RFC 7641 §4, digest §8).
//
// What a server is owed while it cannot be told is one notification an observation, with the values of
// when it leaves: the newest. With Notification Storing false it is owed nothing.
#include <algorithm>
#include <utility>

#include "linnet/client/features.hpp"
#include "linnet/client/request.hpp"

namespace linnet::client {

using lwm2m::AttributeName;

namespace {

constexpr std::uint32_t kSequenceMask = 0xFFFFFF;
constexpr Millis kBusyDelay{1000};  // until a notification that nobody could take is tried again

}  // namespace

/// Accepts an observation where there is room: of the request's path, or of `paths`, in the format of the
/// reply.
void Engine::observe(Request& request, const PathList* paths) noexcept {
  // The same token reinforces (RFC 7641 §4.1). Another one is another observation, also of the same paths: of
  // two requests that overtook each other the server knows which it means, and resets the other.
  std::uint32_t sequence = 0;
  if (Observation* before = observations_.find(request.server->id, request.message.token)) {
    sequence = (before->sequence + 1) & kSequenceMask;
    observations_.remove(*before);
  }
  Observation* row = add_observation(request, paths, sequence);
  if (row == nullptr) {
    // A server that forgot its token asks again: where there is no room, what it forgot gives way.
    Observation* forgotten = find_observation(request, paths);
    if (forgotten == nullptr) return;
    observations_.remove(*forgotten);
    row = add_observation(request, paths, sequence);
  }
  if (row == nullptr) return;
  told(*row);
  schedule(*row);
  if constexpr (kPersistence) save_soon();
  emit(EventType::kObserved, request.server->id, path_of(*row));
  request.reply.observe = sequence;
}

/// Null, and nothing changed, where there is no room.
Observation* Engine::add_observation(const Request& request, const PathList* paths,
                                     std::uint32_t sequence) noexcept {
  Observation* row = observations_.add(request.server->id);
  if (row == nullptr) return nullptr;
  row->composite = kComposite && paths != nullptr;
  row->token = request.message.token;
  row->format = static_cast<lwm2m::ContentFormat>(*request.reply.content_format);
  row->cache_key = request.message.cache_key;
  row->sequence = sequence;
  row->last_sent = row->last_confirmed = now_;
  const auto add = [&](const Path& path) -> Result<void> {
    return observations_.add_path(*row, path) ? Result<void>() : fail(Errc::kNoSpace);
  };
  const auto added = row->composite ? paths->each(add) : add(request.path);
  if (!added || observations_.first(*row).free()) {
    observations_.remove(*row);
    return nullptr;
  }
  return row;
}

/// What events say of an observation: its path, the root for a composite one.
Path Engine::path_of(const Observation& row) const noexcept {
  return kComposite && row.composite ? Path() : observations_.first(row).path;
}

void Engine::cancel_observation(const Request& request, const PathList* paths) noexcept {
  while (Observation* row = find_observation(request, paths)) end_observation(*row);
}

Observation* Engine::find_observation(const Request& request, const PathList* paths) const noexcept {
  const ShortServerId server = request.server->id;
  Observation* row = observations_.find(server, request.message.token);
  if (row != nullptr || paths == nullptr) {
    return row != nullptr ? row : observations_.find(server, request.path);
  }
  if constexpr (kComposite) {
    for (Observation& candidate : observations_.rows()) {
      if (candidate.server == server && candidate.composite && watches_exactly(candidate, *paths)) {
        return &candidate;
      }
    }
  }
  return nullptr;
}

/// The same paths, in any order.
bool Engine::watches_exactly(const Observation& row, const PathList& paths) const noexcept {
  std::size_t watched = 0;
  for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
    ++watched;
  }
  std::size_t named = 0;
  const auto all = paths.each([&](const Path& path) -> Result<void> {
    ++named;
    for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
      if (watch->path == path) return {};
    }
    return fail(Errc::kNotFound);
  });
  return all && named == watched;
}

void Engine::end_observation(Observation& observation) noexcept {
  const ShortServerId server = observation.server;
  const Path path = path_of(observation);
  observations_.remove(observation);
  if constexpr (kPersistence) save_soon();
  if (observations_.find(server, path) == nullptr) emit(EventType::kCancelled, server, path);
}

void Engine::end_observations(ShortServerId server) noexcept {
  for (Observation& row : observations_.rows()) {
    if (row.server == server && server != 0) end_observation(row);
  }
}

/// Instances or rights went away: what was observed or had attributes there ends. What a composite
/// observation names may come back.
void Engine::end_missing_observations() noexcept {
  missing_pending_ = false;
  for (Observation& row : observations_.rows()) {
    if (row.server == 0 || row.composite || row.ended != coap::Code::kEmpty) continue;
    const Path path = path_of(row);
    if (!tree_.resolve(path)) {
      notify_end(row, coap::Code::kNotFound);
    } else if (!may(row.server, Right::kRead, path)) {
      notify_end(row, coap::Code::kUnauthorized);
    }
  }
  attributes_.remove_unless([this](const Path& path) { return tree_.resolve(path).has_value(); });
}

/// Own, inherited, and the server's defaults (resources 2 and 3 of object 1).
lwm2m::Attributes Engine::attributes_of(ShortServerId server, const Path& path) const noexcept {
  lwm2m::Attributes attributes = attributes_.inherited(server, path);
  const ServerSettings account = settings(server);
  if (account.default_pmin > 0) attributes.set_default(AttributeName::kPmin, account.default_pmin);
  if (account.default_pmax > 0) attributes.set_default(AttributeName::kPmax, account.default_pmax);
  attributes.drop_contradictions();
  return attributes;
}

/// When one path of an observation is to be looked at, though nobody says that it changed (epmax) or at last
/// (epmin); or when a notification is to leave for it, as things stand. Milliseconds, which a small processor
/// returns in registers.
std::int64_t Engine::due(const Observation& row, const Watch& watch, Next next) const noexcept {
  const bool looks = kEvaluationPeriods && next == Next::kLook;
  std::int64_t due = kNever.time_since_epoch().count();
  if (row.ended != coap::Code::kEmpty) {
    if (!looks && !row.in_flight) due = now_.time_since_epoch().count();
    return due;
  }
  // While one is in flight the newest value follows its outcome (RFC 7641 §4.5.2).
  if (!looks && row.in_flight) return due;
  const lwm2m::Attributes attributes = attributes_of(row.server, watch.path);
  const bool wanted = looks ? watch.stale : watch.pending;
  const auto least = static_cast<std::size_t>(looks ? AttributeName::kEpmin : AttributeName::kPmin);
  const std::uint32_t wait = attributes.seconds(static_cast<AttributeName>(least + (wanted ? 0 : 1)));
  // A longest period of 0 is none (Core 1.1 §5.1.2), and what is set is not less than the shortest one.
  if (wanted || wait != 0)
    due = later((looks ? watch.looked_at : row.last_sent).time_since_epoch().count(), wait);
  return due;
}

void Engine::schedule(Observation& row) noexcept {
  work_pending_ = true;
  row.blocked = false;
  std::int64_t first = kNever.time_since_epoch().count();
  for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
    first = std::min(first, due(row, *watch, Next::kNotify));
    if constexpr (kEvaluationPeriods) first = std::min(first, due(row, *watch, Next::kLook));
  }
  observations_.set_due(row, Instant(Millis(first)));
}

/// Other attributes or defaults may hold for what a server observes at or below `path`.
void Engine::reschedule(ShortServerId server, const Path& path) noexcept {
  observations_.concerned(path, [&](Watch& watch) {
    Observation& row = observations_.row(watch);
    if (server == kEveryServer || row.server == server) schedule(row);
  });
}

/// A value at, below or above what is observed may have changed.
void Engine::look_at_observations(const Path& path) noexcept {
  observations_.concerned(path, [&](Watch& watch) {
    Observation& row = observations_.row(watch);
    if (row.ended != coap::Code::kEmpty) return;
    watch.stale = true;
    if (!kEvaluationPeriods || due(row, watch, Next::kLook) <= now_.time_since_epoch().count())
      evaluate(row, watch);
    schedule(row);
  });
}

/// Instances came or went: those who observe the object are told, and those whose composite
/// observation names something of it.
void Engine::look_at_instances(ObjectId object) noexcept {
  observations_.concerned(Path(object), [&](Watch& watch) {
    Observation& row = observations_.row(watch);
    if (!row.composite && watch.path != Path(object)) return;
    watch.pending = true;
    schedule(row);
  });
}

void Engine::evaluate(const Observation& row, Watch& watch) noexcept {
  const bool changed = std::exchange(watch.stale, false);
  watch.looked_at = now_;
  const auto value = watch.numeric ? tree_.read(watch.path) : fail(Errc::kNotFound);
  if (!value) {
    // What has no number is taken at its word; a number that is gone the server is to learn of.
    watch.pending = watch.pending || changed || watch.numeric;
    return;
  }
  const lwm2m::Attributes attributes = attributes_of(row.server, watch.path);
  const double now = value->to_double();
  const bool notifies = lwm2m::notifies(attributes, {watch.old_value, now, watch.last_notified});
  watch.old_value = now;
  // A threshold that was crossed stays crossed; a value that came back is no change.
  watch.pending = notifies || (watch.pending && attributes.has_thresholds());
}

/// The server knows what there is now.
void Engine::told(Observation& row) noexcept {
  for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
    watch->pending = watch->stale = watch->numeric = false;
    watch->looked_at = now_;
    const auto target = tree_.resolve(watch->path);
    const bool single = target && target->definition != nullptr &&
                        lwm2m::readable(target->definition->operations) &&
                        (watch->path.depth() == 4 || !target->definition->multiple);
    const auto value = single ? tree_.read(watch->path) : fail(Errc::kNotFound);
    watch->numeric = value && value->numeric();
    if (watch->numeric) watch->old_value = watch->last_notified = value->to_double();
  }
}

bool Engine::confirms(const Observation& observation) const noexcept {
  return config_.confirmable_notifications || observation.ended != coap::Code::kEmpty ||
         now_ - observation.last_confirmed >= config_.confirm_after;
}

Instant Engine::step_observations() noexcept {
  // Those that could not be sent, in turns: what one of them leaves is the way of the next.
  const std::span<Observation> rows = observations_.rows();
  const std::size_t first = first_observation_;
  for (std::size_t i = 0; blocked_ && i < rows.size(); ++i) {
    const std::size_t index = (first + i) % rows.size();
    if (!rows[index].blocked || !clear(rows[index])) continue;
    first_observation_ = static_cast<std::uint16_t>(index + 1);
    look_after(rows[index]);
  }
  if (blocked_) blocked_ = std::ranges::any_of(rows, &Observation::blocked);
  while (Observation* row = observations_.take_due(now_)) look_after(*row);
  return observations_.next_due();
}

/// Whether a notification of this observation would leave at once. In a queue its value would age,
/// pmin would not hold, and an Update would wait behind it.
bool Engine::clear(const Observation& row) const noexcept {
  const Server* server = find_server(row.server);
  return server != nullptr && server->registered() && (!confirms(row) || endpoint_.ready(server->link));
}

/// The time of an observation has come.
void Engine::look_after(Observation& row) noexcept {
  bool leaves = false;
  const std::int64_t now = now_.time_since_epoch().count();
  for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
    if (kEvaluationPeriods && due(row, *watch, Next::kLook) <= now) evaluate(row, *watch);
    leaves = leaves || due(row, *watch, Next::kNotify) <= now;
  }
  if (!leaves) return schedule(row);
  if (clear(row)) return notify(row);
  const Server* server = find_server(row.server);
  if (server != nullptr && !server->registered() && !settings(row.server).store_notifications)
    drop_pending(row);
  // Whatever clears the way leads to a step.
  row.blocked = blocked_ = true;
}

void Engine::drop_pending(Observation& row) noexcept {
  for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
    watch->pending = false;
  }
}

Result<std::size_t> Engine::encode(const Observation& row) noexcept {
  const lwm2m::Codec* codec = lwm2m::find_codec(config_.codecs, row.format);
  const Path path = path_of(row);
  const auto readable = kComposite && row.composite ? Result<void>() : tree_.check_readable(path);
  if (!readable) return std::unexpected(readable.error());
  const auto watched = [&](lwm2m::RecordSink sink) -> Result<void> {
    for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
      if (const auto walked = walk(watch->path, sink, row.server); !walked) return walked;
    }
    return {};
  };
  return codec->encode(path, watched, work_);
}

void Engine::notify(Observation& observation) noexcept {
  if (observation.ended != coap::Code::kEmpty) return notify_end(observation, observation.ended);
  const auto size = encode(observation);
  if (!size) return notify_end(observation, response_code(size.error()));

  coap::Notification notification;
  notification.confirmable = confirms(observation);
  notification.observe = (observation.sequence + 1) & kSequenceMask;
  notification.content_format = static_cast<std::uint16_t>(observation.format);
  notification.payload = work_.first(*size);
  if (!post(observation, notification)) return;
  observation.sequence = *notification.observe;
  observation.last_sent = now_;
  observation.in_flight = notification.confirmable;
  told(observation);
  schedule(observation);
  emit(EventType::kNotified, observation.server, path_of(observation));
}

/// False where nobody could take it: it is tried again soon.
bool Engine::post(const Observation& observation, coap::Notification& notification) noexcept {
  notification.token = observation.token;
  notification.cache_key = observation.cache_key;
  if (endpoint_.notify(find_server(observation.server)->link, notification, now_)) return true;
  observations_.set_due(observation, now_ + kBusyDelay);
  return false;
}

/// The last notification of an observation: an error without Observe (RFC 7641 §4.2). A server that
/// missed it would wait for values until the registration ends: it is sent until it is acknowledged.
void Engine::notify_end(Observation& observation, coap::Code code) noexcept {
  const Server* server = find_server(observation.server);
  if (server == nullptr) return end_observation(observation);
  observation.ended = code;
  schedule(observation);
  if (observation.in_flight || !clear(observation)) return;
  coap::Notification notification;
  notification.code = code;
  notification.confirmable = true;
  if (!post(observation, notification)) return;
  observation.in_flight = true;
  observations_.set_due(observation, kNever);
  observation.final_sent = true;
}

bool Engine::on_notification(const coap::IncomingResponse& /*response*/, Instant /*now*/) noexcept {
  return false;
}

void Engine::on_notification_outcome(coap::LinkId link, const coap::Token& token,
                                     coap::NotificationOutcome outcome, Instant /*now*/) noexcept {
  Server* server = find_server(link);
  Observation* row = server != nullptr ? observations_.find(server->id, token) : nullptr;
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
      if (settings(server->id).store_notifications) observations_.first(*row).pending = true;
      break;
  }
  schedule(*row);
}

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/device_queue.hpp"

#include <algorithm>
#include <utility>

#include "linnet/server/device_request.hpp"
#include "linnet/server/queued_record.hpp"

namespace linnet::server {
namespace {

constexpr unsigned kSequenceShift = 16;
constexpr unsigned kShardShift = 8;
constexpr Seconds kRetryInterval{1};
constexpr QueuedId kFirstId{0};

std::uint32_t second_of(Instant now) noexcept {
  return static_cast<std::uint32_t>(std::chrono::floor<Seconds>(now.time_since_epoch()).count());
}

}  // namespace

Unanswered default_unanswered(OperationKind kind) noexcept {
  const bool once = kind == OperationKind::kExecute || kind == OperationKind::kCreate;
  return once ? Unanswered::kFail : Unanswered::kRepeat;
}

void DeviceQueue::init(const EngineConfig& config, RegistrationTable& registrations,
                       DeviceManagement& management, Listener& listener, Random& random) noexcept {
  config_ = &config;
  registrations_ = &registrations;
  management_ = &management;
  listener_ = &listener;
  random_ = &random;
  // Not touched: only devices in queue mode cost their four bytes.
  awake_until_ = std::make_unique_for_overwrite<std::uint32_t[]>(registrations.capacity());
}

std::size_t DeviceQueue::size_of(const Entry& entry) noexcept {
  constexpr std::size_t kNode = sizeof(Entries::value_type) + 96;  // and its place in three indexes
  return kNode + entry.key->endpoint.size() + entry.operation.size() + entry.payload.size();
}

QueuedOperation DeviceQueue::view(const Entry& entry) noexcept {
  QueuedOperation seen;
  seen.id = entry.key->id;
  seen.endpoint = entry.key->endpoint;
  seen.operation = entry.operation.view();
  seen.state = entry.state;
  seen.reason = entry.reason;
  seen.unanswered = entry.unanswered;
  seen.attempts = entry.attempts;
  seen.expires = entry.deadline;
  seen.result = entry.result;
  seen.result.payload = entry.payload;
  return seen;
}

QueuedId DeviceQueue::next_id(Millis wall) noexcept {
  const auto sequence = static_cast<std::uint64_t>(std::max<Millis::rep>(wall.count(), 0));
  last_sequence_ = std::max(last_sequence_ + 1, sequence);
  return QueuedId{last_sequence_ << kSequenceShift | std::uint64_t{config_->shard} << kShardShift |
                  random_->below(256)};
}

DeviceQueue::Entry* DeviceQueue::first(std::string_view endpoint) noexcept {
  const auto at = pending_.lower_bound(KeyView{endpoint, kFirstId});
  return at != pending_.end() && at->first.endpoint == endpoint ? &at->second : nullptr;
}

DeviceQueue::Entry& DeviceQueue::insert(Key key, Entry fresh) noexcept {
  const auto at = pending_.emplace(std::move(key), std::move(fresh)).first;
  Entry& entry = at->second;
  entry.key = &at->first;
  expiring_.emplace(entry.deadline, entry.key->id, &entry);
  bytes_ += size_of(entry);
  const std::uint32_t index = registrations_->find(entry.key->endpoint);
  if (index != kNone) (*registrations_)[index].queued = true;
  return entry;
}

Result<QueuedId> DeviceQueue::enqueue(RegistrationId registration, const Operation& operation,
                                      const Hold& hold, Instant now, Millis wall) noexcept {
  const std::uint32_t index = registrations_->find(registration);
  if (index == kNone) return fail(Errc::kNotFound);
  if (const auto possible = check_operation(operation, config_->max_composite_paths); !possible)
    return std::unexpected(possible.error());
  if (hold.ttl.count() < 1 || hold.ttl > EngineConfig::kLongestHold) return fail(Errc::kInvalidArgument);
  if (operation.payload.size() > config_->endpoint.max_body) return fail(Errc::kTooLarge);
  const std::string_view endpoint = registrations_->name_of((*registrations_)[index]);
  if (pending_.size() >= config_->max_queued || waiting(endpoint) >= config_->max_queued_per_device) {
    return fail(Errc::kBusy);
  }
  Entry fresh;
  fresh.operation = OwnedOperation(operation);
  fresh.unanswered = hold.unanswered.value_or(default_unanswered(operation.kind));
  fresh.deadline = now + hold.ttl;
  const std::size_t more = operation.payload.size() + operation.arguments.size();
  while (bytes_ + more > config_->max_queued_bytes && !kept_.empty()) forget_oldest_result();
  if (bytes_ + more > config_->max_queued_bytes) return fail(Errc::kBusy);

  Entry& entry = insert({std::string(endpoint), next_id(wall)}, std::move(fresh));
  if (config_->durable) {
    entry.state = QueuedState::kSaving;
    put(entry, Asked::kKeep, now);
  } else {
    listener_->on_operation_queued(view(entry), now);
    wake_line(entry);
  }
  return entry.key->id;
}

Result<void> DeviceQueue::cancel(std::string_view endpoint, QueuedId id, Instant now) noexcept {
  const KeyView key{endpoint, id};
  if (const auto at = finished_.find(key); at != finished_.end()) {
    forget(finished_, at->second);
    return {};
  }
  const auto at = pending_.find(key);
  if (at == pending_.end() || at->second.state == QueuedState::kSaving || at->second.asked == Asked::kDrop) {
    return fail(Errc::kNotFound);
  }
  Entry& entry = at->second;
  stop(entry, now);
  if (config_->durable) {
    erase(entry, Asked::kDrop, now);
  } else {
    finish(entry, QueuedState::kCancelled, QueuedReason::kCaller, now);
  }
  return {};
}

void DeviceQueue::cancel_all(std::string_view endpoint, QueuedReason why, Instant now) noexcept {
  while (Entry* const entry = first(endpoint)) {
    stop(*entry, now);
    if (config_->durable) erase(*entry, Asked::kNothing, now);
    finish(*entry, QueuedState::kCancelled, why, now);
  }
}

std::optional<QueuedOperation> DeviceQueue::find(std::string_view endpoint, QueuedId id) const noexcept {
  const KeyView key{endpoint, id};
  if (const auto at = pending_.find(key); at != pending_.end()) return view(at->second);
  if (const auto at = finished_.find(key); at != finished_.end()) return view(at->second);
  return std::nullopt;
}

void DeviceQueue::for_each(std::string_view endpoint,
                           FunctionRef<void(const QueuedOperation&)> visit) const noexcept {
  for (const Entries* const entries : {&finished_, &pending_}) {
    for (auto at = entries->lower_bound(KeyView{endpoint, kFirstId});
         at != entries->end() && at->first.endpoint == endpoint; ++at) {
      visit(view(at->second));
    }
  }
}

std::uint32_t DeviceQueue::waiting(std::string_view endpoint) const noexcept {
  std::uint32_t count = 0;
  for (auto at = pending_.lower_bound(KeyView{endpoint, kFirstId});
       at != pending_.end() && at->first.endpoint == endpoint; ++at) {
    ++count;
  }
  return count;
}

bool DeviceQueue::awake(std::uint32_t registration, Instant now) const noexcept {
  return !holds((*registrations_)[registration]) || second_of(now) < awake_until_[registration];
}

void DeviceQueue::open_window(std::uint32_t registration, Instant now) noexcept {
  awake_until_[registration] = second_of(now + config_->awake_window);
}

void DeviceQueue::published(std::uint32_t registration, Instant now) noexcept {
  RegistrationSlot& slot = (*registrations_)[registration];
  slot.queued = !pending_.empty() && first(registrations_->name_of(slot)) != nullptr;
  heard(registration, now);
}

void DeviceQueue::restored(std::uint32_t registration) noexcept {
  awake_until_[registration] = 0;
  const RegistrationSlot& slot = (*registrations_)[registration];
  if (slot.queued) due_.push_back(registrations_->id_of(registration));
}

void DeviceQueue::wake_line(const Entry& entry) noexcept {
  const std::uint32_t index = registrations_->find(entry.key->endpoint);
  if (index != kNone) due_.push_back(registrations_->id_of(index));
}

void DeviceQueue::start_due(Instant now) noexcept {
  // NOLINTNEXTLINE(modernize-loop-convert): it grows, as what starts may end at once
  for (std::size_t i = 0; i < due_.size(); ++i) start(due_[i], now);
  due_.clear();
}

void DeviceQueue::start(RegistrationId registration, Instant now) noexcept {
  const std::uint32_t index = registrations_->find(registration);
  if (index == kNone) return;
  RegistrationSlot& slot = (*registrations_)[index];
  Entry* const entry = slot.queued ? first(registrations_->name_of(slot)) : nullptr;
  slot.queued = entry != nullptr;
  if (entry == nullptr || entry->state != QueuedState::kWaiting || entry->asked != Asked::kNothing) return;
  // What is over, or lost, is for the next step.
  if (!awake(index, now) || entry->deadline <= now) return;
  if (config_->durable && entry->unanswered == Unanswered::kFail && !entry->marked) {
    entry->marked = true;
    return put(*entry, Asked::kMarkSent, now);
  }
  const auto started = management_->perform(registration, entry->operation.view(), now);
  if (started) {
    entry->state = QueuedState::kSent;
    entry->sent = *started;
    ++entry->attempts;
    under_way_.emplace(static_cast<std::uint64_t>(*started), entry);
    return listener_->on_operation_started(view(*entry), now);
  }
  const Errc why = started.error().code;
  if (why == Errc::kClosed && holds(slot)) return;  // no link: it waits until the device speaks
  if (why == Errc::kBusy) {
    blocked_.push_back(registration);
    retry_at_ = std::min(retry_at_, now + kRetryInterval);
    return;
  }
  entry->result.registration = registration;
  entry->result.failure = why;
  if (config_->durable) erase(*entry, Asked::kNothing, now);
  finish(*entry, QueuedState::kDone, QueuedReason::kNone, now);
}

bool DeviceQueue::took(OperationId operation, const OperationResult& result, Instant now) noexcept {
  const auto at = under_way_.find(static_cast<std::uint64_t>(operation));
  if (at == under_way_.end()) return false;
  Entry& entry = *at->second;
  under_way_.erase(at);
  const std::uint32_t index = registrations_->find(result.registration);
  const bool unanswered = result.failure == Errc::kTimeout || result.failure == Errc::kClosed;
  const bool held = index != kNone && holds((*registrations_)[index]);
  if (index != kNone) {
    if (held && result.failure == Errc::kTimeout) awake_until_[index] = 0;
    due_.push_back(result.registration);
  }
  if (unanswered && held && entry.unanswered == Unanswered::kRepeat) {
    wait_again(entry, now);
    return true;
  }
  bytes_ -= size_of(entry);
  entry.result = result;
  entry.result.payload = {};
  entry.payload.assign(result.payload.begin(), result.payload.end());
  bytes_ += size_of(entry);
  if (config_->durable) erase(entry, Asked::kNothing, now);
  finish(entry, QueuedState::kDone, unanswered ? QueuedReason::kUnanswered : QueuedReason::kNone, now);
  return true;
}

void DeviceQueue::wait_again(Entry& entry, Instant now) noexcept {
  entry.state = QueuedState::kWaiting;
  if (!entry.overdue) return listener_->on_operation_queued(view(entry), now);
  if (config_->durable) erase(entry, Asked::kNothing, now);
  finish(entry, QueuedState::kExpired, QueuedReason::kNone, now);
}

/// Takes it off the wire and away from what it asked of the store.
void DeviceQueue::stop(Entry& entry, Instant now) noexcept {
  if (entry.state == QueuedState::kSent) {
    under_way_.erase(static_cast<std::uint64_t>(entry.sent));
    management_->abandon(entry.sent, now);
    entry.state = QueuedState::kWaiting;
  }
  if (entry.asked != Asked::kNothing) asked_.erase(static_cast<std::uint64_t>(entry.ticket));
  entry.asked = Asked::kNothing;
}

void DeviceQueue::finish(Entry& entry, QueuedState state, QueuedReason why, Instant now) noexcept {
  wake_line(entry);
  expiring_.erase({entry.deadline, entry.key->id, &entry});
  entry.state = state;
  entry.reason = why;
  entry.result.kind = entry.operation.view().kind;
  entry.result.path = entry.operation.view().path;
  listener_->on_operation_finished(view(entry), now);
  if (state == QueuedState::kRefused || config_->max_results == 0) return forget(pending_, entry);
  while (finished_.size() >= config_->max_results) forget_oldest_result();
  auto node = pending_.extract(pending_.find(*entry.key));
  entry.deadline = now + config_->keep_results;
  kept_.emplace(entry.deadline, entry.key->id, &entry);
  finished_.insert(std::move(node));
  while (bytes_ > config_->max_queued_bytes && !kept_.empty()) forget_oldest_result();
}

/// One that was sent, whose answer will not come, and that is not to be done twice.
void DeviceQueue::finish_unanswered(Entry& entry, QueuedReason why, Instant now) noexcept {
  entry.result.failure = Errc::kTimeout;
  if (config_->durable) erase(entry, Asked::kNothing, now);
  finish(entry, QueuedState::kDone, why, now);
}

void DeviceQueue::forget(Entries& entries, Entry& entry) noexcept {
  (&entries == &finished_ ? kept_ : expiring_).erase({entry.deadline, entry.key->id, &entry});
  bytes_ -= size_of(entry);
  entries.erase(entries.find(*entry.key));
}

void DeviceQueue::step(Instant now) noexcept {
  if (retry_at_ <= now) {
    retry_at_ = kNever;
    due_.insert(due_.end(), blocked_.begin(), blocked_.end());
    blocked_.clear();
  }
  while (!expiring_.empty() && std::get<Instant>(*expiring_.begin()) <= now) {
    Entry& entry = *std::get<Entry*>(*expiring_.begin());
    if (entry.marked && entry.deadline == Instant{}) {
      finish_unanswered(entry, QueuedReason::kRestart, now);
    } else if (entry.state == QueuedState::kWaiting && entry.asked == Asked::kNothing) {
      if (config_->durable) erase(entry, Asked::kNothing, now);
      finish(entry, QueuedState::kExpired, QueuedReason::kNone, now);
    } else {
      entry.overdue = true;
      expiring_.erase(expiring_.begin());
    }
  }
  while (!kept_.empty() && std::get<Instant>(*kept_.begin()) <= now) forget_oldest_result();
  start_due(now);
}

Instant DeviceQueue::next_deadline() const noexcept {
  if (!due_.empty()) return Instant{};
  Instant next = retry_at_;
  if (!expiring_.empty()) next = std::min(next, std::get<Instant>(*expiring_.begin()));
  if (!kept_.empty()) next = std::min(next, std::get<Instant>(*kept_.begin()));
  return next;
}

std::optional<Ticket> DeviceQueue::ask(Entry& entry, Asked what) noexcept {
  entry.asked = what;
  if (what == Asked::kNothing) return std::nullopt;
  entry.ticket = Ticket{kFirstQueueTicket + ++last_ticket_};
  asked_.emplace(static_cast<std::uint64_t>(entry.ticket), &entry);
  return entry.ticket;
}

void DeviceQueue::put(Entry& entry, Asked what, Instant now) noexcept {
  const auto encoded = encode_queued(
      {entry.key->id, entry.key->endpoint, entry.marked, entry.unanswered, entry.operation.view()}, record_);
  QueuedChange change{Change::Kind::kPut, ask(entry, what), entry.key->endpoint,
                      entry.key->id,      entry.deadline,   {}};
  // What check_operation and max_body let pass fits the fields; an empty record is refused by any store.
  if (encoded) change.record = record_;
  listener_->on_operation_change(change, now);
}

void DeviceQueue::erase(Entry& entry, Asked what, Instant now) noexcept {
  listener_->on_operation_change(
      {Change::Kind::kErase, ask(entry, what), entry.key->endpoint, entry.key->id, {}, {}}, now);
}

DeviceQueue::Entry* DeviceQueue::settle(Ticket ticket) noexcept {
  const auto at = asked_.find(static_cast<std::uint64_t>(ticket));
  if (at == asked_.end()) return nullptr;
  Entry* const entry = at->second;
  asked_.erase(at);
  return entry;
}

bool DeviceQueue::committed(Ticket ticket, Instant now) noexcept {
  Entry* const entry = settle(ticket);
  if (entry == nullptr) return false;
  wake_line(*entry);
  switch (std::exchange(entry->asked, Asked::kNothing)) {
    case Asked::kNothing: break;
    case Asked::kKeep: wait_again(*entry, now); break;
    case Asked::kMarkSent:
      if (entry->overdue) wait_again(*entry, now);
      break;
    case Asked::kDrop: finish(*entry, QueuedState::kCancelled, QueuedReason::kCaller, now); break;
  }
  return true;
}

bool DeviceQueue::refused(Ticket ticket, Instant now) noexcept {
  Entry* const entry = settle(ticket);
  if (entry == nullptr) return false;
  switch (std::exchange(entry->asked, Asked::kNothing)) {
    case Asked::kNothing: break;
    case Asked::kKeep: finish(*entry, QueuedState::kRefused, QueuedReason::kNone, now); break;
    case Asked::kMarkSent: {
      entry->marked = false;
      const std::uint32_t index = registrations_->find(entry->key->endpoint);
      if (index != kNone) blocked_.push_back(registrations_->id_of(index));
      retry_at_ = std::min(retry_at_, now + kRetryInterval);
      if (entry->overdue) wait_again(*entry, now);
      break;
    }
    case Asked::kDrop:
      if (entry->unanswered == Unanswered::kFail && entry->attempts > 0) {
        finish_unanswered(*entry, QueuedReason::kUnanswered, now);
      } else {
        wait_again(*entry, now);
      }
      break;
  }
  return true;
}

void DeviceQueue::take(std::string_view endpoint, FunctionRef<void(const QueuedChange&)> visit) noexcept {
  auto at = pending_.lower_bound(KeyView{endpoint, kFirstId});
  while (at != pending_.end() && at->first.endpoint == endpoint) {
    Entry& entry = (at++)->second;
    // What is with the store follows when it has answered.
    if (entry.state != QueuedState::kWaiting || entry.asked != Asked::kNothing) continue;
    const auto encoded = encode_queued(
        {entry.key->id, entry.key->endpoint, entry.marked, entry.unanswered, entry.operation.view()},
        record_);
    if (!encoded) continue;
    visit({Change::Kind::kPut, std::nullopt, entry.key->endpoint, entry.key->id, entry.deadline, record_});
    forget(pending_, entry);
  }
}

Result<QueuedId> DeviceQueue::restore(ByteView record, Instant expires, RestoreFrom from) noexcept {
  auto decoded = decode_queued(record, config_->max_composite_paths);
  if (!decoded) return std::unexpected(decoded.error());
  if (pending_.contains(KeyView{decoded->endpoint, decoded->id})) return fail(Errc::kExists);
  const bool lost = from == RestoreFrom::kStore && decoded->sent;
  Entry fresh;
  fresh.operation = std::move(decoded->operation);
  fresh.unanswered = decoded->unanswered;
  fresh.marked = decoded->sent;
  // The next step tells of one that is lost, and of one whose time went by.
  fresh.deadline = lost ? Instant{} : std::max(expires, Instant{Millis{1}});
  last_sequence_ = std::max(last_sequence_, static_cast<std::uint64_t>(decoded->id) >> kSequenceShift);
  const Entry& entry = insert({std::string(decoded->endpoint), decoded->id}, std::move(fresh));
  wake_line(entry);
  return decoded->id;
}

}  // namespace linnet::server

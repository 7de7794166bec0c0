// SPDX-License-Identifier: Apache-2.0
// Operations that wait for their device: who waits for them, what the store keeps of them, and their
// way to the shard where the device registers.
#include <array>
#include <utility>

#include "linnet/net/shard_publish.hpp"
#include "linnet/net/store_ticket.hpp"

namespace linnet::net {

namespace {

using server::QueuedId;
using server::QueuedOperation;
using server::QueuedState;

std::uint64_t number(QueuedId id) noexcept {
  return static_cast<std::uint64_t>(id);
}

/// The endpoint name, then the id, so that a record is one operation's.
std::string key_of(std::string_view endpoint, QueuedId id) {
  std::array<std::uint8_t, sizeof(QueuedId)> bytes{};
  ByteWriter out(bytes);
  out.uint(number(id), bytes.size());
  return std::string(endpoint) + std::string(as_text(out.written()));
}

}  // namespace

struct MovedQueue {
  struct Record {
    QueuedId id{};
    std::vector<std::uint8_t> bytes;
    Instant expires{};
    std::vector<Shard::Waiter> waiters;
  };
  std::string endpoint;
  std::vector<Record> records;
};

Queued Shard::owned(const QueuedOperation& operation) const {
  constexpr unsigned kSequenceShift = 16;
  constexpr std::int64_t kMillis = 1000;
  Queued queued;
  queued.id = operation.id;
  queued.endpoint = operation.endpoint;
  queued.kind = operation.operation.kind;
  queued.path = operation.operation.path;
  queued.state = operation.state;
  queued.reason = operation.reason;
  queued.unanswered = operation.unanswered;
  queued.attempts = operation.attempts;
  queued.accepted.seconds = static_cast<std::int64_t>(number(operation.id) >> kSequenceShift) / kMillis;
  queued.expires = ShardClock::wall(operation.expires);
  if (operation.state == QueuedState::kDone) queued.outcome = net::owned(operation.result);
  queued.paths.assign(operation.operation.paths.begin(), operation.operation.paths.end());
  if (const auto device = engine_.find(operation.endpoint)) queued.object_list = objects_of(*device);
  return queued;
}

void Shard::enqueue(server::RegistrationId registration, const server::Operation& operation,
                    const server::Hold& hold, Millis patience, Server::QueuedHandler done) {
  const auto taken = running_
                         ? engine_.enqueue(registration, operation, hold, now_, ShardClock::wall_millis())
                         : Result<QueuedId>(fail(Errc::kClosed));
  if (!taken) return done(std::unexpected(taken.error()));
  const auto device = engine_.get(registration);
  Waiter waiter{.endpoint = std::string(device->endpoint), .patience = patience, .done = std::move(done)};
  if (fleet_.store == nullptr) waiter.until = now_ + patience;
  wait_for(*taken, std::move(waiter));
}

void Shard::wait_for(QueuedId id, Waiter waiter) {
  if (waiter.until != kNever) impatient_.emplace(waiter.until, number(id));
  queue_waiters_[number(id)].push_back(std::move(waiter));
}

bool Shard::find_queued(const std::string& endpoint, QueuedId id, Millis patience,
                        Server::QueuedHandler& done) {
  const auto found = engine_.find_queued(endpoint, id);
  // One that is not accepted yet is known to nobody.
  if (!found || found->state == QueuedState::kSaving) return false;
  if (server::is_finished(found->state) || patience == Millis{0} || !running_) {
    done(owned(*found));
  } else {
    wait_for(id,
             {.endpoint = endpoint, .until = now_ + patience, .patience = patience, .done = std::move(done)});
  }
  return true;
}

bool Shard::cancel_queued(const std::string& endpoint, QueuedId id, Server::DoneHandler& done) {
  const auto found = engine_.find_queued(endpoint, id);
  const bool finished = found && server::is_finished(found->state);
  if (!running_ || !engine_.cancel(endpoint, id, now_)) return false;
  const bool at_once = finished || fleet_.store == nullptr;
  if (at_once) {
    done({});
  } else {
    cancel_waiters_[number(id)].push_back(std::move(done));
  }
  return true;
}

void Shard::answer_impatient() {
  while (!impatient_.empty() && impatient_.begin()->first <= now_) {
    const std::uint64_t id = impatient_.begin()->second;
    impatient_.erase(impatient_.begin());
    const auto waiting = queue_waiters_.find(id);
    if (waiting == queue_waiters_.end()) continue;
    std::vector<Waiter> over;
    std::vector<Waiter>& all = waiting->second;
    for (std::size_t i = 0; i < all.size();) {
      if (all[i].until > now_) {
        ++i;
        continue;
      }
      over.push_back(std::move(all[i]));
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    }
    const std::string endpoint = over.empty() ? std::string() : over.front().endpoint;
    if (all.empty()) queue_waiters_.erase(waiting);
    const auto found = engine_.find_queued(endpoint, QueuedId{id});
    for (Waiter& waiter : over) {
      waiter.done(found ? Result<Queued>(owned(*found)) : Result<Queued>(fail(Errc::kNotFound)));
    }
  }
}

void Shard::on_operation_queued(const QueuedOperation& operation, Instant now) noexcept {
  publish(operation.endpoint, [&] {
    Event event{.kind = Event::Kind::kOperationQueued};
    event.queued = owned(operation);
    return event;
  });
  const std::uint64_t id = number(operation.id);
  // Waiting again: the store could not drop it.
  if (auto waiting = cancel_waiters_.extract(id)) {
    for (auto& done : waiting.mapped()) done(fail(Errc::kIo));
  }
  if (const auto waiting = queue_waiters_.find(id); waiting != queue_waiters_.end()) {
    for (Waiter& waiter : waiting->second) {
      if (waiter.until != kNever) continue;
      waiter.until = now + waiter.patience;
      impatient_.emplace(waiter.until, id);
    }
  }
  if (fleet_.count > 1 && !engine_.find(operation.endpoint)) strays_.emplace_back(operation.endpoint);
}

void Shard::on_operation_started(const QueuedOperation& operation, Instant /*now*/) noexcept {
  publish(operation.endpoint, [&] {
    Event event{.kind = Event::Kind::kOperationStarted};
    event.queued = owned(operation);
    return event;
  });
}

void Shard::on_operation_finished(const QueuedOperation& operation, Instant /*now*/) noexcept {
  const bool refused = operation.state == QueuedState::kRefused;
  if (!refused) {
    publish(operation.endpoint, [&] {
      Event event{.kind = Event::Kind::kOperationFinished};
      event.queued = owned(operation);
      return event;
    });
  }
  const std::uint64_t id = number(operation.id);
  if (auto waiting = cancel_waiters_.extract(id)) {
    for (auto& done : waiting.mapped()) done({});
  }
  if (auto waiting = queue_waiters_.extract(id)) {
    for (Waiter& waiter : waiting.mapped()) {
      waiter.done(refused ? Result<Queued>(fail(Errc::kIo)) : Result<Queued>(owned(operation)));
    }
  }
}

void Shard::on_operation_change(const server::QueuedChange& change, Instant /*now*/) noexcept {
  const store::Ticket ticket = to_store(change.ticket);
  const std::string key = key_of(change.endpoint, change.id);
  const store::RecordKey record(store::RecordKind::kOperation, key);
  const auto taken =
      change.kind == server::Change::Kind::kErase
          ? fleet_.store->remove(index_, ticket, record)
          : fleet_.store->save(index_, ticket, record, change.record, ShardClock::wall(change.expires));
  if (!taken && ticket != store::kNoTicket) refused_.push_back(ticket);
}

void Shard::move_queue(const std::string& endpoint, unsigned first) {
  auto moved = std::make_shared<MovedQueue>();
  engine_.take_operations(endpoint, [&](const server::QueuedChange& change) {
    MovedQueue::Record& record = moved->records.emplace_back();
    record.id = change.id;
    record.bytes.assign(change.record.begin(), change.record.end());
    record.expires = change.expires;
    if (auto waiting = queue_waiters_.extract(number(change.id)))
      record.waiters = std::move(waiting.mapped());
  });
  if (moved->records.empty()) return;
  moved->endpoint = endpoint;
  fleet_.moving.fetch_add(1);
  pass_queue(moved, first, fleet_.count - 1);
}

/// `left` shards are asked behind this one; who is the last keeps it.
void Shard::pass_queue(const std::shared_ptr<MovedQueue>& moved, unsigned shard, unsigned left) {
  Task task = [moved, left](Shard& here) { here.adopt(moved, left); };
  if (!fleet_.shards[shard]->post(task)) adopt(moved, 0);
}

void Shard::adopt(const std::shared_ptr<MovedQueue>& moved, unsigned left) {
  if (left > 0 && !engine_.find(moved->endpoint)) {
    return pass_queue(moved, (index_ + 1) % fleet_.count, left - 1);
  }
  for (MovedQueue::Record& record : moved->records) {
    // They come from an engine of this server: what cannot be is a defect, and nothing is left to do then.
    static_cast<void>(engine_.restore_operation(record.bytes, record.expires, server::RestoreFrom::kShard));
    for (Waiter& waiter : record.waiters) wait_for(record.id, std::move(waiter));
  }
  fleet_.moving.fetch_sub(1);
}

void Shard::send_strays() {
  for (const std::string& endpoint : std::exchange(strays_, {})) {
    move_queue(endpoint, (index_ + 1) % fleet_.count);
  }
}

void Shard::end_waiting() {
  for (auto& [id, waiters] : std::exchange(queue_waiters_, {})) {
    for (Waiter& waiter : waiters) {
      // What is accepted and durable goes on after the next start: that is no failure.
      const auto found = engine_.find_queued(waiter.endpoint, QueuedId{id});
      const bool kept = fleet_.store != nullptr && found && found->state != QueuedState::kSaving;
      waiter.done(kept ? Result<Queued>(owned(*found)) : Result<Queued>(fail(Errc::kClosed)));
    }
  }
  for (auto& [id, waiters] : std::exchange(cancel_waiters_, {})) {
    for (auto& done : waiters) done(fail(Errc::kClosed));
  }
}

}  // namespace linnet::net

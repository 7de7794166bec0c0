// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/credential_book.hpp"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "linnet/server/credential_record.hpp"

namespace linnet::net {

namespace {

using server::CredentialChange;
using server::CredentialName;

/// Changes that are at the store at once, and in force in one step.
constexpr std::size_t kPart = 1024;
/// So many changes leave something behind that is worth giving back, once none has come for a while.
constexpr std::size_t kTrimAt = 4096;
constexpr std::chrono::seconds kQuiet{1};

std::string key_of(const CredentialChange& change) {
  if (!change.put) {
    const CredentialName& name = change.removed;
    return server::credential_key(name.endpoint, name.mode, name.identity);
  }
  return server::credential_key(change.put->endpoint, change.put->mode, change.put->identity);
}

}  // namespace

CredentialBook::CredentialBook(store::RegistrationStore* store, store::ShardIndex store_shard,
                               std::size_t limit)
    : store_(store), store_shard_(store_shard), limit_(limit) {}

std::expected<void, std::string> CredentialBook::restore() {
  if (store_ == nullptr) return {};
  server::CredentialDraft all;
  const auto loaded = store_->load(store::RecordKind::kCredential, [&](const store::RecordView& record) {
    auto credential = server::decode_credential(record.value);
    const bool in_place = credential && server::credential_key(credential->endpoint, credential->mode,
                                                               credential->identity) == record.key;
    // One that is in the way of another does not keep the rest from coming back.
    if (!in_place || !all.apply({.put = *std::move(credential)}, limit_)) ++not_restored_;
  });
  if (!loaded) return std::unexpected("the stored credentials cannot be read: " + store_->health().detail);
  publish(std::move(all).finish());
  return {};
}

void CredentialBook::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "credentials");
}

void CredentialBook::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (; !wishes_.empty(); wishes_.pop_front()) {
    wishes_.front().done({.refusal = {}, .failure = Errc::kClosed});
  }
}

CredentialBook::Snapshot CredentialBook::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

void CredentialBook::publish(Snapshot next) {
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = std::move(next);
  generation_.fetch_add(1, std::memory_order_release);
}

Result<void> CredentialBook::change(std::vector<CredentialChange> changes, OutcomeHandler done) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(Errc::kClosed);
    if (wishes_.size() >= kMaxWaiting) return fail(Errc::kBusy);
    wishes_.push_back({std::move(changes), std::move(done)});
  }
  changed_.notify_all();
  return {};
}

void CredentialBook::run() {
  while (true) {
    Wish wish;
    {
      std::unique_lock lock(mutex_);
      const auto wanted = [this] { return stopping_ || !wishes_.empty(); };
      if (changed_since_trim_ >= kTrimAt && !changed_.wait_for(lock, kQuiet, wanted)) {
        lock.unlock();
        trim();
        continue;
      }
      changed_.wait(lock, wanted);
      if (stopping_) return;
      wish = std::move(wishes_.front());
      wishes_.pop_front();
    }
    CredentialOutcome outcome = carry_out(wish.changes);
    changed_since_trim_ += outcome.changed;
    wish.done(std::move(outcome));
  }
}

void CredentialBook::trim() {
  changed_since_trim_ = 0;
  malloc_trim(0);
}

CredentialOutcome CredentialBook::carry_out(std::span<const CredentialChange> changes) {
  CredentialOutcome outcome;
  Snapshot current = snapshot();
  if (auto checked = current->apply(changes, limit_); !checked) {
    outcome.refusal = std::move(checked).error();
    return outcome;
  }
  while (!changes.empty()) {
    const auto part = changes.first(std::min(changes.size(), kPart));
    changes = changes.subspan(part.size());
    const std::vector<bool> stored = store_part(part);
    const auto count = static_cast<std::size_t>(std::ranges::count(stored, true));
    if (count == part.size()) {
      // Cannot be refused: it was part of what was checked as a whole.
      current = current->apply(part, limit_).value_or(current);
    } else {
      for (std::size_t i = 0; i < part.size(); ++i) {
        if (stored[i]) current = current->apply(part.subspan(i, 1), limit_).value_or(current);
      }
    }
    publish(current);
    outcome.changed += count;
    if (count == part.size()) continue;
    outcome.failure = Errc::kIo;
    return outcome;
  }
  return outcome;
}

Result<void> CredentialBook::store_one(const CredentialChange& change, store::Ticket ticket) {
  const std::string key = key_of(change);
  const store::RecordKey name(store::RecordKind::kCredential, key);
  if (!change.put) return store_->remove(store_shard_, ticket, name);
  return store_->save(store_shard_, ticket, name, server::encode_record(*change.put), store::kKeptForGood);
}

std::vector<bool> CredentialBook::store_part(std::span<const CredentialChange> part) {
  if (store_ == nullptr) return std::vector<bool>(part.size(), true);
  store::Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = first_ticket_ += committed_.size();
    committed_.assign(part.size(), false);
    open_tickets_ = part.size();
  }
  std::size_t not_taken = 0;
  for (const CredentialChange& change : part) {
    if (!store_one(change, ticket++)) ++not_taken;
  }
  std::unique_lock lock(mutex_);
  open_tickets_ -= not_taken;
  changed_.wait(lock, [this] { return open_tickets_ == 0; });
  return committed_;
}

void CredentialBook::settle(std::span<const store::Ticket> tickets, bool committed) {
  {
    const std::lock_guard lock(mutex_);
    for (const store::Ticket ticket : tickets) {
      if (committed) committed_[static_cast<std::size_t>(ticket - first_ticket_)] = true;
    }
    open_tickets_ -= tickets.size();
  }
  changed_.notify_all();
}

}  // namespace linnet::net

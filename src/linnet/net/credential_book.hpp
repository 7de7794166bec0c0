// SPDX-License-Identifier: Apache-2.0
// The credentials of a running server: one snapshot that everybody reads, and a thread that changes it,
// one change after the other, on disk before they are in force.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "linnet/server/credentials.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

/// What became of a number of changes.
struct CredentialOutcome {
  /// Nothing was changed: one of them cannot be.
  std::optional<server::CredentialRefusal> refusal;
  /// kIo: the store refused some of them; those that it took are in force. kClosed: stopped before.
  std::optional<Errc> failure;
  std::size_t changed = 0;  ///< in force
};

/// Calls may come from any thread.
class CredentialBook {
 public:
  using Snapshot = server::Credentials::Shared;
  using OutcomeHandler = std::move_only_function<void(CredentialOutcome)>;

  static constexpr std::size_t kMaxWaiting = 256;  ///< calls of `change` that wait

  /// `store` may be null. What it reports for `store_shard` must reach `settle`.
  CredentialBook(store::RegistrationStore* store, store::ShardIndex store_shard, std::size_t limit);
  ~CredentialBook() { stop(); }
  CredentialBook(const CredentialBook&) = delete;
  CredentialBook& operator=(const CredentialBook&) = delete;

  /// Brings back what the store has; records that cannot be are counted. The error is a sentence for people.
  [[nodiscard]] std::expected<void, std::string> restore();
  [[nodiscard]] std::uint32_t not_restored() const noexcept { return not_restored_; }
  void start();
  /// Finishes the change that is under way, fails those behind it with kClosed. The store must still run.
  void stop();

  [[nodiscard]] Snapshot snapshot() const;
  /// Grows with every snapshot: whoever keeps one looks here, without a lock, whether it is the newest.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }

  /// Makes all changes, or none where one cannot be. `done` is called from the book's thread, once they
  /// are on disk and in force everywhere. kBusy: kMaxWaiting calls wait. kClosed: stopped; `done` is then
  /// not called.
  [[nodiscard]] Result<void> change(std::vector<server::CredentialChange> changes, OutcomeHandler done);
  /// What the store says became of `tickets`.
  void settle(std::span<const store::Ticket> tickets, bool committed);

 private:
  struct Wish {
    std::vector<server::CredentialChange> changes;
    OutcomeHandler done;
  };

  void run();
  [[nodiscard]] CredentialOutcome carry_out(std::span<const server::CredentialChange> changes);
  /// Those of a part that are on disk afterwards, by place.
  [[nodiscard]] std::vector<bool> store_part(std::span<const server::CredentialChange> part);
  [[nodiscard]] Result<void> store_one(const server::CredentialChange& change, store::Ticket ticket);
  void publish(Snapshot next);
  /// Behind many changes: gives back what their copies of the table have left in the heap.
  void trim();

  store::RegistrationStore* store_;
  store::ShardIndex store_shard_;
  std::size_t limit_;
  std::uint32_t not_restored_ = 0;

  std::size_t changed_since_trim_ = 0;  // of the book's thread

  std::atomic<std::uint64_t> generation_ = 0;
  mutable std::mutex snapshot_mutex_;
  Snapshot snapshot_ = server::Credentials::none();

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::deque<Wish> wishes_;
  bool stopping_ = false;
  store::Ticket first_ticket_ = 1;  // of the part that is at the store
  std::vector<bool> committed_;     // by place in that part
  std::size_t open_tickets_ = 0;
  std::thread thread_;
};

/// A reader's own copy of the newest snapshot: one atomic load where nothing has changed. For one thread.
class CredentialReader {
 public:
  explicit CredentialReader(const CredentialBook& book) noexcept : book_(&book) {}

  /// Good until the next call.
  [[nodiscard]] const server::Credentials& get() {
    const std::uint64_t newest = book_->generation();
    if (!kept_ || newest != generation_) {
      kept_ = book_->snapshot();
      generation_ = newest;
    }
    return *kept_;
  }

 private:
  const CredentialBook* book_;
  CredentialBook::Snapshot kept_;
  std::uint64_t generation_ = 0;
};

}  // namespace linnet::net

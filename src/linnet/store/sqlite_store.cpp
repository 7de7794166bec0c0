// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/sqlite_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "linnet/store/checkpointer.hpp"
#include "linnet/store/operation_queue.hpp"
#include "linnet/store/pending_touches.hpp"
#include "linnet/store/record_table.hpp"
#include "linnet/store/state_file.hpp"
#include "linnet/store/state_folder.hpp"

namespace linnet::store {
namespace {

using Clock = OperationQueue::Clock;

/// How often a store that refused tries whether the disk takes writes again.
constexpr Millis kRetryInterval{1000};
/// Operations that follow on answers are waited for no longer than this.
constexpr std::chrono::microseconds kLongestGathering{500};
constexpr std::size_t kPageSize = 4096;

/// Health as several threads set and read it.
class SharedHealth {
 public:
  [[nodiscard]] Health get() const {
    const std::lock_guard lock(mutex_);
    return health_;
  }
  /// Damage is final: it ends only when a person has looked at the file.
  void set(Condition condition, std::string detail) {
    const std::lock_guard lock(mutex_);
    if (health_.condition == Condition::kDamaged || health_.condition == condition) return;
    health_ = {condition, std::move(detail)};
    condition_.store(condition, std::memory_order_release);
  }
  [[nodiscard]] Condition condition() const noexcept { return condition_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  Health health_;
  std::atomic<Condition> condition_ = Condition::kOk;
};

const char* advice(Condition condition) noexcept {
  switch (condition) {
    case Condition::kOk: return "";
    case Condition::kDiskFull: return "make room; the store goes on by itself";
    case Condition::kReadOnly: return "make the file system writable; the store goes on by itself";
    case Condition::kDamaged: return "nothing is written any more; stop, and see docs/state.md, Recovery";
    case Condition::kIo: return "the store tries again every second";
  }
  return "";
}

class SqliteStore final : public RegistrationStore {
 public:
  SqliteStore(const SqliteStoreConfig& config, StoreListener& listener, StateFolder folder)
      : config_(config),
        listener_(listener),
        folder_(std::move(folder)),
        queue_({config.shards, config.max_queued, config.max_queued_bytes}),
        tickets_(config.shards) {
    batch_.reserve(config.max_batch);
  }
  ~SqliteStore() override { close(); }

  [[nodiscard]] std::expected<void, OpenError> start();
  [[nodiscard]] std::expected<void, OpenError> open_seal();

  Result<void> save(ShardIndex shard, Ticket ticket, RecordKey key, ByteView record,
                    UnixTime expiry) override {
    if (!sealer_ || !is_secret(key.kind)) {
      return queue_.push(Verb::kSave, shard, ticket, key, record, expiry);
    }
    const auto sealed = sealer_->seal(shard, key, record);
    if (!sealed) return fail(sealed.error().code);
    return queue_.push(Verb::kSave, shard, ticket, key, *sealed, expiry);
  }
  Result<void> remove(ShardIndex shard, Ticket ticket, RecordKey key) override {
    return queue_.push(Verb::kRemove, shard, ticket, key, {}, {});
  }
  Result<void> touch(ShardIndex shard, RecordKey key, UnixTime expiry) override {
    return queue_.push(Verb::kTouch, shard, kNoTicket, key, {}, expiry);
  }
  Result<void> load(RecordKind kind, FunctionRef<void(const RecordView&)> visit) override;
  Result<void> flush() override;
  void close() override;
  Health health() const override { return health_.get(); }
  Counters counters() const override;

 private:
  // The writer's thread.
  void run();
  void process(Operation* list);
  void commit_batch();
  void settle_batch(Condition outcome);
  void report(Condition outcome);
  void gather() const;
  void write_behind(Clock::time_point now);
  [[nodiscard]] bool write_touches();
  [[nodiscard]] bool write_all_touches();
  void probe();
  void keep_log_short();
  void note_write(const SqlResult<void>& outcome);
  void note_checkpoint(const SqlResult<void>& outcome);
  void note(const SqlResult<void>& outcome);
  void publish_health();
  [[nodiscard]] SqlResult<void> write_batch();
  [[nodiscard]] Clock::time_point next_deadline() const noexcept;

  SqliteStoreConfig config_;
  StoreListener& listener_;
  StateFolder folder_;
  OperationQueue queue_;
  SharedHealth health_;
  std::shared_mutex closing_;  // shared by who reads

  std::unique_ptr<Sealer> sealer_;  ///< null: secrets are kept in clear
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<RecordTable> table_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::vector<Operation*> batch_;
  std::vector<std::vector<Ticket>> tickets_;
  PendingTouches touches_;
  Clock::time_point touch_deadline_ = Clock::time_point::max();
  Clock::time_point retry_deadline_ = Clock::time_point::max();
  Condition published_ = Condition::kOk;
  bool writable_ = true;    ///< the last write succeeded
  bool log_stuck_ = false;  ///< the last checkpoint did not
  std::size_t log_pages_ = 0;
  std::size_t last_batch_ = 0;     ///< writes in the last commit
  Clock::duration last_commit_{};  ///< what it took

  std::atomic<std::uint64_t> committed_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> touched_ = 0;
  std::atomic<std::uint64_t> commits_ = 0;
  std::thread writer_;
};

std::expected<void, OpenError> SqliteStore::start() {
  auto connection = open_state_file(folder_);
  if (!connection) return std::unexpected(std::move(connection).error());
  const auto unready = [&](const SqlError& error) {
    return std::unexpected(
        OpenError{Errc::kIo, "cannot use state file " + folder_.database().string() + ": " + error.text});
  };
  connection_ = std::make_unique<Connection>(std::move(*connection));
  const auto limit = std::to_string(2 * config_.checkpoint_bytes);
  if (auto set = connection_->execute("PRAGMA journal_size_limit = " + limit); !set)
    return unready(set.error());
  if (auto sealed = open_seal(); !sealed) return sealed;
  auto table = RecordTable::prepare(*connection_);
  if (!table) return unready(table.error());
  table_ = std::make_unique<RecordTable>(std::move(*table));
  auto beside = Connection::open(folder_.database(), Access::kWrite);
  if (!beside) return unready(beside.error());
  checkpointer_ = std::make_unique<Checkpointer>(std::move(*beside));
  sqlite3_wal_hook(
      connection_->handle(),
      [](void* pages, sqlite3*, const char*, int count) {
        *static_cast<std::size_t*>(pages) = static_cast<std::size_t>(count);
        return SQLITE_OK;
      },
      &log_pages_);
  writer_ = std::thread([this] { run(); });
  return {};
}

std::expected<void, OpenError> SqliteStore::open_seal() {
  const std::string file = folder_.database().string();
  if (config_.seal) {
    auto sealer = store::open_seal(*connection_, folder_, *config_.seal, config_.shards);
    if (!sealer) return std::unexpected(std::move(sealer).error());
    sealer_ = std::move(*sealer);
    return {};
  }
  const auto sealed = is_sealed(*connection_);
  if (!sealed) {
    return std::unexpected(
        OpenError{Errc::kIo, "cannot use state file " + file + ": " + sealed.error().text});
  }
  if (!*sealed) return {};
  return std::unexpected(
      OpenError{Errc::kUnauthorized, "the secrets in " + file + " need a key. Nothing was changed"});
}

Result<void> SqliteStore::load(RecordKind kind, FunctionRef<void(const RecordView&)> visit) {
  const auto unreadable = [this](const SqlError& error) {
    const Condition condition = condition_of(error);
    health_.set(condition,
                folder_.database().string() + ": cannot be read (" + error.text + "); " + advice(condition));
    queue_.wake();
    return fail(Errc::kIo);
  };
  const std::shared_lock lock(closing_);
  if (queue_.stopping()) return fail(Errc::kClosed);
  auto connection = Connection::open(folder_.database(), Access::kRead);
  if (!connection) return unreadable(connection.error());
  auto rows = connection->prepare("SELECT key, value, expiry FROM record WHERE kind = ?1");
  if (!rows) return unreadable(rows.error());
  rows->bind(1, static_cast<std::int64_t>(kind));
  while (true) {
    const auto row = rows->step();
    if (!row) return unreadable(row.error());
    if (!*row) return {};
    const RecordView stored{as_text(rows->bytes(0)), rows->bytes(1), UnixTime{rows->integer(2)}};
    if (!sealer_ || !is_secret(kind)) {
      visit(stored);
      continue;
    }
    const auto opened = sealer_->open({kind, stored.key}, stored.value);
    // What cannot be opened is shown as nothing, which no decoder takes: whoever loads counts it.
    visit({stored.key, opened ? ByteView(*opened) : ByteView{}, stored.expiry});
  }
}

Result<void> SqliteStore::flush() {
  std::promise<bool> flushed;
  auto reached = flushed.get_future();
  if (auto pushed = queue_.push_flush(flushed); !pushed) return pushed;
  if (!reached.get()) return fail(Errc::kIo);
  return {};
}

void SqliteStore::close() {
  const std::lock_guard lock(closing_);
  if (!writer_.joinable()) return;
  queue_.stop();
  writer_.join();
  checkpointer_.reset();
  // What is left in the log after a failure is read from there at the next start.
  if (health_.condition() == Condition::kOk)
    static_cast<void>(checkpoint(*connection_, CheckpointMode::kTruncate));
  table_.reset();
  connection_.reset();
  {
    const StateFolder released = std::move(folder_);
  }
}

Counters SqliteStore::counters() const {
  return {.committed = committed_.load(std::memory_order_relaxed),
          .refused = refused_.load(std::memory_order_relaxed),
          .touched = touched_.load(std::memory_order_relaxed),
          .commits = commits_.load(std::memory_order_relaxed),
          .queued = queue_.size()};
}

void SqliteStore::run() {
  while (true) {
    // While touches are due the loop does not sleep, but it takes what came between their parts.
    if (!touches_.due() || !writable_) queue_.wait(next_deadline());
    gather();
    const bool last = queue_.stopping();
    process(last ? queue_.seal() : queue_.take());
    if (last) {
      static_cast<void>(write_all_touches());
    } else {
      write_behind(Clock::now());
      keep_log_short();
    }
    publish_health();
    if (last) return;
  }
}

/// The answers of a large batch bring the next operations, but not all in one moment: without a pause
/// the first of them would have a commit, and its sync, for itself.
void SqliteStore::gather() const {
  if (queue_.stopping() || queue_.size() >= last_batch_ / 2) return;
  std::this_thread::sleep_for(std::min<Clock::duration>(last_commit_ / 8, kLongestGathering));
}

Clock::time_point SqliteStore::next_deadline() const noexcept {
  if (health_.condition() == Condition::kDamaged) return Clock::time_point::max();
  return writable_ ? std::min(touch_deadline_, retry_deadline_) : retry_deadline_;
}

void SqliteStore::write_behind(Clock::time_point now) {
  if (touches_.collecting() && touch_deadline_ == Clock::time_point::max())
    touch_deadline_ = now + config_.touch_interval;
  if (health_.condition() != Condition::kOk && retry_deadline_ == Clock::time_point::max())
    retry_deadline_ = now + kRetryInterval;
  const bool retry = now >= retry_deadline_;
  if (!writable_ && !retry) return;
  if (now >= touch_deadline_ && !touches_.due()) {
    touches_.end_interval();
    touch_deadline_ = Clock::time_point::max();
  }
  if (touches_.due()) static_cast<void>(write_touches());
  if (retry) probe();
}

void SqliteStore::process(Operation* list) {
  while (list != nullptr) {
    Operation* const operation = std::exchange(list, list->next);
    if (operation->verb == Verb::kFlush) {
      commit_batch();
      if (!writable_) probe();
      const bool written = write_all_touches() && writable_;
      publish_health();
      std::promise<bool>* const flushed = operation->flushed;
      queue_.release(operation);
      flushed->set_value(written);
      continue;
    }
    batch_.push_back(operation);
    if (batch_.size() >= config_.max_batch) commit_batch();
  }
  commit_batch();
}

void SqliteStore::commit_batch() {
  if (batch_.empty()) return;
  std::size_t writes = 0;
  for (const Operation* operation : batch_) writes += operation->writes() ? 1U : 0U;
  Condition outcome = health_.condition();
  if (writes > 0 && outcome != Condition::kDamaged) {
    const auto begin = Clock::now();
    const auto written = write_batch();
    if (!written) table_->rollback();
    last_commit_ = Clock::now() - begin;
    last_batch_ = writes;
    note_write(written);
    outcome = written ? Condition::kOk : condition_of(written.error());
  }
  if (writes > 0)
    (outcome == Condition::kOk ? committed_ : refused_).fetch_add(writes, std::memory_order_relaxed);
  settle_batch(outcome);
}

SqlResult<void> SqliteStore::write_batch() {
  if (auto begun = table_->begin(); !begun) return begun;
  for (const Operation* operation : batch_) {
    if (!operation->writes()) continue;
    if (auto written = table_->write(*operation); !written) return written;
  }
  return table_->commit();
}

/// Touches join those pending in their place among the writes: a write that is on disk overrides
/// the touches before it, a refused one leaves the previous record and its touches in force.
void SqliteStore::settle_batch(Condition outcome) {
  for (Operation* operation : batch_) {
    if (!operation->writes()) {
      touches_.add(operation->full_key(), operation->expiry);
    } else {
      if (outcome == Condition::kOk) touches_.drop(operation->full_key());
      if (operation->ticket != kNoTicket) tickets_[operation->shard].push_back(operation->ticket);
    }
    queue_.release(operation);
  }
  batch_.clear();
  report(outcome);
}

void SqliteStore::report(Condition outcome) {
  for (ShardIndex shard = 0; shard < tickets_.size(); ++shard) {
    if (tickets_[shard].empty()) continue;
    if (outcome == Condition::kOk) {
      listener_.on_committed(shard, tickets_[shard]);
    } else {
      listener_.on_refused(shard, tickets_[shard], outcome);
    }
    tickets_[shard].clear();
  }
}

bool SqliteStore::write_touches() {
  if (health_.condition() == Condition::kDamaged) return false;
  const auto written = touches_.write(*table_, config_.max_batch);
  if (written) touched_.fetch_add(*written, std::memory_order_relaxed);
  note_write(written ? SqlResult<void>() : std::unexpected(written.error()));
  return written.has_value();
}

bool SqliteStore::write_all_touches() {
  // Twice: those that were due already, then those collected since.
  for (int round = 0; round < 2; ++round) {
    if (!touches_.due()) touches_.end_interval();
    while (touches_.due()) {
      if (!write_touches()) return false;
    }
  }
  touch_deadline_ = Clock::time_point::max();
  return true;
}

void SqliteStore::probe() {
  if (health_.condition() == Condition::kDamaged) return;
  if (log_stuck_) note_checkpoint(checkpoint(*connection_, CheckpointMode::kPassive));
  note_write(table_->probe());
}

void SqliteStore::note_write(const SqlResult<void>& outcome) {
  writable_ = outcome.has_value();
  if (writable_) commits_.fetch_add(1, std::memory_order_relaxed);
  note(outcome);
}

/// A checkpoint that fails loses nothing and refuses nothing, but the log grows: it is told.
void SqliteStore::note_checkpoint(const SqlResult<void>& outcome) {
  log_stuck_ = !outcome.has_value();
  note(outcome);
}

void SqliteStore::note(const SqlResult<void>& outcome) {
  if (outcome) {
    if (!writable_ || log_stuck_) return;
    retry_deadline_ = Clock::time_point::max();
    health_.set(Condition::kOk, {});
    return;
  }
  const SqlError& error = outcome.error();
  const Condition condition = condition_of(error);
  retry_deadline_ = Clock::now() + kRetryInterval;
  std::string detail = folder_.database().string() + ": " + to_string(condition) + " (" + error.text;
  if (error.system_error != 0) detail += ", " + std::generic_category().message(error.system_error);
  health_.set(condition, detail + "); " + advice(condition));
}

void SqliteStore::publish_health() {
  const Health health = health_.get();
  if (health.condition == published_) return;
  published_ = health.condition;
  listener_.on_health(health);
}

void SqliteStore::keep_log_short() {
  if (!writable_ || log_stuck_ || health_.condition() == Condition::kDamaged) return;
  if (checkpointer_->take_finished()) {
    note_checkpoint(checkpoint(*connection_, CheckpointMode::kPassive));
    log_pages_ = 0;
  } else if (log_pages_ * kPageSize >= config_.checkpoint_bytes) {
    checkpointer_->start();
  }
}

}  // namespace

OpenResult open_sqlite_store(const SqliteStoreConfig& config, StoreListener& listener) {
  auto folder = StateFolder::open(config.folder);
  if (!folder) return std::unexpected(std::move(folder).error());
  auto store = std::make_unique<SqliteStore>(config, listener, std::move(*folder));
  if (auto started = store->start(); !started) return std::unexpected(std::move(started).error());
  return store;
}

}  // namespace linnet::store

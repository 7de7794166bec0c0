// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/checkpointer.hpp"

#include <sqlite3.h>

#include <utility>

namespace linnet::store {

SqlResult<void> checkpoint(Connection& connection, CheckpointMode mode) {
  const int how = mode == CheckpointMode::kPassive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  sqlite3* const handle = connection.handle();
  // Busy: someone reads or checkpoints from outside; the next time will do.
  const int code = sqlite3_wal_checkpoint_v2(handle, "main", how, nullptr, nullptr) & 0xff;
  if (code != SQLITE_OK && code != SQLITE_BUSY) return std::unexpected(last_error(connection));
  return {};
}

Checkpointer::Checkpointer(Connection connection)
    : connection_(std::move(connection)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::start() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  changed_.notify_one();
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    lock.unlock();
    // A failure is not lost: the log keeps everything, and the writer meets the same disk.
    static_cast<void>(checkpoint(connection_, CheckpointMode::kPassive));
    finished_.store(true, std::memory_order_release);
    lock.lock();
    wanted_ = false;
  }
}

}  // namespace linnet::store

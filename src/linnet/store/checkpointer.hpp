// SPDX-License-Identifier: Apache-2.0
// Moves the write-ahead log into the database beside the commits, on a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "linnet/store/sqlite_connection.hpp"

namespace linnet::store {

/// Copies what is in the log and syncs the file while the writer goes on committing. What was
/// committed meanwhile is left to the writer, in `finish`: a moment's work, after which SQLite
/// begins the log anew, so that it stays bounded under a load that never pauses.
class Checkpointer {
 public:
  explicit Checkpointer(Connection connection);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  ~Checkpointer();

  /// Writer: starts a checkpoint unless one is under way.
  void start();
  /// Writer: true once after each checkpoint that ended.
  [[nodiscard]] bool take_finished() noexcept { return finished_.exchange(false, std::memory_order_acq_rel); }

 private:
  void run();

  Connection connection_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

enum class CheckpointMode : std::uint8_t {
  kPassive,   ///< waits for nobody
  kTruncate,  ///< waits for readers and leaves an empty log
};

[[nodiscard]] SqlResult<void> checkpoint(Connection& connection, CheckpointMode mode);

}  // namespace linnet::store

// SPDX-License-Identifier: Apache-2.0
// The store of a single node: an SQLite file in the state folder, written by one thread in group
// commits (docs/state.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "linnet/store/registration_store.hpp"
#include "linnet/store/state_seal.hpp"

namespace linnet::store {

struct SqliteStoreConfig {
  std::filesystem::path folder;  ///< made with mode 0700 when it is not there, parents too
  ShardIndex shards = 1;
  std::size_t max_queued = 65'536;           ///< operations under way, all shards together
  std::size_t max_queued_bytes = 64U << 20;  ///< keys and records of those
  std::size_t max_batch = 4'096;             ///< operations of one transaction
  Millis touch_interval{500};                ///< at most half of kWrittenBehind, so that writing has the rest
  std::size_t checkpoint_bytes = 32U << 20;  ///< size of the write-ahead log that starts a checkpoint
  std::optional<SealConfig> seal{};          ///< absent: secrets are kept in clear
};

/// Opens the state folder for this process alone and starts the writer. A file that is damaged,
/// foreign, of a newer version or under another key is left as it is and reported. `listener` must outlive
/// the store.
[[nodiscard]] OpenResult open_sqlite_store(const SqliteStoreConfig& config, StoreListener& listener);

}  // namespace linnet::store

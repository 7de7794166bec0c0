// SPDX-License-Identifier: Apache-2.0
// The store of `linnetd --memory`: every operation is answered at once and nothing outlives the process.
#pragma once

#include <memory>

#include "linnet/store/registration_store.hpp"

namespace linnet::store {

/// What a store in memory keeps. A server needs nothing kept, its own tables are the authority;
/// a test that restarts an engine within one process needs the records.
enum class Retention : std::uint8_t { kNothing, kRecords };

struct MemoryStoreConfig {
  ShardIndex shards = 1;
  Retention retention = Retention::kNothing;
};

/// `listener` must outlive the store; it is called from inside `save` and `remove`.
[[nodiscard]] std::unique_ptr<RegistrationStore> make_memory_store(const MemoryStoreConfig& config,
                                                                   StoreListener& listener);

}  // namespace linnet::store

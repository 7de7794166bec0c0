// SPDX-License-Identifier: Apache-2.0
// The database file: made in one piece, checked before it is used, brought up to this version.
#pragma once

#include <cstdint>
#include <expected>

#include "linnet/store/sqlite_connection.hpp"
#include "linnet/store/state_folder.hpp"

namespace linnet::store {

/// "LnSt" in the header of the file (PRAGMA application_id).
inline constexpr std::int64_t kApplicationId = 0x4C6E5374;
/// What this version writes (PRAGMA user_version).
inline constexpr std::int64_t kSchemaVersion = 1;

/// The connection that writes: durable at every commit, in WAL mode, without automatic checkpoints.
/// A file that is not linnet's, fails SQLite's quick check or has a newer schema is not written to.
[[nodiscard]] std::expected<Connection, OpenError> open_state_file(const StateFolder& folder);

}  // namespace linnet::store

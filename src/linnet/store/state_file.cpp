// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/state_file.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

namespace linnet::store {
namespace {

namespace fs = std::filesystem;

/// kMigrations[n] brings schema n to n + 1; a new file runs them all.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {
    "CREATE TABLE record ("
    "  kind INTEGER NOT NULL,"
    "  key BLOB NOT NULL,"
    "  expiry INTEGER NOT NULL,"
    "  value BLOB NOT NULL,"
    "  PRIMARY KEY (kind, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE probe (id INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;"
    "INSERT INTO probe VALUES (0, 0);",
};

// FULL, not NORMAL: in WAL mode NORMAL does not sync at commit, so a power cut would take back
// registrations that were answered. Group commit shares the cost of the sync.
constexpr const char* kSettings =
    "PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -16384;"
    "PRAGMA temp_store = MEMORY;";

OpenError damaged(const fs::path& file, const std::string& reason) {
  return {Errc::kMalformed,
          "state file " + file.string() + " is damaged or not linnet's (" + reason +
              "). It was not changed: move it aside together with its -wal file to start empty, "
              "or put a backup in its place (docs/state.md)"};
}

OpenError open_error(const fs::path& file, const SqlError& error) {
  if (condition_of(error) == Condition::kDamaged) return damaged(file, error.text);
  std::string message = "cannot open state file " + file.string() + ": " + error.text;
  if (error.system_error != 0) message += " (" + std::generic_category().message(error.system_error) + ")";
  return {Errc::kIo, std::move(message)};
}

fs::path beside(const fs::path& file, const char* suffix) {
  return fs::path(file.string() + suffix);
}

SqlResult<void> migrate(Connection& connection, std::int64_t from) {
  std::string sql = "BEGIN IMMEDIATE;";
  for (auto version = from; version < kSchemaVersion; ++version)
    sql += kMigrations[static_cast<std::size_t>(version)];
  sql += "PRAGMA application_id = " + std::to_string(kApplicationId) + ";";
  sql += "PRAGMA user_version = " + std::to_string(kSchemaVersion) + "; COMMIT;";
  return connection.execute(sql);
}

SqlResult<void> write_new_file(const fs::path& file) {
  auto connection = Connection::open(file, Access::kCreate);
  if (!connection) return std::unexpected(std::move(connection).error());
  if (auto set = connection->execute("PRAGMA page_size = 4096; PRAGMA synchronous = FULL;"); !set) return set;
  if (auto migrated = migrate(*connection, 0); !migrated) return migrated;
  // The mode is kept in the file. Nothing is in the log yet, so closing may drop it.
  return connection->execute("PRAGMA journal_mode = WAL;");
}

/// A file is written under another name and renamed when it is whole, so that an empty or half
/// file under the real name is always damage.
std::expected<void, OpenError> create(const StateFolder& folder) {
  const fs::path file = folder.database();
  const fs::path fresh = beside(file, ".new");
  std::error_code error;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(beside(fresh, suffix), error);
  if (auto written = write_new_file(fresh); !written)
    return std::unexpected(open_error(fresh, written.error()));
  fs::rename(fresh, file, error);
  if (error || !folder.sync()) {
    return std::unexpected(OpenError{
        Errc::kIo, "cannot make state file " + file.string() + ": " +
                       (error ? error : std::error_code(errno, std::generic_category())).message()});
  }
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(beside(fresh, suffix), error);
  return {};
}

/// Reads only. True when the schema is this version's, false when it is older.
std::expected<bool, OpenError> check(Connection& connection, const fs::path& file) {
  const auto id = connection.integer("PRAGMA application_id");
  if (!id) return std::unexpected(open_error(file, id.error()));
  if (*id != kApplicationId) return std::unexpected(damaged(file, "another program's application id"));
  const auto version = connection.integer("PRAGMA user_version");
  if (!version) return std::unexpected(open_error(file, version.error()));
  if (*version > kSchemaVersion) {
    return std::unexpected(OpenError{
        Errc::kUnsupported, "state file " + file.string() + " has schema " + std::to_string(*version) +
                                ", this linnetd knows up to " + std::to_string(kSchemaVersion) +
                                ". It was not changed: start the newer version"});
  }
  if (*version < 1) return std::unexpected(damaged(file, "no schema version"));
  const auto verdict = connection.text("PRAGMA quick_check(1)");
  if (!verdict) return std::unexpected(open_error(file, verdict.error()));
  if (*verdict != "ok") return std::unexpected(damaged(file, *verdict));
  if (connection.read_only())
    return std::unexpected(OpenError{Errc::kIo, "state file " + file.string() + " is read-only"});
  return *version == kSchemaVersion;
}

}  // namespace

std::expected<Connection, OpenError> open_state_file(const StateFolder& folder) {
  const fs::path file = folder.database();
  std::error_code error;
  if (!fs::exists(file, error)) {
    if (fs::exists(beside(file, "-wal"), error))
      return std::unexpected(damaged(file, "it is gone, but its -wal file is there"));
    if (auto created = create(folder); !created) return std::unexpected(std::move(created).error());
  }
  if (fs::file_size(file, error) == 0 && !error) return std::unexpected(damaged(file, "it is empty"));

  auto connection = Connection::open(file, Access::kWrite);
  if (!connection) return std::unexpected(open_error(file, connection.error()));
  const auto current = check(*connection, file);
  if (!current) return std::unexpected(current.error());
  auto ready = connection->execute(kSettings);
  if (ready && !*current) {
    const auto version = connection->integer("PRAGMA user_version");
    ready = version ? migrate(*connection, *version) : std::unexpected(version.error());
  }
  if (!ready) return std::unexpected(open_error(file, ready.error()));
  const auto mode = connection->text("PRAGMA journal_mode = WAL");
  if (!mode) return std::unexpected(open_error(file, mode.error()));
  if (*mode != "wal")
    return std::unexpected(
        OpenError{Errc::kIo, "state file " + file.string() + " cannot use a write-ahead log"});
  return std::move(*connection);
}

}  // namespace linnet::store

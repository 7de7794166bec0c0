// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/sqlite_connection.hpp"

#include <sqlite3.h>

#include <cerrno>

namespace linnet::store {
namespace {

// Only a person with the sqlite3 program competes for the file: wait for them, but not for long.
constexpr int kBusyMilliseconds = 2000;

/// The errno of the last failed call. A statement that fails inside a write does not leave it with
/// the connection: the log's file, then the database's, still knows.
int system_error_of(sqlite3* handle) {
  int error = sqlite3_system_errno(handle);
  if (error != 0 || (sqlite3_errcode(handle) & 0xff) != SQLITE_IOERR) return error;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log != nullptr && log->pMethods != nullptr)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
  if (error == 0) sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
  return error;
}

SqlError error_of(sqlite3* handle) {
  return {sqlite3_extended_errcode(handle), system_error_of(handle), sqlite3_errmsg(handle)};
}

int flags_of(Access access) noexcept {
  switch (access) {
    case Access::kRead: return SQLITE_OPEN_READONLY;
    case Access::kWrite: return SQLITE_OPEN_READWRITE;
    case Access::kCreate: return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

SqlError last_error(const Connection& connection) {
  return error_of(connection.handle());
}

Condition condition_of(const SqlError& error) noexcept {
  switch (error.code & 0xff) {
    case SQLITE_OK: return Condition::kOk;
    case SQLITE_FULL: return Condition::kDiskFull;
    case SQLITE_READONLY: return Condition::kReadOnly;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Condition::kDamaged;
    default: break;
  }
  if (error.code == SQLITE_IOERR_CORRUPTFS) return Condition::kDamaged;
  switch (error.system_error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return Condition::kDiskFull;
    case EROFS:
    case EACCES:
    case EPERM: return Condition::kReadOnly;
    default: return Condition::kIo;
  }
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

void Statement::bind(int index, std::int64_t value) noexcept {
  sqlite3_bind_int64(statement_.get(), index, value);
}

void Statement::bind(int index, ByteView bytes) noexcept {
  // SQLite takes a null pointer for NULL, which is not an empty value.
  const void* data = bytes.data() != nullptr ? static_cast<const void*>(bytes.data()) : "";
  sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC);
}

SqlResult<bool> Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: return std::unexpected(error_of(sqlite3_db_handle(statement_.get())));
  }
}

SqlResult<void> Statement::run() {
  auto row = step();
  reset();
  if (!row) return std::unexpected(std::move(row).error());
  return {};
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const noexcept {
  return sqlite3_column_int64(statement_.get(), column);
}

ByteView Statement::bytes(int column) const noexcept {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Connection::Close::operator()(sqlite3* handle) const noexcept {
  sqlite3_close_v2(handle);
}

SqlResult<Connection> Connection::open(const std::filesystem::path& file, Access access) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags_of(access) | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(handle);
  if (handle == nullptr) return std::unexpected(SqlError{SQLITE_NOMEM, 0, "out of memory"});
  if (code != SQLITE_OK) return std::unexpected(error_of(handle));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_autocheckpoint(handle, 0);
  return connection;
}

SqlResult<void> Connection::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error_of(handle_.get()));
  return {};
}

SqlResult<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK)
    return std::unexpected(error_of(handle_.get()));
  return Statement(statement);
}

SqlResult<std::int64_t> Connection::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  auto row = statement->step();
  if (!row) return std::unexpected(std::move(row).error());
  return statement->integer(0);
}

SqlResult<std::string> Connection::text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  auto row = statement->step();
  if (!row) return std::unexpected(std::move(row).error());
  return std::string(as_text(statement->bytes(0)));
}

std::int64_t Connection::changes() const noexcept {
  return sqlite3_changes64(handle_.get());
}

bool Connection::in_transaction() const noexcept {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

bool Connection::read_only() const noexcept {
  return sqlite3_db_readonly(handle_.get(), "main") == 1;
}

}  // namespace linnet::store

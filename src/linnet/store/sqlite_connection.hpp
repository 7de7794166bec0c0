// SPDX-License-Identifier: Apache-2.0
// SQLite's connection and statement as owned values, and its errors as conditions of the store.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/store/registration_store.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace linnet::store {

struct SqlError {
  int code;          ///< SQLite's extended result code
  int system_error;  ///< errno of the call that failed, 0 when there is none
  std::string text;
};

template <typename T>
using SqlResult = std::expected<T, SqlError>;

/// What an error says about the file and its disk.
[[nodiscard]] Condition condition_of(const SqlError& error) noexcept;

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) noexcept : statement_(statement) {}

  /// Parameters count from 1. Bytes are not copied: they must live until `reset`.
  void bind(int index, std::int64_t value) noexcept;
  void bind(int index, ByteView bytes) noexcept;
  /// True while there is a row, false at the end.
  [[nodiscard]] SqlResult<bool> step();
  /// Runs a statement without rows and resets it.
  [[nodiscard]] SqlResult<void> run();
  void reset() noexcept;

  /// Columns of the row count from 0; bytes are valid until the next step.
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] ByteView bytes(int column) const noexcept;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class Access : std::uint8_t { kRead, kWrite, kCreate };

/// A connection for one thread at a time. It never checkpoints by itself, also not when it closes:
/// a file that turned out to be damaged is left as it was.
class Connection {
 public:
  [[nodiscard]] static SqlResult<Connection> open(const std::filesystem::path& file, Access access);

  [[nodiscard]] SqlResult<void> execute(const std::string& sql);
  [[nodiscard]] SqlResult<Statement> prepare(std::string_view sql);
  /// The first column of the first row.
  [[nodiscard]] SqlResult<std::int64_t> integer(std::string_view sql);
  [[nodiscard]] SqlResult<std::string> text(std::string_view sql);
  /// Rows that the last statement changed.
  [[nodiscard]] std::int64_t changes() const noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;
  [[nodiscard]] bool read_only() const noexcept;
  [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  explicit Connection(sqlite3* handle) noexcept : handle_(handle) {}

  std::unique_ptr<sqlite3, Close> handle_;
};

/// Of a call that was made on the handle itself.
[[nodiscard]] SqlError last_error(const Connection& connection);

}  // namespace linnet::store

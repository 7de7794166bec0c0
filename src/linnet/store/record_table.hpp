// SPDX-License-Identifier: Apache-2.0
// The table of records as prepared statements; one transaction at a time.
#pragma once

#include <string_view>

#include "linnet/store/operation_queue.hpp"
#include "linnet/store/sqlite_connection.hpp"

namespace linnet::store {

class RecordTable {
 public:
  /// `connection` must outlive the table.
  [[nodiscard]] static SqlResult<RecordTable> prepare(Connection& connection);

  [[nodiscard]] SqlResult<void> begin() { return begin_.run(); }
  /// Carries out a save or a removal.
  [[nodiscard]] SqlResult<void> write(const Operation& operation);
  /// True when the record was there.
  [[nodiscard]] SqlResult<bool> touch(std::string_view full_key, UnixTime expiry);
  /// Changes a row that means nothing, to find out whether the disk takes writes again.
  [[nodiscard]] SqlResult<void> probe() { return probe_.run(); }
  [[nodiscard]] SqlResult<void> commit() { return commit_.run(); }
  /// Ends a transaction that failed, if SQLite has not done so itself.
  void rollback();

 private:
  explicit RecordTable(Connection& connection) noexcept : connection_(&connection) {}

  Connection* connection_;
  Statement begin_;
  Statement commit_;
  Statement rollback_;
  Statement save_;
  Statement remove_;
  Statement touch_;
  Statement probe_;
};

}  // namespace linnet::store

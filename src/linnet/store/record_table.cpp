// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/record_table.hpp"

#include <utility>

namespace linnet::store {

SqlResult<RecordTable> RecordTable::prepare(Connection& connection) {
  RecordTable table(connection);
  const std::pair<Statement*, std::string_view> statements[] = {
      {&table.begin_, "BEGIN IMMEDIATE"},
      {&table.commit_, "COMMIT"},
      {&table.rollback_, "ROLLBACK"},
      {&table.save_,
       "INSERT INTO record (kind, key, expiry, value) VALUES (?1, ?2, ?3, ?4) "
       "ON CONFLICT (kind, key) DO UPDATE SET expiry = excluded.expiry, value = excluded.value"},
      {&table.remove_, "DELETE FROM record WHERE kind = ?1 AND key = ?2"},
      {&table.touch_, "UPDATE record SET expiry = ?3 WHERE kind = ?1 AND key = ?2"},
      {&table.probe_, "UPDATE probe SET count = count + 1 WHERE id = 0"},
  };
  for (const auto& [place, sql] : statements) {
    auto statement = connection.prepare(sql);
    if (!statement) return std::unexpected(std::move(statement).error());
    *place = std::move(*statement);
  }
  return table;
}

SqlResult<void> RecordTable::write(const Operation& operation) {
  Statement& statement = operation.verb == Verb::kSave ? save_ : remove_;
  statement.bind(1, static_cast<std::int64_t>(operation.kind()));
  statement.bind(2, operation.key());
  if (operation.verb == Verb::kSave) {
    statement.bind(3, operation.expiry.seconds);
    statement.bind(4, operation.record());
  }
  return statement.run();
}

SqlResult<bool> RecordTable::touch(std::string_view full_key, UnixTime expiry) {
  touch_.bind(1, static_cast<std::int64_t>(static_cast<std::uint8_t>(full_key.front())));
  touch_.bind(2, as_bytes(full_key.substr(1)));
  touch_.bind(3, expiry.seconds);
  if (auto done = touch_.run(); !done) return std::unexpected(std::move(done).error());
  return connection_->changes() > 0;
}

void RecordTable::rollback() {
  if (!connection_->in_transaction()) return;
  // It cannot fail in a way that leaves more to do: the transaction is gone either way.
  static_cast<void>(rollback_.run());
}

}  // namespace linnet::store

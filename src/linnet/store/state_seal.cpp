// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/state_seal.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "linnet/store/seal_key.hpp"

namespace linnet::store {

namespace {

using SealerResult = std::expected<std::unique_ptr<Sealer>, OpenError>;
using SealRow = std::optional<std::vector<std::uint8_t>>;

// What the one record of the seal says, once it is opened: which kinds of records are under the key.
constexpr std::string_view kSealText = "linnet 2";
constexpr std::string_view kOldSealText = "linnet";  // all but operations
const RecordKey kSealKey{RecordKind::kSeal, ""};

std::unexpected<OpenError> unusable(const StateFolder& folder, const std::string& why) {
  return std::unexpected(
      OpenError{Errc::kIo, "cannot use state file " + folder.database().string() + ": " + why});
}

SqlResult<SealRow> read_seal(Connection& connection) {
  auto rows = connection.prepare("SELECT value FROM record WHERE kind = ?1");
  if (!rows) return std::unexpected(std::move(rows).error());
  rows->bind(1, static_cast<std::int64_t>(RecordKind::kSeal));
  const auto row = rows->step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return SealRow();
  const ByteView value = rows->bytes(0);
  return SealRow(std::in_place, value.begin(), value.end());
}

enum class Opened : std::uint8_t { kNot, kOld, kWhole };

Opened opened_by(Sealer& sealer, const SealRow& seal) {
  const auto text = sealer.open(kSealKey, *seal);
  if (!text) return Opened::kNot;
  if (as_text(*text) == kSealText) return Opened::kWhole;
  return as_text(*text) == kOldSealText ? Opened::kOld : Opened::kNot;
}

SealerResult sealer_of(const std::expected<server::SecretBytes, OpenError>& key, ShardIndex shards) {
  if (!key) return std::unexpected(key.error());
  auto sealer = Sealer::make(*key, shards);
  if (!sealer) return std::unexpected(OpenError{Errc::kIo, "the secrets' cipher cannot be used"});
  return sealer;
}

/// Brings every secret under `to`, from `from` or, where that is null, from clear. Where the seal is an old
/// one, operations are in clear whatever the others are.
class Changeover {
 public:
  Changeover(Connection& connection, Sealer* from, Sealer& to, Opened seal) noexcept
      : connection_(connection), from_(from), to_(to), seal_(seal) {}

  /// In one transaction. The records that were in clear.
  SqlResult<std::size_t> run() {
    if (auto begun = connection_.execute("BEGIN IMMEDIATE"); !begun) return std::unexpected(begun.error());
    std::size_t changed = 0;
    for (const RecordKind kind : kSecretKinds) {
      const bool clear = from_ == nullptr || (kind == RecordKind::kOperation && seal_ == Opened::kOld);
      if (clear || from_ != &to_) {
        const auto done = change_all(kind, clear ? nullptr : from_);
        if (!done) return undo(done.error());
        if (clear) changed += *done;
      }
    }
    if (auto written = write(kSealKey, as_bytes(kSealText)); !written) return undo(written.error());
    if (auto ended = connection_.execute("COMMIT"); !ended) return undo(ended.error());
    return changed;
  }

 private:
  std::unexpected<SqlError> undo(SqlError error) {
    // What cannot be undone here is undone by whoever opens the file next.
    [[maybe_unused]] const auto undone = connection_.execute("ROLLBACK");
    return std::unexpected(std::move(error));
  }

  SqlResult<std::size_t> change_all(RecordKind kind, Sealer* from) {
    auto rows = connection_.prepare("SELECT key FROM record WHERE kind = ?1");
    if (!rows) return std::unexpected(std::move(rows).error());
    rows->bind(1, static_cast<std::int64_t>(kind));
    std::vector<std::string> keys;
    while (true) {
      const auto row = rows->step();
      if (!row) return std::unexpected(row.error());
      if (!*row) break;
      keys.emplace_back(as_text(rows->bytes(0)));
    }
    for (const std::string& key : keys) {
      if (auto done = change({kind, key}, from); !done) return std::unexpected(done.error());
    }
    return keys.size();
  }

  SqlResult<void> change(RecordKey key, Sealer* from) {
    auto rows = connection_.prepare("SELECT value FROM record WHERE kind = ?1 AND key = ?2");
    if (!rows) return std::unexpected(std::move(rows).error());
    rows->bind(1, static_cast<std::int64_t>(key.kind));
    rows->bind(2, as_bytes(key.name));
    const auto row = rows->step();
    if (!row) return std::unexpected(row.error());
    const ByteView before = rows->bytes(0);
    if (from == nullptr) return write(key, before);
    const auto plain = from->open(key, before);
    // What nobody could read before stays as it is, and unreadable.
    return plain ? write(key, *plain) : SqlResult<void>();
  }

  SqlResult<void> write(RecordKey key, ByteView plain) {
    const auto sealed = to_.seal(0, key, plain);
    if (!sealed) return std::unexpected(SqlError{0, 0, "the cipher refused"});
    auto statement = connection_.prepare(
        "INSERT INTO record (kind, key, expiry, value) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value");
    if (!statement) return std::unexpected(std::move(statement).error());
    statement->bind(1, static_cast<std::int64_t>(key.kind));
    statement->bind(2, as_bytes(key.name));
    statement->bind(3, kKeptForGood.seconds);
    statement->bind(4, *sealed);
    return statement->run();
  }

  Connection& connection_;
  Sealer* from_;
  Sealer& to_;
  Opened seal_;
};

/// Leaves no copy of what was in clear, in free pages or in the log.
SqlResult<void> scrub(Connection& connection) {
  if (auto done = connection.execute("VACUUM"); !done) return done;
  return connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::unexpected<OpenError> wrong_key(const StateFolder& folder, const SealConfig& config) {
  const std::string own = config.wrapper ? "the token" : (folder.path() / kOwnSealKey).string();
  const std::string named = config.key.empty() ? own : config.key;
  return std::unexpected(OpenError{
      Errc::kUnauthorized, "the secrets in " + folder.database().string() + " are not under the key of " +
                               named +
                               ". Nothing was changed: give the key that they are under, and to change over "
                               "to another one both (docs/state.md, Secrets)"});
}

}  // namespace

SqlResult<bool> is_sealed(Connection& connection) {
  const auto seal = read_seal(connection);
  if (!seal) return std::unexpected(seal.error());
  return seal->has_value();
}

SealerResult open_seal(Connection& connection, const StateFolder& folder, const SealConfig& config,
                       ShardIndex shards) {
  const auto seal = read_seal(connection);
  if (!seal) return unusable(folder, seal.error().text);
  const auto key = [&, may_make = !*seal || config.changes_over()] {
    if (config.wrapper) return wrapped_seal_key(folder, *config.wrapper, may_make);
    return config.key.empty() ? own_seal_key(folder, may_make) : read_seal_key(config.key);
  };
  auto sealer = sealer_of(key(), shards);
  if (!sealer) return sealer;
  Opened state = *seal ? opened_by(**sealer, *seal) : Opened::kNot;
  if (state == Opened::kWhole) return sealer;

  std::unique_ptr<Sealer> former;
  if (*seal && state == Opened::kNot) {
    if (!config.changes_over()) return wrong_key(folder, config);
    auto opened = sealer_of(config.former_wrapper ? wrapped_seal_key(folder, *config.former_wrapper, false)
                                                  : read_seal_key(config.former),
                            1);
    if (!opened) return opened;
    state = opened_by(**opened, *seal);
    if (state == Opened::kNot) return wrong_key(folder, config);
    former = std::move(*opened);
  }
  Sealer* const from = former ? former.get() : state == Opened::kOld ? sealer->get() : nullptr;
  const auto changed = Changeover(connection, from, **sealer, state).run();
  if (!changed) return unusable(folder, changed.error().text);
  if (*changed != 0) {
    if (const auto scrubbed = scrub(connection); !scrubbed) return unusable(folder, scrubbed.error().text);
  }
  return sealer;
}

}  // namespace linnet::store

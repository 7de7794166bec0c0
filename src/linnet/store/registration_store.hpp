// SPDX-License-Identifier: Apache-2.0
// What outlives a restart: one interface over memory, SQLite and what comes, with group commit.
// The file format and the guarantees are in docs/state.md.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/base/result.hpp"
#include "linnet/base/time.hpp"

namespace linnet::store {

/// What a record is. The numbers are on disk: they are never given to anything else.
enum class RecordKind : std::uint8_t {
  kRegistration = 1,  ///< key: endpoint name; value: as server::encode_registration writes it
  kObservation = 2,   ///< key: shard, 1 byte, and id, 7 bytes; value: as server::encode_observation writes it
  kOperation = 3,     ///< key: endpoint name, then its id, 8 bytes; value: server::QueuedChange::record
  kBootstrapConfiguration = 4,  ///< key: its name; value: as server/bootstrap_record.hpp says
  kBootstrapResult = 5,         ///< key: endpoint name; value: as server/bootstrap_record.hpp says
  kCredential = 6,              ///< key and value: as server/credential_record.hpp says
  kAssociation =
      8,      ///< key: as server::LinkDirectory::address; value: shard, 1 byte, and tls::encode_association
  kSeal = 7,  ///< the store's own (store/state_seal.hpp)
  kSecurityContext = 9,  ///< key and value: as server/context_record.hpp says
  kTicketSeed = 10,      ///< key: empty; value: as net/ticket_seed.hpp says
  kStart = 11,           ///< key: empty; value: as net/start_number.hpp says
};

/// Names one record. An endpoint name alone names its registration. The bytes stay the caller's.
struct RecordKey {
  template <std::convertible_to<std::string_view> Name>
  RecordKey(const Name& endpoint) noexcept  // NOLINT(google-explicit-constructor)
      : name(endpoint) {}
  RecordKey(RecordKind of, std::string_view key) noexcept : kind(of), name(key) {}

  RecordKind kind = RecordKind::kRegistration;
  std::string_view name;
};

inline constexpr std::size_t kMaxKeySize = 1024;
inline constexpr std::size_t kMaxRecordSize = 1U << 20;  ///< of one that is sealed, Sealer::kOverhead less
/// The expiry of what does not end by itself.
inline constexpr UnixTime kKeptForGood{std::numeric_limits<std::int64_t>::max()};

/// One shard, or any other thread that hands operations over; 0 up to the store's `shards`.
using ShardIndex = std::uint32_t;

/// The caller's own name of an operation, given back when the operation is done.
using Ticket = std::uint64_t;
/// An operation whose end nobody waits for: it is carried out, but not reported.
inline constexpr Ticket kNoTicket = 0;

/// How the store is, and why it refuses.
enum class Condition : std::uint8_t {
  kOk,
  kDiskFull,  ///< no space, a quota or a file size limit
  kReadOnly,  ///< the file or its file system does not take writes
  kDamaged,   ///< the file is not what it was written as; nothing is written to it any more
  kIo,        ///< the operating system refused in another way
};

/// A short English phrase, never null.
[[nodiscard]] const char* to_string(Condition condition) noexcept;

struct Health {
  Condition condition = Condition::kOk;
  std::string detail;  ///< for people: the file, the reason and what to do; empty while all is well
};

/// Numbers since the store was opened, for metrics.
struct Counters {
  std::uint64_t committed = 0;  ///< saves and removals on disk
  std::uint64_t refused = 0;    ///< saves and removals that were answered with on_refused
  std::uint64_t touched = 0;    ///< lifetimes written behind; those coalesced count once
  std::uint64_t commits = 0;    ///< transactions
  std::uint64_t queued = 0;     ///< operations under way just now
};

/// Told what became of operations. Calls come from the store's own thread, one at a time, or (a
/// store in memory) from inside `save` and `remove` on the caller's thread. They must be short, must
/// not throw and must not call the store: post to the shard's queue and return. The tickets are
/// valid during the call, in the order the shard handed them over.
class StoreListener {
 public:
  virtual ~StoreListener() = default;

  /// These operations are on disk: neither kill -9 nor a power cut takes them back.
  virtual void on_committed(ShardIndex shard, std::span<const Ticket> tickets) = 0;
  /// These are not, and are not tried again (answer 5.03). After a failed write the previous
  /// record of the key stays in force.
  virtual void on_refused(ShardIndex shard, std::span<const Ticket> tickets, Condition reason) = 0;
  /// The condition changed: worth a line in the log.
  virtual void on_health(const Health& health) = 0;
};

/// One record as `load` shows it; the bytes are valid during the visit.
struct RecordView {
  std::string_view key;
  ByteView value;
  UnixTime expiry;
};

/// A durable map from keys to opaque, versioned records with an expiry.
///
/// Threads: any number of shards at once, but calls that name one shard come from one thread at a
/// time; `load`, `flush`, `health` and `counters` from any thread. Operations on one key take effect
/// in the order they were handed over, also from different shards when one happened before the other.
///
/// `save`, `remove` and `touch` copy what they are given, take no lock and never wait. They fail with
/// - kBusy: too many operations under way (answer 5.03); nothing was taken over, no ticket will come,
/// - kTooLarge: key above kMaxKeySize or record above kMaxRecordSize,
/// - kInvalidArgument: no such shard,
/// - kClosed: after close().
class RegistrationStore {
 public:
  virtual ~RegistrationStore() = default;

  /// Writes or replaces a record. Its end is reported with `ticket`.
  [[nodiscard]] virtual Result<void> save(ShardIndex shard, Ticket ticket, RecordKey key, ByteView record,
                                          UnixTime expiry) = 0;
  /// Removes a record; that there was none is no error. Its end is reported with `ticket`.
  [[nodiscard]] virtual Result<void> remove(ShardIndex shard, Ticket ticket, RecordKey key) = 0;
  /// A new expiry for a record that is there, written behind within a second: a restart after a
  /// crash may see the old one, which server::Engine::restore reckons with.
  [[nodiscard]] virtual Result<void> touch(ShardIndex shard, RecordKey key, UnixTime expiry) = 0;

  /// Visits every record of a kind that is on disk, those expired too, in no order that means
  /// anything. Fails with kIo when the file cannot be read to its end (`health` says why).
  [[nodiscard]] virtual Result<void> load(RecordKind kind, FunctionRef<void(const RecordView&)> visit) = 0;

  /// Waits until all that was handed over before is on disk or refused, lifetimes included.
  /// Fails with kIo when something of it could not be written, kClosed after close().
  [[nodiscard]] virtual Result<void> flush() = 0;
  /// Flushes, reports every ticket that is open, and ends. Calls after it, also those that race with
  /// it, fail with kClosed or are carried out and reported: nothing is lost. The destructor closes.
  virtual void close() = 0;

  [[nodiscard]] virtual Health health() const = 0;
  [[nodiscard]] virtual Counters counters() const = 0;
};

/// The longest that a touched expiry may be in memory only.
inline constexpr Seconds kWrittenBehind{1};

/// Why a store could not be opened, as a line for people that names the path and what to do.
struct OpenError {
  Errc code;  ///< kBusy: another process has it; kMalformed: damaged; kUnsupported: newer; kIo
  std::string message;
};

using OpenResult = std::expected<std::unique_ptr<RegistrationStore>, OpenError>;

}  // namespace linnet::store

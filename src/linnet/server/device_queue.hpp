// SPDX-License-Identifier: Apache-2.0
// Queue Mode at the server (TS 6.5): operations that wait for a device that sleeps, and when it is
// taken to be awake. A queue belongs to the endpoint name: it outlives the registration, except where
// the device de-registers or is forgotten by hand. Devices without queue mode are always awake.
//
//             commit                  awake, first in line            answer
//   kSaving ─────────▸ kWaiting ─────────────────────────▸ kSent ───────────────▸ kDone
//      │ refused         │  ▴ │ Unanswered::kFail: committed ▴ │ │ none, kFail       ▴
//      ▾                 │  │ └─────── as sent ─────────────┘ │ └──────────────────┘
//   kRefused             │  └──────── none, kRepeat ──────────┘
//                        └─▸ kExpired, kCancelled
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "linnet/server/device_management.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/server/owned_operation.hpp"
#include "linnet/server/registration_table.hpp"

namespace linnet::server {

class DeviceQueue {
 public:
  void init(const EngineConfig& config, RegistrationTable& registrations, DeviceManagement& management,
            Listener& listener, Random& random) noexcept;

  // As in Engine.
  [[nodiscard]] Result<QueuedId> enqueue(RegistrationId registration, const Operation& operation,
                                         const Hold& hold, Instant now, Millis wall) noexcept;
  [[nodiscard]] Result<void> cancel(std::string_view endpoint, QueuedId id, Instant now) noexcept;
  [[nodiscard]] std::optional<QueuedOperation> find(std::string_view endpoint, QueuedId id) const noexcept;
  void for_each(std::string_view endpoint, FunctionRef<void(const QueuedOperation&)> visit) const noexcept;
  [[nodiscard]] std::uint32_t waiting(std::string_view endpoint) const noexcept;
  [[nodiscard]] bool awake(std::uint32_t registration, Instant now) const noexcept;
  void take(std::string_view endpoint, FunctionRef<void(const QueuedChange&)> visit) noexcept;
  [[nodiscard]] Result<QueuedId> restore(ByteView record, Instant expires, RestoreFrom from) noexcept;

  /// The registration is live and attached to its link.
  void published(std::uint32_t registration, Instant now) noexcept;
  /// A live registration that the store brought back: asleep until it speaks.
  void restored(std::uint32_t registration) noexcept;
  /// Its device said something over its link. What waits is started by `start_due`.
  void heard(std::uint32_t registration, Instant now) noexcept {
    const RegistrationSlot& slot = (*registrations_)[registration];
    if (holds(slot)) open_window(registration, now);
    if (slot.queued) due_.push_back(registrations_->id_of(registration));
  }
  /// Cancels all that waits for an endpoint.
  void cancel_all(std::string_view endpoint, QueuedReason why, Instant now) noexcept;
  /// True: the operation was one of the queue, and this its outcome.
  [[nodiscard]] bool took(OperationId operation, const OperationResult& result, Instant now) noexcept;

  /// Sends what may be sent now. Not from a handler of the endpoint.
  void start_due(Instant now) noexcept;
  /// Ends what has expired, and forgets results that were kept long enough.
  void step(Instant now) noexcept;
  [[nodiscard]] Instant next_deadline() const noexcept;

  /// True: the ticket was one of the queue.
  [[nodiscard]] bool committed(Ticket ticket, Instant now) noexcept;
  [[nodiscard]] bool refused(Ticket ticket, Instant now) noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(pending_.size()); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  struct Key {
    std::string endpoint;
    QueuedId id{};
  };
  struct KeyView {
    std::string_view endpoint;
    QueuedId id{};
  };
  struct InOrder {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const noexcept {
      return std::pair(std::string_view(a.endpoint), a.id) < std::pair(std::string_view(b.endpoint), b.id);
    }
  };
  /// What the store is asked for one.
  enum class Asked : std::uint8_t { kNothing, kKeep, kMarkSent, kDrop };
  struct Entry {
    const Key* key = nullptr;
    OwnedOperation operation;
    Unanswered unanswered = Unanswered::kRepeat;
    QueuedState state = QueuedState::kWaiting;
    QueuedReason reason = QueuedReason::kNone;
    Asked asked = Asked::kNothing;
    bool marked = false;   ///< its record says that it was sent
    bool overdue = false;  ///< expired while it was under way or with the store
    std::uint32_t attempts = 0;
    Ticket ticket{};
    OperationId sent{};
    Instant deadline{};  ///< expires; of a finished one: is forgotten
    OperationResult result;
    std::vector<std::uint8_t> payload;  ///< of the result
  };
  using Entries = std::map<Key, Entry, InOrder>;
  using Deadlines = std::set<std::tuple<Instant, QueuedId, Entry*>>;

  [[nodiscard]] static bool holds(const RegistrationSlot& slot) noexcept {
    return lwm2m::Binding::from_bits(slot.binding).queue();
  }
  [[nodiscard]] static std::size_t size_of(const Entry& entry) noexcept;
  [[nodiscard]] static QueuedOperation view(const Entry& entry) noexcept;
  [[nodiscard]] QueuedId next_id(Millis wall) noexcept;
  [[nodiscard]] Entry* first(std::string_view endpoint) noexcept;
  [[nodiscard]] Entry& insert(Key key, Entry entry) noexcept;
  void open_window(std::uint32_t registration, Instant now) noexcept;
  void wake_line(const Entry& entry) noexcept;
  void start(RegistrationId registration, Instant now) noexcept;
  void wait_again(Entry& entry, Instant now) noexcept;
  void finish(Entry& entry, QueuedState state, QueuedReason why, Instant now) noexcept;
  void finish_unanswered(Entry& entry, QueuedReason why, Instant now) noexcept;
  void stop(Entry& entry, Instant now) noexcept;
  void forget(Entries& entries, Entry& entry) noexcept;
  void forget_oldest_result() noexcept { forget(finished_, *std::get<Entry*>(*kept_.begin())); }
  void put(Entry& entry, Asked what, Instant now) noexcept;
  void erase(Entry& entry, Asked what, Instant now) noexcept;
  [[nodiscard]] std::optional<Ticket> ask(Entry& entry, Asked what) noexcept;
  [[nodiscard]] Entry* settle(Ticket ticket) noexcept;

  const EngineConfig* config_ = nullptr;
  RegistrationTable* registrations_ = nullptr;
  DeviceManagement* management_ = nullptr;
  Listener* listener_ = nullptr;
  Random* random_ = nullptr;
  Entries pending_;
  Entries finished_;
  Deadlines expiring_;                                   // of pending ones
  Deadlines kept_;                                       // of finished ones, oldest first
  std::unordered_map<std::uint64_t, Entry*> under_way_;  // by OperationId
  std::unordered_map<std::uint64_t, Entry*> asked_;      // by Ticket
  std::unique_ptr<std::uint32_t[]> awake_until_;         // second, of each registration in queue mode
  std::vector<RegistrationId> due_;
  std::vector<RegistrationId> blocked_;  // for want of room: tried again later
  Instant retry_at_ = kNever;
  std::vector<std::uint8_t> record_;  // scratch
  std::size_t bytes_ = 0;             // of both tables
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace linnet::server

// SPDX-License-Identifier: Apache-2.0
// All registrations of a shard in compact tables: found by place, endpoint name and link; lifetimes on
// a wheel. About 100 bytes each, name included, where object lists are alike.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "linnet/base/random.hpp"
#include "linnet/base/timer_wheel.hpp"
#include "linnet/server/byte_pool.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/server/hash.hpp"
#include "linnet/server/hash_index.hpp"
#include "linnet/server/intern_table.hpp"
#include "linnet/server/registration.hpp"

namespace linnet::server {

/// What one registration is in memory: one line of the cache. Times are whole seconds of the
/// monotonic clock.
struct alignas(64) RegistrationSlot {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kNeverExpires = 0xFFFFFFFF;
  enum class State : std::uint8_t {
    kFree,
    kPending,  ///< waits for the store: known by its id alone
    kLive,
  };

  std::uint32_t link;      ///< index of a LinkId, kNone without
  std::uint32_t next;      ///< of the same link, older; or of the free places
  std::uint32_t previous;  ///< of the same link, newer; or of the free places
  BytePool::Ref name;
  std::uint32_t name_hash;
  InternTable::Id objects;
  InternTable::Id extras;
  std::uint32_t lifetime;
  std::uint32_t deadline;
  std::int32_t registered;
  std::int32_t updated;
  std::uint32_t observations;  ///< first of the list, kNone for none
  std::uint32_t operations;    ///< first of the list, kNone for none
  std::uint16_t observation_count;
  std::uint16_t operation_count;
  std::uint16_t tag;
  std::uint8_t name_size;
  State state;
  std::uint8_t binding;
  lwm2m::LwM2mVersion version;
  bool unsaved : 1;  ///< the store refused what an Update brought
  bool timed : 1;    ///< its timer is armed, for `deadline` or earlier
  bool queued : 1;   ///< operations may wait for its endpoint
};

static_assert(sizeof(RegistrationSlot) == 64);

/// What a new registration is made from. The views are copied.
struct RegistrationContent {
  std::string_view endpoint;
  std::uint32_t lifetime = lwm2m::kDefaultLifetime;
  lwm2m::LwM2mVersion version = lwm2m::LwM2mVersion::k1_1;
  lwm2m::Binding binding;
  ByteView objects;  ///< compact
  ByteView extras;   ///< as ExtraParameters reads them
};

/// The moments of a registration that outlive a restart.
struct Calendar {
  UnixTime registered;
  UnixTime expires;
};

class RegistrationTable {
 public:
  using Slot = RegistrationSlot;
  static constexpr std::uint32_t kNone = Slot::kNone;

  void init(const EngineConfig& config, Random& random) noexcept;

  [[nodiscard]] Slot& operator[](std::uint32_t index) noexcept { return slots_[index]; }
  [[nodiscard]] const Slot& operator[](std::uint32_t index) const noexcept { return slots_[index]; }
  [[nodiscard]] RegistrationId id_of(std::uint32_t index) const noexcept {
    return {shard_, index, slots_[index].tag};
  }
  [[nodiscard]] Registration view(std::uint32_t index) const noexcept;
  [[nodiscard]] std::string_view name_of(const Slot& slot) const noexcept {
    return as_text(pool_.view(slot.name, slot.name_size));
  }
  [[nodiscard]] ByteView objects_of(const Slot& slot) const noexcept { return interned_.view(slot.objects); }
  [[nodiscard]] ByteView extras_of(const Slot& slot) const noexcept { return interned_.view(slot.extras); }

  /// True for a registration that is live or pending.
  [[nodiscard]] bool holds(RegistrationId id) const noexcept;
  /// The place of a live registration, kNone when there is none.
  [[nodiscard]] std::uint32_t find(RegistrationId id) const noexcept;
  [[nodiscard]] std::uint32_t find(std::string_view endpoint) const noexcept;
  /// The newest of that link, kNone for none; the others follow by `next`.
  [[nodiscard]] std::uint32_t first_on(coap::LinkId link) const noexcept {
    return coap::index(link) < links_used_ ? links_[coap::index(link)] : kNone;
  }
  void prefetch(coap::LinkId link) const noexcept {
    const std::uint32_t first = first_on(link);
    if (first != kNone) __builtin_prefetch(&slots_[first]);
  }

  /// A place with what it holds, kPending. kNoSpace.
  [[nodiscard]] Result<std::uint32_t> add(const RegistrationContent& content) noexcept;
  /// The same at a given place, which must be free. kExists, kNoSpace.
  [[nodiscard]] Result<void> add_at(RegistrationId id, const RegistrationContent& content) noexcept;
  /// Makes a pending one live: its name must be free by now.
  void publish(std::uint32_t index) noexcept;
  /// Frees a place, whatever its state.
  void remove(std::uint32_t index) noexcept;

  /// Moves a registration to a link (kNoLink: away from all). A pending one takes part in no list.
  void attach(std::uint32_t index, coap::LinkId link) noexcept;
  /// Gives a registration other objects or extra parameters; kNoSpace leaves it as it was.
  [[nodiscard]] Result<void> set_objects(std::uint32_t index, ByteView compact) noexcept;
  [[nodiscard]] Result<void> set_extras(std::uint32_t index, ByteView encoded) noexcept;

  /// A new lease of life from `now` on; of a pending one the timer does not run yet. The timer itself is only
  /// moved when it would come too late: when it comes too early it is armed again.
  void refresh(std::uint32_t index, Instant now) noexcept;
  /// Goes on with what the store kept: `wall` is `now` on the calendar.
  void resume(std::uint32_t index, const Calendar& kept, Instant now, UnixTime wall, Seconds grace) noexcept;
  /// Calls `expired(index)` for each whose time is over.
  template <typename Expired>
  void advance(Instant now, Expired&& expired) noexcept {
    const auto second =
        static_cast<std::uint32_t>(std::chrono::floor<Seconds>(now.time_since_epoch()).count());
    wheel_.advance(second, [&](std::uint32_t index) {
      if (slots_[index].deadline > second) return wheel_.arm(index, slots_[index].deadline);
      slots_[index].timed = false;
      expired(index);
    });
  }
  [[nodiscard]] Instant next_deadline() const noexcept {
    const std::uint32_t next = wheel_.next_deadline();
    return next == wheel_.kNoDeadline ? kNever : Instant{Seconds{next}};
  }

  void touch(std::uint32_t index) noexcept { touched_[index / 64] |= std::uint64_t{1} << index % 64; }
  void untouch(std::uint32_t index) noexcept { touched_[index / 64] &= ~(std::uint64_t{1} << index % 64); }
  void drain_touched(FunctionRef<bool(const Registration&)> visit) noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return live_; }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  /// Places that have ever been used: all registrations are below.
  [[nodiscard]] std::uint32_t end() const noexcept { return used_; }
  [[nodiscard]] std::uint32_t interned() const noexcept { return interned_.size(); }

 private:
  [[nodiscard]] Result<void> fill(std::uint32_t index, std::uint16_t tag,
                                  const RegistrationContent& content) noexcept;
  void open(std::uint32_t index) noexcept;
  void release(std::uint32_t index) noexcept;
  void push(std::uint32_t& first, std::uint32_t index) noexcept;
  void take_out(std::uint32_t& first, std::uint32_t index) noexcept;
  void detach(std::uint32_t index) noexcept;
  void expire_at(std::uint32_t index, std::uint64_t deadline) noexcept;

  std::unique_ptr<Slot[]> slots_;
  std::unique_ptr<TimerWheel<std::uint32_t>::Node[]> timers_;
  std::unique_ptr<std::uint32_t[]> links_;  // first registration of each link
  std::unique_ptr<std::uint64_t[]> touched_;
  TimerWheel<std::uint32_t> wheel_;
  HashIndex names_;
  BytePool pool_;
  Hasher hasher_;
  InternTable interned_;
  Random* random_ = nullptr;
  std::uint32_t capacity_ = 0, used_ = 0, live_ = 0, free_ = kNone;
  std::uint32_t max_links_ = 0, links_used_ = 0;
  std::uint32_t grace_ = 0;
  std::uint8_t shard_ = 0;
};

}  // namespace linnet::server

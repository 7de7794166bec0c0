// SPDX-License-Identifier: Apache-2.0
// Operations under way: found by their own name, by the request that carries them, and from their
// registration; each with a deadline.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "linnet/base/time.hpp"
#include "linnet/base/timer_wheel.hpp"
#include "linnet/coap/endpoint.hpp"
#include "linnet/server/hash_index.hpp"
#include "linnet/server/operation.hpp"

namespace linnet::server {

struct PendingOperation {
  coap::RequestId request{};
  std::uint32_t registration = 0;  ///< place in the registration table
  std::uint32_t next = 0;          ///< of the same registration; of free ones, the next free one
  std::uint32_t generation = 0;
  OperationKind kind = OperationKind::kRead;
  bool used = false;
  /// It fetches the other blocks of a notification: its result is a notification.
  bool rest = false;
  std::uint32_t sequence = 0;                ///< of that notification
  std::optional<ObservationId> observation;  ///< of Observe, and of a rest
  lwm2m::Path path;
  std::optional<lwm2m::Path> instance;  ///< of Create: the one that the payload names
};

class OperationTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  void init(std::uint32_t capacity) noexcept;

  [[nodiscard]] PendingOperation& operator[](std::uint32_t index) noexcept { return table_[index]; }

  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }
  /// Puts an operation at the head of the list `first`; the table must not be full.
  std::uint32_t add(const PendingOperation& operation, std::uint32_t& first, Instant deadline) noexcept;
  /// Takes it out of the list it is in and frees it.
  void remove(std::uint32_t index, std::uint32_t& first) noexcept;

  [[nodiscard]] OperationId id_of(std::uint32_t index) const noexcept {
    return OperationId{std::uint64_t{table_[index].generation} << 32U | index};
  }
  /// The place, kNone when it is gone.
  [[nodiscard]] std::uint32_t find(OperationId id) const noexcept;
  [[nodiscard]] std::uint32_t find(coap::RequestId request) const noexcept;

  /// Calls `due(index)` for each whose deadline has come.
  template <typename Due>
  void advance(Instant now, Due&& due) noexcept {
    wheel_.advance(tick_of(now), due);
  }
  [[nodiscard]] Instant next_deadline() const noexcept {
    const std::uint64_t next = wheel_.next_deadline();
    return next == wheel_.kNoDeadline ? kNever : Instant{Millis{static_cast<Millis::rep>(next)}};
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

 private:
  [[nodiscard]] static std::uint64_t tick_of(Instant at) noexcept {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
  }
  [[nodiscard]] static std::uint32_t hash_of(coap::RequestId request) noexcept {
    return static_cast<std::uint32_t>(request) * 0x9E3779B1U;
  }

  std::unique_ptr<PendingOperation[]> table_;
  std::unique_ptr<TimerWheel<std::uint64_t>::Node[]> timers_;
  TimerWheel<std::uint64_t> wheel_;
  HashIndex requests_;
  std::uint32_t capacity_ = 0, size_ = 0, free_ = kNone;
};

}  // namespace linnet::server

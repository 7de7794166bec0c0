// SPDX-License-Identifier: Apache-2.0
// Deadlines of things that are named by small numbers, in memory handed over: a binary heap for many,
// a plain list for a handful.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "linnet/base/arena.hpp"
#include "linnet/base/features.hpp"
#include "linnet/base/time.hpp"

namespace linnet {

/// One deadline for each id in [0, capacity). Setting and clearing cost O(log armed), asking for
/// the next one O(1); what sleeps costs nothing. Memory is touched as timers come into use.
class TimerHeap {
 public:
  /// 20 bytes an id; the arena says whether there was room, before anything else is called.
  void init(Arena& arena, std::uint32_t capacity) noexcept;
  static void measure(ArenaMeter& meter, std::uint32_t capacity) noexcept;

  /// Arms the timer of `id`, or moves it.
  void set(std::uint32_t id, Instant deadline) noexcept;
  /// Disarms it; nothing happens when it is not armed.
  void clear(std::uint32_t id) noexcept;
  [[nodiscard]] Instant next() const noexcept { return size_ == 0 ? kNever : heap_[0].deadline; }
  /// Takes out one that is due at `now`, the earliest first.
  [[nodiscard]] std::optional<std::uint32_t> take_due(Instant now) noexcept;
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

 private:
  struct Entry {
    Instant deadline;
    std::uint32_t id;
  };

  void place(std::uint32_t at, const Entry& entry) noexcept;
  void rise(std::uint32_t at, const Entry& entry) noexcept;
  void sink(std::uint32_t at, const Entry& entry) noexcept;

  std::span<Entry> heap_;
  std::span<std::uint32_t> position_;  // by id: place in the heap plus one, 0 when not armed
  std::uint32_t size_ = 0;
};

/// The same, where each call that asks for the next one looks at all; 8 bytes an id.
class TimerList {
 public:
  void init(Arena& arena, std::uint32_t capacity) noexcept;
  static void measure(ArenaMeter& meter, std::uint32_t capacity) noexcept { meter.add<Instant>(capacity); }

  void set(std::uint32_t id, Instant deadline) noexcept { deadlines_[id] = deadline; }
  void clear(std::uint32_t id) noexcept { deadlines_[id] = kNever; }
  [[nodiscard]] Instant next() const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> take_due(Instant now) noexcept;
  [[nodiscard]] std::uint32_t size() const noexcept;

 private:
  std::span<Instant> deadlines_;  // by id; kNever: not armed
};

using TimerQueue = std::conditional_t<kTimerHeap, TimerHeap, TimerList>;

}  // namespace linnet

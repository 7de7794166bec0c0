// SPDX-License-Identifier: Apache-2.0
// Deadlines of many things that are named by small numbers: a binary heap in memory handed over.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "linnet/base/arena.hpp"
#include "linnet/base/time.hpp"

namespace linnet {

/// One deadline for each id in [0, capacity). Setting and clearing cost O(log armed), asking for
/// the next one O(1); what sleeps costs nothing. Memory is touched as timers come into use.
class TimerQueue {
 public:
  /// Errc::kNoSpace when the arena is too small; 20 bytes an id.
  [[nodiscard]] Result<void> init(Arena& arena, std::uint32_t capacity) noexcept;
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

}  // namespace linnet

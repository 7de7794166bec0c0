// SPDX-License-Identifier: Apache-2.0
// The observations of all servers: rows and their watches from the arena, a deadline for each row, and
// where there are many the watches in the order of their paths, so that a change finds those that it
// concerns.
#pragma once

#include <span>

#include "linnet/base/arena.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/base/timer_queue.hpp"
#include "linnet/client/features.hpp"
#include "linnet/client/observation.hpp"

namespace linnet::client {

class ObservationTable {
 public:
  /// Most rows and paths together.
  static constexpr std::uint32_t kMaxWatches = 65'000;

  /// `composite_paths`: beyond the first of each composite observation, all together. Both at most
  /// kMaxWatches together. The arena says whether there was room.
  void init(Arena& arena, std::uint16_t observations, std::uint16_t composite_paths) noexcept;
  static void measure(ArenaMeter& meter, std::uint16_t observations, std::uint16_t composite_paths) noexcept;

  [[nodiscard]] std::span<Observation> rows() const noexcept { return rows_; }
  /// Null where there is none.
  [[nodiscard]] Observation* find(ShortServerId server, const coap::Token& token) const noexcept;
  /// Of the ordinary observation of this path.
  [[nodiscard]] Observation* find(ShortServerId server, const Path& path) const noexcept;

  /// A row in use, with no path yet; null where none is free.
  [[nodiscard]] Observation* add(ShortServerId server) noexcept;
  /// One path more. False where there is no room.
  [[nodiscard]] bool add_path(Observation& row, const Path& path) noexcept;
  /// Frees the row and its watches.
  void remove(Observation& row) noexcept;

  /// The first path; the others follow by `next`.
  [[nodiscard]] Watch& first(const Observation& row) const noexcept { return watches_[index(row)]; }
  [[nodiscard]] Watch* next(const Watch& watch) const noexcept {
    return kComposite && watch.next != 0 ? &watches_[watch.next] : nullptr;
  }
  [[nodiscard]] Observation& row(const Watch& watch) const noexcept { return rows_[watch.observation - 1U]; }

  /// Calls `take` for each watch of a path that contains `path` or lies below it. `take` must not add
  /// or remove observations.
  void concerned(const Path& path, FunctionRef<void(Watch&)> take) const noexcept;

  /// The row is to be looked at then; kNever: not by itself.
  void set_due(const Observation& row, Instant when) noexcept;
  [[nodiscard]] Instant next_due() const noexcept { return timers_.next(); }
  /// Takes one row that is due, the earliest first; null where none is.
  [[nodiscard]] Observation* take_due(Instant now) noexcept;

 private:
  [[nodiscard]] std::uint16_t index(const Observation& row) const noexcept {
    return static_cast<std::uint16_t>(&row - rows_.data());
  }
  [[nodiscard]] std::size_t lower_bound(const Path& path) const noexcept;
  void enter(std::uint16_t watch) noexcept;
  void leave(std::uint16_t watch) noexcept;

  std::span<Observation> rows_;
  std::span<Watch> watches_;         ///< the first of each row, then those of composite observations
  std::span<std::uint16_t> sorted_;  ///< watches in use, by path (kManyObservations)
  std::uint32_t in_use_ = 0;         ///< entries of sorted_
  std::uint32_t first_free_ = 0;     ///< the rows before this one are in use
  TimerQueue timers_;                ///< when a row is due
};

}  // namespace linnet::client

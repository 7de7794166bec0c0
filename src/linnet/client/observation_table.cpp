// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/observation_table.hpp"

#include <algorithm>
#include <cstring>

namespace linnet::client {

namespace {

constexpr std::uint32_t watches_for(std::uint16_t observations, std::uint16_t composite_paths) noexcept {
  return observations + (kComposite ? std::uint32_t{composite_paths} : 0U);
}

}  // namespace

void ObservationTable::init(Arena& arena, std::uint16_t observations,
                            std::uint16_t composite_paths) noexcept {
  const std::uint32_t watches = watches_for(observations, composite_paths);
  arena.take(rows_, observations);
  arena.take(watches_, watches);
  if constexpr (kManyObservations) arena.take(sorted_, watches);
  timers_.init(arena, observations);
}

void ObservationTable::measure(ArenaMeter& meter, std::uint16_t observations,
                               std::uint16_t composite_paths) noexcept {
  const std::uint32_t watches = watches_for(observations, composite_paths);
  meter.add<Observation>(observations);
  meter.add<Watch>(watches);
  if constexpr (kManyObservations) meter.add<std::uint16_t>(watches);
  TimerQueue::measure(meter, observations);
}

Observation* ObservationTable::find(ShortServerId server, const coap::Token& token) const noexcept {
  for (Observation& row : rows_) {
    if (row.server == server && row.token == token) return &row;
  }
  return nullptr;
}

Observation* ObservationTable::find(ShortServerId server, const Path& path) const noexcept {
  Observation* found = nullptr;
  concerned(path, [&](const Watch& watch) {
    Observation& candidate = row(watch);
    if (candidate.server == server && !candidate.composite && watch.path == path) found = &candidate;
  });
  return found;
}

Observation* ObservationTable::add(ShortServerId server) noexcept {
  while (first_free_ < rows_.size() && rows_[first_free_].server != 0) ++first_free_;
  if (first_free_ == rows_.size()) return nullptr;
  rows_[first_free_].server = server;
  return &rows_[first_free_];
}

bool ObservationTable::add_path(Observation& row, const Path& path) noexcept {
  Watch* watch = &first(row);
  Watch* last = nullptr;
  if constexpr (kComposite) {
    if (!watch->free()) {
      last = watch;
      while (last->next != 0) last = &watches_[last->next];
      const auto free = std::ranges::find_if(watches_.subspan(rows_.size()), &Watch::free);
      if (free == watches_.end()) return false;
      watch = &*free;
    }
  }
  const auto at = static_cast<std::uint16_t>(watch - watches_.data());
  watch->path = path;
  watch->observation = static_cast<std::uint16_t>(index(row) + 1);
  if (last != nullptr) last->next = at;
  enter(at);
  return true;
}

void ObservationTable::remove(Observation& row) noexcept {
  set_due(row, kNever);
  for (Watch* watch = &first(row); watch != nullptr;) {
    Watch* following = next(*watch);
    if (!watch->free()) leave(static_cast<std::uint16_t>(watch - watches_.data()));
    *watch = Watch{};
    watch = following;
  }
  row = Observation{};
  first_free_ = std::min<std::uint32_t>(first_free_, index(row));
}

void ObservationTable::concerned(const Path& path, FunctionRef<void(Watch&)> take) const noexcept {
  if constexpr (!kManyObservations) {
    for (Watch& watch : watches_) {
      const bool concerns = watch.path.contains(path) || path.contains(watch.path);
      if (!watch.free() && concerns) take(watch);
    }
    return;
  }
  // What contains it, level by level, then itself and what lies below: in this order all of that follows.
  for (std::size_t depth = 0; depth < path.depth(); ++depth) {
    const Path above = path.prefix(depth);
    for (std::size_t i = lower_bound(above); i < in_use_ && watches_[sorted_[i]].path == above; ++i) {
      take(watches_[sorted_[i]]);
    }
  }
  for (std::size_t i = lower_bound(path); i < in_use_ && path.contains(watches_[sorted_[i]].path); ++i) {
    take(watches_[sorted_[i]]);
  }
}

std::size_t ObservationTable::lower_bound(const Path& path) const noexcept {
  const auto used = sorted_.first(in_use_);
  const auto path_of = [&](std::uint16_t watch) -> const Path& { return watches_[watch].path; };
  const auto at = std::ranges::lower_bound(used, path, {}, path_of);
  return static_cast<std::size_t>(at - used.begin());
}

void ObservationTable::enter(std::uint16_t watch) noexcept {
  if constexpr (!kManyObservations) return;
  const std::size_t at = lower_bound(watches_[watch].path);
  std::memmove(&sorted_[at] + 1, &sorted_[at], (in_use_ - at) * sizeof(std::uint16_t));
  sorted_[at] = watch;
  ++in_use_;
}

void ObservationTable::leave(std::uint16_t watch) noexcept {
  if constexpr (!kManyObservations) return;
  std::size_t at = lower_bound(watches_[watch].path);
  while (sorted_[at] != watch) ++at;
  --in_use_;
  std::memmove(&sorted_[at], &sorted_[at] + 1, (in_use_ - at) * sizeof(std::uint16_t));
}

void ObservationTable::set_due(const Observation& row, Instant when) noexcept {
  if (when == kNever) {
    timers_.clear(index(row));
  } else {
    timers_.set(index(row), when);
  }
}

Observation* ObservationTable::take_due(Instant now) noexcept {
  const auto due = timers_.take_due(now);
  return due ? &rows_[*due] : nullptr;
}

}  // namespace linnet::client

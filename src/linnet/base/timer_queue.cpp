// SPDX-License-Identifier: Apache-2.0
#include "linnet/base/timer_queue.hpp"

#include <algorithm>

namespace linnet {

void TimerHeap::init(Arena& arena, std::uint32_t capacity) noexcept {
  arena.take(heap_, capacity);
  arena.take(position_, capacity);
}

void TimerHeap::measure(ArenaMeter& meter, std::uint32_t capacity) noexcept {
  meter.add<Entry>(capacity);
  meter.add<std::uint32_t>(capacity);
}

void TimerHeap::set(std::uint32_t id, Instant deadline) noexcept {
  const std::uint32_t known = position_[id];
  const std::uint32_t at = known != 0 ? known - 1 : size_++;
  const bool earlier = known == 0 || deadline < heap_[at].deadline;
  if (earlier)
    rise(at, {deadline, id});
  else
    sink(at, {deadline, id});
}

void TimerHeap::clear(std::uint32_t id) noexcept {
  if (position_[id] == 0) return;
  const std::uint32_t at = position_[id] - 1;
  position_[id] = 0;
  const Entry last = heap_[--size_];
  if (at == size_) return;
  if (last.deadline < heap_[at].deadline)
    rise(at, last);
  else
    sink(at, last);
}

std::optional<std::uint32_t> TimerHeap::take_due(Instant now) noexcept {
  if (size_ == 0 || heap_[0].deadline > now) return std::nullopt;
  const std::uint32_t id = heap_[0].id;
  clear(id);
  return id;
}

void TimerHeap::place(std::uint32_t at, const Entry& entry) noexcept {
  heap_[at] = entry;
  position_[entry.id] = at + 1;
}

void TimerHeap::rise(std::uint32_t at, const Entry& entry) noexcept {
  while (at > 0) {
    const std::uint32_t parent = (at - 1) / 2;
    if (heap_[parent].deadline <= entry.deadline) break;
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, entry);
}

void TimerHeap::sink(std::uint32_t at, const Entry& entry) noexcept {
  for (;;) {
    std::uint32_t child = 2 * at + 1;
    if (child >= size_) break;
    if (child + 1 < size_ && heap_[child + 1].deadline < heap_[child].deadline) ++child;
    if (entry.deadline <= heap_[child].deadline) break;
    place(at, heap_[child]);
    at = child;
  }
  place(at, entry);
}

void TimerList::init(Arena& arena, std::uint32_t capacity) noexcept {
  arena.take(deadlines_, capacity);
  std::ranges::fill(deadlines_, kNever);
}

Instant TimerList::next() const noexcept {
  Instant next = kNever;
  for (const Instant deadline : deadlines_) next = std::min(next, deadline);
  return next;
}

std::optional<std::uint32_t> TimerList::take_due(Instant now) noexcept {
  const Instant first = next();
  if (first == kNever || first > now) return std::nullopt;
  std::uint32_t id = 0;
  while (deadlines_[id] != first) ++id;
  clear(id);
  return id;
}

std::uint32_t TimerList::size() const noexcept {
  return static_cast<std::uint32_t>(deadlines_.size()) -
         static_cast<std::uint32_t>(std::ranges::count(deadlines_, kNever));
}

}  // namespace linnet

// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/subscription.hpp"

#include <algorithm>
#include <utility>

namespace linnet::net {

bool EventRing::push(Event&& event) {
  const std::size_t written = written_.load(std::memory_order_relaxed);
  if (written - read_.load(std::memory_order_acquire) == events_.size()) return false;
  events_[written % events_.size()] = std::move(event);
  written_.store(written + 1, std::memory_order_release);
  return true;
}

std::optional<Event> EventRing::pop() {
  const std::size_t read = read_.load(std::memory_order_relaxed);
  if (read == written_.load(std::memory_order_acquire)) return std::nullopt;
  std::optional<Event> event = std::exchange(events_[read % events_.size()], Event{});
  read_.store(read + 1, std::memory_order_release);
  return event;
}

EventChannel::EventChannel(std::size_t shards, std::size_t capacity, std::string endpoint,
                           std::function<void()> wake, std::string tenant)
    : endpoint_(std::move(endpoint)), tenant_(std::move(tenant)), wake_(std::move(wake)) {
  for (std::size_t i = 0; i < shards; ++i) {
    rings_.push_back(std::make_unique<EventRing>(std::max<std::size_t>(capacity, 1)));
  }
}

void EventChannel::publish(std::size_t shard, Event&& event) {
  if (!rings_[shard]->push(std::move(event))) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (!woken_.exchange(true) && wake_) wake_();
}

std::optional<Event> EventChannel::take() {
  // Twice: an event that comes between an empty look and the reset of `woken_` wakes nobody.
  for (int look = 0; look < 2; ++look) {
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      const std::size_t ring = (next_ring_ + i) % rings_.size();
      if (auto event = rings_[ring]->pop()) {
        next_ring_ = (ring + 1) % rings_.size();
        return event;
      }
    }
    if (look == 0) woken_.exchange(false);
  }
  return std::nullopt;
}

}  // namespace linnet::net

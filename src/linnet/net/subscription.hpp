// SPDX-License-Identifier: Apache-2.0
// A subscriber's end of the event stream: a bounded ring for each shard that is filled and emptied
// without a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/net/device.hpp"
#include "linnet/server/tenant.hpp"

namespace linnet::net {

/// One writer, one reader. `Event`s are moved in and out.
class EventRing {
 public:
  explicit EventRing(std::size_t capacity) : events_(capacity) {}

  /// False when the ring is full.
  [[nodiscard]] bool push(Event&& event);
  [[nodiscard]] std::optional<Event> pop();

 private:
  std::vector<Event> events_;
  alignas(64) std::atomic<std::size_t> written_ = 0;
  alignas(64) std::atomic<std::size_t> read_ = 0;
};

/// What the reader and the shards share of a subscription.
class EventChannel {
 public:
  EventChannel(std::size_t shards, std::size_t capacity, std::string endpoint, std::function<void()> wake,
               std::string tenant = {});

  /// From shard `shard` only. Full: the event is dropped and counted.
  void publish(std::size_t shard, Event&& event);
  [[nodiscard]] bool wants(std::string_view endpoint) const noexcept {
    return (endpoint_.empty() || endpoint_ == endpoint) && server::belongs_to(endpoint, tenant_);
  }
  /// From the reader only. Nothing: a `wake` comes when there is something again.
  [[nodiscard]] std::optional<Event> take();

  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  void close() noexcept { closed_.store(true, std::memory_order_release); }
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

 private:
  std::vector<std::unique_ptr<EventRing>> rings_;
  std::size_t next_ring_ = 0;
  std::string endpoint_;
  std::string tenant_;
  std::function<void()> wake_;
  std::atomic<bool> woken_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint64_t> dropped_ = 0;
};

/// Handed to the subscriber. One thread at a time. `wake` may still be running, on another thread,
/// for a moment after the subscription is gone: what it refers to must allow that.
class Subscription {
 public:
  explicit Subscription(std::shared_ptr<EventChannel> channel) noexcept : channel_(std::move(channel)) {}
  ~Subscription() { channel_->close(); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  /// The next event. Take until there is nothing: only then `wake` comes again.
  [[nodiscard]] std::optional<Event> take() { return channel_->take(); }
  /// Events that did not fit.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return channel_->dropped(); }

 private:
  std::shared_ptr<EventChannel> channel_;
};

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// How a shard's sources hand events to its subscribers.
#pragma once

#include <utility>

#include "linnet/net/shard.hpp"

namespace linnet::net {

template <typename Make>
void Shard::publish(std::string_view endpoint, Make&& make) {
  if (channels_.empty()) return;
  std::erase_if(channels_, [&](const std::shared_ptr<EventChannel>& channel) {
    if (!channel->closed()) return false;
    if (index_ == 0) events_dropped_ += channel->dropped();
    return true;
  });
  for (const auto& channel : channels_) {
    if (!channel->wants(endpoint)) continue;
    Event event = make();
    event.at = ShardClock::wall();
    event.endpoint = endpoint;
    channel->publish(index_, std::move(event));
  }
}

}  // namespace linnet::net

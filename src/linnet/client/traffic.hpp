// SPDX-License-Identifier: Apache-2.0
// Counts what goes through the links of an engine, for object 7, and keeps the awake window of queue
// mode open while something does (TS 6.5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "linnet/client/features.hpp"
#include "linnet/client/server.hpp"
#include "linnet/coap/link.hpp"

namespace linnet::client {

/// Whole CoAP messages and their bytes since the engine was set up.
struct Traffic {
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint32_t messages = 0;  ///< both ways
  std::uint32_t largest = 0;   ///< bytes of the largest message, either way
};

/// Passes everything on to the application's links and counts it.
class CountingLinks final : public coap::Links {
 public:
  void attach(coap::Links& links) noexcept { links_ = &links; }
  /// Sets the windows of `servers`: `awake`, where absent MAX_TRANSMIT_WAIT of the link, after a message.
  void watch(std::span<Server> servers, const Instant& now, std::optional<Millis> awake) noexcept {
    servers_ = servers;
    now_ = &now;
    awake_ = awake;
  }
  [[nodiscard]] const Traffic& traffic() const noexcept { return traffic_; }
  Traffic restart() noexcept {
    traffic_.largest = 0;
    return traffic_;
  }
  void count_received(coap::LinkId link, std::size_t bytes) noexcept {
    traffic_.received_bytes += bytes;
    count(bytes);
    stay_awake(link);
  }

  const coap::LinkTraits& traits(coap::LinkId link) noexcept override { return links_->traits(link); }
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override {
    return links_->prepare(link, size);
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    traffic_.sent_bytes += size;
    count(size);
    stay_awake(link);
    links_->send(link, size);
  }

 private:
  void stay_awake(coap::LinkId link) noexcept {
    if constexpr (!kQueueMode) return;
    for (Server& server : servers_) {
      if (server.id == 0 || server.link != link) continue;
      server.awake_until = *now_ + awake_.value_or(links_->traits(link).transmission.max_transmit_wait());
    }
  }
  void count(std::size_t bytes) noexcept {
    ++traffic_.messages;
    if (bytes > traffic_.largest) traffic_.largest = static_cast<std::uint32_t>(bytes);
  }

  coap::Links* links_ = nullptr;
  std::span<Server> servers_;
  const Instant* now_ = nullptr;
  std::optional<Millis> awake_;
  Traffic traffic_;
};

}  // namespace linnet::client

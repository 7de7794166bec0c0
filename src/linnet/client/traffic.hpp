// SPDX-License-Identifier: Apache-2.0
// Counts what goes through the links of an engine, for object 7.
#pragma once

#include <cstdint>

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
  [[nodiscard]] const Traffic& traffic() const noexcept { return traffic_; }
  Traffic restart() noexcept {
    traffic_.largest = 0;
    return traffic_;
  }
  void count_received(std::size_t bytes) noexcept {
    traffic_.received_bytes += bytes;
    count(bytes);
  }

  const coap::LinkTraits& traits(coap::LinkId link) noexcept override { return links_->traits(link); }
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override {
    return links_->prepare(link, size);
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    traffic_.sent_bytes += size;
    count(size);
    links_->send(link, size);
  }

 private:
  void count(std::size_t bytes) noexcept {
    ++traffic_.messages;
    if (bytes > traffic_.largest) traffic_.largest = static_cast<std::uint32_t>(bytes);
  }

  coap::Links* links_ = nullptr;
  Traffic traffic_;
};

}  // namespace linnet::client

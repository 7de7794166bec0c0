// SPDX-License-Identifier: Apache-2.0
// The links of a simulated server: a number for each address that speaks to it.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "invariants.hpp"
#include "linnet/server/engine.hpp"
#include "network.hpp"

namespace linnet::simulation {

/// Links by address; ids are given out again where the engine allows it.
class ServerLinks final : public coap::Links, public server::LinkDirectory {
 public:
  ServerLinks(Address own, Network& network, Invariants& invariants)
      : own_(own), network_(network), invariants_(invariants) {}

  /// The link of an address, a new one where there is none; nothing when all ids are in use.
  std::optional<coap::LinkId> link_of(Address address);
  /// Gives back the ids of links that the engine has no use for.
  template <typename Engine>
  void reclaim(Engine& engine, Instant when) {
    std::erase_if(by_address_, [&](const auto& row) {
      const coap::LinkId link{row.second};
      if (!engine.idle(link, when)) return false;
      engine.drop(link, when);
      free_.push_back(row.second);
      return true;
    });
  }
  void clear();
  [[nodiscard]] std::size_t size() const noexcept { return by_address_.size(); }
  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }

  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId link, std::size_t size) noexcept override;
  void send(coap::LinkId link, std::size_t size) noexcept override;
  std::optional<coap::LinkId> open(ByteView address) noexcept override;
  std::size_t address(coap::LinkId link, ByteSpan out) noexcept override;

  Instant now{};

 private:
  Address own_;
  Network& network_;
  Invariants& invariants_;
  coap::LinkTraits traits_;
  Bytes buffer_;
  std::uint32_t limit_ = 0;
  std::map<Address, std::uint32_t> by_address_;
  std::vector<Address> addresses_;
  std::vector<std::uint32_t> free_;
};

}  // namespace linnet::simulation

// SPDX-License-Identifier: Apache-2.0
#include "server_links.hpp"

#include <algorithm>
#include <array>

namespace linnet::simulation {

namespace {

constexpr std::size_t kAddressSize = 8;

}  // namespace

std::optional<coap::LinkId> ServerLinks::link_of(Address address) {
  const auto found = by_address_.find(address);
  if (found != by_address_.end()) return coap::LinkId{found->second};
  std::uint32_t id = 0;
  if (!free_.empty()) {
    id = free_.back();
    free_.pop_back();
  } else {
    if (addresses_.size() == limit_) return std::nullopt;
    id = static_cast<std::uint32_t>(addresses_.size());
    addresses_.emplace_back();
  }
  addresses_[id] = address;
  by_address_.emplace(address, id);
  return coap::LinkId{id};
}

void ServerLinks::clear() {
  by_address_.clear();
  addresses_.clear();
  free_.clear();
}

ByteSpan ServerLinks::prepare(coap::LinkId /*link*/, std::size_t size) noexcept {
  buffer_.resize(std::max(size, buffer_.size()));
  return ByteSpan(buffer_).first(size);
}

void ServerLinks::send(coap::LinkId link, std::size_t size) noexcept {
  invariants_.hold(size <= traits_.max_message, Rule::kFits, now, "a server");
  network_.send(own_, addresses_[coap::index(link)], ByteView(buffer_).first(size), now);
}

std::optional<coap::LinkId> ServerLinks::open(ByteView address) noexcept {
  if (address.size() != kAddressSize) return std::nullopt;
  std::array<std::uint32_t, 2> parts{};
  for (std::size_t i = 0; i < kAddressSize; ++i) parts[i / 4] = parts[i / 4] << 8U | address[i];
  return link_of({parts[0], parts[1]});
}

std::size_t ServerLinks::address(coap::LinkId link, ByteSpan out) noexcept {
  const Address& address = addresses_[coap::index(link)];
  for (std::size_t i = 0; i < kAddressSize; ++i) {
    const std::uint32_t part = i < 4 ? address.host : address.port;
    out[i] = static_cast<std::uint8_t>(part >> (24U - i % 4 * 8U));
  }
  return kAddressSize;
}

}  // namespace linnet::simulation

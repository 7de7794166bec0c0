// SPDX-License-Identifier: Apache-2.0
// Two endpoints that share a Master Secret, over the virtual network.
#pragma once

#include <gtest/gtest.h>

#include "linnet/oscore/contexts.hpp"
#include "linnet/tls/nettle_crypto.hpp"
#include "tests/support/pair.hpp"
#include "tests/unit/oscore/hex.hpp"

namespace linnet::testing {

/// Reserves numbers in steps, as a store would; remembers what was promised.
class Reservations final : public oscore::SequenceKeeper {
 public:
  void on_sequence_low(oscore::ContextId id, oscore::PartialIv next) noexcept override {
    ++asked;
    if (!grants) return;
    limit = next + kStep;
    contexts->extend(id, limit);
  }

  static constexpr oscore::PartialIv kStep = 100;
  oscore::Contexts* contexts = nullptr;
  oscore::PartialIv limit = 0;
  bool grants = true;
  int asked = 0;
};

/// The contexts of one of the two.
struct Side {
  Side(const oscore::ContextsConfig& config, std::uint32_t seed)
      : random(seed), memory(oscore::Contexts::memory_needed(config), std::byte{0x5A}) {
    Arena arena(memory);
    keeper.contexts = &contexts;
    EXPECT_TRUE(contexts.init(config, arena, crypto, random, keeper));
  }

  tls::NettleCrypto crypto;
  SeededRandom random;
  Reservations keeper;
  std::vector<std::byte> memory;
  oscore::Contexts contexts;
  oscore::ContextId id = 0;
};

inline oscore::InputParameters shared_input(std::string_view sender, std::string_view recipient) {
  oscore::InputParameters input;
  input.master_secret.assign(hex("0102030405060708090a0b0c0d0e0f10"));
  input.master_salt.assign(hex("9e7ca92223786340"));
  input.sender_id.assign(as_bytes(sender));
  input.recipient_id.assign(as_bytes(recipient));
  return input;
}

struct SecuredPair {
  static constexpr coap::LinkId kLink = Pair::kLink;

  explicit SecuredPair(oscore::FirstUse how = oscore::FirstUse::kRederive,
                       const coap::EndpointConfig& config = {})
      : pair(1, config, config), first_use(how), client({}, 11), server({.follow_requests = true}, 12) {
    const oscore::PartialIv stored = how == oscore::FirstUse::kStored ? 1 : 0;
    client.id = *client.contexts.add(shared_input("dev", "srv"), how, 0, stored * 100);
    server.id = *server.contexts.add(shared_input("srv", "dev"), how, 0, stored * 100);
    client.contexts.secure(kLink, client.id);
    pair.client.endpoint.protect_by(client.contexts);
    pair.server.endpoint.protect_by(server.contexts);
    pair.network.on_post = [this](const Bytes& bytes) { wire.push_back(bytes); };
  }

  /// A power cut of one side: what a restart finds is its reservation.
  static void restart(Side& side, oscore::FirstUse how, std::string_view sender, std::string_view recipient) {
    const bool secured = side.contexts.context_of(kLink) != 0;
    side.contexts.remove(side.id);
    const oscore::PartialIv next = std::max<oscore::PartialIv>(side.keeper.limit, 100);
    const bool stored = how == oscore::FirstUse::kStored;
    side.id = *side.contexts.add(shared_input(sender, recipient), how, stored ? next : 0,
                                 stored ? next + Reservations::kStep : 0);
    side.keeper.limit = next + Reservations::kStep;
    if (secured) side.contexts.secure(kLink, side.id);
  }

  [[nodiscard]] bool on_wire(std::string_view text) const {
    for (const Bytes& bytes : wire) {
      if (as_text(bytes).find(text) != std::string_view::npos) return true;
    }
    return false;
  }

  Outcome ask(Node& node, const coap::OutgoingRequest& request) {
    const auto id = node.endpoint.request(kLink, request, pair.network.now);
    EXPECT_TRUE(id);
    if (!id) return {};
    pair.run();
    const auto& all = node.handler.outcomes[*id];
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? Outcome{} : all.front();
  }

  Pair pair;
  oscore::FirstUse first_use;
  Side client;
  Side server;
  std::vector<Bytes> wire;
};

inline coap::Reply reply_of(coap::Code code, std::string_view text = {}) {
  coap::Reply reply;
  reply.code = code;
  reply.payload = as_bytes(text);
  return reply;
}

}  // namespace linnet::testing

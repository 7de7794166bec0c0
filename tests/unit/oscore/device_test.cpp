// SPDX-License-Identifier: Apache-2.0
// A device whose accounts link to object 21 (TS 5.5.7): what it sends and takes, and what outlives a power
// cut. Shows: SE-8
#include <set>

#include "linnet/client/engine.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "linnet/client/oscore_accounts.hpp"
#include "linnet/lwm2m/codec.hpp"
#include "tests/unit/client/power_cut.hpp"
#include "tests/unit/oscore/secured_pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;
using oscore::FirstUse;

constexpr coap::LinkId kLink{0};
constexpr lwm2m::ShortServerId kServer = 7;

/// A device engine and a CoAP endpoint that plays its server.
class SecuredDevice : public ::testing::TestWithParam<FirstUse> {
 public:
  SecuredDevice()
      : network(1), server(network, {}, 2), links(network), random(3), side({.follow_requests = true}, 4) {
    const bool stored = GetParam() == FirstUse::kStored;
    side.id = *side.contexts.add(shared_input("srv", "dev"), GetParam(), 0, stored ? 100 : 0);
    server.endpoint.protect_by(side.contexts);
    server.handler.answer = [this](const coap::IncomingRequest& request, auto, auto) {
      contexts.push_back(request.security_context);
      coap::Reply reply;
      reply.code = Code::kCreated;
      reply.location = {"rd", "1"};
      return reply;
    };
    links.deliver = [this](coap::LinkId, const Bytes& bytes) {
      server.endpoint.receive(kLink, bytes, network.now);
    };
    server.links.deliver = [this](coap::LinkId, const Bytes& bytes) {
      if (engine) engine->receive(kLink, bytes, network.now);
    };
    network.on_post = [this](const Bytes& bytes) { wire.push_back(bytes); };
    client::SecurityInstance& account = *security.add(0);
    account.short_server_id = kServer;
    account.oscore = lwm2m::Objlnk{21, 3};
    client::OscoreInstance& keys = *oscore_object.add(3);
    const auto input = shared_input("dev", "srv");
    keys.master_secret.assign(input.master_secret.view());
    keys.master_salt.emplace().assign(input.master_salt.view());
    keys.sender_id.assign(input.sender_id.view());
    keys.recipient_id.assign(input.recipient_id.view());
    servers.add(0)->short_server_id = kServer;
    device.add(0)->manufacturer = "secret maker";
    config.endpoint = "the-endpoint";
    config.codecs = lwm2m::all_codecs();
    config.max_state = 2000;
  }

  Result<void> boot() {
    engine.reset();
    accounts = std::make_unique<client::OscoreAccounts>();
    const client::OscoreConfig with{.contexts = {}, .first_use = GetParam()};
    account_memory.assign(client::OscoreAccounts::memory_needed(with), std::byte{});
    Arena account_arena(account_memory);
    EXPECT_TRUE(accounts->init(with, account_arena, crypto, random));
    parts[0] = accounts.get();
    config.oscore = accounts.get();
    config.medium = &flash;
    config.parts = parts;
    engine = std::make_unique<client::Engine>();
    memory.assign(client::Engine::memory_needed(config), std::byte{});
    Arena arena(memory);
    EXPECT_TRUE(engine->init(config, arena, links, random, objects, nullptr));
    return engine->connect(kServer, kLink);
  }

  void run_for(Millis span) {
    const Instant limit = network.now + span;
    for (;;) {
      const Instant next =
          std::min({network.next(), engine->next_deadline(), server.endpoint.next_deadline()});
      if (next > limit) break;
      network.now = std::max(network.now, next);
      network.deliver_due();
      engine->step(network.now);
      server.endpoint.step(network.now);
    }
    network.now = limit;
    engine->step(network.now);
  }

  [[nodiscard]] bool on_wire(std::string_view text) const {
    return std::any_of(wire.begin(), wire.end(), [&](const Bytes& bytes) {
      return as_text(bytes).find(text) != std::string_view::npos;
    });
  }

  Network network;
  Node server;
  VirtualLinks links;
  SeededRandom random;
  Side side;
  tls::NettleCrypto crypto;
  client::SecurityObject<2> security;
  client::ServerObject<1> servers;
  client::DeviceObject device;
  client::OscoreObject<2> oscore_object;
  std::array<client::Object*, 4> objects{&security, &servers, &device, &oscore_object};
  client::test::Flash flash{4000};
  client::Config config;
  std::vector<std::byte> account_memory;
  std::vector<std::byte> memory;
  std::unique_ptr<client::OscoreAccounts> accounts;
  std::array<client::Persistent*, 1> parts{};
  std::unique_ptr<client::Engine> engine;
  std::vector<std::uint32_t> contexts;
  std::vector<Bytes> wire;
};

INSTANTIATE_TEST_SUITE_P(FirstUse, SecuredDevice, ::testing::Values(FirstUse::kRederive, FirstUse::kStored),
                         [](const auto& how) {
                           return how.param == FirstUse::kRederive ? "rederived" : "stored";
                         });

TEST_P(SecuredDevice, registers_and_is_read_under_the_context_of_its_account) {
  ASSERT_TRUE(boot());
  run_for(Millis(5000));
  EXPECT_EQ(engine->state(kServer), client::RegistrationState::kRegistered);
  EXPECT_EQ(contexts, (std::vector<std::uint32_t>{side.id}));
  coap::OutgoingRequest read;
  const std::array<std::string_view, 3> path{"3", "0", "0"};
  read.path = path;
  read.accept = 0;
  const auto id = server.endpoint.request(kLink, read, network.now);
  ASSERT_TRUE(id);
  run_for(Millis(5000));
  ASSERT_EQ(server.handler.outcomes[*id].size(), 1U);
  EXPECT_EQ(server.handler.outcomes[*id].front().payload, bytes_of("secret maker"));
  EXPECT_FALSE(on_wire("the-endpoint"));
  EXPECT_FALSE(on_wire("secret maker"));
}

TEST_P(SecuredDevice, comes_back_after_power_cuts_and_repeats_no_number) {
  for (int life = 0; life < 5; ++life) {
    ASSERT_TRUE(boot());
    run_for(Millis(5000));
    for (int i = 0; i < life * 3; ++i) {
      engine->update(kServer);
      run_for(Millis(3000));
    }
    EXPECT_EQ(engine->state(kServer), client::RegistrationState::kRegistered) << life;
  }
  std::set<std::string> used;  // kid context and Partial IV of requests of the device
  for (const Bytes& bytes : wire) {
    const auto message = coap::Message::decode(bytes);
    if (!message || !coap::is_request(message->code())) continue;
    const auto option = message->options().find(coap::OptionNumber::kOscore);
    ASSERT_TRUE(option);
    if (GetParam() == FirstUse::kStored) {
      EXPECT_TRUE(used.insert(to_hex(option->value)).second);
    }
  }
}

TEST_P(SecuredDevice, sends_nothing_where_numbers_cannot_be_reserved) {
  if (GetParam() == FirstUse::kRederive) {
    flash.bytes_left = 0;
    ASSERT_TRUE(boot());  // needs no memory
    return;
  }
  flash.bytes_left = 0;
  EXPECT_EQ(boot().error().code, Errc::kIo);
  run_for(Millis(60'000));
  EXPECT_TRUE(wire.empty());
}

TEST_P(SecuredDevice, an_account_without_its_context_is_not_connected) {
  security.get(0)->oscore = lwm2m::Objlnk{21, 9};
  EXPECT_EQ(boot().error().code, Errc::kNotFound);
  security.get(0)->oscore = lwm2m::Objlnk{21, 3};
  oscore_object.get(3)->hmac_algorithm = 5;
  flash = client::test::Flash(4000);
  EXPECT_EQ(boot().error().code, Errc::kUnsupported);
  run_for(Millis(60'000));
  EXPECT_TRUE(wire.empty());
}

TEST_P(SecuredDevice, the_bootstrap_server_is_asked_under_its_context) {
  security.get(0)->bootstrap_server = true;
  security.get(0)->short_server_id.reset();
  ASSERT_TRUE(servers.remove(0));
  static_cast<void>(boot());
  ASSERT_TRUE(engine->connect(client::kBootstrapServer, kLink));
  run_for(Millis(5000));
  ASSERT_FALSE(contexts.empty());
  EXPECT_EQ(contexts.front(), side.id);
  EXPECT_FALSE(on_wire("the-endpoint"));
}

}  // namespace
}  // namespace linnet::testing

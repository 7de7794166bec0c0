// SPDX-License-Identifier: Apache-2.0
// Shows: SE-6, SE-8
// A running server under OSCORE, devices of an endpoint of our own over real sockets, and what an attacker on
// the way can do.
#include <gtest/gtest.h>

#include <cstring>
#include <future>

#include "protected_device.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using test::configuration;
using test::context_for;
using test::enter;
using test::ProtectedDevice;
using test::start;
using test::StateFolder;
using Bytes = test::Wire::Bytes;

/// What the server says to a datagram of a stranger; the code outside.
Code answer_to(const Address& server, ByteView datagram) {
  RawDevice stranger(server);
  stranger.send(datagram);
  RawMessage answer = stranger.receive();
  // What does not fit the ring of duplicates comes behind an empty acknowledgement.
  if (answer.view().code() == Code::kEmpty) answer = stranger.receive();
  return answer.view().code();
}

using oscore::FirstUse;
struct Case {
  unsigned shards;
  FirstUse first_use;
};
class OscoreServer : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shards, OscoreServer,
                         ::testing::Values(Case{1, FirstUse::kRederive}, Case{3, FirstUse::kRederive},
                                           Case{3, FirstUse::kStored}));

TEST_P(OscoreServer, a_device_registers_is_read_and_comes_back_from_other_addresses) {
  const StateFolder folder;
  const auto server = start(configuration(GetParam().shards, &folder));
  enter(*server, context_for("safe", "dev"));
  ProtectedDevice device(server->listening()[0], GetParam().first_use);
  ASSERT_EQ(device.register_as("safe"), Code::kCreated);
  std::promise<Outcome> done;
  server::Operation read;
  read.kind = server::OperationKind::kRead;
  read.path = *lwm2m::Path::parse("/3/0/0");
  ASSERT_TRUE(server->perform("safe", read, [&](Outcome outcome) { done.set_value(std::move(outcome)); }));
  auto outcome = done.get_future();
  while (outcome.wait_for(Millis(0)) != std::future_status::ready) device.exchange(20);
  EXPECT_EQ(as_text(outcome.get().payload), "linnet");
  ASSERT_FALSE(device.contexts_of_requests.empty());
  EXPECT_NE(device.contexts_of_requests[0], 0U) << "it was asked in the clear";
  // Elsewhere and anew, at whatever shard that arrives.
  for (int i = 0; i < 4; ++i) {
    ProtectedDevice again(server->listening()[0], FirstUse::kRederive);
    EXPECT_EQ(again.request(Code::kPost, {"rd", device.location}), Code::kChanged);
  }
}

// TS 5.5.5.
TEST(OscoreIdentity, a_context_is_good_for_its_own_endpoint_alone) {
  const auto server = start(configuration(1, nullptr));
  enter(*server, context_for("safe", "dev"));
  enter(*server, context_for("other", "oth", 9));
  ProtectedDevice device(server->listening()[0], FirstUse::kRederive);
  EXPECT_EQ(device.register_as("other"), Code::kBadRequest);
  EXPECT_EQ(device.register_as("nobody"), Code::kBadRequest);
  EXPECT_EQ(device.register_as("safe"), Code::kCreated);
  RawDevice plain(server->listening()[0]);
  plain.request(Code::kPost, {"rd"}, {"ep=safe", "lt=300", "lwm2m=1.1"}, "</3/0>");
  EXPECT_EQ(plain.receive().view().code(), Code::kForbidden);
}

// What numbers were used nobody can know without a store.
TEST(OscoreIdentity, without_a_store_only_new_keys_are_used) {
  const auto server = start(configuration(1, nullptr));
  enter(*server, context_for("safe", "dev"));
  ProtectedDevice stored(server->listening()[0], FirstUse::kStored);
  EXPECT_EQ(stored.register_as("safe"), Code::kUnauthorized);
}

TEST(OscoreAttack, a_replay_gets_4_01_and_changes_nothing) {
  const auto server = start(configuration(1, nullptr));
  enter(*server, context_for("safe", "dev"));
  ProtectedDevice device(server->listening()[0], FirstUse::kRederive);
  ASSERT_EQ(device.register_as("safe"), Code::kCreated);
  ASSERT_EQ(device.request(Code::kDelete, {"rd", device.location}), Code::kDeleted);
  // Every message of the device once more, from elsewhere: none registers it again.
  for (const Bytes& datagram : device.sent) {
    if (!is_request(coap::Message::decode(datagram)->code())) continue;
    // The first one asks for new keys, which is answered by a value that only the device can use.
    const bool first = &datagram == &device.sent.front();
    EXPECT_EQ(answer_to(server->listening()[0], datagram), first ? Code::kChanged : Code::kUnauthorized);
  }
  std::promise<bool> found;
  ASSERT_TRUE(
      server->find("safe", [&](const std::optional<Device>& shown) { found.set_value(shown.has_value()); }));
  EXPECT_FALSE(found.get_future().get());
}

/// A request with this OSCORE option and payload.
Bytes forged(ByteView option, ByteView payload) {
  std::array<std::uint8_t, 1400> buffer;
  coap::MessageWriter writer(buffer, coap::Type::kConfirmable, Code::kPost, coap::MessageId{7}, {});
  writer.option(coap::OptionNumber::kOscore, option);
  writer.payload(payload);
  const std::size_t size = *writer.finish();
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

TEST(OscoreAttack, what_does_not_verify_gets_the_errors_of_the_document) {
  const StateFolder folder;
  const auto server = start(configuration(2, &folder));
  enter(*server, context_for("safe", "dev"));
  const Address& at = server->listening()[0];
  const Bytes text(40, 0x55);
  const auto option = [](std::initializer_list<unsigned> bytes) {
    Bytes made;
    for (const unsigned byte : bytes) made.push_back(static_cast<std::uint8_t>(byte));
    return made;
  };
  // A known id and nothing behind it: 4.00 (RFC 8613 8.2). The first one waits for numbers on disk.
  const Bytes known = option({0x09, 5, 'd', 'e', 'v'});
  EXPECT_EQ(answer_to(at, forged(known, text)), Code::kBadRequest);
  EXPECT_EQ(answer_to(at, forged(known, text)), Code::kBadRequest);
  EXPECT_EQ(answer_to(at, forged(known, Bytes(1200, 1))), Code::kBadRequest);
  EXPECT_EQ(answer_to(at, forged(known, Bytes(3, 1))), Code::kBadRequest) << "shorter than a tag";
  // Unknown ids and contexts: 4.01.
  EXPECT_EQ(answer_to(at, forged(option({0x09, 5, 'd', 'e', 'w'}), text)), Code::kUnauthorized);
  EXPECT_EQ(answer_to(at, forged(option({0x09, 5}), text)), Code::kUnauthorized);
  Bytes long_id = option({0x09, 5});
  long_id.resize(200, 'd');
  EXPECT_EQ(answer_to(at, forged(long_id, text)), Code::kUnauthorized);
  Bytes long_context = option({0x19, 5, 100});
  long_context.resize(103, 'x');
  for (const char c : {'d', 'e', 'v'}) long_context.push_back(static_cast<std::uint8_t>(c));
  EXPECT_NE(answer_to(at, forged(long_context, text)), Code::kCreated);
  // No option that says what it must: 4.02.
  EXPECT_EQ(answer_to(at, forged(option({0x08, 'd', 'e', 'v'}), text)), Code::kBadOption);
  EXPECT_EQ(answer_to(at, forged(option({0x0E, 1, 2, 3, 4, 5, 6, 'd'}), text)), Code::kBadOption);
  EXPECT_EQ(answer_to(at, forged(option({0x19, 5, 250, 1}), text)), Code::kBadOption);
  EXPECT_EQ(answer_to(at, forged({}, text)), Code::kBadOption);
  // All the same to the device.
  ProtectedDevice device(at, FirstUse::kRederive);
  EXPECT_EQ(device.register_as("safe"), Code::kCreated);
}

TEST(OscoreAttack, another_secret_and_a_removed_one_get_nowhere) {
  const StateFolder folder;
  const auto server = start(configuration(2, &folder));
  enter(*server, context_for("safe", "dev"));
  ProtectedDevice wrong(server->listening()[0], FirstUse::kRederive, "dev", 200);
  EXPECT_EQ(code_class(wrong.register_as("safe")), 4U);
  ProtectedDevice device(server->listening()[0], FirstUse::kRederive);
  ASSERT_EQ(device.register_as("safe"), Code::kCreated);
  enter(*server, context_for("safe", "dev", 200));
  EXPECT_EQ(code_class(device.request(Code::kPost, {"rd", device.location})), 4U);
  EXPECT_EQ(wrong.register_as("safe"), Code::kCreated);
}

TEST(OscoreRestart, no_nonce_is_used_twice_and_the_first_request_is_challenged) {
  const StateFolder folder;
  ServerConfig config = configuration(3, &folder);
  auto server = start(config);
  config.listen = server->listening();
  enter(*server, context_for("safe", "dev"));
  ProtectedDevice device(server->listening()[0], FirstUse::kStored);
  ASSERT_EQ(device.register_as("safe"), Code::kCreated);
  ASSERT_EQ(device.request(Code::kPost, {"rd", device.location}), Code::kChanged);
  const Bytes last = device.sent.back();
  server.reset();
  server = start(config);
  // The window is gone: what was taken before is not taken again.
  EXPECT_EQ(answer_to(server->listening()[0], last), Code::kChanged) << "the challenge, which is protected";
  const std::ptrdiff_t before = device.requests_sent();
  EXPECT_EQ(device.request(Code::kPost, {"rd", device.location}), Code::kChanged);
  EXPECT_EQ(device.requests_sent(), before + 2) << "once, and once more with the Echo value";
  EXPECT_EQ(answer_to(server->listening()[0], last), Code::kUnauthorized);
}

}  // namespace
}  // namespace linnet::net

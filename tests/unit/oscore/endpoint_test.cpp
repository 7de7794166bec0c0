// SPDX-License-Identifier: Apache-2.0
// Endpoints that protect their messages: first use, replay, binding, blocks, observation, lost state
// (RFC 8613 §7, §8, appendix B).
// Shows: SE-8
#include "tests/unit/oscore/secured_pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;
using oscore::FirstUse;

constexpr std::string_view kPath[] = {"hidden", "0"};

coap::OutgoingRequest request_of(Code method, std::string_view payload = {}) {
  coap::OutgoingRequest request;
  request.method = method;
  request.path = kPath;
  request.payload = as_bytes(payload);
  return request;
}

class Secured : public ::testing::TestWithParam<FirstUse> {};

INSTANTIATE_TEST_SUITE_P(FirstUse, Secured, ::testing::Values(FirstUse::kRederive, FirstUse::kStored),
                         [](const auto& how) {
                           return how.param == FirstUse::kRederive ? "rederived" : "stored";
                         });

TEST_P(Secured, a_request_and_its_response_are_read_by_nobody_else) {
  SecuredPair world(GetParam());
  std::uint32_t context = 0;
  world.pair.server.handler.answer = [&](const coap::IncomingRequest& request, auto, auto) {
    context = request.security_context;
    EXPECT_EQ(request.method, Code::kPut);
    EXPECT_EQ(as_text(request.payload), "question");
    return reply_of(Code::kContent, "answer");
  };
  const Outcome outcome = world.ask(world.pair.client, request_of(Code::kPut, "question"));
  EXPECT_EQ(outcome.code, Code::kContent);
  EXPECT_EQ(outcome.payload, bytes_of("answer"));
  EXPECT_EQ(context, world.server.id);
  EXPECT_EQ(world.pair.server.handler.requests, 1);
  for (const char* const text : {"question", "answer", "hidden"}) EXPECT_FALSE(world.on_wire(text)) << text;
}

TEST_P(Secured, the_first_request_is_challenged_by_echo_and_the_second_is_not) {
  SecuredPair world(GetParam());
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  EXPECT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  const std::uint64_t first = world.pair.network.posted;
  EXPECT_GT(first, 2U);
  EXPECT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  EXPECT_EQ(world.pair.network.posted, first + 2);
  EXPECT_EQ(world.pair.server.handler.requests, 2);
}

TEST_P(Secured, the_server_asks_back_under_the_same_context) {
  SecuredPair world(GetParam());
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  world.pair.client.handler.answer = [](const auto& request, auto, auto) {
    EXPECT_NE(request.security_context, 0U);
    return reply_of(Code::kContent, "secret");
  };
  EXPECT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  EXPECT_EQ(world.ask(world.pair.server, request_of(Code::kGet)).payload, bytes_of("secret"));
  EXPECT_FALSE(world.on_wire("secret"));
}

TEST_P(Secured, a_replayed_request_is_not_done_again) {
  SecuredPair world(GetParam());
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  ASSERT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  ASSERT_EQ(world.ask(world.pair.client, request_of(Code::kPut)).code, Code::kChanged);
  const std::vector<Bytes> captured = world.wire;
  const int done = world.pair.server.handler.requests;
  for (Bytes bytes : captured) {
    const auto message = coap::Message::decode(bytes);
    if (!message || !coap::is_request(message->code())) continue;
    for (int other_id = 0; other_id < 2; ++other_id) {
      bytes[2] =
          static_cast<std::uint8_t>(bytes[2] ^ (other_id == 0 ? 0 : 0x55));  // Message IDs are not protected
      world.pair.server.endpoint.receive(SecuredPair::kLink, bytes, world.pair.network.now);
    }
  }
  EXPECT_EQ(world.pair.server.handler.requests, done);
}

TEST_P(Secured, bodies_are_cut_into_inner_blocks) {
  coap::EndpointConfig config;
  config.max_transfers = 4;
  SecuredPair world(GetParam(), config);
  const std::string question(1500, 'q');
  const std::string answer(1900, 'a');
  world.pair.server.handler.answer = [&](const coap::IncomingRequest& request, auto, auto) {
    EXPECT_EQ(as_text(request.payload), question);
    return reply_of(Code::kContent, answer);
  };
  const Outcome outcome = world.ask(world.pair.client, request_of(Code::kFetch, question));
  EXPECT_EQ(outcome.code, Code::kContent) << static_cast<int>(outcome.why);
  EXPECT_EQ(outcome.payload.size(), answer.size());
  EXPECT_FALSE(world.pair.client.links.oversized);
  EXPECT_FALSE(world.pair.server.links.oversized);
  EXPECT_FALSE(world.on_wire("aaaa"));
  EXPECT_FALSE(world.on_wire("qqqq"));
}

TEST_P(Secured, loss_and_duplication_are_the_message_layers_affair) {
  SecuredPair world(GetParam());
  world.pair.set_weather({.loss = 20, .duplication = 30, .jitter = Millis(3000)});
  const std::string answer(300, 'a');
  int posts = 0;
  world.pair.server.handler.answer = [&](const coap::IncomingRequest& request, auto, auto) {
    if (request.method == Code::kPost) ++posts;
    return reply_of(Code::kContent, answer);
  };
  int answered = 0;
  constexpr int kRequests = 40;
  for (int i = 0; i < kRequests; ++i) {
    const Code method = i % 2 == 0 ? Code::kGet : Code::kPost;
    if (world.ask(world.pair.client, request_of(method)).payload == bytes_of(answer)) ++answered;
  }
  EXPECT_GE(answered, kRequests - 4);
  EXPECT_LE(posts, kRequests / 2);
}

TEST_P(Secured, a_retransmission_has_the_same_bytes) {
  SecuredPair world(GetParam());
  world.pair.set_weather({.loss = 100});
  ASSERT_TRUE(
      world.pair.client.endpoint.request(SecuredPair::kLink, request_of(Code::kGet), world.pair.network.now));
  world.pair.run();
  ASSERT_EQ(world.wire.size(), 5U);
  for (const Bytes& bytes : world.wire) EXPECT_EQ(bytes, world.wire.front());
}

TEST_P(Secured, a_server_that_lost_its_state_is_found_again) {
  SecuredPair world(GetParam());
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  ASSERT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  SecuredPair::restart(world.server, GetParam(), "srv", "dev");
  Outcome outcome = world.ask(world.pair.client, request_of(Code::kPost));
  if (GetParam() == FirstUse::kRederive) {
    EXPECT_EQ(outcome.code, Code::kUnauthorized);  // without protection: it knows nothing of the keys
    outcome = world.ask(world.pair.client, request_of(Code::kPost));
  }
  EXPECT_EQ(outcome.code, Code::kChanged);
}

TEST_P(Secured, a_client_that_lost_its_state_is_found_again) {
  SecuredPair world(GetParam());
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  world.pair.client.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kContent, "x"); };
  ASSERT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  SecuredPair::restart(world.client, GetParam(), "dev", "srv");
  EXPECT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  EXPECT_EQ(world.ask(world.pair.server, request_of(Code::kGet)).payload, bytes_of("x"));
}

TEST_P(Secured, notifications_are_bound_to_their_request_and_ordered_by_partial_ivs) {
  SecuredPair world(GetParam());
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  ASSERT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  coap::Token token;
  world.pair.client.handler.answer = [&](const coap::IncomingRequest& request, auto, auto) {
    token = request.token;
    coap::Reply reply = reply_of(Code::kContent, "value 0");
    reply.observe = request.observe == 0 ? std::optional<std::uint32_t>(0) : std::nullopt;
    return reply;
  };
  coap::OutgoingRequest observe = request_of(Code::kGet);
  observe.observe = 0;
  const Outcome first = world.ask(world.pair.server, observe);
  EXPECT_EQ(first.payload, bytes_of("value 0"));
  EXPECT_TRUE(first.observe);
  world.wire.clear();
  for (int i = 1; i <= 3; ++i) {
    const std::string value = "value " + std::to_string(i);
    coap::Notification notification;
    notification.token = token;
    notification.code = Code::kContent;
    notification.observe = static_cast<std::uint32_t>(i);
    notification.confirmable = i == 2;
    notification.payload = as_bytes(value);
    ASSERT_TRUE(world.pair.client.endpoint.notify(SecuredPair::kLink, notification, world.pair.network.now));
    world.pair.run();
  }
  auto& got = world.pair.server.handler.notifications;
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[2].payload, bytes_of("value 3"));
  EXPECT_LT(*got[0].observe, *got[1].observe);
  EXPECT_LT(*got[1].observe, *got[2].observe);
  EXPECT_FALSE(world.on_wire("value"));
  // Again, under other Message IDs: nothing reaches the handler.
  for (Bytes bytes : std::vector<Bytes>(world.wire)) {
    bytes[3] ^= 0x77;
    world.pair.server.endpoint.receive(SecuredPair::kLink, bytes, world.pair.network.now);
  }
  world.pair.run();
  EXPECT_EQ(got.size(), 3U);
  // The end of it: a cancellation, after which nothing can be told any more.
  observe.observe = 1;
  observe.token = token;
  EXPECT_EQ(world.ask(world.pair.server, observe).code, Code::kContent);
  coap::Notification late;
  late.token = token;
  EXPECT_EQ(world.pair.client.endpoint.notify(SecuredPair::kLink, late, world.pair.network.now).error().code,
            Errc::kNotFound);
}

TEST_P(Secured, what_is_not_protected_is_refused) {
  SecuredPair world(GetParam());
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  ASSERT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
  const int done = world.pair.server.handler.requests;
  world.wire.clear();
  for (const Side* const side : {&world.client, &world.server}) {
    Node& receiver = side == &world.client ? world.pair.client : world.pair.server;
    receiver.endpoint.receive(SecuredPair::kLink,
                              hex("40020042"
                                  "b161"),
                              world.pair.network.now);
  }
  EXPECT_EQ(world.pair.server.handler.requests, done);
  EXPECT_EQ(world.pair.client.handler.requests, 0);
  ASSERT_EQ(world.wire.size(), 2U);
  for (const Bytes& bytes : world.wire) EXPECT_EQ(to_hex(bytes), "60810042");
}

TEST_P(Secured, a_success_that_is_not_protected_does_not_answer_a_protected_request) {
  SecuredPair world(GetParam());
  world.pair.client.links.deliver = [&](coap::LinkId, const Bytes& bytes) {
    const auto message = coap::Message::decode(bytes);
    std::array<std::uint8_t, 32> forged{};
    coap::MessageWriter writer(forged, coap::Type::kAcknowledgement, Code::kChanged, message->message_id(),
                               message->token());
    world.pair.client.endpoint.receive(SecuredPair::kLink, ByteView(forged).first(*writer.finish()),
                                       world.pair.network.now);
  };
  EXPECT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).why, Errc::kTimeout);
}

TEST(Contexts, errors_before_verification_are_answered_without_protection) {
  SecuredPair world(FirstUse::kStored);
  const auto answer_to = [&](const char* request) {
    world.wire.clear();
    world.pair.server.endpoint.receive(SecuredPair::kLink, hex(request), world.pair.network.now);
    return world.wire.empty() ? std::string("none") : to_hex(world.wire.back());
  };
  EXPECT_EQ(answer_to("40020001"
                      "92e905"
                      "ff0011223344556677889900"),
            "60820001");  // reserved flags
  EXPECT_EQ(answer_to("40020002"
                      "920105"
                      "ff0011223344556677889900"),
            "60820002");  // no kid
  EXPECT_EQ(answer_to("40020003"
                      "94090541"
                      "42"
                      "ff0011223344556677889900"),
            "60810003");  // a strange one
  EXPECT_EQ(answer_to("40020004"
                      "950905"
                      "646576"
                      "ff0011223344556677889900"),
            "60800004");  // a forged one
  EXPECT_EQ(world.pair.server.handler.requests, 0);
}

TEST(Contexts, numbers_are_reserved_before_they_are_used) {
  SecuredPair world(FirstUse::kStored);
  world.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
  for (int i = 0; i < 150; ++i)
    ASSERT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged) << i;
  EXPECT_GE(world.client.keeper.asked, 1);
  EXPECT_LE(world.client.keeper.asked, 4);
  world.client.keeper.grants = false;
  bool refused = false;
  for (int i = 0; i < 150 && !refused; ++i)
    refused = world.ask(world.pair.client, request_of(Code::kPost)).failed;
  EXPECT_TRUE(refused);
  world.client.contexts.extend(world.client.id, 1000);
  EXPECT_EQ(world.ask(world.pair.client, request_of(Code::kPost)).code, Code::kChanged);
}

/// Every nonce under every key once: collects what was sealed.
TEST(Contexts, no_nonce_is_used_twice_under_a_key) {
  class Watching final : public oscore::Crypto {
   public:
    bool has(oscore::Algorithm algorithm) const noexcept override { return real.has(algorithm); }
    bool seal(oscore::Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
              ByteSpan text) noexcept override {
      const std::string name = to_hex(key) + to_hex(nonce);
      const Bytes plain = copy(text.first(text.size() - oscore::properties(algorithm)->tag_size));
      const auto [at, is_new] = sealed.emplace(name, plain);
      EXPECT_TRUE(is_new || at->second == plain) << name;
      return real.seal(algorithm, key, nonce, aad, text);
    }
    bool open(oscore::Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
              ByteSpan text) noexcept override {
      return real.open(algorithm, key, nonce, aad, text);
    }
    void hmac(ByteView key, std::span<const ByteView> parts, Hash& out) noexcept override {
      real.hmac(key, parts, out);
    }
    tls::NettleCrypto real;
    std::map<std::string, Bytes> sealed;
  };
  for (const FirstUse how : {FirstUse::kRederive, FirstUse::kStored}) {
    Pair pair;
    Watching crypto;
    std::vector<std::unique_ptr<std::vector<std::byte>>> memories;
    std::array<SeededRandom, 2> random{SeededRandom(3), SeededRandom(4)};
    std::array<Reservations, 2> keepers;
    std::array<oscore::Contexts, 2> contexts;
    for (std::size_t i = 0; i < 2; ++i) {
      const oscore::ContextsConfig config{.follow_requests = i == 1};
      memories.push_back(std::make_unique<std::vector<std::byte>>(oscore::Contexts::memory_needed(config)));
      Arena arena(*memories.back());
      keepers[i].contexts = &contexts[i];
      ASSERT_TRUE(contexts[i].init(config, arena, crypto, random[i], keepers[i]));
      const auto input = i == 0 ? shared_input("dev", "srv") : shared_input("srv", "dev");
      const auto id = contexts[i].add(input, how, 0, how == FirstUse::kStored ? 100 : 0);
      if (i == 0) contexts[i].secure(Pair::kLink, *id);
    }
    pair.client.endpoint.protect_by(contexts[0]);
    pair.server.endpoint.protect_by(contexts[1]);
    pair.set_weather({.loss = 15, .duplication = 40, .jitter = Millis(4000)});
    std::size_t count = 0;
    const auto answer = [&](const coap::IncomingRequest&, auto, auto) {
      return reply_of(Code::kContent,
                      std::string_view("another answer each time, and a long one").substr(++count % 8));
    };
    pair.server.handler.answer = answer;
    pair.client.handler.answer = answer;
    for (int i = 0; i < 60; ++i) {
      Node& node = i % 3 == 2 ? pair.server : pair.client;
      // Not all of them: some find a peer that is busy.
      static_cast<void>(node.endpoint.request(Pair::kLink, request_of(i % 2 == 0 ? Code::kGet : Code::kPost),
                                              pair.network.now));
      pair.run_for(Millis(i % 5 * 2000));
    }
    pair.run();
    EXPECT_GT(crypto.sealed.size(), 100U);
  }
}

}  // namespace
}  // namespace linnet::testing

// SPDX-License-Identifier: Apache-2.0
// Protected messages that a proxy cuts and joins (RFC 8613 §4.1.3.4.2), which knows nothing of OSCORE.
// Shows: SE-8, SE-9
#include "tests/unit/oscore/secured_pair.hpp"

namespace linnet::testing {
namespace {

using coap::Block;
using coap::Code;
using coap::Message;
using coap::OptionNumber;
using coap::Type;
using oscore::FirstUse;

constexpr std::string_view kPath[] = {"hidden"};

/// Options of `message` but for its blocks, and with these instead.
Bytes rewritten(const Message& message, Type type, coap::MessageId id, const coap::Token& token,
                std::optional<Block> block2, std::optional<Block> block1, ByteView payload) {
  Bytes bytes(2048);
  coap::MessageWriter writer(bytes, type, message.code(), id, token);
  const auto own = [&](OptionNumber before) {
    if (block2 && before > OptionNumber::kBlock2) {
      writer.option(OptionNumber::kBlock2, block2->value());
      block2.reset();
    }
    if (block1 && before > OptionNumber::kBlock1) {
      writer.option(OptionNumber::kBlock1, block1->value());
      block1.reset();
    }
  };
  for (const coap::Option& option : message.options()) {
    if (option.number == OptionNumber::kBlock1 || option.number == OptionNumber::kBlock2) continue;
    own(option.number);
    writer.option(option.number, option.value);
  }
  own(OptionNumber{UINT16_MAX});
  writer.payload(payload);
  bytes.resize(*writer.finish());
  return bytes;
}

/// Between who asks and who answers. What is longer than a block goes on in parts, upwards by Block1,
/// downwards by Block2, of which it keeps the body.
class Proxy {
 public:
  Proxy(Network& network, Node& asking, Node& answering, std::uint8_t up_szx, std::uint8_t down_szx)
      : network_(network), asking_(asking), answering_(answering), up_szx_(up_szx), down_szx_(down_szx) {
    asking.links.deliver = [this](coap::LinkId, const Bytes& bytes) { take_request(bytes); };
    answering.links.deliver = [this](coap::LinkId, const Bytes& bytes) { take_response(bytes); };
  }

  std::vector<Bytes> up, down;  ///< what it said to either side
  std::vector<Bytes> asked;     ///< what it was asked for

 private:
  void say_up(const Bytes& bytes) {
    up.push_back(bytes);
    answering_.endpoint.receive(SecuredPair::kLink, bytes, network_.now);
  }
  void say_down(const Bytes& bytes) {
    down.push_back(bytes);
    asking_.endpoint.receive(SecuredPair::kLink, bytes, network_.now);
  }
  void take_request(const Bytes& bytes) {
    const Message message = *Message::decode(bytes);
    if (!coap::is_request(message.code())) return say_up(bytes);
    asked.push_back(bytes);
    const auto wanted = message.options().find_uint(OptionNumber::kBlock2);
    if (wanted && Block::from_value(*wanted).number != 0) return serve(message, Block::from_value(*wanted));
    request_ = bytes;
    if (message.payload().size() <= Block::size_of(up_szx_)) return say_up(bytes);
    pass_part(0);
  }
  void pass_part(std::uint32_t offset) {
    const Message message = *Message::decode(request_);
    const ByteView rest = message.payload().subspan(offset);
    const std::uint32_t size = Block::size_of(up_szx_);
    const Block block = Block::at(offset, rest.size() > size, up_szx_);
    // Each part is a message of its own, but for the last one, whose answer is the request's.
    const auto id = block.more ? static_cast<coap::MessageId>(0x4000 + block.number) : message.message_id();
    say_up(rewritten(message, Type::kConfirmable, id, message.token(), {}, block,
                     rest.first(std::min<std::size_t>(size, rest.size()))));
  }
  void take_response(const Bytes& bytes) {
    const Message message = *Message::decode(bytes);
    const auto block1 = message.options().find_uint(OptionNumber::kBlock1);
    if (message.code() == Code::kContinue && block1)
      return pass_part(Block::from_value(*block1).offset() + Block::size_of(up_szx_));
    if (!coap::is_response(message.code()) || message.payload().size() <= Block::size_of(down_szx_))
      return say_down(bytes);
    response_ = bytes;
    serve(message, message.type(), message.message_id(), {0, false, down_szx_}, message.token());
  }
  void serve(const Message& request, const Block& wanted) {
    const auto same = Message::decode(request_)->options().find(OptionNumber::kOscore);
    EXPECT_TRUE(equal(request.options().find(OptionNumber::kOscore)->value, same->value));
    serve(*Message::decode(response_), Type::kAcknowledgement, request.message_id(), wanted, request.token());
  }
  void serve(const Message& response, Type type, coap::MessageId id, const Block& wanted,
             const coap::Token& token) {
    const ByteView rest = response.payload().subspan(wanted.offset());
    const Block block{wanted.number, rest.size() > wanted.size(), wanted.szx};
    say_down(rewritten(response, type, id, token, block, {},
                       rest.first(std::min<std::size_t>(wanted.size(), rest.size()))));
  }

  Network& network_;
  Node& asking_;
  Node& answering_;
  std::uint8_t up_szx_;
  std::uint8_t down_szx_;
  Bytes request_, response_;
};

coap::OutgoingRequest request_of(Code method, std::string_view payload) {
  coap::OutgoingRequest request;
  request.method = method;
  request.path = kPath;
  request.payload = as_bytes(payload);
  return request;
}

/// So that a peer may have a body in blocks whose messages come in parts.
coap::EndpointConfig roomy() {
  coap::EndpointConfig config;
  config.max_transfers = 7;
  return config;
}

/// Two that know each other, before the proxy comes between them.
struct World {
  World() : secured(FirstUse::kRederive, roomy()) {
    secured.pair.server.handler.answer = [](const auto&, auto, auto) { return reply_of(Code::kChanged); };
    EXPECT_EQ(secured.ask(client(), request_of(Code::kPost, "")).code, Code::kChanged);
  }
  Node& client() { return secured.pair.client; }
  Node& server() { return secured.pair.server; }
  Network& network() { return secured.pair.network; }

  SecuredPair secured;
};

struct Sizes {
  std::uint8_t up_szx, down_szx;
  std::size_t question, answer;
};
class Cut : public ::testing::TestWithParam<Sizes> {};

INSTANTIATE_TEST_SUITE_P(Sizes, Cut,
                         ::testing::Values(Sizes{0, 6, 200, 1}, Sizes{6, 0, 1, 200}, Sizes{2, 1, 900, 1000},
                                           // Inner blocks of 1024 bytes are larger with what protects them.
                                           Sizes{6, 6, 1500, 1900}, Sizes{4, 3, 1500, 1900}));

TEST_P(Cut, bodies_come_through_a_proxy_that_cuts_both_ways) {
  World world;
  Proxy proxy(world.network(), world.client(), world.server(), GetParam().up_szx, GetParam().down_szx);
  const std::string question(GetParam().question, 'q');
  const std::string answer(GetParam().answer, 'a');
  int requests = 0;
  world.server().handler.answer = [&](const coap::IncomingRequest& request, auto, auto) {
    ++requests;
    EXPECT_NE(request.security_context, 0U);
    EXPECT_EQ(as_text(request.payload), question);
    return reply_of(Code::kContent, answer);
  };
  for (const Code method : {Code::kFetch, Code::kPost}) {
    const Outcome outcome = world.secured.ask(world.client(), request_of(method, question));
    EXPECT_EQ(outcome.code, Code::kContent) << static_cast<int>(outcome.why);
    EXPECT_EQ(as_text(outcome.payload), answer);
  }
  EXPECT_EQ(requests, 2);
  // The other way round, device and server being both of them clients.
  Proxy back(world.network(), world.server(), world.client(), GetParam().up_szx, GetParam().down_szx);
  world.client().handler.answer = world.server().handler.answer;
  const Outcome outcome = world.secured.ask(world.server(), request_of(Code::kPut, question));
  EXPECT_EQ(as_text(outcome.payload), answer) << static_cast<int>(outcome.why);
  EXPECT_FALSE(world.secured.on_wire("qqqq"));
  EXPECT_FALSE(world.secured.on_wire("aaaa"));
  EXPECT_FALSE(world.client().links.oversized || world.server().links.oversized);
}

// RFC 7959 §3.3: the request once more, and nothing of its body.
TEST(OuterBlocks, another_part_is_asked_for_under_the_same_partial_iv) {
  World world;
  Proxy proxy(world.network(), world.client(), world.server(), 6, 3);
  const std::string answer(300, 'a');
  world.server().handler.answer = [&](const auto&, auto, auto) { return reply_of(Code::kContent, answer); };
  EXPECT_EQ(as_text(world.secured.ask(world.client(), request_of(Code::kGet, "")).payload), answer);
  ASSERT_EQ(proxy.asked.size(), 3U);
  const Message first = *Message::decode(proxy.asked[0]);
  for (std::uint32_t number = 1; number < 3; ++number) {
    const Message next = *Message::decode(proxy.asked[number]);
    EXPECT_EQ(next.code(), Code::kPost);
    EXPECT_TRUE(equal(next.options().find(OptionNumber::kOscore)->value,
                      first.options().find(OptionNumber::kOscore)->value));
    EXPECT_EQ(next.options().find_uint(OptionNumber::kBlock2), (Block{number, false, 3}.value()));
    EXPECT_TRUE(next.payload().empty());
    EXPECT_NE(next.token(), first.token());
    EXPECT_NE(next.message_id(), first.message_id());
  }
}

// RFC 7959 §2.3: the answer to the last part says that it was the last one.
TEST(OuterBlocks, every_part_is_acknowledged_by_its_number_and_unprotected_before_the_last) {
  World world;
  Proxy proxy(world.network(), world.client(), world.server(), 2, 6);
  EXPECT_EQ(world.secured.ask(world.client(), request_of(Code::kPut, std::string(150, 'q'))).code,
            Code::kChanged);
  std::vector<Bytes> answers(world.secured.wire.end() - 3, world.secured.wire.end());
  for (std::uint32_t number = 0; number < 3; ++number) {
    const Message answer = *Message::decode(answers[number]);
    const bool last = number == 2;
    EXPECT_EQ(answer.code(), last ? Code::kChanged : Code::kContinue);
    EXPECT_EQ(answer.options().find(OptionNumber::kOscore).has_value(), last);
    EXPECT_EQ(answer.options().find_uint(OptionNumber::kBlock1), (Block{number, !last, 2}.value()));
  }
}

TEST(OuterBlocks, an_observation_goes_on_behind_a_first_response_in_parts) {
  World world;
  Proxy proxy(world.network(), world.server(), world.client(), 6, 4);
  coap::Token token;
  const std::string value(700, 'v');
  world.client().handler.answer = [&](const coap::IncomingRequest& request, auto, auto) {
    token = request.token;
    coap::Reply reply = reply_of(Code::kContent, value);
    reply.observe = 0;
    return reply;
  };
  coap::OutgoingRequest observe = request_of(Code::kFetch, "which");
  observe.observe = 0;
  const Outcome first = world.secured.ask(world.server(), observe);
  EXPECT_EQ(as_text(first.payload), value);
  EXPECT_TRUE(first.observe);
  EXPECT_EQ(first.token, token);
  // What asks for the rest of it is no registration, and repeats what is asked for (RFC 8132 §2.3.3).
  ASSERT_EQ(proxy.asked.size(), 3U);
  const Message again = *Message::decode(proxy.asked[1]);
  EXPECT_FALSE(again.options().find(OptionNumber::kObserve));
  EXPECT_EQ(again.code(), Code::kFetch);
  EXPECT_TRUE(equal(again.payload(), Message::decode(proxy.asked[0])->payload()));
  coap::Notification notification;
  notification.token = token;
  notification.code = Code::kContent;
  notification.observe = 1;
  notification.payload = as_bytes("next");
  ASSERT_TRUE(world.client().endpoint.notify(SecuredPair::kLink, notification, world.network().now));
  world.secured.pair.run();
  ASSERT_EQ(world.server().handler.notifications.size(), 1U);
  EXPECT_EQ(as_text(world.server().handler.notifications[0].payload), "next");
}

TEST(OuterBlocks, a_separate_response_comes_in_parts_as_well) {
  World world;
  Proxy proxy(world.network(), world.client(), world.server(), 6, 3);
  coap::DeferredId deferred{};
  const std::string answer(300, 'a');
  world.server().handler.answer = [&](const auto&, coap::DeferredId id, auto) {
    deferred = id;
    coap::Reply reply;
    reply.kind = coap::Reply::Kind::kDefer;
    return reply;
  };
  const auto id =
      world.client().endpoint.request(SecuredPair::kLink, request_of(Code::kPost, ""), world.network().now);
  ASSERT_TRUE(id);
  world.secured.pair.run_for(Millis(2000));
  ASSERT_TRUE(
      world.server().endpoint.respond(deferred, reply_of(Code::kContent, answer), world.network().now));
  world.secured.pair.run();
  ASSERT_EQ(world.client().handler.outcomes[*id].size(), 1U);
  EXPECT_EQ(as_text(world.client().handler.outcomes[*id][0].payload), answer);
}

// What follows has no key.

/// The parts of a request that the client made, and what the server says to each.
class Parts {
 public:
  explicit Parts(World& world, std::size_t size = 150) : world_(world) {
    world.client().links.deliver = [](coap::LinkId, const Bytes&) {};
    world.secured.wire.clear();
    EXPECT_TRUE(world.client().endpoint.request(
        SecuredPair::kLink, request_of(Code::kPost, std::string(size, 'q')), world.network().now));
    whole = world.secured.wire.front();
  }

  [[nodiscard]] Bytes part(std::uint32_t number, std::uint8_t szx = 2) {
    const Message message = *Message::decode(whole);
    const ByteView rest = message.payload().subspan(std::size_t{number} * Block::size_of(szx));
    const std::size_t size = std::min<std::size_t>(Block::size_of(szx), rest.size());
    const Block block{number, rest.size() > size, szx};
    return rewritten(message, Type::kConfirmable, static_cast<coap::MessageId>(++id_), message.token(), {},
                     block, rest.first(size));
  }
  /// The code outside of the answer.
  Code say(const Bytes& bytes) {
    world_.secured.wire.clear();
    world_.server().endpoint.receive(SecuredPair::kLink, bytes, world_.network().now);
    EXPECT_FALSE(world_.secured.wire.empty());
    return world_.secured.wire.empty() ? Code::kEmpty : Message::decode(world_.secured.wire.back())->code();
  }
  [[nodiscard]] Message answer() const { return *Message::decode(world_.secured.wire.back()); }

  Bytes whole;

 private:
  World& world_;
  std::uint16_t id_ = 0x5000;
};

TEST(OuterBlocks, parts_that_are_missing_repeated_or_changed_do_nothing) {
  World world;
  const int before = world.server().handler.requests;
  Parts parts(world);
  EXPECT_EQ(parts.say(parts.part(1)), Code::kRequestEntityIncomplete);
  EXPECT_EQ(parts.say(parts.part(0)), Code::kContinue);
  EXPECT_EQ(parts.say(parts.part(2)), Code::kRequestEntityIncomplete);
  EXPECT_EQ(parts.say(parts.part(1)), Code::kContinue);
  EXPECT_EQ(parts.say(parts.part(1)), Code::kContinue) << "again";
  Bytes changed = parts.part(2);
  changed.back() ^= 1;
  EXPECT_EQ(parts.say(changed), Code::kBadRequest);
  EXPECT_EQ(parts.say(parts.part(2)), Code::kRequestEntityIncomplete) << "nothing is kept of it";
  EXPECT_EQ(world.server().handler.requests, before);
  for (std::uint32_t number = 0; number < 2; ++number)
    EXPECT_EQ(parts.say(parts.part(number)), Code::kContinue);
  const Bytes last = parts.part(2);
  EXPECT_EQ(parts.say(last), Code::kChanged);
  const Bytes answer = world.secured.wire.back();
  EXPECT_EQ(world.server().handler.requests, before + 1);
  // A duplicate of the message layer meets what was said, a replay is one.
  parts.say(last);
  EXPECT_TRUE(
      equal(ByteView(world.secured.wire.back()).first(4).subspan(2), ByteView(answer).first(4).subspan(2)));
  for (std::uint32_t number = 0; number < 2; ++number)
    EXPECT_EQ(parts.say(parts.part(number)), Code::kContinue);
  EXPECT_EQ(parts.say(parts.part(2)), Code::kUnauthorized);
  EXPECT_EQ(world.server().handler.requests, before + 1);
}

TEST(OuterBlocks, what_grows_beyond_the_limit_gets_4_13_and_is_discarded) {
  World world;
  Parts parts(world, 1000);
  const Message message = *Message::decode(parts.whole);
  constexpr std::uint32_t kLimit = 1280;  // ContextsConfig::max_message
  const Bytes filling(256, 0x55);
  std::uint16_t id = 0x6000;
  const auto junk = [&](std::uint32_t number) {
    return rewritten(message, Type::kConfirmable, static_cast<coap::MessageId>(++id), message.token(), {},
                     Block{number, true, 4}, filling);
  };
  for (std::uint32_t number = 0; number < kLimit / 256; ++number)
    ASSERT_EQ(parts.say(junk(number)), Code::kContinue) << number;
  EXPECT_EQ(parts.say(junk(kLimit / 256)), Code::kRequestEntityTooLarge);
  EXPECT_EQ(parts.answer().options().find_uint(OptionNumber::kSize1), kLimit);
  EXPECT_EQ(parts.say(junk(kLimit / 256)), Code::kRequestEntityIncomplete) << "nothing is kept of it";
  // Announced beforehand.
  Bytes announced(400);
  coap::MessageWriter writer(announced, Type::kConfirmable, Code::kPost, coap::MessageId{0x7000}, {});
  writer.option(OptionNumber::kOscore, message.options().find(OptionNumber::kOscore)->value);
  writer.option(OptionNumber::kBlock1, (Block{0, true, 4}.value()));
  writer.option(OptionNumber::kSize1, kLimit + 1);
  writer.payload(filling);
  announced.resize(*writer.finish());
  EXPECT_EQ(parts.say(announced), Code::kRequestEntityTooLarge);
  // A reserved size, and a part that is not full.
  EXPECT_EQ(parts.say(rewritten(message, Type::kConfirmable, coap::MessageId{0x7001}, message.token(), {},
                                Block{0, true, 7}, filling)),
            Code::kBadRequest);
  EXPECT_EQ(parts.say(rewritten(message, Type::kConfirmable, coap::MessageId{0x7002}, message.token(), {},
                                Block{0, true, 5}, filling)),
            Code::kBadRequest);
}

TEST(OuterBlocks, parts_without_an_end_are_forgotten) {
  World world;
  Parts parts(world);
  EXPECT_EQ(parts.say(parts.part(0)), Code::kContinue);
  EXPECT_FALSE(world.server().endpoint.quiet(SecuredPair::kLink));
  world.client().endpoint.drop(SecuredPair::kLink, world.network().now);
  world.secured.pair.run_for(Millis(100'000));
  EXPECT_TRUE(world.server().endpoint.quiet(SecuredPair::kLink));
  EXPECT_EQ(parts.say(parts.part(1)), Code::kRequestEntityIncomplete);
}

/// A response that never ends, from who has no key: the request ends, and all is free again.
TEST(OuterBlocks, a_response_without_an_end_is_given_up) {
  World world;
  std::uint32_t asked = 0;
  world.client().links.deliver = [&](coap::LinkId, const Bytes& bytes) {
    const Message request = *Message::decode(bytes);
    if (!coap::is_request(request.code())) return;
    std::array<std::uint8_t, 400> forged{};
    coap::MessageWriter writer(forged, Type::kAcknowledgement, Code::kChanged, request.message_id(),
                               request.token());
    writer.option(OptionNumber::kOscore, ByteView());
    writer.option(OptionNumber::kBlock2, (Block{asked++, true, 4}.value()));
    writer.payload(Bytes(256, 0x66));
    world.client().endpoint.receive(SecuredPair::kLink, ByteView(forged).first(*writer.finish()),
                                    world.network().now);
  };
  EXPECT_EQ(world.secured.ask(world.client(), request_of(Code::kGet, "")).why, Errc::kTooLarge);
  EXPECT_EQ(asked, 6U);
  EXPECT_TRUE(world.client().endpoint.quiet(SecuredPair::kLink));
}

}  // namespace
}  // namespace linnet::testing

// SPDX-License-Identifier: Apache-2.0
// What somebody on the way, with or without the keys, can send to an endpoint under OSCORE (RFC 8613 §8.2,
// §8.4, §12): by its bytes, with the answer and with what comes of it. Shows: SE-8
#include <ostream>

#include "tests/unit/oscore/secured_pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;
using coap::Message;
using coap::OptionNumber;
using coap::Type;
using oscore::FirstUse;

constexpr std::string_view kPath[] = {"hidden"};
constexpr Code kNone = Code::kEmpty;

/// A server that has served the device once, so that its window may be trusted.
class Attack : public ::testing::Test {
 protected:
  Attack() : world_(FirstUse::kStored), keys_(*derive(crypto_, shared_input("dev", "srv"), {})) {
    server().handler.answer = [this](const coap::IncomingRequest& request, auto, auto) {
      seen_.clear();
      for (const coap::Option& option : request.options)
        seen_.push_back(static_cast<unsigned>(option.number));
      coap::Reply reply;
      reply.code = Code::kChanged;
      return reply;
    };
    coap::OutgoingRequest request;
    request.method = Code::kPost;
    request.path = kPath;
    EXPECT_EQ(world_.ask(world_.pair.client, request).code, Code::kChanged);
    before_ = server().handler.requests;
  }

  Node& server() { return world_.pair.server; }
  [[nodiscard]] int done() { return server().handler.requests - before_; }
  /// The code outside of the answer; kNone for none.
  Code say(const Bytes& datagram) {
    world_.wire.clear();
    server().endpoint.receive(SecuredPair::kLink, datagram, world_.pair.network.now);
    for (const Bytes& bytes : world_.wire) {
      const auto message = Message::decode(bytes);
      if (message && coap::is_response(message->code())) {
        protected_ = message->options().find(OptionNumber::kOscore).has_value();
        return message->code();
      }
    }
    return kNone;
  }

  struct Outer {
    OptionNumber number;
    Bytes value;
  };
  /// A request with this OSCORE option and payload, and options outside in ascending order.
  Bytes request(const Bytes& option, const Bytes& payload, const std::vector<Outer>& outside = {},
                Code code = Code::kPost) {
    Bytes bytes(4000);
    coap::MessageWriter writer(bytes, Type::kConfirmable, code, static_cast<coap::MessageId>(++id_), {});
    bool written = false;
    for (const Outer& outer : outside) {
      if (!written && outer.number >= OptionNumber::kOscore) writer.option(OptionNumber::kOscore, option);
      written = written || outer.number >= OptionNumber::kOscore;
      writer.option(outer.number, outer.value);
    }
    if (!written) writer.option(OptionNumber::kOscore, option);
    writer.payload(payload);
    bytes.resize(*writer.finish());
    return bytes;
  }
  /// What the option of the device says with a Partial IV of one byte.
  static Bytes option_with(std::uint8_t piv) { return {0x09, piv, 'd', 'e', 'v'}; }
  /// A plaintext under the device's keys, as only somebody who has them can make it.
  Bytes sealed(const Bytes& plaintext, std::uint8_t piv) {
    Bytes text = plaintext;
    text.resize(plaintext.size() + 8);
    Bytes aad =
        hex("8368456e637279707430404b8501810a436465764100"
            "40");
    aad[aad.size() - 2] = piv;
    EXPECT_TRUE(crypto_.seal(oscore::Algorithm::kAesCcm16Tag64Key128, keys_.sender.view(),
                             nonce_of(keys_, as_bytes("dev"), piv).view(), aad, text));
    return text;
  }

  tls::NettleCrypto crypto_;
  SecuredPair world_;
  oscore::Keys keys_;
  std::vector<unsigned> seen_;  // options of the last request that the handler saw
  bool protected_ = false;      // the last answer
  int before_ = 0;
  std::uint16_t id_ = 0x3000;
};

TEST_F(Attack, an_option_that_says_too_much_or_too_little_gets_4_02) {
  const Bytes text(40, 0x55);
  struct Case {
    const char* what;
    Bytes option;
  };
  Bytes endless = option_with(9);
  endless.resize(300, 'x');
  const Case cases[] = {{"a Partial IV of 6 bytes", {0x0E, 1, 2, 3, 4, 5, 6, 'd', 'e', 'v'}},
                        {"a Partial IV of 7 bytes", {0x0F, 1, 2, 3, 4, 5, 6, 7, 'd', 'e', 'v'}},
                        {"a Partial IV with a zero in front", {0x0A, 0, 5, 'd', 'e', 'v'}},
                        {"no Partial IV", {0x08, 'd', 'e', 'v'}},
                        {"no kid", {0x01, 5}},
                        {"nothing at all", {}},
                        {"flags and no more", {0x00}},
                        {"reserved flag 5", {0x29, 5, 'd', 'e', 'v'}},
                        {"reserved flag 6", {0x49, 5, 'd', 'e', 'v'}},
                        {"reserved flag 7", {0x89, 5, 'd', 'e', 'v'}},
                        {"a kid context that is longer than the option", {0x19, 5, 250, 1, 2}},
                        {"a kid context without its size", {0x19, 5}},
                        {"bytes behind the end", {0x01, 5, 6}},
                        {"more than 255 bytes", endless}};
  for (const Case& one : cases) EXPECT_EQ(say(request(one.option, text)), Code::kBadOption) << one.what;
  // A second one counts as not understood (RFC 7252 §5.4.5).
  const Bytes good = sealed({0x02}, 9);
  EXPECT_EQ(say(request(option_with(9), good, {{OptionNumber::kOscore, option_with(10)}})), Code::kBadOption);
  EXPECT_EQ(done(), 0);
}

TEST_F(Attack, an_unknown_context_gets_4_01_however_it_is_named) {
  const Bytes text(40, 0x55);
  Bytes long_kid{0x09, 5};
  long_kid.resize(250, 'd');
  Bytes long_context{0x19, 5, 200};
  long_context.resize(203, 'x');
  for (const char c : {'d', 'e', 'v'}) long_context.push_back(static_cast<std::uint8_t>(c));
  const Bytes cases[] = {
      {0x09, 5}, {0x09, 5, 'd', 'e'}, {0x09, 5, 'd', 'e', 'v', 0},           {0x09, 5, 's', 'r', 'v'},
      long_kid,  long_context,        {0x19, 5, 2, 'i', 'd', 'd', 'e', 'v'}, {0x19, 5, 0, 'd', 'e', 'v'}};
  for (const Bytes& option : cases) {
    EXPECT_EQ(say(request(option, text)), Code::kUnauthorized) << to_hex(option);
    EXPECT_FALSE(protected_);
  }
  EXPECT_EQ(done(), 0);
}

TEST_F(Attack, what_is_cut_or_forged_gets_4_00_wherever_it_was_touched) {
  const Bytes text = sealed({0x02, 0xB6, 'h', 'i', 'd', 'd', 'e', 'n'}, 9);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(say(request(option_with(9), {text.begin(), text.begin() + static_cast<long>(size)})),
              Code::kBadRequest)
        << size;
  for (std::size_t i = 0; i < text.size(); ++i) {
    Bytes changed = text;
    changed[i] ^= 0x80;
    EXPECT_EQ(say(request(option_with(9), changed)), Code::kBadRequest) << i;
  }
  Bytes longer = text;
  longer.push_back(0);
  EXPECT_EQ(say(request(option_with(9), longer)), Code::kBadRequest);
  EXPECT_EQ(say(request(option_with(9), Bytes(3000, 0x55))), Code::kRequestEntityTooLarge)
      << "more than is ever verified";
  EXPECT_EQ(say(request(option_with(8), text)), Code::kBadRequest) << "under another number";
  EXPECT_EQ(done(), 0);
  // Nothing of all this was taken for it.
  EXPECT_EQ(say(request(option_with(9), text)), Code::kChanged);
  EXPECT_EQ(done(), 1);
  EXPECT_EQ(say(request(option_with(9), text)), Code::kUnauthorized) << "a replay";
  EXPECT_EQ(done(), 1);
}

TEST_F(Attack, what_a_peer_with_the_keys_must_not_put_inside_gets_4_00) {
  struct Case {
    const char* what;
    Bytes plaintext;
  };
  const Case cases[] = {{"nothing", {}},
                        {"an empty message", {0x00}},
                        {"a response", {0x45}},
                        {"signalling", {0xE1}},
                        {"another OSCORE message", {0x02, 0x92, 0x09, 0x05}},
                        {"an option without its value", {0x02, 0xB3}},
                        {"a reserved option length", {0x02, 0xBF, 0x00}},
                        {"a marker without a payload", {0x02, 0xFF}}};
  std::uint8_t piv = 9;
  for (const Case& one : cases) {
    ++piv;
    EXPECT_EQ(say(request(option_with(piv), sealed(one.plaintext, piv))), Code::kBadRequest) << one.what;
  }
  EXPECT_EQ(done(), 0);
}

// RFC 8613 §4.1: what is in the other place does not count.
TEST_F(Attack, options_of_the_wrong_class_are_passed_over) {
  // Uri-Host, Uri-Port, Uri-Path, Hop-Limit, Proxy-Uri and Proxy-Scheme, all of them inside.
  const Bytes inside =
      hex("02"
          "3168"
          "420007"
          "4161"
          "5110"
          "d10678"
          "4179");
  EXPECT_EQ(say(request(option_with(9), sealed(inside, 9))), Code::kChanged);
  EXPECT_TRUE(protected_);
  EXPECT_EQ(seen_, (std::vector<unsigned>{11}));
  // If-Match, ETag, Uri-Path, Content-Format, Uri-Query, Accept, Block2, Size1, Echo, and a critical one that
  // nobody knows, all of them outside.
  const std::vector<Outer> outside = {{OptionNumber::kIfMatch, {1}},    {OptionNumber::kEtag, {1}},
                                      {OptionNumber::kUriPath, {'b'}},  {OptionNumber::kContentFormat, {60}},
                                      {OptionNumber::kUriQuery, {'c'}}, {OptionNumber::kAccept, {60}},
                                      {OptionNumber::kSize1, {9}},      {OptionNumber::kEcho, Bytes(8, 1)},
                                      {OptionNumber{65001}, {1}}};
  EXPECT_EQ(say(request(option_with(10), sealed(hex("02b161"), 10), outside)), Code::kChanged);
  EXPECT_EQ(seen_, (std::vector<unsigned>{11}));
  // A critical one that nobody knows inside is answered inside.
  EXPECT_EQ(say(request(option_with(11), sealed(hex("02e1fcdc01"), 11))), Code::kChanged);
  EXPECT_TRUE(protected_);
  EXPECT_EQ(done(), 2);
  // Whatever the code says outside, it is the one inside that counts.
  EXPECT_EQ(say(request(option_with(12), sealed(hex("03b161"), 12), {}, Code::kGet)), Code::kChanged);
  EXPECT_EQ(done(), 3);
}

TEST_F(Attack, numbers_are_taken_once_up_to_the_last_one) {
  EXPECT_EQ(say(request(option_with(80), sealed(hex("02b161"), 80))), Code::kChanged);
  EXPECT_EQ(say(request(option_with(17), sealed(hex("02b161"), 17))), Code::kChanged)
      << "the oldest of the window";
  EXPECT_EQ(say(request(option_with(16), sealed(hex("02b161"), 16))), Code::kUnauthorized)
      << "older than the window";
  EXPECT_EQ(say(request(option_with(17), sealed(hex("02b161"), 17))), Code::kUnauthorized) << "a replay";
  EXPECT_EQ(done(), 2);
}

// --- Against who asks --------------------------------------------------------------------------------

/// What the server said to one request, for another: it is bound to its own by nonce and AAD.
TEST_F(Attack, a_response_answers_its_own_request_alone) {
  std::vector<Bytes> responses;
  const auto deliver = world_.pair.server.links.deliver;
  world_.pair.server.links.deliver = [&](coap::LinkId link, const Bytes& bytes) {
    if (!responses.empty()) {
      // The older one, under the token and Message ID that are waited for.
      Bytes old = responses.front();
      const auto now = Message::decode(bytes);
      std::copy_n(bytes.begin(), 4 + now->token().size(), old.begin());
      deliver(link, old);
      return;
    }
    responses.push_back(bytes);
    deliver(link, bytes);
  };
  coap::OutgoingRequest request;
  request.method = Code::kPost;
  request.path = kPath;
  EXPECT_EQ(world_.ask(world_.pair.client, request).code, Code::kChanged);
  EXPECT_EQ(world_.ask(world_.pair.client, request).why, Errc::kTimeout);
}

TEST_F(Attack, a_request_that_comes_back_is_neither_a_request_nor_a_response) {
  world_.pair.client.links.deliver = [&](coap::LinkId link, const Bytes& bytes) {
    if (!coap::is_request(Message::decode(bytes)->code())) return;
    // As a request of the server's own, and as the answer.
    Bytes answer = bytes;
    answer[0] = static_cast<std::uint8_t>((answer[0] & 0xCFU) | 0x20U);
    answer[1] = static_cast<std::uint8_t>(Code::kChanged);
    Bytes reflected = bytes;
    reflected[2] ^= 0x55;
    world_.pair.client.endpoint.receive(link, reflected, world_.pair.network.now);
    world_.pair.client.endpoint.receive(link, answer, world_.pair.network.now);
  };
  coap::OutgoingRequest request;
  request.method = Code::kPost;
  request.path = kPath;
  EXPECT_EQ(world_.ask(world_.pair.client, request).why, Errc::kTimeout);
  EXPECT_EQ(world_.pair.client.handler.requests, 0);
}

TEST_F(Attack, a_response_that_does_not_verify_is_as_if_it_had_not_come) {
  const Bytes options[] = {{},           {0x01, 5},    {0x00},       {0x0F, 1, 2, 3, 4, 5, 6, 7},
                           {0x29, 5},    {0x09, 5, 1}, {0x19, 5, 9}, {0x01, 0x00},
                           Bytes(300, 1)};
  for (const Bytes& option : options) {
    world_.pair.client.links.deliver = [&](coap::LinkId link, const Bytes& bytes) {
      const auto asked = Message::decode(bytes);
      if (!coap::is_request(asked->code())) return;
      Bytes forged(1000);
      coap::MessageWriter writer(forged, Type::kAcknowledgement, Code::kChanged, asked->message_id(),
                                 asked->token());
      writer.option(OptionNumber::kOscore, option);
      writer.payload(Bytes(20, 0x33));
      world_.pair.client.endpoint.receive(link, ByteView(forged).first(*writer.finish()),
                                          world_.pair.network.now);
    };
    coap::OutgoingRequest request;
    request.method = Code::kGet;
    request.path = kPath;
    EXPECT_EQ(world_.ask(world_.pair.client, request).why, Errc::kTimeout) << to_hex(option);
  }
}

}  // namespace
}  // namespace linnet::testing

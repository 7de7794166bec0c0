// SPDX-License-Identifier: Apache-2.0
// An endpoint under OSCORE among whoever is on the way: whole messages and their parts (outer blocks),
// replays, answers to what it asked. The cryptography here takes every tag, as if the peer had the keys. Each
// request has at most one outcome, what goes out decodes, a number is taken once, and all that was begun
// ends.
#include <cstdlib>
#include <map>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/oscore/contexts.hpp"
#include "tests/support/dice.hpp"

namespace {

using namespace linnet;

constexpr coap::LinkId kLink{0};
constexpr std::uint16_t kMaxMessage = 300;
constexpr std::string_view kPath[] = {"a"};

void require(bool held) {
  if (!held) std::abort();
}

class NoCrypto final : public oscore::Crypto {
 public:
  bool has(oscore::Algorithm) const noexcept override { return true; }
  bool seal(oscore::Algorithm, ByteView, ByteView, ByteView, ByteSpan) noexcept override { return true; }
  bool open(oscore::Algorithm, ByteView, ByteView, ByteView, ByteSpan) noexcept override { return true; }
  void hmac(ByteView, std::span<const ByteView>, Hash& out) noexcept override { out.fill(7); }
};

class World final : private coap::Links, private coap::Handler, private oscore::SequenceKeeper {
 public:
  explicit World(bool stored) {
    traits_.max_message = kMaxMessage;
    coap::EndpointConfig config;
    config.max_transfers = 4;
    config.max_body = 600;
    const oscore::ContextsConfig with{.max_message = 500, .follow_requests = true};
    contexts_memory_.resize(oscore::Contexts::memory_needed(with));
    memory_.resize(coap::Endpoint::memory_needed(config));
    Arena contexts_arena(contexts_memory_);
    Arena arena(memory_);
    require(contexts_.init(with, contexts_arena, crypto_, numbers_, *this).has_value());
    require(endpoint_.init(config, arena, *this, *this, numbers_).has_value());
    oscore::InputParameters input;
    input.master_secret.assign(as_bytes("secret"));
    input.sender_id.assign(as_bytes("s"));
    input.recipient_id.assign(as_bytes("d"));
    const auto how = stored ? oscore::FirstUse::kStored : oscore::FirstUse::kRederive;
    const auto id = contexts_.add(input, how, 0, stored ? 1000 : 0);
    require(id.has_value());
    contexts_.secure(kLink, *id);
    endpoint_.protect_by(contexts_);
  }

  void take(ByteView script) {
    for (ByteReader in(script); !in.empty();) {
      const unsigned what = *in.u8();
      const std::size_t size = in.u8().value_or(0);
      const ByteView bytes = in.bytes(std::min(size, in.remaining())).value_or(ByteView());
      step(what, bytes);
    }
    // Whatever was begun ends by itself.
    for (int i = 0; i < 200 && endpoint_.next_deadline() != kNever; ++i) {
      now_ = std::max(now_, endpoint_.next_deadline());
      endpoint_.step(now_);
    }
    require(under_way_.empty() && endpoint_.quiet(kLink));
  }

 private:
  void step(unsigned what, ByteView bytes) {
    switch (what % 6) {
      case 0: return endpoint_.receive(kLink, bytes, now_);
      case 1: return ask(bytes);
      case 2: now_ += Millis(bytes.size() * 100); return static_cast<void>(endpoint_.step(now_));
      case 3:
        return say(what, bytes, coap::Type::kConfirmable, coap::Code::kPost, coap::OptionNumber::kBlock1,
                   {0x09, number_, 'd'});
      case 4: return answer(what, bytes);
      default: return endpoint_.receive(kLink, last_in_, now_);
    }
  }
  void ask(ByteView bytes) {
    coap::OutgoingRequest request;
    request.method = bytes.empty() ? coap::Code::kGet : coap::Code::kPost;
    request.path = kPath;
    request.payload = bytes;
    if (bytes.size() == 1) request.observe = 0;
    const auto id = endpoint_.request(kLink, request, now_);
    if (id) require(under_way_.emplace(*id, 0).second);
  }
  /// A protected message, whole or a part: the first byte says which, and whether another number begins.
  void say(unsigned what, ByteView bytes, coap::Type type, coap::Code code, coap::OptionNumber block,
           std::vector<std::uint8_t> option, coap::MessageId id = {}, const coap::Token& token = {}) {
    const std::uint32_t value = bytes.empty() ? 0 : bytes[0];
    if (what & 0x40U) ++number_;
    std::vector<std::uint8_t> message(400);
    if (type == coap::Type::kConfirmable) id = static_cast<coap::MessageId>(++id_);
    coap::MessageWriter writer(message, type, code, id, token);
    writer.option(coap::OptionNumber::kOscore, option);
    if (what & 0x80U) writer.option(block, value);
    writer.payload(bytes.subspan(bytes.empty() ? 0 : 1));
    message.resize(*writer.finish());
    last_in_ = message;
    endpoint_.receive(kLink, last_in_, now_);
  }
  void answer(unsigned what, ByteView bytes) {
    const auto asked = coap::Message::decode(last_out_);
    if (!asked || !is_request(asked->code())) return;
    say(what, bytes, coap::Type::kAcknowledgement, coap::Code::kChanged, coap::OptionNumber::kBlock2, {},
        asked->message_id(), asked->token());
  }

  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    require(size <= kMaxMessage);
    buffer_ = std::vector<std::uint8_t>(size);
    return buffer_;
  }
  void send(coap::LinkId, std::size_t size) noexcept override {
    require(coap::Message::decode(ByteView(buffer_).first(size)).has_value());
    last_out_ = buffer_;
    last_out_.resize(size);
  }
  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId, ByteSpan,
                         Instant) noexcept override {
    require(request.security_context != 0);
    coap::Reply reply;
    reply.code = coap::Code::kContent;
    reply.payload = request.payload;
    if (request.observe == 0U) reply.observe = 1;
    return reply;
  }
  void on_response(coap::RequestId id, const coap::IncomingResponse&, Instant) noexcept override {
    require(under_way_.erase(id) == 1);
  }
  void on_failure(coap::RequestId id, Errc, Instant) noexcept override { require(under_way_.erase(id) == 1); }
  bool on_notification(const coap::IncomingResponse&, Instant) noexcept override { return true; }
  void on_notification_outcome(coap::LinkId, const coap::Token&, coap::NotificationOutcome,
                               Instant) noexcept override {}
  void on_sequence_low(oscore::ContextId id, oscore::PartialIv next) noexcept override {
    contexts_.extend(id, next + 100);
  }

  NoCrypto crypto_;
  testing::Dice numbers_;
  std::vector<std::byte> contexts_memory_, memory_;
  oscore::Contexts contexts_;
  coap::Endpoint endpoint_;
  coap::LinkTraits traits_;
  Instant now_{Millis(1'000'000)};
  std::vector<std::uint8_t> buffer_, last_out_, last_in_;
  std::map<coap::RequestId, int> under_way_;
  std::uint16_t id_ = 0;
  std::uint8_t number_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  World(data[0] % 2 == 0).take({data + 1, size - 1});
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// A whole endpoint under a script of datagrams, time steps and calls of its own. Each request has
// at most one outcome, nothing larger than the link allows goes out, bodies are passed on without a
// gap, and time always gets on.
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "tests/support/dice.hpp"

namespace {

using namespace linnet;

constexpr std::uint32_t kPeers = 3;
constexpr std::uint16_t kMaxMessage = 200;
constexpr std::string_view kPath[] = {"a", "bc"};

void require(bool held) {
  if (!held) std::abort();
}

class World final : public coap::Links, public coap::Handler, public coap::BodyHandler {
 public:
  World() {
    traits_.max_message = kMaxMessage;
    traits_.transmission.nstart = 2;
    coap::EndpointConfig config;
    config.max_peers = kPeers;
    config.max_transfers = 3;
    config.max_body = 700;
    config.max_streams = 2;
    config.block_szx = 2;
    config.token_size = 2;
    memory_.resize(coap::Endpoint::memory_needed(config));
    Arena arena(memory_);
    require(endpoint.init(config, arena, *this, *this, numbers_).has_value());
    endpoint.stream_to(*this);
  }

  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    require(size <= kMaxMessage);
    if (++sent_ % 16 == 0) return {};
    // As large as was asked for, so that a sanitizer sees a byte too many.
    buffer_ = std::vector<std::uint8_t>(size);
    return buffer_;
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    require(size >= 4 && size <= buffer_.size());
    require(coap::Message::decode(ByteSpan(buffer_).first(size)).has_value());
    last = {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size)};
    last_link = link;
  }

  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId id, ByteSpan space,
                         Instant now) noexcept override {
    coap::Reply reply;
    reply.code = coap::Code::kContent;
    const std::size_t wish = request.payload.empty() ? 300 : request.payload[0] * 4U;
    std::memset(space.data(), 'x', space.size());
    reply.payload = space.first(std::min(wish, space.size()));
    switch (numbers_.below(8)) {
      case 0:
        owed = id;
        reply.kind = coap::Reply::Kind::kDefer;
        break;
      case 1: reply.kind = coap::Reply::Kind::kChallenge; break;
      case 2: reply.kind = coap::Reply::Kind::kIgnore; break;
      case 3: reply.payload = request.payload; break;
      case 4: endpoint.drop(request.link, now); break;
      case 5:
        reply.observe = 3;
        observed.token = request.token;
        observed.cache_key = request.cache_key;
        break;
      default: break;
    }
    return reply;
  }
  void on_response(coap::RequestId id, const coap::IncomingResponse& response,
                   Instant now) noexcept override {
    require(under_way.erase(id) == 1);
    std::size_t options = 0;
    for (const coap::Option& option : response.options) options += option.value.size();
    if (options % 3 == 1) make_request(response.link, 1, now);
  }
  void on_failure(coap::RequestId id, Errc, Instant) noexcept override { require(under_way.erase(id) == 1); }
  bool on_notification(const coap::IncomingResponse& response, Instant now) noexcept override {
    if (response.more) {
      coap::OutgoingRequest request;
      request.path = kPath;
      const auto id = endpoint.request_rest(response.link, request, response, now);
      if (id) require(under_way.emplace(*id, 0).second);
    }
    return response.token.size() != 1;
  }
  void on_notification_outcome(coap::LinkId, const coap::Token&, coap::NotificationOutcome,
                               Instant) noexcept override {}

  bool takes(const coap::IncomingRequest& request, const coap::BodyPart& part, Instant) noexcept override {
    require(part.offset == 0 && !part.last && !request.payload.empty());
    return request.payload[0] % 2 == 0;
  }
  coap::Reply on_part(const coap::IncomingRequest& request, const coap::BodyPart& part, coap::DeferredId id,
                      ByteSpan space, Instant now) noexcept override {
    std::uint32_t& reached = taken_[{coap::index(request.link), request.cache_key}];
    require(part.offset == 0 || part.offset == reached);
    coap::Reply reply = on_request(request, id, space, now);
    if (reply.kind == coap::Reply::Kind::kIgnore) {
      reached = part.offset;
      return reply;
    }
    if (!part.last && reply.kind == coap::Reply::Kind::kNow && !reply.observe) {
      reply = {};
      reply.code = coap::Code::kContinue;
    }
    reached = part.offset + static_cast<std::uint32_t>(request.payload.size());
    return reply;
  }
  void on_broken(coap::LinkId link, std::uint32_t cache_key, Instant) noexcept override {
    require(taken_.contains({coap::index(link), cache_key}));
  }
  bool on_part(coap::RequestId id, const coap::IncomingResponse& response, const coap::BodyPart& part,
               Instant now) noexcept override {
    const auto found = under_way.find(id);
    require(found != under_way.end() && found->second == part.offset);
    found->second += static_cast<std::uint32_t>(response.payload.size());
    const unsigned chance = numbers_.below(16);
    if (!part.last && chance == 0) endpoint.cancel(id, now);
    if (!part.last && chance == 1) endpoint.drop(response.link, now);
    const bool over = part.last || chance == 0 || chance == 2;
    if (over) under_way.erase(id);
    return chance != 2;
  }

  void on_error(coap::RequestId id, const coap::IncomingResponse&, Instant) noexcept override {
    require(under_way.erase(id) == 1);
  }

  void make_fetch(coap::LinkId link, std::uint32_t offset, Instant now) noexcept {
    coap::OutgoingRequest request;
    request.path = kPath;
    const std::uint8_t etag = 'e';
    coap::Resumption from{offset, {}};
    if (offset > 64) from.etag = ByteView(&etag, 1);
    const auto id = endpoint.fetch(link, request, from, now);
    if (id) require(under_way.emplace(*id, offset).second);
  }
  void make_request(coap::LinkId link, std::uint8_t how, Instant now) noexcept {
    coap::OutgoingRequest request;
    request.method = static_cast<coap::Code>(1 + how % 7);
    request.confirmable = (how & 8) == 0;
    request.path = kPath;
    if ((how & 16) != 0) request.observe = 0;
    const std::vector<std::uint8_t> body((how & 32) != 0 ? 500 : how & 7);
    request.payload = body;
    request.timeout = Millis(5000);
    const auto id = endpoint.request(link, request, now);
    if (id) require(under_way.emplace(*id, 0).second);
  }

  coap::Endpoint endpoint;
  coap::DeferredId owed{};
  coap::Notification observed;
  std::map<coap::RequestId, std::uint32_t> under_way;  ///< bytes that were passed on
  std::vector<std::uint8_t> last;
  coap::LinkId last_link{};

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> taken_;
  coap::LinkTraits traits_;
  testing::Dice numbers_;
  std::vector<std::byte> memory_;
  std::vector<std::uint8_t> buffer_;
  unsigned sent_ = 0;
};

/// Takes the Message ID and token of what the endpoint sent last, so that an answer can match it.
void impersonate(std::vector<std::uint8_t>& datagram, const std::vector<std::uint8_t>& last) {
  if (datagram.size() < 4 || last.size() < 4) return;
  const std::size_t token = std::min<std::size_t>(last[0] & 0x0F, 8);
  datagram[0] = static_cast<std::uint8_t>((datagram[0] & 0xF0) | token);
  datagram[2] = last[2];
  datagram[3] = last[3];
  datagram.insert(datagram.begin() + 4, last.begin() + 4,
                  last.begin() + 4 + static_cast<std::ptrdiff_t>(token));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World world;
  Instant now{Millis(1000)};
  ByteReader script(ByteView(data, size));
  while (!script.empty()) {
    const std::uint8_t action = *script.u8();
    const std::uint8_t argument = script.u8().value_or(0);
    const coap::LinkId link{argument % kPeers};
    switch (action % 9) {
      case 0:
      case 1:
      case 2: {
        const std::size_t length = std::min<std::size_t>(argument, script.remaining());
        const ByteView bytes = *script.bytes(length);
        std::vector<std::uint8_t> datagram(bytes.begin(), bytes.end());
        if (action % 9 == 1) impersonate(datagram, world.last);
        // A copy of its own, so that a sanitizer sees a view that is kept.
        world.endpoint.receive(action % 9 == 1 ? world.last_link : coap::LinkId{action / 9U % kPeers},
                               datagram, now);
        break;
      }
      case 3:
        now += Millis(argument * argument);
        require(world.endpoint.step(now) > now);
        break;
      case 4: world.make_request(link, action / 9, now); break;
      case 5: {
        coap::Reply reply;
        reply.code = coap::Code::kChanged;
        const std::vector<std::uint8_t> body(argument * 4U);
        reply.payload = body;
        static_cast<void>(world.endpoint.respond(world.owed, reply, now));
        break;
      }
      case 6: {
        const std::vector<std::uint8_t> body(argument * 2U);
        world.observed.payload = body;
        world.observed.confirmable = argument % 2 == 0;
        world.observed.observe = argument;
        static_cast<void>(world.endpoint.notify(link, world.observed, now));
        break;
      }
      case 7:
        if (world.under_way.empty()) break;
        world.endpoint.cancel(world.under_way.begin()->first, now);
        world.under_way.erase(world.under_way.begin());
        break;
      case 8:
        if (argument % 8 == 0)
          world.endpoint.drop(link, now);
        else if (argument % 8 < 4)
          world.make_fetch(link, argument / 8 * 16U, now);
        else if (const auto id = world.endpoint.ping(link, now))
          require(world.under_way.emplace(*id, 0).second);
        break;
    }
  }
  for (int i = 0; i < 2000 && world.endpoint.next_deadline() != kNever; ++i) {
    now = world.endpoint.next_deadline();
    require(world.endpoint.step(now) > now);
  }
  require(world.under_way.empty());
  for (std::uint32_t peer = 0; peer < kPeers; ++peer) {
    require(world.endpoint.idle(coap::LinkId{peer}, now + Seconds(3600)));
  }
  return 0;
}

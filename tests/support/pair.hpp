// SPDX-License-Identifier: Apache-2.0
// A virtual network under a virtual clock: endpoints, the links between them, and what may happen
// to a datagram on its way. The same seed gives the same run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/coap/endpoint.hpp"

namespace linnet::testing {

using Bytes = std::vector<std::uint8_t>;

inline Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}
inline Bytes copy(ByteView view) {
  return {view.begin(), view.end()};
}

/// A seeded generator: predictable on purpose.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t next() noexcept override { return static_cast<std::uint32_t>(engine_()); }
  bool percent(unsigned chance) { return next() % 100 < chance; }

 private:
  std::mt19937 engine_;
};

/// What may happen to a datagram; all in percent or milliseconds.
struct Weather {
  unsigned loss = 0;
  unsigned duplication = 0;
  Millis delay{10};
  Millis jitter{0};  ///< more than zero reorders
};

/// The time and the datagrams on their way.
class Network {
 public:
  explicit Network(std::uint32_t seed) : random(seed) {}

  using Deliver = std::function<void(const Bytes&)>;

  void post(Bytes datagram, const Weather& weather, Deliver deliver) {
    ++posted;
    if (on_post) on_post(datagram);
    if (random.percent(weather.loss)) return;
    const int copies = random.percent(weather.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto jitter = static_cast<std::uint32_t>(weather.jitter.count());
      const Millis delay = weather.delay + Millis(jitter == 0 ? 0 : random.below(jitter));
      flying_.emplace(now + delay, Flight{datagram, deliver});
    }
  }
  [[nodiscard]] Instant next() const { return flying_.empty() ? kNever : flying_.begin()->first; }
  void deliver_due() {
    while (!flying_.empty() && flying_.begin()->first <= now) {
      const Flight flight = std::move(flying_.begin()->second);
      flying_.erase(flying_.begin());
      flight.deliver(flight.datagram);
    }
  }

  Instant now{Millis(1'000'000)};
  SeededRandom random;
  std::uint64_t posted = 0;
  std::function<void(const Bytes&)> on_post;

 private:
  struct Flight {
    Bytes datagram;
    Deliver deliver;
  };
  std::multimap<Instant, Flight> flying_;
};

/// Links of one endpoint; each leads to a receiver.
class VirtualLinks final : public coap::Links {
 public:
  explicit VirtualLinks(Network& network) : network_(network) {}

  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return link_traits; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    if (blocked) return {};
    buffer_.assign(std::max(size, buffer_.size()), 0xEE);
    return ByteSpan(buffer_).first(size);
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    Bytes datagram(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
    if (datagram.size() > link_traits.max_message) oversized = true;
    network_.post(std::move(datagram), weather, [this, link](const Bytes& bytes) { deliver(link, bytes); });
  }

  coap::LinkTraits link_traits;
  Weather weather;
  bool blocked = false;    ///< prepare gives nothing
  bool oversized = false;  ///< something larger than max_message was sent
  std::function<void(coap::LinkId, const Bytes&)> deliver = [](coap::LinkId, const Bytes&) {};

 private:
  Network& network_;
  Bytes buffer_;
};

/// What a response, a failure or a notification was, kept beyond the call.
struct Outcome {
  bool failed = false;
  Errc why{};
  coap::Code code{};
  Bytes payload;
  coap::Token token;
  std::optional<std::uint16_t> content_format;
  std::optional<std::uint32_t> observe;
  std::optional<std::uint32_t> max_age;
  bool more = false;
};

/// Records what it is told; requests are answered by a function.
class RecordingHandler final : public coap::Handler {
 public:
  using Answer = std::function<coap::Reply(const coap::IncomingRequest&, coap::DeferredId, ByteSpan)>;

  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId id, ByteSpan space,
                         Instant) noexcept override {
    ++requests;
    return answer(request, id, space);
  }
  void on_response(coap::RequestId id, const coap::IncomingResponse& response, Instant) noexcept override {
    outcomes[id].push_back(outcome(response));
    if (after_outcome) after_outcome();
  }
  void on_failure(coap::RequestId id, Errc why, Instant) noexcept override {
    Outcome failure;
    failure.failed = true;
    failure.why = why;
    outcomes[id].push_back(failure);
    if (after_outcome) after_outcome();
  }
  bool on_notification(const coap::IncomingResponse& response, Instant) noexcept override {
    notifications.push_back(outcome(response));
    if (on_notify) on_notify(response);
    return accept_notifications;
  }
  void on_notification_outcome(coap::LinkId, const coap::Token& token, coap::NotificationOutcome what,
                               Instant) noexcept override {
    notification_outcomes.emplace_back(token, what);
  }

  static Outcome outcome(const coap::IncomingResponse& response) {
    return {false,
            {},
            response.code,
            copy(response.payload),
            response.token,
            response.content_format,
            response.observe,
            response.max_age,
            response.more};
  }

  Answer answer = [](const coap::IncomingRequest&, coap::DeferredId, ByteSpan) {
    coap::Reply reply;
    reply.code = coap::Code::kNotFound;
    return reply;
  };
  std::function<void()> after_outcome;
  std::function<void(const coap::IncomingResponse&)> on_notify;
  bool accept_notifications = true;
  int requests = 0;
  std::map<coap::RequestId, std::vector<Outcome>> outcomes;
  std::vector<Outcome> notifications;
  std::vector<std::pair<coap::Token, coap::NotificationOutcome>> notification_outcomes;
};

/// An endpoint with its memory, links and handler.
struct Node {
  Node(Network& shared, const coap::EndpointConfig& config, std::uint32_t seed)
      : network(shared),
        links(shared),
        random(seed),
        memory(coap::Endpoint::memory_needed(config), std::byte{0xA5}) {
    Arena arena(memory);
    ready = endpoint.init(config, arena, links, handler, random).has_value();
  }

  Network& network;
  VirtualLinks links;
  RecordingHandler handler;
  SeededRandom random;
  std::vector<std::byte> memory;
  coap::Endpoint endpoint;
  bool ready = false;
};

/// A client and a server that know each other as link 0.
class Pair {
 public:
  explicit Pair(std::uint32_t seed = 1, const coap::EndpointConfig& client_config = {},
                const coap::EndpointConfig& server_config = {})
      : network(seed), client(network, client_config, seed + 1), server(network, server_config, seed + 2) {
    client.links.deliver = [this](coap::LinkId, const Bytes& bytes) {
      server.endpoint.receive(kLink, bytes, network.now);
    };
    server.links.deliver = [this](coap::LinkId, const Bytes& bytes) {
      client.endpoint.receive(kLink, bytes, network.now);
    };
  }

  void set_weather(const Weather& weather) { client.links.weather = server.links.weather = weather; }

  /// Goes to the next thing that happens; false when nothing will.
  bool advance(Instant limit = kNever) {
    const Instant next =
        std::min({network.next(), client.endpoint.next_deadline(), server.endpoint.next_deadline()});
    if (next == kNever || next > limit) return false;
    network.now = std::max(network.now, next);
    network.deliver_due();
    client.endpoint.step(network.now);
    server.endpoint.step(network.now);
    return true;
  }
  void run() {
    while (advance()) {
    }
  }
  void run_for(Millis span) {
    const Instant limit = network.now + span;
    while (advance(limit)) {
    }
    network.now = limit;
  }

  static constexpr coap::LinkId kLink{0};
  Network network;
  Node client;
  Node server;
};

}  // namespace linnet::testing

// SPDX-License-Identifier: Apache-2.0
// A device that speaks to a running server under a security context, and the credentials for it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/net/server.hpp"
#include "linnet/net/shard_clock.hpp"
#include "linnet/net/system_random.hpp"
#include "linnet/oscore/contexts.hpp"
#include "linnet/tls/nettle_crypto.hpp"
#include "running_server.hpp"
#include "state_folder.hpp"
#include "wire.hpp"

namespace linnet::net::test {

inline constexpr coap::LinkId kLink{0};
inline constexpr std::uint8_t kFirstByteOfSecret = 1;

inline Wire::Bytes secret_of(std::uint8_t first) {
  Wire::Bytes secret(16, 7);
  secret[0] = first;
  return secret;
}

inline server::CredentialChange context_for(const std::string& endpoint, std::string_view recipient_id,
                                            std::uint8_t secret = kFirstByteOfSecret) {
  server::Credential credential;
  credential.endpoint = endpoint;
  credential.mode = server::CredentialMode::kOscore;
  credential.identity.assign(recipient_id.begin(), recipient_id.end());
  const Wire::Bytes key = secret_of(secret);
  credential.key.assign(key.begin(), key.end());
  credential.oscore.sender_id = {'s'};
  return {.put = std::move(credential)};
}

inline ServerConfig configuration(unsigned shards, const StateFolder* folder) {
  ServerConfig config = small_server(shards);
  config.listen = {*parse_address("127.0.0.1:0")};
  if (folder != nullptr) config.open_store = folder->factory();
  return config;
}

inline void enter(Server& server, server::CredentialChange change) {
  std::promise<bool> done;
  std::vector<server::CredentialChange> changes;
  changes.push_back(std::move(change));
  ASSERT_TRUE(server.credentials().change(std::move(changes), [&](const CredentialOutcome& outcome) {
    done.set_value(!outcome.failure && !outcome.refusal);
  }));
  EXPECT_TRUE(done.get_future().get());
}

class AnyNumber final : public oscore::SequenceKeeper {
 public:
  void on_sequence_low(oscore::ContextId /*id*/, oscore::PartialIv /*next*/) noexcept override {}
};

/// An endpoint under a context, over any wire; what it sends is kept.
class ProtectedDevice final : private coap::Handler, private coap::Links {
 public:
  using Bytes = Wire::Bytes;

  ProtectedDevice(const Address& server, oscore::FirstUse first_use, std::string_view id = "dev",
                  std::uint8_t secret = kFirstByteOfSecret)
      : ProtectedDevice(std::make_unique<UdpWire>(server), first_use, id, secret) {}
  ProtectedDevice(std::unique_ptr<Wire> wire, oscore::FirstUse first_use, std::string_view id = "dev",
                  std::uint8_t secret = kFirstByteOfSecret)
      : wire_(std::move(wire)),
        contexts_memory_(oscore::Contexts::memory_needed({})),
        memory_(coap::Endpoint::memory_needed({})) {
    Arena contexts_arena(contexts_memory_);
    Arena arena(memory_);
    traits_.stream = wire_->stream();
    EXPECT_TRUE(contexts_.init({}, contexts_arena, crypto_, random_, keeper_));
    EXPECT_TRUE(endpoint_.init({}, arena, *this, *this, random_));
    oscore::InputParameters input;
    input.master_secret.assign(secret_of(secret));
    input.sender_id.assign(as_bytes(id));
    input.recipient_id.assign(as_bytes("s"));
    const bool stored = first_use == oscore::FirstUse::kStored;
    const auto context = contexts_.add(input, first_use, 0, stored ? 10'000 : 0);
    EXPECT_TRUE(context);
    contexts_.secure(kLink, *context);
    endpoint_.protect_by(contexts_);
  }

  /// Goes on over another one: what was under way over the old one is lost.
  void reconnect(std::unique_ptr<Wire> wire) {
    endpoint_.drop(kLink, ShardClock::now());
    wire_ = std::move(wire);
  }
  /// The code of the answer; 0.00 for none within the time that it is worth waiting for.
  coap::Code request(coap::Code method, const std::vector<std::string_view>& path,
                     const std::vector<std::string_view>& query = {}, std::string_view payload = {}) {
    coap::OutgoingRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.payload = as_bytes(payload);
    if (!payload.empty()) request.content_format = 40;
    answered_ = coap::Code::kEmpty;
    waiting_ = true;
    EXPECT_TRUE(endpoint_.request(kLink, request, ShardClock::now()));
    const Instant end = ShardClock::now() + Millis(10'000);
    while (waiting_ && ShardClock::now() < end) exchange(20);
    return answered_;
  }
  coap::Code register_as(std::string_view endpoint) {
    const std::string name = "ep=" + std::string(endpoint);
    return request(coap::Code::kPost, {"rd"}, {name, "lt=300", "lwm2m=1.1", "b=U"}, "</1/0>,</3/0>");
  }
  void exchange(int patience_millis) {
    const Bytes message = wire_->receive(patience_millis);
    if (!message.empty()) endpoint_.receive(kLink, message, ShardClock::now());
    endpoint_.step(ShardClock::now());
  }

  [[nodiscard]] std::ptrdiff_t requests_sent() const {
    return std::ranges::count_if(
        sent, [](const Bytes& bytes) { return is_request(coap::Message::decode(bytes)->code()); });
  }

  std::vector<Bytes> sent;
  std::string location;
  std::string served = "linnet";
  std::vector<std::uint32_t> contexts_of_requests;
  std::vector<coap::Code> methods_of_requests;

 private:
  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId, ByteSpan,
                         Instant) noexcept override {
    contexts_of_requests.push_back(request.security_context);
    methods_of_requests.push_back(request.method);
    coap::Reply reply;
    if (request.method != coap::Code::kGet) {
      reply.code = request.method == coap::Code::kDelete ? coap::Code::kDeleted : coap::Code::kChanged;
      return reply;
    }
    reply.code = coap::Code::kContent;
    reply.content_format = 0;
    reply.payload = as_bytes(served);
    return reply;
  }
  void on_response(coap::RequestId, const coap::IncomingResponse& response, Instant) noexcept override {
    answered_ = response.code;
    waiting_ = false;
    for (const coap::Option& option : response.options) {
      if (option.number == coap::OptionNumber::kLocationPath) location = option.text();
    }
  }
  void on_failure(coap::RequestId, Errc, Instant) noexcept override { waiting_ = false; }
  bool on_notification(const coap::IncomingResponse&, Instant) noexcept override { return false; }
  void on_notification_outcome(coap::LinkId, const coap::Token&, coap::NotificationOutcome,
                               Instant) noexcept override {}
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override { return ByteSpan(out_).first(size); }
  void send(coap::LinkId, std::size_t size) noexcept override {
    const ByteView datagram = ByteView(out_).first(size);
    sent.emplace_back(datagram.begin(), datagram.end());
    wire_->send(datagram);
  }

  std::unique_ptr<Wire> wire_;
  SystemRandom random_;
  tls::NettleCrypto crypto_;
  AnyNumber keeper_;
  std::vector<std::byte> contexts_memory_;
  std::vector<std::byte> memory_;
  oscore::Contexts contexts_;
  coap::Endpoint endpoint_;
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 2048> out_{};
  coap::Code answered_ = coap::Code::kEmpty;
  bool waiting_ = false;
};

}  // namespace linnet::net::test

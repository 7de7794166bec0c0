// SPDX-License-Identifier: Apache-2.0
// An endpoint under OSCORE as a program, for tests with other people's: a server that says its port, or a
// client that asks what such a server has and says what it got. Contexts are those of RFC 8613 appendix C.1.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/oscore/contexts.hpp"
#include "linnet/tls/nettle_crypto.hpp"

namespace linnet {
namespace {

constexpr coap::LinkId kLink{0};
constexpr std::size_t kLargeBody = 3000;  // bytes
constexpr unsigned kNotifications = 3;
constexpr oscore::PartialIv kNumbers = 100'000;
constexpr Millis kPatience{30'000};  // sanitizers and busy machines are slow

Instant now() {
  return Instant(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()));
}

class DeviceRandom final : public Random {
 public:
  std::uint32_t next() noexcept override { return device_(); }

 private:
  std::random_device device_;
};

/// Enough numbers for one run: a program that is started again has another peer, with a state of its own.
class NoKeeper final : public oscore::SequenceKeeper {
 public:
  void on_sequence_low(oscore::ContextId, oscore::PartialIv) noexcept override {}
};

/// One socket; the peer is who spoke last, or who was named.
class Socket final : public coap::Links {
 public:
  Socket() : file_(socket(AF_INET, SOCK_DGRAM, 0)) {
    peer_.sin_family = AF_INET;
    peer_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (file_ < 0 || bind(file_, reinterpret_cast<const sockaddr*>(&peer_), sizeof peer_) != 0) std::abort();
  }
  [[nodiscard]] unsigned port() const {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    if (getsockname(file_, reinterpret_cast<sockaddr*>(&own), &size) != 0) std::abort();
    return ntohs(own.sin_port);
  }
  void speak_to(unsigned port) { peer_.sin_port = htons(static_cast<std::uint16_t>(port)); }
  /// A datagram that comes within `span`, empty when none does.
  ByteView receive(Millis span) {
    pollfd waiting{file_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(span.count())) <= 0) return {};
    socklen_t size = sizeof peer_;
    const ssize_t got =
        recvfrom(file_, in_.data(), in_.size(), 0, reinterpret_cast<sockaddr*>(&peer_), &size);
    return got > 0 ? ByteView(in_).first(static_cast<std::size_t>(got)) : ByteView();
  }
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override { return ByteSpan(out_).first(size); }
  void send(coap::LinkId, std::size_t size) noexcept override {
    (void)sendto(file_, out_.data(), size, 0, reinterpret_cast<const sockaddr*>(&peer_), sizeof peer_);
  }

 private:
  int file_;
  sockaddr_in peer_{};
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 2048> in_{};
  std::array<std::uint8_t, 2048> out_{};
};

/// Both roles: /hello, /large, /echo and /count for those who ask; what comes back is printed.
class Peer final : public coap::Handler {
 public:
  explicit Peer(bool server)
      : contexts_memory_(oscore::Contexts::memory_needed(contexts_config(server))),
        memory_(coap::Endpoint::memory_needed(config())) {
    oscore::InputParameters input;
    constexpr std::array<std::uint8_t, 16> kSecret{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    constexpr std::array<std::uint8_t, 8> kSalt{0x9E, 0x7C, 0xA9, 0x22, 0x23, 0x78, 0x63, 0x40};
    constexpr std::array<std::uint8_t, 1> kServerId{1};
    input.master_secret.assign(kSecret);
    input.master_salt.assign(kSalt);
    (server ? input.sender_id : input.recipient_id).assign(kServerId);
    Arena contexts_arena(contexts_memory_);
    Arena arena(memory_);
    const bool ready = contexts_.init(contexts_config(server), contexts_arena, crypto_, random_, keeper_) &&
                       endpoint_.init(config(), arena, socket_, *this, random_);
    const auto id = contexts_.add(input, oscore::FirstUse::kStored, 0, kNumbers);
    if (!ready || !id) std::abort();
    if (!server) contexts_.secure(kLink, *id);
    endpoint_.protect_by(contexts_);
  }

  Socket& socket() { return socket_; }

  void run_for(Millis span) {
    const Instant end = now() + span;
    while (now() < end && !done_) {
      const ByteView datagram = socket_.receive(Millis(20));
      if (!datagram.empty()) endpoint_.receive(kLink, datagram, now());
      if (observed_ && told_ < kNotifications) tell();
      endpoint_.step(now());
    }
  }

  void ask(coap::Code method, std::string_view path, std::string_view payload = {}, bool observe = false) {
    coap::OutgoingRequest request;
    request.method = method;
    request.path = std::span(&path, 1);
    request.payload = as_bytes(payload);
    if (observe) request.observe = 0;
    done_ = false;
    if (!endpoint_.request(kLink, request, now())) std::abort();
    run_for(kPatience);
    done_ = false;
  }

 private:
  static coap::EndpointConfig config() {
    coap::EndpointConfig config;
    config.max_body = 8192;
    config.max_transfers = 7;
    return config;
  }
  static oscore::ContextsConfig contexts_config(bool server) {
    oscore::ContextsConfig config;
    config.follow_requests = server;
    return config;
  }

  coap::Reply on_request(const coap::IncomingRequest& request, coap::DeferredId, ByteSpan,
                         Instant) noexcept override {
    coap::Reply reply;
    if (request.security_context == 0) {
      reply.code = coap::Code::kForbidden;
      return reply;
    }
    const auto path = request.options.find(coap::OptionNumber::kUriPath);
    const std::string_view name = path ? path->text() : std::string_view();
    reply.code = coap::Code::kContent;
    if (name == "hello") {
      reply.payload = as_bytes("hello");
    } else if (name == "large") {
      reply.payload = as_bytes(large_);
    } else if (name == "echo") {
      body_.assign(as_text(request.payload));
      reply.code = coap::Code::kChanged;
      reply.payload = as_bytes(body_);
    } else if (name == "count") {
      reply.payload = as_bytes("0");
      if (request.observe == 0U) {
        reply.observe = 0;
        token_ = request.token;
        cache_key_ = request.cache_key;
        observed_ = true;
      }
    } else {
      reply.code = coap::Code::kNotFound;
    }
    return reply;
  }
  void on_response(coap::RequestId, const coap::IncomingResponse& response, Instant) noexcept override {
    show("response", response);
    done_ = true;
  }
  void on_failure(coap::RequestId, Errc why, Instant) noexcept override {
    std::printf("failure %s\n", to_string(why));
    done_ = true;
  }
  bool on_notification(const coap::IncomingResponse& response, Instant) noexcept override {
    show("notification", response);
    done_ = as_text(response.payload) == std::to_string(kNotifications);
    return true;
  }
  void on_notification_outcome(coap::LinkId, const coap::Token&, coap::NotificationOutcome,
                               Instant) noexcept override {}

  static void show(const char* what, const coap::IncomingResponse& response) {
    const std::string_view text = as_text(response.payload);
    std::printf("%s %u.%02u %zu %.*s\n", what, code_class(response.code), code_detail(response.code),
                text.size(), static_cast<int>(std::min<std::size_t>(text.size(), 20)), text.data());
    std::fflush(stdout);
  }
  void tell() {
    const std::string value = std::to_string(++told_);
    coap::Notification notification;
    notification.token = token_;
    notification.cache_key = cache_key_;
    notification.code = coap::Code::kContent;
    notification.observe = told_;
    notification.confirmable = told_ == kNotifications;
    notification.payload = as_bytes(value);
    if (!endpoint_.notify(kLink, notification, now())) std::abort();
  }

  Socket socket_;
  DeviceRandom random_;
  tls::NettleCrypto crypto_;
  NoKeeper keeper_;
  std::vector<std::byte> contexts_memory_;
  std::vector<std::byte> memory_;
  oscore::Contexts contexts_;
  coap::Endpoint endpoint_;
  std::string large_ = std::string(kLargeBody, 'L');
  std::string body_;
  coap::Token token_;
  std::uint32_t cache_key_ = 0;
  unsigned told_ = 0;
  bool observed_ = false;
  bool done_ = false;
};

int serve() {
  Peer peer(true);
  std::printf("%u\n", peer.socket().port());
  std::fflush(stdout);
  peer.run_for(Millis(120'000));
  return 0;
}

int ask(unsigned port, bool observe) {
  Peer peer(false);
  peer.socket().speak_to(port);
  peer.ask(coap::Code::kGet, "hello");
  peer.ask(coap::Code::kPost, "echo", "something");
  peer.ask(coap::Code::kPost, "echo", std::string(kLargeBody, 'q'));
  peer.ask(coap::Code::kGet, "large");
  peer.ask(coap::Code::kGet, "nowhere");
  if (!observe) return 0;
  peer.ask(coap::Code::kGet, "count", {}, true);
  peer.run_for(kPatience);
  return 0;
}

}  // namespace
}  // namespace linnet

int main(int argc, char** argv) {
  // With anything behind the port: without an observation.
  return argc > 1 ? linnet::ask(static_cast<unsigned>(std::atoi(argv[1])), argc == 2) : linnet::serve();
}

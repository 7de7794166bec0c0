// SPDX-License-Identifier: Apache-2.0
// A device's channel and a server of GnuTLS, joined by memory that can lose and change what passes.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/tls/client_channel.hpp"
#include "linnet/tls/mbedtls_channel.hpp"
#include "tests/unit/tls/server_double.hpp"

namespace linnet::tls::test {

/// What is behind the channel.
enum class Library : std::uint8_t { kGnuTls, kMbedTls };

class Numbers final : public Random {
 public:
  std::uint32_t next() noexcept override { return state_ = state_ * 1'664'525 + 1'013'904'223; }

 private:
  std::uint32_t state_ = 1;
};

class Clock final : public client::Platform {
 public:
  std::optional<UnixTime> unix_time() noexcept override { return time; }
  std::optional<UnixTime> time = kPresent;
};

class ChannelPair : public client::Wire {
 public:
  virtual ~ChannelPair() = default;

  static client::SecurityParameters psk_parameters(std::string_view identity, ByteView key) {
    client::SecurityParameters parameters;
    parameters.scheme = coap::Scheme::kCoaps;
    parameters.host = "lwm2m.example";
    parameters.mode = client::SecurityMode::kPsk;
    parameters.identity = as_bytes(identity);
    parameters.secret_key = key;
    return parameters;
  }
  static client::SecurityParameters key_parameters(client::SecurityMode mode, ByteView own, ByteView secret,
                                                   ByteView server) {
    client::SecurityParameters parameters;
    parameters.scheme = coap::Scheme::kCoaps;
    parameters.host = "lwm2m.example";
    parameters.mode = mode;
    parameters.identity = own;
    parameters.secret_key = secret;
    parameters.server_public_key = server;
    return parameters;
  }

  /// Makes both ends; nothing flows yet but the first flight.
  Result<void> begin(ServerWish wish, const client::SecurityParameters& parameters, ByteView session = {}) {
    config.transport = wish.transport;
    config.platform = &clock;
    to_server.clear();
    server = std::make_unique<ServerDouble>(std::move(wish));
    if (library == Library::kGnuTls) {
      channel = std::make_unique<ClientChannel>(config, *this);
    } else {
      const MbedTlsChannelConfig same{.transport = config.transport, .platform = &clock};
      channel = std::make_unique<MbedTlsChannel>(same, *this, random);
    }
    return channel->start(parameters, session, now);
  }
  /// Carries what either side sent until none has anything more.
  void flow() {
    while (!to_server.empty() || !server->sent.empty()) {
      for (const OwnedBytes& bytes : std::exchange(to_server, {})) {
        if (!pass_to_server || pass_to_server(bytes)) server->receive(bytes);
      }
      for (const OwnedBytes& bytes : std::exchange(server->sent, {})) {
        if (!pass_to_device || pass_to_device(bytes)) hear(bytes);
      }
    }
  }
  void hear(ByteView bytes) {
    channel->receive(bytes, [this](ByteView plaintext) { received.emplace_back(as_text(plaintext)); }, now);
  }
  /// True where both are open.
  bool connect(ServerWish wish, const client::SecurityParameters& parameters, ByteView session = {}) {
    if (!begin(std::move(wish), parameters, session)) return false;
    flow();
    return channel->state() == client::ChannelState::kOpen && server->open;
  }
  OwnedBytes exported() {
    OwnedBytes out(4096);
    const auto size = channel->export_session(out);
    out.resize(size.value_or(std::size_t{0}));
    return out;
  }

  void transmit(ByteView bytes) noexcept override { to_server.emplace_back(bytes.begin(), bytes.end()); }

  /// Why the channel over GnuTLS did not start.
  [[nodiscard]] std::string refusal() const {
    const auto* own = dynamic_cast<const ClientChannel*>(channel.get());
    return own != nullptr ? own->refusal() : "";
  }

  Library library = Library::kGnuTls;
  Numbers random;
  Clock clock;
  ClientChannelConfig config;
  Instant now{};
  std::unique_ptr<ServerDouble> server;
  std::unique_ptr<client::Channel> channel;
  std::vector<OwnedBytes> to_server;
  std::vector<std::string> received;
  std::function<bool(const OwnedBytes&)> pass_to_server;
  std::function<bool(const OwnedBytes&)> pass_to_device;
};

}  // namespace linnet::tls::test

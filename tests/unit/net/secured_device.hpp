// SPDX-License-Identifier: Apache-2.0
// A device of GnuTLS over a real socket, and a server that it may speak to.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/net/server.hpp"
#include "pre_shared.hpp"
#include "raw_device.hpp"
#include "running_server.hpp"
#include "tests/unit/tls/client_double.hpp"

namespace linnet::net::test {

inline ServerConfig secured(unsigned shards = 1) {
  ServerConfig config = small_server(shards);
  config.dtls.listen = {*parse_address("127.0.0.1:0")};
  config.dtls.credentials = [known = *server::Credentials::none()->apply(devices())] { return known; };
  return config;
}

/// A socket, a session and a message writer.
class SecuredDevice {
 public:
  explicit SecuredDevice(const Address& server, const std::string& identity = "one",
                         const tls::OwnedBytes& key = kKey)
      : wire(server) {
    client_.emplace(tls::test::ClientWish{.identity = identity, .key = key});
  }

  /// Another session over the same socket, which resumes `session` where there is one.
  void start_anew(const std::string& identity, tls::OwnedBytes session = {}) {
    client_.emplace(tls::test::ClientWish{.identity = identity, .key = kKey, .session = std::move(session)});
  }
  bool connect() {
    client_->go_on();
    for (int rounds = 0; rounds < 10 && !client_->open && client_->error == 0; ++rounds) exchange();
    // In a resumed handshake the last flight is the client's.
    for (const tls::OwnedBytes& datagram : std::exchange(client_->sent, {})) wire.send(datagram);
    return client_->open;
  }
  void exchange() {
    for (const tls::OwnedBytes& datagram : std::exchange(client_->sent, {})) wire.send(datagram);
    if (client_->open) return;
    client_->receive(wire.receive().bytes);
    while (!client_->open && wire.has_mail(0)) client_->receive(wire.receive().bytes);
  }
  /// The record that carries a request.
  tls::OwnedBytes sealed(coap::Code method, const std::vector<std::string>& path,
                         const std::vector<std::string>& query = {}, std::string_view payload = {},
                         std::uint32_t format = 40) {
    client_->say(
        as_text(request_bytes(method, coap::MessageId{++message_id_}, {}, path, query, payload, format)));
    const tls::OwnedBytes record = client_->sent.back();
    client_->sent.clear();
    return record;
  }
  RawMessage answer() {
    while (client_->heard.empty()) {
      const RawMessage datagram = wire.receive();
      if (datagram.bytes.empty()) return {};
      client_->receive(datagram.bytes);
    }
    const std::string text = client_->heard.front();
    client_->heard.erase(client_->heard.begin());
    return {.bytes = {text.begin(), text.end()}};
  }
  coap::Code request(coap::Code method, const std::vector<std::string>& path,
                     const std::vector<std::string>& query = {}, std::string_view payload = {},
                     std::uint32_t format = 40) {
    wire.send(sealed(method, path, query, payload, format));
    const RawMessage reply = answer();
    location = location_in(reply.view());
    return reply.view().code();
  }
  coap::Code register_as(const std::string& endpoint) {
    return request(coap::Code::kPost, {"rd"}, register_query(endpoint), kRegisteredObjects);
  }

  RawDevice wire;
  std::string location;
  [[nodiscard]] tls::test::ClientDouble& client() { return *client_; }

 private:
  std::optional<tls::test::ClientDouble> client_;
  std::uint16_t message_id_ = 100;
};

}  // namespace linnet::net::test

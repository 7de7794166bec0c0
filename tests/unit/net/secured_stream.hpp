// SPDX-License-Identifier: Apache-2.0
// A device of GnuTLS over TLS on a real connection.
#pragma once

#include <string>
#include <utility>

#include "pre_shared.hpp"
#include "raw_stream.hpp"
#include "tests/unit/tls/client_double.hpp"

namespace linnet::net::test {

/// A connection with a client session of GnuTLS in it.
class SecuredStream final : public RawStream {
 public:
  explicit SecuredStream(const Address& server, const std::string& identity = "one",
                         const tls::OwnedBytes& key = kKey)
      : RawStream(server, false),
        client({.transport = tls::Transport::kStream, .identity = identity, .key = key, .protocol = "coap"}) {
    client.go_on();
    while (!client.open && client.error == 0) {
      write_sealed();
      const Bytes bytes = read();
      if (bytes.empty()) return;
      client.receive(bytes);
    }
    write_sealed();
    if (client.open) send(Bytes{0x00, 0xE1});
  }

  /// What `send` would put into the socket.
  [[nodiscard]] Bytes sealed(ByteView bytes) const {
    client.say(as_text(bytes));
    return outgoing();
  }
  void end() const {
    client.close();
    write_sealed();
  }

  mutable tls::test::ClientDouble client;

 private:
  void put(ByteView bytes) const override { write(sealed(bytes)); }
  void take(ByteView bytes, Bytes& messages) override {
    client.receive(bytes);
    write_sealed();
    for (const std::string& text : std::exchange(client.heard, {}))
      messages.insert(messages.end(), text.begin(), text.end());
  }
  void write_sealed() const {
    if (const Bytes bytes = outgoing(); !bytes.empty()) write(bytes);
  }
  [[nodiscard]] Bytes outgoing() const {
    Bytes all;
    for (const tls::OwnedBytes& part : std::exchange(client.sent, {}))
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }
};

}  // namespace linnet::net::test

// SPDX-License-Identifier: Apache-2.0
// What a test's device speaks to a server through: datagrams or frames over any of the transports.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "raw_device.hpp"
#include "raw_stream.hpp"
#include "secured_stream.hpp"

namespace linnet::net::test {

class Wire {
 public:
  using Bytes = std::vector<std::uint8_t>;

  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  virtual ~Wire() = default;
  virtual void send(ByteView message) = 0;
  /// What came within this time; empty for nothing.
  virtual Bytes receive(int patience_millis) = 0;
  [[nodiscard]] virtual bool stream() const noexcept { return false; }
};

class UdpWire final : public Wire {
 public:
  explicit UdpWire(const Address& server) : device_(server) {}
  void send(ByteView message) override { device_.send(message); }
  Bytes receive(int patience_millis) override {
    return device_.has_mail(patience_millis) ? device_.receive().bytes : Bytes{};
  }

 private:
  RawDevice device_;
};

/// Messages in the records of a session with a pre-shared key.
class DtlsWire final : public Wire {
 public:
  DtlsWire(const Address& server, const std::string& identity)
      : device_(server), client_({.identity = identity, .key = kKey}) {
    client_.go_on();
    for (int rounds = 0; rounds < 10 && !client_.open && client_.error == 0; ++rounds) {
      flush();
      client_.receive(device_.receive().bytes);
      while (!client_.open && device_.has_mail(0)) client_.receive(device_.receive().bytes);
    }
    flush();
    EXPECT_TRUE(client_.open);
  }
  void send(ByteView message) override {
    client_.say(as_text(message));
    flush();
  }
  Bytes receive(int patience_millis) override {
    if (client_.heard.empty() && device_.has_mail(patience_millis)) client_.receive(device_.receive().bytes);
    if (client_.heard.empty()) return {};
    const std::string text = client_.heard.front();
    client_.heard.erase(client_.heard.begin());
    return {text.begin(), text.end()};
  }

 private:
  void flush() {
    for (const tls::OwnedBytes& datagram : std::exchange(client_.sent, {})) device_.send(datagram);
  }

  RawDevice device_;
  tls::test::ClientDouble client_;
};

/// Frames over TCP or TLS.
class StreamWire final : public Wire {
 public:
  explicit StreamWire(std::unique_ptr<RawStream> connection) : connection_(std::move(connection)) {}
  void send(ByteView message) override { connection_->send(message); }
  Bytes receive(int patience_millis) override { return connection_->receive_within(patience_millis); }
  [[nodiscard]] bool stream() const noexcept override { return true; }

 private:
  std::unique_ptr<RawStream> connection_;
};

}  // namespace linnet::net::test

// SPDX-License-Identifier: Apache-2.0
// A device made of a socket and a message writer, for tests that need to see every datagram.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/coap/message.hpp"
#include "linnet/net/steering.hpp"
#include "linnet/net/udp_socket.hpp"
#include "raw_message.hpp"

namespace linnet::net {

class RawDevice {
 public:
  explicit RawDevice(const Address& server, const char* host = "127.0.0.1:0")
      : server_(server), socket_(*UdpSocket::open(*parse_address(host))) {
    sockaddr_storage to{};
    const socklen_t size = server.to(to);
    EXPECT_EQ(connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&to), size), 0);
  }
  /// One whose datagrams arrive at that shard.
  static RawDevice at_shard(const Address& server, unsigned shard, unsigned shards) {
    for (;;) {
      RawDevice device(server);
      if (steer(device.address(), shards) == shard) return device;
    }
  }

  [[nodiscard]] const Address& address() const { return socket_.local(); }
  [[nodiscard]] const UdpSocket& socket() const { return socket_; }

  void send(ByteView bytes) const {
    EXPECT_EQ(::send(socket_.fd(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  void request(coap::Code method, const std::vector<std::string>& path,
               const std::vector<std::string>& query = {}, std::string_view payload = {}) {
    send(request_bytes(method, coap::MessageId{++message_id_}, {}, path, query, payload));
  }
  void answer(const coap::Message& request, coap::Code code, std::string_view payload,
              std::optional<std::uint32_t> observe = {}) const {
    std::array<std::uint8_t, 512> buffer;
    coap::MessageWriter writer(buffer, coap::Type::kAcknowledgement, code, request.message_id(),
                               request.token());
    if (observe) writer.option(coap::OptionNumber::kObserve, *observe);
    writer.option(coap::OptionNumber::kContentFormat, std::uint32_t{0});
    writer.payload(as_bytes(payload));
    send(ByteView(buffer).first(*writer.finish()));
  }
  /// A confirmable notification; the type of what the server sends back.
  coap::Type notify(const coap::Token& token, std::uint32_t sequence, std::string_view payload) {
    std::array<std::uint8_t, 512> buffer;
    coap::MessageWriter writer(buffer, coap::Type::kConfirmable, coap::Code::kContent,
                               coap::MessageId{++message_id_}, token);
    writer.option(coap::OptionNumber::kObserve, sequence);
    writer.option(coap::OptionNumber::kContentFormat, std::uint32_t{0});
    writer.payload(as_bytes(payload));
    send(ByteView(buffer).first(*writer.finish()));
    return receive().view().type();
  }
  [[nodiscard]] bool has_mail(int patience_millis) const {
    pollfd readable{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
    return poll(&readable, 1, patience_millis) == 1;
  }
  [[nodiscard]] RawMessage receive() const {
    RawMessage message{.bytes = std::vector<std::uint8_t>(2048)};
    EXPECT_TRUE(has_mail(10'000));
    const ssize_t size = recv(socket_.fd(), message.bytes.data(), message.bytes.size(), MSG_DONTWAIT);
    EXPECT_GT(size, 0);
    message.bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return message;
  }

  /// Registers and returns the last segment of the location; empty when that was refused.
  std::string register_as(const std::string& endpoint, const std::vector<std::string>& more = {}) {
    request(coap::Code::kPost, {"rd"}, register_query(endpoint, "b=U", more), kRegisteredObjects);
    const RawMessage reply = receive();
    return reply.view().code() == coap::Code::kCreated ? location_in(reply.view()) : "";
  }
  coap::Code update(const std::string& location) {
    request(coap::Code::kPost, {"rd", location});
    return receive().view().code();
  }

 private:
  Address server_;
  UdpSocket socket_;
  std::uint16_t message_id_ = 100;
};

}  // namespace linnet::net

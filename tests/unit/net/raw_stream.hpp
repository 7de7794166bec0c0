// SPDX-License-Identifier: Apache-2.0
// A device made of a TCP socket and frames written by hand (RFC 8323 §3.2), for tests that need to see
// every message.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "linnet/coap/frame.hpp"
#include "linnet/coap/message.hpp"
#include "linnet/net/udp_socket.hpp"
#include "raw_message.hpp"

namespace linnet::net {

class RawStream {
 public:
  using Bytes = std::vector<std::uint8_t>;

  explicit RawStream(const Address& server, bool with_csm = true) : socket_(open_socket(server)) {
    if (with_csm) write(Bytes{0x00, 0xE1});
  }
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;
  virtual ~RawStream() = default;

  void send(ByteView bytes) const { put(bytes); }
  /// To the socket as it is.
  void write(ByteView bytes) const {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// False where the server has closed; what it does not take is dropped.
  [[nodiscard]] bool try_send(ByteView bytes) const {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 || errno == EAGAIN;
  }
  void request(coap::Code method, const std::vector<std::string>& path,
               const std::vector<std::string>& query = {}, std::string_view payload = {}) {
    const Bytes token{0x7A, ++token_};
    Bytes message = request_bytes(method, {}, coap::Token(token), path, query, payload);
    send(ByteView(message).first(coap::to_frame(message)));
  }
  void answer(const coap::Message& request, coap::Code code, std::string_view payload,
              std::optional<std::uint32_t> observe = {}) const {
    Bytes message(2048);
    coap::MessageWriter writer(message, coap::Type::kConfirmable, code, {}, request.token());
    if (observe) writer.option(coap::OptionNumber::kObserve, *observe);
    writer.option(coap::OptionNumber::kContentFormat, std::uint32_t{0});
    writer.payload(as_bytes(payload));
    send(ByteView(message).first(coap::to_frame(ByteSpan(message).first(*writer.finish()))));
  }
  /// The next frame; empty where the server closed, or nothing came.
  [[nodiscard]] Bytes receive() {
    for (;;) {
      if (Bytes frame = take_frame(); !frame.empty()) return frame;
      const Bytes bytes = read();
      if (bytes.empty()) return {};
      take(bytes, waiting_);
    }
  }
  /// A frame that is there, or whole within this time; empty for none.
  [[nodiscard]] Bytes receive_within(int patience_millis) {
    if (Bytes frame = take_frame(); !frame.empty()) return frame;
    if (readable(patience_millis)) take(read(), waiting_);
    return take_frame();
  }
  /// The next message that is no CSM.
  [[nodiscard]] Bytes next() {
    Bytes frame = receive();
    while (!frame.empty() && view(frame).code() == coap::Code::kCsm) frame = receive();
    EXPECT_FALSE(frame.empty());
    return frame;
  }
  [[nodiscard]] static coap::Message view(const Bytes& frame) { return *coap::Message::decode_frame(frame); }
  /// Whether the server has closed, after what it said before.
  [[nodiscard]] bool closed() {
    while (!receive().empty()) {
    }
    std::array<std::uint8_t, 16> bytes;
    return waiting_.empty() && readable(0) && recv(socket_.get(), bytes.data(), 16, MSG_DONTWAIT) <= 0;
  }
  [[nodiscard]] bool readable(int patience_millis) const {
    pollfd wanted{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return poll(&wanted, 1, patience_millis) == 1;
  }
  std::string register_as(const std::string& endpoint, const std::vector<std::string>& more = {}) {
    request(coap::Code::kPost, {"rd"}, register_query(endpoint, "b=T", more), kRegisteredObjects);
    const Bytes reply = next();
    if (reply.empty() || view(reply).code() != coap::Code::kCreated) return "";
    return location_in(view(reply));
  }
  coap::Code update(const std::string& location) {
    request(coap::Code::kPost, {"rd", location});
    const Bytes reply = next();
    return reply.empty() ? coap::Code::kEmpty : view(reply).code();
  }

  /// What the socket has, as it is; empty where the server closed, or nothing came.
  [[nodiscard]] Bytes read() const {
    Bytes bytes(4096);
    if (!readable(10'000)) return {};
    const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }

 private:
  // What lies between messages and the socket: nothing, or TLS.
  virtual void put(ByteView bytes) const { write(bytes); }
  virtual void take(ByteView bytes, Bytes& messages) {
    messages.insert(messages.end(), bytes.begin(), bytes.end());
  }

  [[nodiscard]] Bytes take_frame() {
    take({}, waiting_);
    const auto frame = coap::Frame::peek(waiting_);
    if (!frame || frame->size > waiting_.size()) return {};
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(frame->size);
    Bytes taken(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    return taken;
  }

  static FileDescriptor open_socket(const Address& server) {
    FileDescriptor fd(socket(server.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage to{};
    const socklen_t size = server.to(to);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size), 0);
    return fd;
  }

  FileDescriptor socket_;
  Bytes waiting_;
  std::uint8_t token_ = 0;
};

}  // namespace linnet::net

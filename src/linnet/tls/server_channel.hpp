// SPDX-License-Identifier: Apache-2.0
// The server's end of one TLS connection (RFC 8323 §8.2): the library's handshake and records over memory.
// Who owns the socket carries the bytes.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "linnet/base/function_ref.hpp"
#include "linnet/tls/server_security.hpp"

namespace linnet::tls {

class ServerChannel {
 public:
  enum class State : std::uint8_t { kHandshaking, kOpen, kClosed };
  using Deliver = FunctionRef<void(ByteView plaintext)>;
  /// The next bytes for the client.
  using Transmit = FunctionRef<void(ByteView bytes)>;

  /// `security`, made for streams, must outlive it. `credentials` are let go when the handshake is over.
  ServerChannel(const ServerSecurity& security, server::Credentials::Shared credentials);
  ServerChannel(const ServerChannel&) = delete;
  ServerChannel& operator=(const ServerChannel&) = delete;

  /// The next bytes of the client, any bytes at all: goes on with the handshake, and hands over the content
  /// of records, which may come with the last of them. `deliver` must not call the channel.
  State receive(ByteView bytes, Deliver deliver, Transmit transmit);
  /// Seals: kClosed while it is not open.
  Result<void> send(ByteView plaintext, Transmit transmit);
  /// Tells the client that it ends (close_notify).
  void close(Transmit transmit);

  [[nodiscard]] State state() const noexcept { return state_; }
  /// A record has begun that has not come whole.
  [[nodiscard]] bool partial() const noexcept { return header_size_ != 0; }
  [[nodiscard]] bool resumed() const noexcept { return resumed_; }
  /// The endpoint that the client proved to be, with the credentials of now; nothing where they know it no
  /// more.
  [[nodiscard]] std::optional<std::string> endpoint(const server::Credentials& credentials) const {
    return endpoint_of(proof_, identity_, credentials);
  }
  /// Why it closed, for people; empty where the client did.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  static constexpr std::size_t kHeader = 5;  // of a record

  void shake_hands();
  void read_records(Deliver deliver);
  void fail_with(int error);
  [[nodiscard]] bool take_identity();
  void follow_records(ByteView bytes) noexcept;
  static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept;
  static ssize_t pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept;
  static int wait(gnutls_transport_ptr_t self, unsigned milliseconds) noexcept;

  SessionContext context_;
  Session session_;
  ByteView incoming_;                   // while `receive` runs
  const Transmit* transmit_ = nullptr;  // while anything runs
  OwnedBytes identity_;
  std::string failure_;
  Proof proof_ = Proof::kNothing;
  State state_ = State::kHandshaking;
  bool resumed_ = false;
  std::uint8_t header_size_ = 0;              // bytes of the header of the record that has not come whole
  std::array<std::uint8_t, kHeader> header_;  // of it
  std::uint32_t record_left_ = 0;             // and of what is behind it
};

}  // namespace linnet::tls

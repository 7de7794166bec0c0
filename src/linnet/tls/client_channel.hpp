// SPDX-License-Identifier: Apache-2.0
// The device's channel over GnuTLS: DTLS and TLS 1.2 with pre-shared keys, raw public keys and certificates
// (TS 5.2.8, RFC 7925).
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "linnet/client/channel.hpp"
#include "linnet/client/platform.hpp"
#include "linnet/tls/certificate_check.hpp"
#include "linnet/tls/suites.hpp"

namespace linnet::tls {

/// What all channels of a device share; all that it refers to must outlive them.
struct ClientChannelConfig {
  Transport transport = Transport::kDatagram;
  client::Platform* platform = nullptr;  ///< the clock that certificates are held against; null: none
  std::span<const Certificate> anchors;  ///< for the certificate usages 0 and 1
  /// Until a flight is repeated, doubled each time (RFC 6347 §4.2.4.1), in the time of the system: the
  /// library asks its clock for it.
  Millis retransmit{1000};
  Millis give_up{60'000};    ///< after the first message of a handshake
  std::uint16_t mtu = 1232;  ///< bytes of one datagram
};

class ClientChannel final : public client::Channel {
 public:
  ClientChannel(const ClientChannelConfig& config, client::Wire& wire);
  ~ClientChannel() override;
  ClientChannel(const ClientChannel&) = delete;
  ClientChannel& operator=(const ClientChannel&) = delete;

  Result<void> start(const client::SecurityParameters& parameters, ByteView session,
                     Instant now) noexcept override;
  void receive(ByteView bytes, Deliver deliver, Instant now) noexcept override;
  Result<void> send(ByteView plaintext) noexcept override;
  Instant step(Instant now) noexcept override;
  void close() noexcept override;

  [[nodiscard]] client::ChannelState state() const noexcept override { return state_; }
  [[nodiscard]] client::ChannelEnd end() const noexcept override { return end_; }
  [[nodiscard]] bool resumed() const noexcept override;
  [[nodiscard]] Result<std::size_t> export_session(ByteSpan out) const noexcept override;

  /// Why `start` refused, for people; empty where it did not.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }

 private:
  static constexpr std::size_t kMaxRecord = 16'384;  // RFC 5246 §6.2.1

  std::expected<void, std::string> prepare(const client::SecurityParameters& parameters, ByteView session);
  std::expected<void, std::string> take_psk(const client::SecurityParameters& parameters);
  std::expected<void, std::string> take_raw_key(const client::SecurityParameters& parameters);
  std::expected<void, std::string> take_certificate(const client::SecurityParameters& parameters);
  void shake_hands() noexcept;
  [[nodiscard]] bool speaks_coap() const noexcept;
  void read_records(Deliver deliver) noexcept;
  void fail_with(int error) noexcept;
  void end_by(client::Alert alert, bool by_peer) noexcept;
  void end_because(Errc why) noexcept;
  [[nodiscard]] std::optional<client::Alert> check_server() noexcept;

  // What the library calls.
  static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept;
  static ssize_t pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept;
  static int wait(gnutls_transport_ptr_t self, unsigned milliseconds) noexcept;
  static int verify(gnutls_session_t session) noexcept;

  ClientChannelConfig config_;
  client::Wire& wire_;
  PskClientCredentials psk_;
  CertificateCredentials certificates_;
  PriorityCache priorities_;
  Session session_;  // after what it refers to

  client::SecurityMode mode_ = client::SecurityMode::kNoSec;
  OwnedBytes wanted_;
  CertificateRules rules_;
  std::optional<client::Alert> refused_;  ///< what the server is told of its certificate
  ByteView incoming_;                     ///< while `receive` runs
  client::ChannelState state_ = client::ChannelState::kClosed;
  client::ChannelEnd end_;
  Instant give_up_at_ = kNever;
  std::string refusal_;
  bool protocol_needed_ = false;  ///< the server must name "coap" by ALPN
  std::array<std::uint8_t, kMaxRecord> record_{};
};

}  // namespace linnet::tls

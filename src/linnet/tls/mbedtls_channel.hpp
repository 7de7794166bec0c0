// SPDX-License-Identifier: Apache-2.0
// The device's channel over Mbed TLS 2.28, as a microcontroller would have it: pre-shared keys, and
// certificates that are the server's own or have their authority in object 0. The library has no raw public
// keys (RFC 7250), no OCSP, and as Debian builds it no pre-shared keys of more than 32 bytes: `start` refuses
// them.
#pragma once

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <optional>

#include "linnet/base/random.hpp"
#include "linnet/client/channel.hpp"
#include "linnet/client/platform.hpp"
#include "linnet/tls/suites.hpp"

namespace linnet::tls {

/// All that it refers to must outlive the channel.
struct MbedTlsChannelConfig {
  Transport transport = Transport::kDatagram;
  client::Platform* platform = nullptr;  ///< the clock that certificates are held against; null: none
  Millis retransmit{1000};               ///< until a flight is repeated, doubled each time
  Millis give_up{60'000};                ///< after the first message of a handshake
  std::uint16_t mtu = 1232;              ///< bytes of one datagram
};

class MbedTlsChannel final : public client::Channel {
 public:
  /// `random` makes keys: it must be a cryptographic one.
  MbedTlsChannel(const MbedTlsChannelConfig& config, client::Wire& wire, Random& random) noexcept;
  ~MbedTlsChannel() override;
  MbedTlsChannel(const MbedTlsChannel&) = delete;
  MbedTlsChannel& operator=(const MbedTlsChannel&) = delete;

  Result<void> start(const client::SecurityParameters& parameters, ByteView session,
                     Instant now) noexcept override;
  void receive(ByteView bytes, Deliver deliver, Instant now) noexcept override;
  Result<void> send(ByteView plaintext) noexcept override;
  Instant step(Instant now) noexcept override;
  void close() noexcept override;

  [[nodiscard]] client::ChannelState state() const noexcept override { return state_; }
  [[nodiscard]] client::ChannelEnd end() const noexcept override { return end_; }
  [[nodiscard]] bool resumed() const noexcept override { return resumed_; }
  [[nodiscard]] Result<std::size_t> export_session(ByteSpan out) const noexcept override;

 private:
  static constexpr std::size_t kMaxRecord = 2048;  ///< bytes handed over at once
  static constexpr std::size_t kMaxName = 255;

  void set_up() noexcept;
  void tear_down() noexcept;
  [[nodiscard]] bool prepare(const client::SecurityParameters& parameters, ByteView session) noexcept;
  [[nodiscard]] bool take_certificate(const client::SecurityParameters& parameters) noexcept;
  void shake_hands() noexcept;
  void read_records(Deliver deliver) noexcept;
  void fail_with(int error) noexcept;
  void end_by(client::Alert alert, bool by_peer) noexcept;
  void end_because(Errc why) noexcept;
  [[nodiscard]] bool accepts(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) noexcept;

  // What the library calls.
  static int push(void* self, const unsigned char* data, std::size_t size) noexcept;
  static int pull(void* self, unsigned char* data, std::size_t size) noexcept;
  static void set_timer(void* self, std::uint32_t intermediate, std::uint32_t final) noexcept;
  static int timer(void* self) noexcept;
  static int fill_random(void* self, unsigned char* data, std::size_t size) noexcept;
  static int verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) noexcept;

  MbedTlsChannelConfig config_;
  client::Wire& wire_;
  Random& random_;
  mbedtls_ssl_context ssl_{};
  mbedtls_ssl_config settings_{};
  mbedtls_x509_crt own_{};
  mbedtls_x509_crt wanted_{};
  mbedtls_pk_context key_{};
  std::array<int, client::SecurityParameters::kMaxSuites + 1> suites_{};
  std::array<char, kMaxName + 1> name_{};

  std::optional<client::CertificateUsage> usage_;
  bool named_ = false;                      ///< the server has a DNS name to be held against
  std::array<std::uint8_t, 48> offered_{};  ///< the master secret of the session that was offered
  bool offers_ = false;
  bool resumed_ = false;
  bool protocol_needed_ = false;          ///< the server must name "coap" by ALPN
  std::optional<client::Alert> refused_;  ///< what the server is told of its certificate
  std::optional<client::Alert> sent_;     ///< the last alert in clear that the library sent
  ByteView incoming_;                     ///< while `receive` runs
  client::ChannelState state_ = client::ChannelState::kClosed;
  client::ChannelEnd end_;
  Instant now_{};
  Instant give_up_at_ = kNever;
  Instant flight_soon_ = kNever;  ///< the library's two times
  Instant flight_due_ = kNever;
  std::array<std::uint8_t, kMaxRecord> record_{};
};

}  // namespace linnet::tls

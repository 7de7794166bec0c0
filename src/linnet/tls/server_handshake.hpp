// SPDX-License-Identifier: Apache-2.0
// The server's side of DTLS handshakes: first the cookie, without a byte of state (RFC 6347 §4.2.1), then the
// library's session over memory, which ends as an Association.
#pragma once

#include <gnutls/dtls.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "linnet/base/function_ref.hpp"
#include "linnet/base/time.hpp"
#include "linnet/tls/record.hpp"
#include "linnet/tls/server_security.hpp"

namespace linnet::tls {

/// The record and message numbers that a handshake goes on with after its cookie.
using Prestate = gnutls_dtls_prestate_st;

/// One datagram that goes to the client.
using SendDatagram = FunctionRef<void(ByteView)>;

/// Gives cookies and knows its own again, for one to two minutes. Keys come from the library's generator. A
/// cookie is good for one address and one ClientHello.
class CookieGuard {
 public:
  CookieGuard();
  CookieGuard(const CookieGuard&) = delete;
  CookieGuard& operator=(const CookieGuard&) = delete;
  ~CookieGuard();

  /// True for the beginning of a whole ClientHello.
  [[nodiscard]] static bool is_client_hello(const Record& record) noexcept;
  /// Whether `datagram`, a ClientHello, brings a cookie that was given to `peer`, an address in any form. If
  /// not, it is answered with one, which is shorter than what it answers.
  [[nodiscard]] std::optional<Prestate> check(ByteView datagram, ByteView peer, Instant now,
                                              SendDatagram send);

 private:
  using Key = std::array<std::uint8_t, 32>;
  using Cookie = std::array<std::uint8_t, 16>;
  void renew(Instant now) noexcept;
  [[nodiscard]] static Cookie cookie(const Key& key, ByteView peer, ByteView random) noexcept;

  Key newest_{}, previous_{};
  Instant renew_at_{};
};

struct HandshakeConfig {
  std::uint16_t mtu = 1232;  ///< bytes of a datagram of ours
  Millis retransmit{1000};   ///< doubled each time (RFC 6347 §4.2.4.1); the library asks the system's clock
  Millis give_up{30'000};    ///< after the ClientHello
};

/// One handshake. About 11 kB of the library's until it is done.
class ServerHandshake {
 public:
  enum class State : std::uint8_t { kGoing, kDone, kFailed };

  /// `security` must outlive it.
  ServerHandshake(const ServerSecurity& security, const HandshakeConfig& config,
                  server::Credentials::Shared credentials, Prestate prestate);
  ServerHandshake(const ServerHandshake&) = delete;
  ServerHandshake& operator=(const ServerHandshake&) = delete;

  /// A datagram of the client's, any bytes at all. An alert for the client is sent as well.
  State receive(ByteView datagram, SendDatagram send);
  /// Repeats a flight that is due. Call again after `until_due`.
  State step(SendDatagram send);
  [[nodiscard]] Millis until_due() const noexcept;

  /// Done: keys, numbers and the client's identity, with write_limit at the end of all numbers. The session
  /// may go then, but for its last flight.
  [[nodiscard]] const Association& association() const noexcept { return association_; }
  /// What has to be sent again, as it is, when the client repeats its own last flight; empty where the
  /// client's was the last one of the handshake. The same bytes: a record that the client has it refuses.
  [[nodiscard]] const std::vector<OwnedBytes>& last_flight() const noexcept { return last_flight_; }
  /// Failed: why, for people.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] bool resumed() const noexcept { return resumed_; }

  ~ServerHandshake() { association_.clear(); }

 private:
  State go_on(SendDatagram send);
  State fail_with(int error);
  [[nodiscard]] bool export_association();
  static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept;
  static ssize_t pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept;
  static int wait(gnutls_transport_ptr_t self, unsigned milliseconds) noexcept;

  SessionContext context_;
  Session session_;
  ByteView incoming_;
  std::vector<OwnedBytes> outgoing_;
  State state_ = State::kGoing;
  bool resumed_ = false;
  Association association_;
  std::vector<OwnedBytes> last_flight_;
  std::string failure_;
};

}  // namespace linnet::tls

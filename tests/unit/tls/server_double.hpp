// SPDX-License-Identifier: Apache-2.0
// The other end of a channel: a server session of GnuTLS over memory that shows what a test wants.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "linnet/tls/suites.hpp"
#include "tests/unit/tls/pki.hpp"

namespace linnet::tls::test {

/// What a server is. Whole by default for none of the three ways: a test fills in one.
struct ServerWish {
  Transport transport = Transport::kDatagram;
  std::string identity;  ///< of the pre-shared key that it knows
  OwnedBytes key;
  const KeyPair* raw_key = nullptr;    ///< shows it, and asks for one
  std::vector<const Identity*> chain;  ///< its own first; asks for one of the client
  std::optional<OwnedBytes> stapled;   ///< an OCSP response
  bool knows_protocols = true;         ///< speaks "coap" by ALPN, over streams
  std::string priorities;              ///< instead of linnet's own, in GnuTLS' words
  gnutls_datum_t ticket_key{};         ///< makes tickets
  std::vector<std::pair<OwnedBytes, OwnedBytes>>* cache = nullptr;  ///< resumes by session ID
};

class ServerDouble {
 public:
  explicit ServerDouble(ServerWish wish);

  /// A datagram, or bytes, of the client.
  void receive(ByteView bytes);
  /// Sends an application record.
  void send(std::string_view text);
  void alert(gnutls_alert_level_t level, gnutls_alert_description_t description);
  void close();
  /// Asks for a new handshake (HelloRequest).
  int rehandshake();

  [[nodiscard]] gnutls_session_t session() const { return session_.get(); }

  std::vector<OwnedBytes> sent;       ///< not yet delivered
  std::vector<std::string> received;  ///< application records
  bool open = false;
  int error = 0;                                    ///< that ended the handshake or the session
  std::optional<gnutls_alert_description_t> heard;  ///< the client's last alert
  std::string name;                                 ///< SNI
  OwnedBytes client;                                ///< certificate or SubjectPublicKeyInfo of the client
  std::string psk_identity;

 private:
  void drive();
  void handshake_done();
  static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size);
  static ssize_t pull(gnutls_transport_ptr_t self, void* data, std::size_t size);
  static int wait(gnutls_transport_ptr_t self, unsigned milliseconds);

  ServerWish wish_;
  PskServerCredentials psk_;
  CertificateCredentials certificates_;
  PriorityCache priorities_;
  Session session_;
  std::deque<OwnedBytes> incoming_;
};

}  // namespace linnet::tls::test

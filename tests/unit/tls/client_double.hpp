// SPDX-License-Identifier: Apache-2.0
// The device's end of a DTLS or TLS handshake with linnet's server: a client session of GnuTLS over memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "linnet/tls/psk_handshake.hpp"
#include "linnet/tls/server_handshake.hpp"
#include "tests/unit/tls/pki.hpp"

namespace linnet::tls::test {

struct ClientWish {
  Transport transport = Transport::kDatagram;
  std::string identity{};  ///< of its pre-shared key
  OwnedBytes key{};
  const KeyPair* raw_key = nullptr;
  const Identity* certificate = nullptr;
  std::vector<const Identity*> issuers{};  ///< shown behind it
  std::string priorities{};                ///< instead of linnet's own, in GnuTLS' words
  OwnedBytes session{};                    ///< that it resumes
  std::string protocol{};                  ///< by ALPN; empty: none is named
  bool tickets = true;                     ///< it takes them; else it is known by the session's ID
};

class ClientDouble {
 public:
  explicit ClientDouble(const ClientWish& wish);

  /// Goes on with the handshake, or reads records.
  void receive(ByteView datagram);
  void go_on();
  /// Seals a record; it stands in `sent`.
  void say(std::string_view text);
  void close() { gnutls_bye(session.get(), GNUTLS_SHUT_WR); }
  [[nodiscard]] OwnedBytes exported() const;

  std::vector<OwnedBytes> sent;
  std::vector<std::string> heard;
  bool open = false;
  int error = 0;
  std::optional<gnutls_alert_description_t> alert;
  Session session;

 private:
  PskClientCredentials psk_;
  CertificateCredentials certificates_;
  Transport transport_;
  OwnedBytes incoming_;
};

/// A server's end over memory: cookies, one handshake, then an association.
class ServerEnd {
 public:
  ServerEnd(const ServerSecurity& server_security, server::Credentials::Shared known)
      : security(server_security), credentials(std::move(known)) {}

  void receive(OwnedBytes datagram);
  [[nodiscard]] OwnedBytes sealed(std::string_view text, ContentType type = ContentType::kApplicationData);

  const ServerSecurity& security;
  server::Credentials::Shared credentials;
  bool own_psk = false;  ///< what a pre-shared key answers is PskHandshake's, as at a shard
  UnixTime now{1'700'000'000};
  CookieGuard cookies;
  std::unique_ptr<ServerHandshake> handshake;
  std::unique_ptr<PskHandshake> psk;
  Association association;
  std::vector<OwnedBytes> sent;
  std::vector<std::string> heard;
  std::vector<Errc> refused;
  std::string failure;
  std::size_t cookies_given = 0;
};

/// Carries datagrams both ways until none is left.
void flow(ClientDouble& client, ServerEnd& server);

}  // namespace linnet::tls::test

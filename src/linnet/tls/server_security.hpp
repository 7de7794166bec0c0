// SPDX-License-Identifier: Apache-2.0
// What a server shows in handshakes and how it tells whom it speaks with: pre-shared keys, raw public keys
// (RFC 7250) and certificates (TS 5.2.6, 5.2.8), for DTLS and TLS alike.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/server/credentials.hpp"
#include "linnet/tls/association.hpp"
#include "linnet/tls/keys.hpp"
#include "linnet/tls/psk_sessions.hpp"
#include "linnet/tls/revocation.hpp"
#include "linnet/tls/session_cache.hpp"
#include "linnet/tls/suites.hpp"

namespace linnet::tls {

/// Who a server is. With a key it also takes raw public keys, with a chain certificates too.
struct ServerIdentity {
  OwnedBytes private_key{};         ///< as import_private_key takes it; empty: pre-shared keys alone
  std::vector<OwnedBytes> chain{};  ///< certificates, DER, its own first
  /// What keys of session tickets are made from, each for a day: kTicketSeed unpredictable bytes, so that
  /// tickets outlive a restart. Empty: tickets end with the ServerSecurity.
  OwnedBytes ticket_seed{};
  /// Certificates that devices show are held against these; null: against none. What is replaced there counts
  /// from the next session on.
  std::shared_ptr<const Revocations> revocations{};
};
inline constexpr std::size_t kTicketSeed = 32;

/// What belongs to one session for as long as its handshake goes.
struct SessionContext {
  server::Credentials::Shared credentials;
  RevocationLists::Shared revoked{};  ///< as they are when the session is made
  /// What the client is told of why it was refused (TS 5.2.9), where that is not the library's to say.
  std::optional<gnutls_alert_description_t> refusal{};
};

/// Who a client proved to be.
struct Proven {
  Proof proof = Proof::kNothing;
  ByteView identity;       ///< as Association::identity; of the session or of `endpoint`
  std::string endpoint{};  ///< of a certificate
};

/// The endpoint that `proof` of `identity` (Association::identity) stands for with these credentials; nothing
/// where they know it no more.
[[nodiscard]] std::optional<std::string> endpoint_of(Proof proof, ByteView identity,
                                                     const server::Credentials& credentials);

/// Does not change once it is made, but for the sessions that clients may resume: those of any number of
/// threads share it.
class ServerSecurity {
 public:
  /// The error is a sentence: of a key or a certificate.
  [[nodiscard]] static std::expected<std::unique_ptr<ServerSecurity>, std::string> make(
      Transport transport, const ServerIdentity& identity);

  /// A session that asks for the client's proof, and over streams for the protocol "coap" of those who say
  /// which (RFC 8323 §8.2); without transport functions. `context` must outlive it. Null
  /// for want of memory.
  [[nodiscard]] Session session(SessionContext& context) const;

  /// Sessions of PskHandshake. As long as this.
  [[nodiscard]] PskSessions& psk_sessions() const noexcept { return *psk_sessions_; }
  /// There is no key to be shown: pre-shared keys are all that it answers.
  [[nodiscard]] bool psk_alone() const noexcept { return !has_key_; }

 private:
  static constexpr std::size_t kMostSessions = 16'384;  ///< of clients without tickets; some 300 bytes each

  ServerSecurity() = default;
  [[nodiscard]] std::expected<void, std::string> take(const ServerIdentity& identity);
  [[nodiscard]] bool make_ticket_keys(ByteView seed);

  Transport transport_ = Transport::kDatagram;
  bool has_key_ = false;
  PskServerCredentials psk_;
  CertificateCredentials certificates_;
  PriorityCache priorities_;
  std::shared_ptr<const Revocations> revocations_;
  FixedSecret<64> ticket_key_;  // of the library's tickets, as gnutls_session_ticket_key_generate makes one
  mutable SessionCache sessions_{kMostSessions};
  std::unique_ptr<PskSessions> psk_sessions_;
};

/// After a handshake, resumed or whole: who it was, if the credentials still say so and nothing was revoked.
[[nodiscard]] std::optional<Proven> identify(gnutls_session_t session, const SessionContext& context);

/// After a handshake failed with `error`: tells the client why, unless there is nothing to tell.
void send_alert(gnutls_session_t session, const SessionContext& context, int error);

}  // namespace linnet::tls

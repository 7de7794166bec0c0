// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/server_security.hpp"

#include <gnutls/x509.h>

#include <array>
#include <cstring>
#include <utility>

#include "linnet/tls/certificate_names.hpp"

namespace linnet::tls {

namespace {

// A ClientHello with a ticket, or a chain of certificates, fits.
constexpr std::size_t kMaxHandshakeMessage = 16'384;

SessionContext& context_of(gnutls_session_t session) noexcept {
  return *static_cast<SessionContext*>(gnutls_session_get_ptr(session));
}

int find_key(gnutls_session_t session, const gnutls_datum_t* identity, gnutls_datum_t* key) noexcept {
  SessionContext& context = context_of(session);
  const auto found = context.credentials->psk(view(*identity));
  if (!found) {
    context.refusal = GNUTLS_A_UNKNOWN_PSK_IDENTITY;
    return -1;
  }
  key->size = static_cast<unsigned>(found->key.size());
  key->data = static_cast<unsigned char*>(gnutls_malloc(found->key.size()));
  if (key->data == nullptr) return -1;
  std::memcpy(key->data, found->key.data(), found->key.size());
  return 0;
}

bool vouches(std::string_view pattern, std::string_view name) noexcept {
  return pattern.ends_with('*') && name.starts_with(pattern.substr(0, pattern.size() - 1));
}

struct Judged {
  std::string endpoint;                ///< empty: refused
  gnutls_alert_description_t refusal;  ///< then
};

gnutls_alert_description_t alert_of(unsigned status) noexcept {
  if ((status & GNUTLS_CERT_REVOKED) != 0) return GNUTLS_A_CERTIFICATE_REVOKED;
  if ((status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED)) != 0) return GNUTLS_A_CERTIFICATE_EXPIRED;
  if ((status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA)) != 0) return GNUTLS_A_UNKNOWN_CA;
  return GNUTLS_A_BAD_CERTIFICATE;
}

unsigned path_status(gnutls_x509_crt_t anchor, std::vector<gnutls_x509_crt_t>& chain) {
  constexpr unsigned kRefused = GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND;
  gnutls_x509_trust_list_t made = nullptr;
  if (gnutls_x509_trust_list_init(&made, 0) < 0) return kRefused;
  // The anchor stays its owner's.
  const auto end = [](gnutls_x509_trust_list_t list) { gnutls_x509_trust_list_deinit(list, 0); };
  const std::unique_ptr<gnutls_x509_trust_list_st, decltype(end)> list(made, end);
  if (gnutls_x509_trust_list_add_cas(list.get(), &anchor, 1, 0) < 1) return kRefused;
  char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
  gnutls_typed_vdata_st data{
      .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = reinterpret_cast<unsigned char*>(purpose), .size = 0};
  unsigned status = kRefused;
  if (gnutls_x509_trust_list_verify_crt2(list.get(), chain.data(), static_cast<unsigned>(chain.size()), &data,
                                         1, 0, &status, nullptr) < 0) {
    return kRefused;
  }
  return status;
}

/// Why a path that leads to `anchor` is not to be gone; nothing where it is.
std::optional<gnutls_alert_description_t> revocation(const std::vector<gnutls_x509_crt_t>& chain,
                                                     gnutls_x509_crt_t anchor,
                                                     const RevocationLists::Shared& lists) {
  using Verdict = RevocationLists::Verdict;
  switch (lists ? lists->judge(chain, anchor) : Verdict::kNotRevoked) {
    case Verdict::kNotRevoked: return std::nullopt;
    case Verdict::kRevoked: return GNUTLS_A_CERTIFICATE_REVOKED;
    case Verdict::kUnknown: break;
  }
  return GNUTLS_A_CERTIFICATE_UNKNOWN;
}

Judged judge(const gnutls_datum_t* shown, unsigned count, const SessionContext& context) {
  const server::Credentials& credentials = *context.credentials;
  constexpr unsigned kLongestChain = 8;
  if (count == 0 || count > kLongestChain) return {.endpoint = {}, .refusal = GNUTLS_A_BAD_CERTIFICATE};
  std::vector<Certificate> chain;
  std::vector<gnutls_x509_crt_t> handles;
  for (unsigned i = 0; i < count; ++i) {
    auto certificate = import_certificate(view(shown[i]));
    if (!certificate) return {.endpoint = {}, .refusal = GNUTLS_A_BAD_CERTIFICATE};
    if (!strong_enough(certificate->get()))
      return {.endpoint = {}, .refusal = GNUTLS_A_UNSUPPORTED_CERTIFICATE};
    handles.push_back(certificate->get());
    chain.push_back(std::move(*certificate));
  }
  if (const auto endpoint = credentials.certificate(view(shown[0]))) {
    return {.endpoint = std::string(*endpoint), .refusal = {}};
  }
  Judged judged{.endpoint = {}, .refusal = GNUTLS_A_UNKNOWN_CA};
  const std::vector<std::string> names = names_of(handles[0]);
  credentials.for_each_trust_anchor([&](ByteView der, std::string_view endpoints) {
    if (!judged.endpoint.empty()) return;
    const auto anchor = import_certificate(der);
    if (!anchor) return;
    const unsigned status = path_status(anchor->get(), handles);
    if (status != 0) {
      if (alert_of(status) != GNUTLS_A_UNKNOWN_CA) judged.refusal = alert_of(status);
      return;
    }
    if (const auto refusal = revocation(handles, anchor->get(), context.revoked)) {
      judged.refusal = *refusal;
      return;
    }
    // Whoever it is: nobody that this authority may speak for.
    judged.refusal = GNUTLS_A_ACCESS_DENIED;
    for (const std::string& name : names) {
      const auto mapped = credentials.certificate_name(name);
      if (mapped) {
        judged.endpoint = *mapped;
      } else if (vouches(endpoints, name)) {
        judged.endpoint = name;
      }
      if (!judged.endpoint.empty()) return;
    }
  });
  if (judged.endpoint.size() > kMaxIdentity) return {.endpoint = {}, .refusal = GNUTLS_A_ACCESS_DENIED};
  return judged;
}

int check_client(gnutls_session_t session) noexcept {
  SessionContext& context = context_of(session);
  unsigned count = 0;
  const gnutls_datum_t* shown = gnutls_certificate_get_peers(session, &count);
  if (shown == nullptr || count == 0) {
    context.refusal = GNUTLS_A_BAD_CERTIFICATE;
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  if (gnutls_certificate_type_get2(session, GNUTLS_CTYPE_CLIENT) == GNUTLS_CRT_RAWPK) {
    if (context.credentials->raw_public_key(view(shown[0]))) return 0;
    context.refusal = GNUTLS_A_CERTIFICATE_UNKNOWN;
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  try {
    const Judged judged = judge(shown, count, context);
    if (!judged.endpoint.empty()) return 0;
    context.refusal = judged.refusal;
  } catch (const std::bad_alloc&) {
    context.refusal = GNUTLS_A_INTERNAL_ERROR;
  }
  return GNUTLS_E_CERTIFICATE_ERROR;
}

}  // namespace

std::expected<std::unique_ptr<ServerSecurity>, std::string> ServerSecurity::make(
    Transport transport, const ServerIdentity& identity) {
  std::unique_ptr<ServerSecurity> made(new ServerSecurity);
  made->transport_ = transport;
  made->has_key_ = !identity.private_key.empty();
  made->revocations_ = identity.revocations;
  made->psk_ = tls::make<PskServerCredentials>(gnutls_psk_allocate_server_credentials);
  if (!made->psk_) return std::unexpected("no memory");
  gnutls_psk_set_server_credentials_function2(made->psk_.get(), find_key);
  if (const auto taken = made->take(identity); !taken) return std::unexpected(taken.error());
  const Newest newest = transport == Transport::kStream ? Newest::kVersion13 : Newest::kVersion12;
  auto priorities = tls::priorities(
      transport, {.psk = true, .raw_public_key = made->has_key_, .certificate = !identity.chain.empty()}, {},
      newest);
  if (!priorities) return std::unexpected(priorities.error());
  made->priorities_ = std::move(*priorities);
  if (!made->make_ticket_keys(identity.ticket_seed))
    return std::unexpected("session tickets: no random numbers");
  return made;
}

bool ServerSecurity::make_ticket_keys(ByteView seed) {
  FixedSecret<kTicketSeed> own;
  if (seed.size() != own.bytes.size()) {
    if (gnutls_rnd(GNUTLS_RND_KEY, own.bytes.data(), own.bytes.size()) < 0) return false;
    seed = own.bytes;
  }
  // A ticket of one transport is none of the other.
  const std::uint8_t transport = std::to_underlying(transport_);
  FixedSecret<PskSessions::kSeed> psk;
  prf(seed, "linnet library tickets", {{&transport, 1}}, ticket_key_.bytes);
  prf(seed, "linnet psk tickets", {{&transport, 1}}, psk.bytes);
  psk_sessions_ = std::make_unique<PskSessions>(psk.bytes, kMostSessions);
  return true;
}

std::expected<void, std::string> ServerSecurity::take(const ServerIdentity& identity) {
  if (!has_key_) {
    if (!identity.chain.empty()) return std::unexpected("a certificate without its private key");
    return {};
  }
  certificates_ = tls::make<CertificateCredentials>(gnutls_certificate_allocate_credentials);
  if (!certificates_) return std::unexpected("no memory");
  const auto key = import_private_key(identity.private_key);
  if (!key) return std::unexpected(key.error());
  const OwnedBytes half = subject_public_key_info(key->get());
  if (auto given = give_raw_key(certificates_.get(), half, identity.private_key); !given) return given;
  if (!identity.chain.empty()) {
    auto given = give_certificates(certificates_.get(), identity.chain, identity.private_key);
    if (!given) return std::unexpected("the server's certificate: " + given.error());
  }
  gnutls_certificate_set_verify_function(certificates_.get(), check_client);
  return {};
}

Session ServerSecurity::session(SessionContext& context) const {
  unsigned flags = GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_ENABLE_RAWPK;
  if (transport_ == Transport::kDatagram) flags |= GNUTLS_DATAGRAM;
  Session session = tls::make<Session>(gnutls_init, flags);
  if (!session) return nullptr;
  gnutls_session_set_ptr(session.get(), &context);
  if (revocations_) context.revoked = revocations_->newest();
  const gnutls_datum_t ticket_key = datum(ticket_key_.bytes);
  bool good = gnutls_priority_set(session.get(), priorities_.get()) >= 0 &&
              gnutls_credentials_set(session.get(), GNUTLS_CRD_PSK, psk_.get()) >= 0 &&
              gnutls_session_ticket_enable_server(session.get(), &ticket_key) >= 0;
  sessions_.serve(session.get());
  if (has_key_) {
    good = good && gnutls_credentials_set(session.get(), GNUTLS_CRD_CERTIFICATE, certificates_.get()) >= 0;
    gnutls_certificate_server_set_request(session.get(), GNUTLS_CERT_REQUIRE);
  }
  if (transport_ == Transport::kStream) {
    constexpr std::string_view kCoap = "coap";
    const gnutls_datum_t protocol = datum(as_bytes(kCoap));
    good = good && gnutls_alpn_set_protocols(session.get(), &protocol, 1, GNUTLS_ALPN_MANDATORY) >= 0;
  }
  gnutls_handshake_set_max_packet_length(session.get(), kMaxHandshakeMessage);
  return good ? std::move(session) : nullptr;
}

std::optional<std::string> endpoint_of(Proof proof, ByteView identity,
                                       const server::Credentials& credentials) {
  switch (proof) {
    case Proof::kPsk:
      if (const auto psk = credentials.psk(identity)) return std::string(psk->endpoint);
      return std::nullopt;
    case Proof::kRawPublicKey:
      if (const auto name = credentials.raw_public_key(identity)) return std::string(*name);
      return std::nullopt;
    case Proof::kCertificate:
      if (credentials.credentialed(as_text(identity))) return std::string(as_text(identity));
      return std::nullopt;
    case Proof::kNothing: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Proven> identify(gnutls_session_t session, const SessionContext& context) {
  const server::Credentials& credentials = *context.credentials;
  if (gnutls_auth_get_type(session) == GNUTLS_CRD_PSK) {
    gnutls_datum_t identity{};
    if (gnutls_psk_server_get_username2(session, &identity) < 0 || !credentials.psk(view(identity))) {
      return std::nullopt;
    }
    return Proven{.proof = Proof::kPsk, .identity = view(identity)};
  }
  unsigned count = 0;
  const gnutls_datum_t* shown = gnutls_certificate_get_peers(session, &count);
  if (shown == nullptr || count == 0) return std::nullopt;
  if (gnutls_certificate_type_get2(session, GNUTLS_CTYPE_CLIENT) == GNUTLS_CRT_RAWPK) {
    if (!credentials.raw_public_key(view(shown[0]))) return std::nullopt;
    return Proven{.proof = Proof::kRawPublicKey, .identity = view(shown[0])};
  }
  Judged judged = judge(shown, count, context);
  if (judged.endpoint.empty()) return std::nullopt;
  return Proven{.proof = Proof::kCertificate, .identity = {}, .endpoint = std::move(judged.endpoint)};
}

void send_alert(gnutls_session_t session, const SessionContext& context, int error) {
  if (context.refusal) {
    gnutls_alert_send(session, GNUTLS_AL_FATAL, *context.refusal);
  } else if (error != GNUTLS_E_FATAL_ALERT_RECEIVED) {
    gnutls_alert_send_appropriate(session, error);
  }
}

}  // namespace linnet::tls

// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/client_double.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace linnet::tls::test {

ClientDouble::ClientDouble(const ClientWish& wish) : transport_(wish.transport) {
  const unsigned kind = transport_ == Transport::kDatagram ? GNUTLS_DATAGRAM : 0U;
  const unsigned tickets = wish.tickets ? 0U : GNUTLS_NO_TICKETS;
  session = make<Session>(gnutls_init,
                          unsigned{GNUTLS_CLIENT} | kind | tickets | GNUTLS_NONBLOCK | GNUTLS_ENABLE_RAWPK);
  psk_ = make<PskClientCredentials>(gnutls_psk_allocate_client_credentials);
  certificates_ = make<CertificateCredentials>(gnutls_certificate_allocate_credentials);
  if (!wish.identity.empty()) {
    const gnutls_datum_t identity = datum(as_bytes(wish.identity));
    const gnutls_datum_t key = datum(wish.key);
    EXPECT_EQ(gnutls_psk_set_client_credentials2(psk_.get(), &identity, &key, GNUTLS_PSK_KEY_RAW), 0);
    gnutls_credentials_set(session.get(), GNUTLS_CRD_PSK, psk_.get());
  }
  if (wish.raw_key != nullptr) {
    const gnutls_datum_t spki = datum(wish.raw_key->spki);
    const gnutls_datum_t secret = datum(wish.raw_key->secret);
    EXPECT_EQ(gnutls_certificate_set_rawpk_key_mem(certificates_.get(), &spki, &secret, GNUTLS_X509_FMT_DER,
                                                   nullptr, 0, nullptr, 0, 0),
              0);
  }
  if (wish.certificate != nullptr) {
    std::vector<gnutls_x509_crt_t> chain{wish.certificate->handle.get()};
    for (const Identity* issuer : wish.issuers) chain.push_back(issuer->handle.get());
    // The library's, which takes weak keys as well.
    const auto key = make<Owned<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit>>(gnutls_x509_privkey_init);
    const gnutls_datum_t secret = datum(wish.certificate->keys.secret);
    EXPECT_EQ(gnutls_x509_privkey_import(key.get(), &secret, GNUTLS_X509_FMT_DER), 0);
    EXPECT_EQ(gnutls_certificate_set_x509_key(certificates_.get(), chain.data(),
                                              static_cast<int>(chain.size()), key.get()),
              0);
  }
  gnutls_credentials_set(session.get(), GNUTLS_CRD_CERTIFICATE, certificates_.get());
  const Proofs proofs{.psk = !wish.identity.empty(),
                      .raw_public_key = wish.raw_key != nullptr,
                      .certificate = wish.certificate != nullptr};
  const std::string text = wish.priorities.empty() ? priority_text(transport_, proofs) : wish.priorities;
  EXPECT_EQ(gnutls_priority_set_direct(session.get(), text.c_str(), nullptr), 0) << text;
  if (transport_ == Transport::kDatagram) {
    gnutls_dtls_set_mtu(session.get(), 1232);
    gnutls_dtls_set_timeouts(session.get(), 60'000, 120'000);
  }
  if (!wish.protocol.empty()) {
    const gnutls_datum_t protocol = datum(as_bytes(wish.protocol));
    gnutls_alpn_set_protocols(session.get(), &protocol, 1, 0);
  }
  if (!wish.session.empty()) gnutls_session_set_data(session.get(), wish.session.data(), wish.session.size());
  gnutls_transport_set_ptr(session.get(), this);
  gnutls_transport_set_push_function(
      session.get(), [](gnutls_transport_ptr_t self, const void* data, std::size_t size) -> ssize_t {
        const auto* bytes = static_cast<const std::uint8_t*>(data);
        static_cast<ClientDouble*>(self)->sent.emplace_back(bytes, bytes + size);
        return static_cast<ssize_t>(size);
      });
  gnutls_transport_set_pull_function(
      session.get(), [](gnutls_transport_ptr_t self, void* data, std::size_t size) -> ssize_t {
        auto& client = *static_cast<ClientDouble*>(self);
        if (client.incoming_.empty()) {
          gnutls_transport_set_errno(client.session.get(), EAGAIN);
          return -1;
        }
        OwnedBytes& bytes = client.incoming_;
        const std::size_t taken = std::min(size, bytes.size());
        std::memcpy(data, bytes.data(), taken);
        // A datagram is read whole, as recv does.
        const bool datagram = client.transport_ == Transport::kDatagram;
        bytes.erase(bytes.begin(),
                    datagram ? bytes.end() : bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        return static_cast<ssize_t>(taken);
      });
  gnutls_transport_set_pull_timeout_function(session.get(), [](gnutls_transport_ptr_t self, unsigned) {
    return static_cast<ClientDouble*>(self)->incoming_.empty() ? 0 : 1;
  });
}

void ClientDouble::go_on() {
  const int result = gnutls_handshake(session.get());
  open = result == 0;
  if (result == GNUTLS_E_WARNING_ALERT_RECEIVED || result == GNUTLS_E_FATAL_ALERT_RECEIVED)
    alert = gnutls_alert_get(session.get());
  if (result < 0 && gnutls_error_is_fatal(result) != 0) error = result;
}

void ClientDouble::receive(ByteView datagram) {
  if (transport_ == Transport::kDatagram) incoming_.clear();
  incoming_.insert(incoming_.end(), datagram.begin(), datagram.end());
  if (!open) {
    go_on();
    if (!open || incoming_.empty()) return;
  }
  std::array<char, 2048> text;
  for (;;) {
    const ssize_t size = gnutls_record_recv(session.get(), text.data(), text.size());
    // A ticket was read, and there is more.
    if (size == GNUTLS_E_AGAIN && !incoming_.empty()) continue;
    if (size <= 0) {
      if (size == GNUTLS_E_WARNING_ALERT_RECEIVED || size == GNUTLS_E_FATAL_ALERT_RECEIVED)
        alert = gnutls_alert_get(session.get());
      if (size == 0) alert = GNUTLS_A_CLOSE_NOTIFY;
      if (size == GNUTLS_E_AGAIN || size == 0 || gnutls_error_is_fatal(static_cast<int>(size)) != 0) return;
      continue;
    }
    heard.emplace_back(text.data(), static_cast<std::size_t>(size));
  }
}

void ClientDouble::say(std::string_view text) {
  EXPECT_EQ(gnutls_record_send(session.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

OwnedBytes ClientDouble::exported() const {
  OwnedDatum data;
  EXPECT_EQ(gnutls_session_get_data2(session.get(), const_cast<OwnedDatum&>(data).out()), 0);
  return {data.bytes().begin(), data.bytes().end()};
}

void ServerEnd::receive(OwnedBytes datagram) {
  const auto send = [this](ByteView bytes) { sent.emplace_back(bytes.begin(), bytes.end()); };
  ByteSpan rest = datagram;
  const auto first = take_record(rest);
  if (first && first->epoch == 0 && CookieGuard::is_client_hello(*first) && !handshake && !psk) {
    const auto prestate = cookies.check(datagram, as_bytes("peer"), Instant{}, send);
    if (!prestate) {
      ++cookies_given;
      return;
    }
    const HandshakeConfig config{.retransmit = Millis{60'000}};
    const auto offer =
        own_psk ? psk_offer(*first, security.psk_alone(), security.psk_sessions(), *credentials, now)
                : std::nullopt;
    if (offer) {
      psk = std::make_unique<PskHandshake>(security.psk_sessions(), config, *offer, send);
      return;
    }
    handshake = std::make_unique<ServerHandshake>(security, config, credentials, *prestate);
  }
  if (psk && !association.exists()) {
    rest = datagram;
    if (psk->receive(rest, *credentials, now, send) == PskHandshake::State::kDone)
      association = psk->association();
    return;
  }
  if (!association.exists()) {
    if (!handshake) return;
    const auto state = handshake->receive(datagram, send);
    if (state == ServerHandshake::State::kDone) association = handshake->association();
    if (state == ServerHandshake::State::kFailed) failure = handshake->failure();
    return;
  }
  rest = datagram;
  while (!rest.empty()) {
    const auto record = take_record(rest);
    if (!record) {
      refused.push_back(record.error().code);
      return;
    }
    const auto text = linnet::tls::open(association, *record);
    if (text) {
      heard.emplace_back(as_text(*text));
    } else {
      refused.push_back(text.error().code);
    }
  }
}

OwnedBytes ServerEnd::sealed(std::string_view text, ContentType type) {
  OwnedBytes buffer(text.size() + kMaxRecordOverhead);
  std::memcpy(buffer.data() + plaintext_offset(association), text.data(), text.size());
  std::array<std::uint8_t, 16> random{};
  gnutls_rnd(GNUTLS_RND_NONCE, random.data(), random.size());
  const auto size = seal(association, type, text.size(), buffer, random);
  EXPECT_TRUE(size);
  buffer.resize(size.value_or(0));
  return buffer;
}

void flow(ClientDouble& client, ServerEnd& server) {
  while (!client.sent.empty() || !server.sent.empty()) {
    for (OwnedBytes& bytes : std::exchange(client.sent, {})) server.receive(std::move(bytes));
    for (const OwnedBytes& bytes : std::exchange(server.sent, {})) client.receive(bytes);
  }
}

}  // namespace linnet::tls::test

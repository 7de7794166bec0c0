// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/server_double.hpp"

#include <gnutls/dtls.h>
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace linnet::tls::test {

namespace {

using Cache = std::vector<std::pair<OwnedBytes, OwnedBytes>>;

void ok(int result) {
  if (result < 0) ADD_FAILURE() << sentence(result);
}

gnutls_datum_t copy(ByteView bytes) {
  auto* data = static_cast<unsigned char*>(gnutls_malloc(bytes.size()));
  std::ranges::copy(bytes, data);
  return {.data = data, .size = static_cast<unsigned>(bytes.size())};
}

int keep(void* cache, gnutls_datum_t key, gnutls_datum_t data) {
  const ByteView k = view(key);
  const ByteView d = view(data);
  static_cast<Cache*>(cache)->emplace_back(OwnedBytes(k.begin(), k.end()), OwnedBytes(d.begin(), d.end()));
  return 0;
}

gnutls_datum_t fetch(void* cache, gnutls_datum_t key) {
  for (const auto& [known, data] : *static_cast<Cache*>(cache)) {
    if (equal(known, view(key))) return copy(data);
  }
  return {};
}

int forget(void*, gnutls_datum_t) {
  return 0;
}

}  // namespace

ServerDouble::ServerDouble(ServerWish wish) : wish_(std::move(wish)) {
  const Proofs proofs{.psk = !wish_.identity.empty(),
                      .raw_public_key = wish_.raw_key != nullptr,
                      .certificate = !wish_.chain.empty()};
  const std::string text =
      wish_.priorities.empty() ? priority_text(wish_.transport, proofs) : wish_.priorities;
  gnutls_priority_t made = nullptr;
  ok(gnutls_priority_init(&made, text.c_str(), nullptr));
  priorities_.reset(made);
  unsigned flags = GNUTLS_SERVER | GNUTLS_NONBLOCK;
  if (wish_.transport == Transport::kDatagram) flags |= GNUTLS_DATAGRAM;
  if (proofs.raw_public_key) flags |= GNUTLS_ENABLE_RAWPK;
  session_ = make<Session>(gnutls_init, flags);
  gnutls_session_t raw = session_.get();
  ok(gnutls_priority_set(raw, priorities_.get()));
  gnutls_session_set_ptr(raw, this);
  gnutls_transport_set_ptr(raw, this);
  gnutls_transport_set_push_function(raw, &ServerDouble::push);
  gnutls_transport_set_pull_function(raw, &ServerDouble::pull);
  gnutls_transport_set_pull_timeout_function(raw, &ServerDouble::wait);
  if (wish_.transport == Transport::kStream && wish_.knows_protocols) {
    const gnutls_datum_t protocol = datum(as_bytes("coap"));
    ok(gnutls_alpn_set_protocols(raw, &protocol, 1, 0));
  }
  if (wish_.ticket_key.data != nullptr) ok(gnutls_session_ticket_enable_server(raw, &wish_.ticket_key));
  if (wish_.cache != nullptr) {
    gnutls_db_set_ptr(raw, wish_.cache);
    gnutls_db_set_store_function(raw, keep);
    gnutls_db_set_retrieve_function(raw, fetch);
    gnutls_db_set_remove_function(raw, forget);
  }
  if (proofs.psk) {
    psk_ = make<PskServerCredentials>(gnutls_psk_allocate_server_credentials);
    gnutls_psk_set_server_credentials_function2(
        psk_.get(), [](gnutls_session_t session, const gnutls_datum_t* identity, gnutls_datum_t* key) {
          const auto& self = *static_cast<ServerDouble*>(gnutls_session_get_ptr(session));
          if (as_text(view(*identity)) != self.wish_.identity) return -1;
          *key = copy(self.wish_.key);
          return 0;
        });
    ok(gnutls_credentials_set(raw, GNUTLS_CRD_PSK, psk_.get()));
  }
  if (!proofs.raw_public_key && !proofs.certificate) return;
  certificates_ = make<CertificateCredentials>(gnutls_certificate_allocate_credentials);
  if (proofs.raw_public_key) {
    const gnutls_datum_t spki = datum(wish_.raw_key->spki);
    const gnutls_datum_t secret = datum(wish_.raw_key->secret);
    ok(gnutls_certificate_set_rawpk_key_mem(certificates_.get(), &spki, &secret, GNUTLS_X509_FMT_DER, nullptr,
                                            0, nullptr, 0, 0));
  } else {
    std::vector<gnutls_x509_crt_t> chain;
    for (const Identity* link : wish_.chain) chain.push_back(link->handle.get());
    auto key = make<Owned<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit>>(gnutls_x509_privkey_init);
    const gnutls_datum_t secret = datum(wish_.chain.front()->keys.secret);
    ok(gnutls_x509_privkey_import_pkcs8(key.get(), &secret, GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN));
    ok(gnutls_certificate_set_x509_key(certificates_.get(), chain.data(), static_cast<int>(chain.size()),
                                       key.get()));
    if (wish_.stapled) {
      gnutls_certificate_set_ocsp_status_request_function(
          certificates_.get(),
          [](gnutls_session_t, void* self, gnutls_datum_t* response) {
            *response = copy(*static_cast<ServerDouble*>(self)->wish_.stapled);
            return 0;
          },
          this);
    }
  }
  gnutls_certificate_server_set_request(raw, GNUTLS_CERT_REQUIRE);
  ok(gnutls_credentials_set(raw, GNUTLS_CRD_CERTIFICATE, certificates_.get()));
}

void ServerDouble::receive(ByteView bytes) {
  incoming_.emplace_back(bytes.begin(), bytes.end());
  while (!incoming_.empty() && error == 0) {
    const std::size_t before = incoming_.size();
    drive();
    if (incoming_.size() == before) break;
  }
}

void ServerDouble::drive() {
  if (!open) {
    int result = 0;
    do {
      result = gnutls_handshake(session_.get());
      if (result == GNUTLS_E_WARNING_ALERT_RECEIVED) heard = gnutls_alert_get(session_.get());
    } while (result == GNUTLS_E_WARNING_ALERT_RECEIVED || (result == GNUTLS_E_AGAIN && !incoming_.empty()));
    if (result == GNUTLS_E_SUCCESS) return handshake_done();
    if (gnutls_error_is_fatal(result) != 0) {
      error = result;
      // Where a certificate was awaited the library reports an alert as that there was none.
      const auto last = gnutls_alert_get(session_.get());
      if (result == GNUTLS_E_FATAL_ALERT_RECEIVED || last != GNUTLS_A_CLOSE_NOTIFY) heard = last;
      if (!heard) (void)gnutls_alert_send_appropriate(session_.get(), result);
    }
    return;
  }
  std::array<char, 16'384> buffer{};
  for (;;) {
    const auto size = gnutls_record_recv(session_.get(), buffer.data(), buffer.size());
    if (size > 0) {
      received.emplace_back(buffer.data(), static_cast<std::size_t>(size));
      continue;
    }
    if (size == GNUTLS_E_WARNING_ALERT_RECEIVED) {
      heard = gnutls_alert_get(session_.get());
      continue;
    }
    if (size == 0) {
      heard = GNUTLS_A_CLOSE_NOTIFY;
      error = GNUTLS_E_PREMATURE_TERMINATION;
    } else if (gnutls_error_is_fatal(static_cast<int>(size)) != 0) {
      error = static_cast<int>(size);
      if (error == GNUTLS_E_FATAL_ALERT_RECEIVED) heard = gnutls_alert_get(session_.get());
    }
    return;
  }
}

void ServerDouble::handshake_done() {
  open = true;
  std::array<char, 256> text{};
  std::size_t size = text.size();
  unsigned type = 0;
  if (gnutls_server_name_get(session_.get(), text.data(), &size, &type, 0) >= 0) name = text.data();
  unsigned count = 0;
  if (const gnutls_datum_t* shown = gnutls_certificate_get_peers(session_.get(), &count); shown != nullptr) {
    const ByteView bytes = view(shown[0]);
    client.assign(bytes.begin(), bytes.end());
  }
  if (wish_.identity.empty()) return;
  gnutls_datum_t identity{};
  if (gnutls_psk_server_get_username2(session_.get(), &identity) == 0) psk_identity = as_text(view(identity));
}

void ServerDouble::send(std::string_view text) {
  ok(static_cast<int>(gnutls_record_send(session_.get(), text.data(), text.size())));
}

void ServerDouble::alert(gnutls_alert_level_t level, gnutls_alert_description_t description) {
  ok(gnutls_alert_send(session_.get(), level, description));
}

void ServerDouble::close() {
  (void)gnutls_bye(session_.get(), GNUTLS_SHUT_WR);
}

int ServerDouble::rehandshake() {
  return gnutls_rehandshake(session_.get());
}

ssize_t ServerDouble::push(gnutls_transport_ptr_t self, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  static_cast<ServerDouble*>(self)->sent.emplace_back(bytes, bytes + size);
  return static_cast<ssize_t>(size);
}

ssize_t ServerDouble::pull(gnutls_transport_ptr_t self, void* data, std::size_t size) {
  auto& server = *static_cast<ServerDouble*>(self);
  if (server.incoming_.empty()) {
    gnutls_transport_set_errno(server.session_.get(), EAGAIN);
    return -1;
  }
  OwnedBytes& first = server.incoming_.front();
  const std::size_t taken = std::min(size, first.size());
  std::memcpy(data, first.data(), taken);
  if (server.wish_.transport == Transport::kStream && taken < first.size()) {
    first.erase(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(taken));
  } else {
    server.incoming_.pop_front();
  }
  return static_cast<ssize_t>(taken);
}

int ServerDouble::wait(gnutls_transport_ptr_t self, unsigned) {
  return static_cast<ServerDouble*>(self)->incoming_.empty() ? 0 : 1;
}

}  // namespace linnet::tls::test

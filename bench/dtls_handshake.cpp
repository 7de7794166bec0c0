// SPDX-License-Identifier: Apache-2.0
// What a DTLS handshake costs the server without a socket: cookie, handshake and the keys that come of it.
// The client's part is not counted. Beside those with public keys, the arithmetic that they cannot do
// without.
#include <benchmark/benchmark.h>
#include <gnutls/dtls.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "linnet/tls/keys.hpp"
#include "linnet/tls/psk_handshake.hpp"

namespace {

using namespace linnet;
using namespace linnet::tls;

const OwnedBytes kKey(16, 0x2A);
constexpr std::string_view kName = "fleet-0000000";
constexpr UnixTime kNow{1'700'000'000};

struct KeyPair {
  OwnedBytes secret, spki;
  KeyPair() {
    const PrivateKey key = make<PrivateKey>(gnutls_privkey_init);
    gnutls_privkey_generate(key.get(), GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_privkey_t raw = nullptr;
    if (gnutls_privkey_export_x509(key.get(), &raw) < 0) std::abort();
    const Owned<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit> exported(raw);
    OwnedDatum der;
    if (gnutls_x509_privkey_export2_pkcs8(raw, GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN, der.out()) <
        0)
      std::abort();
    secret.assign(der.bytes().begin(), der.bytes().end());
    spki = subject_public_key_info(key.get());
  }
};

/// A client of the library's over memory.
class Client {
 public:
  explicit Client(const KeyPair* key)
      : priorities_(priorities(Transport::kDatagram,
                               {.psk = key == nullptr, .raw_public_key = key != nullptr},
                               std::array{key == nullptr ? Suite::kPskCcm8 : Suite::kEcdsaCcm8})
                        .value()),
        psk_(make<PskClientCredentials>(gnutls_psk_allocate_client_credentials)),
        certificates_(make<CertificateCredentials>(gnutls_certificate_allocate_credentials)) {
    const gnutls_datum_t name = datum(as_bytes(kName));
    const gnutls_datum_t secret = datum(kKey);
    gnutls_psk_set_client_credentials2(psk_.get(), &name, &secret, GNUTLS_PSK_KEY_RAW);
    if (key == nullptr) return;
    const gnutls_datum_t spki = datum(key->spki);
    const gnutls_datum_t own = datum(key->secret);
    if (gnutls_certificate_set_rawpk_key_mem(certificates_.get(), &spki, &own, GNUTLS_X509_FMT_DER, nullptr,
                                             0, nullptr, 0, 0) < 0) {
      std::abort();
    }
  }

  void begin() {
    session_ = make<Session>(
        gnutls_init, unsigned{GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_ENABLE_RAWPK});
    gnutls_session_t session = session_.get();
    gnutls_credentials_set(session, GNUTLS_CRD_PSK, psk_.get());
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, certificates_.get());
    gnutls_priority_set(session, priorities_.get());
    gnutls_dtls_set_mtu(session, 1232);
    gnutls_transport_set_ptr(session, this);
    gnutls_transport_set_push_function(session, push);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_pull_timeout_function(session, wait);
    receive({});
  }
  void receive(ByteView datagram) {
    incoming_ = datagram;
    const int result = gnutls_handshake(session_.get());
    open = result == GNUTLS_E_SUCCESS;
    if (result < 0 && gnutls_error_is_fatal(result) != 0) std::abort();
  }

  std::vector<OwnedBytes> sent;
  bool open = false;

 private:
  static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    static_cast<Client*>(self)->sent.emplace_back(bytes, bytes + size);
    return static_cast<ssize_t>(size);
  }
  static ssize_t pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept {
    auto& client = *static_cast<Client*>(self);
    if (client.incoming_.empty()) {
      gnutls_transport_set_errno(client.session_.get(), EAGAIN);
      return -1;
    }
    const ByteView datagram = std::exchange(client.incoming_, {});
    const std::size_t taken = std::min(size, datagram.size());
    std::memcpy(data, datagram.data(), taken);
    return static_cast<ssize_t>(taken);
  }
  static int wait(gnutls_transport_ptr_t self, unsigned /*milliseconds*/) noexcept {
    return static_cast<Client*>(self)->incoming_.empty() ? 0 : 1;
  }

  PriorityCache priorities_;
  PskClientCredentials psk_;
  CertificateCredentials certificates_;
  Session session_;
  ByteView incoming_;
};

server::Credentials::Shared credentials(const KeyPair* key) {
  server::Credential credential;
  credential.endpoint = kName;
  if (key == nullptr) {
    credential.identity.assign(kName.begin(), kName.end());
    credential.key.assign(kKey.begin(), kKey.end());
  } else {
    credential.mode = server::CredentialMode::kRawPublicKey;
    credential.identity = key->spki;
  }
  std::vector<server::CredentialChange> changes;
  changes.push_back({.put = std::move(credential)});
  return server::Credentials::none()->apply(changes).value();
}

struct Ends {
  explicit Ends(const KeyPair* server = nullptr, const KeyPair* device = nullptr)
      : security(ServerSecurity::make(Transport::kDatagram,
                                      {.private_key = server != nullptr ? server->secret : OwnedBytes()})
                     .value()),
        known(credentials(device)),
        client(device) {}

  std::unique_ptr<ServerSecurity> security;
  server::Credentials::Shared known;
  CookieGuard cookies;
  std::vector<OwnedBytes> to_client;
  Client client;

  /// One whole handshake; `take(datagram, record, prestate, send)` is the server's part behind the cookie and
  /// says when it is done. Returns the seconds that the server took.
  template <typename Take>
  double shake(Take&& take) {
    using Clock = std::chrono::steady_clock;
    Clock::duration spent{};
    const auto send = [this](ByteView bytes) { to_client.emplace_back(bytes.begin(), bytes.end()); };
    bool done = false;
    client.begin();
    while (!done) {
      if (client.sent.empty()) std::abort();
      for (OwnedBytes& datagram : std::exchange(client.sent, {})) {
        const auto before = Clock::now();
        ByteSpan rest = datagram;
        const auto record = take_record(rest);
        std::optional<Prestate> prestate;
        const bool hello = CookieGuard::is_client_hello(*record);
        if (hello) prestate = cookies.check(datagram, as_bytes(kName), Instant{}, send);
        if (!hello || prestate) done = take(datagram, *record, prestate ? &*prestate : nullptr, send);
        spent += Clock::now() - before;
      }
      for (const OwnedBytes& datagram : std::exchange(to_client, {})) client.receive(datagram);
    }
    if (!client.open) std::abort();
    return std::chrono::duration<double>(spent).count();
  }

  double shake_by_library() {
    std::unique_ptr<ServerHandshake> handshake;
    return shake([&](const OwnedBytes& datagram, const Record&, const Prestate* prestate, SendDatagram send) {
      if (prestate != nullptr)
        handshake = std::make_unique<ServerHandshake>(*security, HandshakeConfig{}, known, *prestate);
      if (handshake->receive(datagram, send) != ServerHandshake::State::kDone) return false;
      benchmark::DoNotOptimize(handshake->association());
      handshake.reset();
      return true;
    });
  }
};

void psk_by_library(benchmark::State& state) {
  Ends ends;
  for (auto _ : state) state.SetIterationTime(ends.shake_by_library());
}

void psk_by_linnet(benchmark::State& state) {
  Ends ends;
  PskSessions& sessions = ends.security->psk_sessions();
  for (auto _ : state) {
    std::unique_ptr<PskHandshake> handshake;
    state.SetIterationTime(ends.shake(
        [&](OwnedBytes& datagram, const Record& record, const Prestate* prestate, SendDatagram send) {
          if (prestate != nullptr) {
            const auto offer = psk_offer(record, true, sessions, *ends.known, kNow);
            if (!offer) std::abort();
            handshake = std::make_unique<PskHandshake>(sessions, HandshakeConfig{}, *offer, send);
            return false;
          }
          ByteSpan rest = datagram;
          if (handshake->receive(rest, *ends.known, kNow, send) != PskHandshake::State::kDone) return false;
          benchmark::DoNotOptimize(handshake->association());
          handshake.reset();
          return true;
        }));
  }
}

void ecdsa_by_library(benchmark::State& state) {
  const KeyPair server;
  const KeyPair device;
  Ends ends(&server, &device);
  for (auto _ : state) state.SetIterationTime(ends.shake_by_library());
}

void fill_random(void* /*context*/, std::size_t size, std::uint8_t* out) {
  if (gnutls_rnd(GNUTLS_RND_NONCE, out, size) < 0) std::abort();
}

/// Of the server's part: it makes a key of its own, signs it, multiplies it with the client's, and verifies
/// the client's signature.
void ecdsa_arithmetic(benchmark::State& state) {
  const ecc_curve* const curve = nettle_get_secp_256r1();
  ecc_point own{};
  ecc_point product{};
  ecc_scalar secret{};
  ecc_scalar ephemeral{};
  ecc_point_init(&own, curve);
  ecc_point_init(&product, curve);
  ecc_scalar_init(&secret, curve);
  ecc_scalar_init(&ephemeral, curve);
  ecdsa_generate_keypair(&own, &secret, nullptr, fill_random);
  dsa_signature signature{};
  dsa_signature_init(&signature);
  const std::array<std::uint8_t, 32> digest{1, 2, 3};
  for (auto _ : state) {
    ecdsa_generate_keypair(&product, &ephemeral, nullptr, fill_random);
    ecdsa_sign(&secret, nullptr, fill_random, digest.size(), digest.data(), &signature);
    ecc_point_mul(&product, &ephemeral, &own);
    if (ecdsa_verify(&own, digest.size(), digest.data(), &signature) == 0) std::abort();
  }
  dsa_signature_clear(&signature);
  ecc_scalar_clear(&ephemeral);
  ecc_scalar_clear(&secret);
  ecc_point_clear(&product);
  ecc_point_clear(&own);
}

BENCHMARK(psk_by_library)->UseManualTime();
BENCHMARK(psk_by_linnet)->UseManualTime();
BENCHMARK(ecdsa_by_library)->UseManualTime();
BENCHMARK(ecdsa_arithmetic);

}  // namespace

BENCHMARK_MAIN();

// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/certificate_authority.hpp"

#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "linnet/tls/certificate_bundle.hpp"
#include "linnet/tls/certificate_names.hpp"
#include "linnet/tls/token_keys.hpp"

namespace linnet::tls {
namespace {

using X509Key = Owned<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit>;

constexpr std::size_t kMaxCommonName = 64;  // RFC 5280, ub-common-name
constexpr unsigned kMaxChain = 8;
/// A device's clock may be behind.
constexpr std::chrono::hours kBackdated{1};
constexpr std::chrono::days kOwnValidity{3650};

std::time_t seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::system_clock::to_time_t(time);
}

std::unexpected<std::string> refuse(std::string_view what, int error) {
  return std::unexpected(std::string(what) + ": " + sentence(error));
}

/// The common name, or, for one that is too long for that, an alternative name of the subject.
bool set_name(gnutls_x509_crt_t certificate, std::string_view name) {
  const auto size = static_cast<unsigned>(name.size());
  if (name.size() <= kMaxCommonName)
    return gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(), size) >= 0;
  const auto kind = name.starts_with("urn:") ? GNUTLS_SAN_URI : GNUTLS_SAN_DNSNAME;
  return gnutls_x509_crt_set_subject_alt_name(certificate, kind, name.data(), size, GNUTLS_FSAN_SET) >= 0;
}

/// What every certificate made here has; false where the library refused.
bool describe(gnutls_x509_crt_t certificate, std::string_view name, std::time_t from, std::time_t until) {
  std::array<unsigned char, 16> serial{};
  if (gnutls_rnd(GNUTLS_RND_NONCE, serial.data(), serial.size()) < 0) return false;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7FU) | 0x40U);  // positive, and always 16 bytes long
  return gnutls_x509_crt_set_version(certificate, 3) >= 0 &&
         gnutls_x509_crt_set_serial(certificate, serial.data(), serial.size()) >= 0 &&
         gnutls_x509_crt_set_activation_time(certificate, from) >= 0 &&
         gnutls_x509_crt_set_expiration_time(certificate, until) >= 0 && set_name(certificate, name);
}

/// The key identifier is the hash of the key (RFC 5280 §4.2.1.2).
bool set_key_identifier(gnutls_x509_crt_t certificate) {
  std::array<unsigned char, 64> id{};
  std::size_t size = id.size();
  return gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA1, id.data(), &size) >= 0 &&
         gnutls_x509_crt_set_subject_key_id(certificate, id.data(), size) >= 0;
}

bool set_issuer_identifier(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer) {
  std::array<unsigned char, 64> id{};
  std::size_t size = id.size();
  // An authority without the extension is found by its name.
  if (gnutls_x509_crt_get_subject_key_id(issuer, id.data(), &size, nullptr) < 0) return true;
  return gnutls_x509_crt_set_authority_key_id(certificate, id.data(), size) >= 0;
}

std::expected<PrivateKey, std::string> read_key(std::string_view key) {
  if (is_token_uri(key)) return token_key(key);
  PrivateKey handle = make<PrivateKey>(gnutls_privkey_init);
  if (!handle) return std::unexpected("no memory for a key");
  const gnutls_datum_t text = datum(as_bytes(key));
  const int read = gnutls_privkey_import_x509_raw(handle.get(), &text, GNUTLS_X509_FMT_PEM, nullptr, 0);
  if (read < 0) return refuse("the authority's key", read);
  return handle;
}

std::expected<std::vector<Certificate>, std::string> read_chain(std::string_view pem) {
  std::array<gnutls_x509_crt_t, kMaxChain> handles{};
  unsigned count = kMaxChain;
  const gnutls_datum_t text = datum(as_bytes(pem));
  const int read = gnutls_x509_crt_list_import(
      handles.data(), &count, &text, GNUTLS_X509_FMT_PEM,
      GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED | GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
  if (read < 0) return refuse("the authority's certificate", read);
  std::vector<Certificate> chain;
  chain.reserve(count);
  for (unsigned i = 0; i < count; ++i) chain.emplace_back(handles[i]);
  if (chain.empty()) return std::unexpected("the authority's certificate: the text holds none");
  return chain;
}

/// Whether the certificate may sign others, and is of this key.
std::expected<void, std::string> check_own(gnutls_x509_crt_t certificate, gnutls_privkey_t key) {
  if (gnutls_x509_crt_get_ca_status(certificate, nullptr) <= 0)
    return std::unexpected("the authority's certificate is not one of an authority (basic constraints)");
  const PublicKey of_key = make<PublicKey>(gnutls_pubkey_init);
  const PublicKey of_certificate = make<PublicKey>(gnutls_pubkey_init);
  if (!of_key || !of_certificate) return std::unexpected("no memory for a key");
  if (gnutls_pubkey_import_privkey(of_key.get(), key, 0, 0) < 0 ||
      gnutls_pubkey_import_x509(of_certificate.get(), certificate, 0) < 0)
    return std::unexpected("the authority's public key cannot be read");
  OwnedDatum a;
  OwnedDatum b;
  if (gnutls_pubkey_export2(of_key.get(), GNUTLS_X509_FMT_DER, a.out()) < 0 ||
      gnutls_pubkey_export2(of_certificate.get(), GNUTLS_X509_FMT_DER, b.out()) < 0 ||
      !std::ranges::equal(a.bytes(), b.bytes()))
    return std::unexpected("the authority's certificate is not of its key");
  return {};
}

}  // namespace

std::expected<CertificateAuthority, std::string> CertificateAuthority::open(std::string_view certificate,
                                                                            std::string_view key,
                                                                            Config config) {
  auto chain = read_chain(certificate);
  if (!chain) return std::unexpected(std::move(chain).error());
  auto own_key = read_key(key);
  if (!own_key) return std::unexpected(std::move(own_key).error());
  if (auto own = check_own(chain->front().get(), own_key->get()); !own)
    return std::unexpected(std::move(own).error());
  return CertificateAuthority(*std::move(chain), *std::move(own_key), std::move(config));
}

std::expected<CertificateAuthority::Made, std::string> CertificateAuthority::make(std::string_view name,
                                                                                  const Clock& clock) {
  const X509Key key = tls::make<X509Key>(gnutls_x509_privkey_init);
  const Certificate certificate = tls::make<Certificate>(gnutls_x509_crt_init);
  if (!key || !certificate) return std::unexpected("no memory for an authority");
  const int generated = gnutls_x509_privkey_generate(key.get(), GNUTLS_PK_ECDSA,
                                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
  if (generated < 0) return refuse("no key for an authority", generated);
  const auto now = clock();
  const bool made =
      gnutls_x509_crt_set_key(certificate.get(), key.get()) >= 0 &&
      describe(certificate.get(), name, seconds(now - kBackdated), seconds(now + kOwnValidity)) &&
      gnutls_x509_crt_set_basic_constraints(certificate.get(), 1, 0) >= 0 &&
      gnutls_x509_crt_set_key_usage(certificate.get(), GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN) >= 0 &&
      set_key_identifier(certificate.get()) &&
      gnutls_x509_crt_sign2(certificate.get(), certificate.get(), key.get(), GNUTLS_DIG_SHA256, 0) >= 0;
  OwnedDatum certificate_text;
  OwnedDatum key_text;
  if (!made || gnutls_x509_crt_export2(certificate.get(), GNUTLS_X509_FMT_PEM, certificate_text.out()) < 0 ||
      gnutls_x509_privkey_export2_pkcs8(key.get(), GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN,
                                        key_text.out()) < 0)
    return std::unexpected("no certificate for an authority of that name");
  return Made{.certificate = std::string(as_text(certificate_text.bytes())),
              .key = std::string(as_text(key_text.bytes()))};
}

server::EnrollmentAnswer CertificateAuthority::certificates(server::CertificateForm form) {
  if (form == server::CertificateForm::kBundle) return encode_bundle(chain_);
  if (chain_.size() != 1)
    return fail(Errc::kUnsupported, static_cast<std::uint8_t>(coap::Code::kNotAcceptable));
  return encode_certificate(chain_.front().get());
}

server::EnrollmentAnswer CertificateAuthority::enroll(const server::EnrollmentRequest& request) {
  if (request.request.size() > kMaxRequest) return fail(Errc::kMalformed);
  const auto wanted = read_request(request.request);
  if (!wanted) return fail(wanted.error().code == Errc::kNoSpace ? Errc::kIo : wanted.error().code);
  if (!wanted->common_name.empty() && wanted->common_name != request.endpoint)
    return fail(Errc::kUnauthorized);
  const Certificate certificate = tls::make<Certificate>(gnutls_x509_crt_init);
  if (!certificate) return fail(Errc::kIo);

  const auto now = config_.clock();
  gnutls_x509_crt_t issuer = chain_.front().get();
  const std::time_t until =
      std::min(seconds(now + config_.validity), gnutls_x509_crt_get_expiration_time(issuer));
  const bool described =
      describe(certificate.get(), request.endpoint, seconds(now - kBackdated), until) &&
      gnutls_x509_crt_set_pubkey(certificate.get(), wanted->key.get()) >= 0 &&
      gnutls_x509_crt_set_basic_constraints(certificate.get(), 0, -1) >= 0 &&
      gnutls_x509_crt_set_key_usage(certificate.get(), GNUTLS_KEY_DIGITAL_SIGNATURE) >= 0 &&
      gnutls_x509_crt_set_key_purpose_oid(certificate.get(), GNUTLS_KP_TLS_WWW_CLIENT, 0) >= 0 &&
      set_key_identifier(certificate.get()) && set_issuer_identifier(certificate.get(), issuer);
  if (!described ||
      gnutls_x509_crt_privkey_sign(certificate.get(), issuer, key_.get(), GNUTLS_DIG_SHA256, 0) < 0)
    return fail(Errc::kIo);
  if (request.form == server::CertificateForm::kCertificate) return encode_certificate(certificate.get());
  return encode_bundle({&certificate, 1});
}

}  // namespace linnet::tls

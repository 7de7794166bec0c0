// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/certification_request.hpp"

#include <gnutls/x509.h>

#include <algorithm>
#include <array>

#include "linnet/server/enrollment.hpp"
#include "linnet/tls/certificate_bundle.hpp"

namespace linnet::tls {
namespace {

using X509Key = Owned<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit>;
using CertificationRequest = Owned<gnutls_x509_crq_t, gnutls_x509_crq_deinit>;

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxCommonName = 64;  // RFC 5280, ub-common-name

Result<X509Key> read_key(ByteView pkcs8) {
  X509Key key = make<X509Key>(gnutls_x509_privkey_init);
  if (!key) return fail(Errc::kNoSpace);
  const gnutls_datum_t input = datum(pkcs8);
  if (gnutls_x509_privkey_import_pkcs8(key.get(), &input, GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN) <
      0)
    return fail(Errc::kMalformed);
  return key;
}

/// The common name, or, for one that is too long for that, an alternative name of the subject.
bool set_name(gnutls_x509_crq_t request, std::string_view name) {
  const auto size = static_cast<unsigned>(name.size());
  if (name.size() <= kMaxCommonName)
    return gnutls_x509_crq_set_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(), size) >= 0;
  const auto kind = name.starts_with("urn:") ? GNUTLS_SAN_URI : GNUTLS_SAN_DNSNAME;
  return gnutls_x509_crq_set_subject_alt_name(request, kind, name.data(), size, GNUTLS_FSAN_SET) >= 0;
}

/// What an answer of EST holds.
Result<std::vector<Certificate>> read_certificates(ByteView answer, std::uint16_t content_format) {
  switch (server::CertificateForm{content_format}) {
    case server::CertificateForm::kBundle: return decode_bundle(answer);
    case server::CertificateForm::kCertificate: {
      auto certificate = decode_certificate(answer);
      if (!certificate) return fail(certificate.error().code);
      std::vector<Certificate> one;
      one.push_back(*std::move(certificate));
      return one;
    }
  }
  return fail(Errc::kUnsupported);
}

}  // namespace

Result<std::vector<std::uint8_t>> make_private_key() {
  const X509Key key = make<X509Key>(gnutls_x509_privkey_init);
  if (!key) return fail(Errc::kNoSpace);
  OwnedDatum der;
  if (gnutls_x509_privkey_generate(key.get(), GNUTLS_PK_ECDSA,
                                   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) < 0 ||
      gnutls_x509_privkey_export2_pkcs8(key.get(), GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN,
                                        der.out()) < 0)
    return fail(Errc::kIo);
  return std::vector<std::uint8_t>(der.bytes().begin(), der.bytes().end());
}

Result<std::vector<std::uint8_t>> make_certification_request(ByteView private_key,
                                                             std::string_view endpoint) {
  if (endpoint.empty() || endpoint.size() > kMaxName) return fail(Errc::kInvalidArgument);
  const auto key = read_key(private_key);
  if (!key) return fail(key.error().code);
  const CertificationRequest request = make<CertificationRequest>(gnutls_x509_crq_init);
  if (!request) return fail(Errc::kNoSpace);
  OwnedDatum der;
  if (gnutls_x509_crq_set_version(request.get(), 1) < 0 || !set_name(request.get(), endpoint) ||
      gnutls_x509_crq_set_key(request.get(), key->get()) < 0 ||
      gnutls_x509_crq_sign2(request.get(), key->get(), GNUTLS_DIG_SHA256, 0) < 0 ||
      gnutls_x509_crq_export2(request.get(), GNUTLS_X509_FMT_DER, der.out()) < 0)
    return fail(Errc::kIo);
  return std::vector<std::uint8_t>(der.bytes().begin(), der.bytes().end());
}

Result<Validity> validity_of(ByteView certificate) {
  const auto read = decode_certificate(certificate);
  if (!read) return fail(read.error().code);
  const Validity validity{.from = gnutls_x509_crt_get_activation_time(read->get()),
                          .until = gnutls_x509_crt_get_expiration_time(read->get())};
  if (validity.from < 0 || validity.until < validity.from) return fail(Errc::kMalformed);
  return validity;
}

Result<void> check_issuer(ByteView certificate, ByteView authorities, std::uint16_t content_format) {
  const auto leaf = decode_certificate(certificate);
  if (!leaf) return fail(leaf.error().code);
  const auto chain = read_certificates(authorities, content_format);
  if (!chain) return fail(chain.error().code);
  for (const Certificate& authority : *chain) {
    gnutls_x509_crt_t handle = leaf->get();
    gnutls_x509_crt_t issuer = authority.get();
    unsigned status = 0;
    constexpr unsigned kAtAnyTime =
        GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS;
    const int verified = gnutls_x509_crt_list_verify(&handle, 1, &issuer, 1, nullptr, 0, kAtAnyTime, &status);
    if (verified >= 0 && status == 0) return {};
  }
  return fail(Errc::kUnauthorized);
}

Result<std::vector<std::uint8_t>> read_enrolled(ByteView answer, std::uint16_t content_format,
                                                ByteView private_key) {
  const auto key = read_key(private_key);
  if (!key) return fail(key.error().code);
  const auto certificates = read_certificates(answer, content_format);
  if (!certificates) return fail(certificates.error().code);
  const auto id = key_id(gnutls_x509_privkey_get_key_id, key->get());
  const auto own = std::ranges::find_if(*certificates, [&](const Certificate& each) {
    return id && key_id(gnutls_x509_crt_get_key_id, each.get()) == id;
  });
  if (own == certificates->end()) return fail(Errc::kNotFound);
  return encode_certificate(own->get());
}

}  // namespace linnet::tls

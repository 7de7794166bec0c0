// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/certificate_bundle.hpp"

#include <gnutls/pkcs7.h>

namespace linnet::tls {
namespace {

std::vector<std::uint8_t> copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Result<std::vector<std::uint8_t>> encode_certificate(gnutls_x509_crt_t certificate) {
  OwnedDatum der;
  if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, der.out()) < 0) return fail(Errc::kNoSpace);
  return copy(der.bytes());
}

Result<std::vector<std::uint8_t>> encode_bundle(std::span<const Certificate> certificates) {
  const Pkcs7 bundle = make<Pkcs7>(gnutls_pkcs7_init);
  if (!bundle) return fail(Errc::kNoSpace);
  for (const Certificate& certificate : certificates) {
    if (gnutls_pkcs7_set_crt(bundle.get(), certificate.get()) < 0) return fail(Errc::kNoSpace);
  }
  OwnedDatum der;
  if (gnutls_pkcs7_export2(bundle.get(), GNUTLS_X509_FMT_DER, der.out()) < 0) return fail(Errc::kNoSpace);
  return copy(der.bytes());
}

Result<std::vector<Certificate>> decode_bundle(ByteView bytes) {
  const Pkcs7 bundle = make<Pkcs7>(gnutls_pkcs7_init);
  if (!bundle) return fail(Errc::kNoSpace);
  const gnutls_datum_t input = datum(bytes);
  if (gnutls_pkcs7_import(bundle.get(), &input, GNUTLS_X509_FMT_DER) < 0) return fail(Errc::kMalformed);
  const int count = gnutls_pkcs7_get_crt_count(bundle.get());
  if (count <= 0 || static_cast<std::size_t>(count) > kMaxBundle) return fail(Errc::kMalformed);
  std::vector<Certificate> certificates;
  for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
    OwnedDatum der;
    if (gnutls_pkcs7_get_crt_raw2(bundle.get(), i, der.out()) < 0) return fail(Errc::kMalformed);
    auto certificate = decode_certificate(der.bytes());
    if (!certificate) return fail(certificate.error().code);
    certificates.push_back(*std::move(certificate));
  }
  return certificates;
}

Result<Certificate> decode_certificate(ByteView bytes) {
  Certificate certificate = make<Certificate>(gnutls_x509_crt_init);
  if (!certificate) return fail(Errc::kNoSpace);
  const gnutls_datum_t input = datum(bytes);
  if (gnutls_x509_crt_import(certificate.get(), &input, GNUTLS_X509_FMT_DER) < 0)
    return fail(Errc::kMalformed);
  return certificate;
}

}  // namespace linnet::tls

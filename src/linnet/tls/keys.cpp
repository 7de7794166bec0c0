// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/keys.hpp"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include <array>

#include "linnet/tls/token_keys.hpp"

namespace linnet::tls {

namespace {

constexpr int kMinCurveBytes = 32;  // TS 5.2.3: groups of less than 255 bits are not supported
constexpr unsigned kMinRsaBits = 2048;
constexpr std::size_t kLongestHash = 64;

bool strong_curve(gnutls_ecc_curve_t curve) noexcept {
  return gnutls_ecc_curve_get_size(curve) >= kMinCurveBytes;
}

std::unexpected<std::string> weak() {
  return std::unexpected<std::string>("the key is not one of an elliptic curve of 255 bits or more");
}

/// The bytes of a library's answer.
template <typename Export>
OwnedBytes exported(Export call) {
  OwnedDatum out;
  if (call(out.out()) != GNUTLS_E_SUCCESS) return {};
  const ByteView bytes = out.bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::expected<PrivateKey, std::string> import_private_key(ByteView bytes) {
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
  if (is_token_uri(as_text(bytes))) {
    auto key = token_key(as_text(bytes));
    if (!key) return key;
    // Of what does not leave its token the other half says the curve.
    const auto half = make<PublicKey>(gnutls_pubkey_init);
    const bool elliptic = gnutls_pubkey_import_privkey(half.get(), key->get(), 0, 0) >= 0 &&
                          gnutls_pubkey_export_ecc_raw(half.get(), &curve, nullptr, nullptr) >= 0;
    if (!elliptic || !strong_curve(curve)) return weak();
    return key;
  }
  auto key = make<PrivateKey>(gnutls_privkey_init);
  const gnutls_datum_t data = datum(bytes);
  const int error = gnutls_privkey_import_x509_raw(key.get(), &data, GNUTLS_X509_FMT_DER, nullptr, 0);
  if (error < 0) return std::unexpected("the private key: " + sentence(error));
  const bool elliptic = gnutls_privkey_export_ecc_raw(key.get(), &curve, nullptr, nullptr, nullptr) >= 0;
  if (!elliptic || !strong_curve(curve)) return weak();
  return key;
}

std::expected<PublicKey, std::string> import_public_key(ByteView der) {
  auto key = make<PublicKey>(gnutls_pubkey_init);
  const gnutls_datum_t data = datum(der);
  const int error = gnutls_pubkey_import(key.get(), &data, GNUTLS_X509_FMT_DER);
  if (error < 0) return std::unexpected("the public key: " + sentence(error));
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
  const bool elliptic = gnutls_pubkey_export_ecc_raw(key.get(), &curve, nullptr, nullptr) >= 0;
  if (!elliptic || !strong_curve(curve)) return weak();
  return key;
}

std::expected<Certificate, std::string> import_certificate(ByteView der) {
  auto certificate = make<Certificate>(gnutls_x509_crt_init);
  const gnutls_datum_t data = datum(der);
  const int error = gnutls_x509_crt_import(certificate.get(), &data, GNUTLS_X509_FMT_DER);
  if (error < 0) return std::unexpected("the certificate: " + sentence(error));
  return certificate;
}

OwnedBytes subject_public_key_info(gnutls_privkey_t key) {
  const auto half = make<PublicKey>(gnutls_pubkey_init);
  if (gnutls_pubkey_import_privkey(half.get(), key, 0, 0) < 0) return {};
  return exported(
      [&](gnutls_datum_t* out) { return gnutls_pubkey_export2(half.get(), GNUTLS_X509_FMT_DER, out); });
}

OwnedBytes subject_public_key_info(gnutls_x509_crt_t certificate) {
  const auto half = make<PublicKey>(gnutls_pubkey_init);
  if (gnutls_pubkey_import_x509(half.get(), certificate, 0) < 0) return {};
  return exported(
      [&](gnutls_datum_t* out) { return gnutls_pubkey_export2(half.get(), GNUTLS_X509_FMT_DER, out); });
}

namespace {

/// The credentials take all of it over, or nothing.
std::expected<void, std::string> give(gnutls_certificate_credentials_t to, std::span<gnutls_pcert_st> shown,
                                      ByteView private_key) {
  auto key = import_private_key(private_key);
  int error = GNUTLS_E_SUCCESS;
  if (key) {
    error =
        gnutls_certificate_set_key(to, nullptr, 0, shown.data(), static_cast<int>(shown.size()), key->get());
    if (error >= 0) {
      (void)key->release();
      return {};
    }
  }
  for (gnutls_pcert_st& one : shown) gnutls_pcert_deinit(&one);
  return std::unexpected(key ? "the private key: " + sentence(error) : key.error());
}

}  // namespace

std::expected<void, std::string> give_raw_key(gnutls_certificate_credentials_t to, ByteView public_key,
                                              ByteView private_key) {
  gnutls_pcert_st shown{};
  const gnutls_datum_t half = datum(public_key);
  const int error = gnutls_pcert_import_rawpk_raw(&shown, &half, GNUTLS_X509_FMT_DER, 0, 0);
  if (error < 0) return std::unexpected("the raw public key: " + sentence(error));
  return give(to, {&shown, 1}, private_key);
}

std::expected<void, std::string> give_certificates(gnutls_certificate_credentials_t to,
                                                   std::span<const OwnedBytes> chain, ByteView private_key) {
  std::vector<gnutls_pcert_st> shown;
  shown.reserve(chain.size());
  for (const OwnedBytes& der : chain) {
    gnutls_pcert_st one{};
    const gnutls_datum_t data = datum(der);
    const int error = gnutls_pcert_import_x509_raw(&one, &data, GNUTLS_X509_FMT_DER, 0);
    if (error < 0) {
      for (gnutls_pcert_st& before : shown) gnutls_pcert_deinit(&before);
      return std::unexpected("the certificate: " + sentence(error));
    }
    shown.push_back(one);
  }
  return give(to, shown, private_key);
}

bool strong_enough(gnutls_x509_crt_t certificate) {
  unsigned bits = 0;
  const int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
  if (algorithm == GNUTLS_PK_RSA) return bits >= kMinRsaBits;
  if (algorithm == GNUTLS_PK_EDDSA_ED25519 || algorithm == GNUTLS_PK_EDDSA_ED448) return true;
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
  return gnutls_x509_crt_get_pk_ecc_raw(certificate, &curve, nullptr, nullptr) >= 0 && strong_curve(curve);
}

bool matches(ByteView presented, ByteView wanted, client::MatchingType matching) {
  gnutls_digest_algorithm_t algorithm = GNUTLS_DIG_UNKNOWN;
  switch (matching) {
    case client::MatchingType::kExact: return equal(presented, wanted);
    case client::MatchingType::kSha256: algorithm = GNUTLS_DIG_SHA256; break;
    case client::MatchingType::kSha384: algorithm = GNUTLS_DIG_SHA384; break;
    case client::MatchingType::kSha512: algorithm = GNUTLS_DIG_SHA512; break;
  }
  if (algorithm == GNUTLS_DIG_UNKNOWN) return false;
  std::array<std::uint8_t, kLongestHash> hash{};
  if (gnutls_hash_fast(algorithm, presented.data(), presented.size(), hash.data()) < 0) return false;
  return equal(ByteView(hash).first(gnutls_hash_get_len(algorithm)), wanted);
}

std::vector<OwnedBytes> pem_or_der(ByteView file, std::string_view label) {
  const std::string begin = "-----BEGIN " + std::string(label) + "-----";
  const std::string header(label);
  std::string_view rest = as_text(file);
  std::vector<OwnedBytes> found;
  if (rest.find("-----BEGIN ") == rest.npos) {
    if (!file.empty()) found.emplace_back(file.begin(), file.end());
    return found;
  }
  for (std::size_t at = rest.find(begin); at != rest.npos; at = rest.find(begin)) {
    rest.remove_prefix(at);
    const gnutls_datum_t block = datum(as_bytes(rest));
    auto bytes =
        exported([&](gnutls_datum_t* out) { return gnutls_pem_base64_decode2(header.c_str(), &block, out); });
    if (!bytes.empty()) found.push_back(std::move(bytes));
    rest.remove_prefix(begin.size());
  }
  return found;
}

}  // namespace linnet::tls

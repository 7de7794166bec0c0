// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/certificate_names.hpp"

#include <array>
#include <optional>

namespace linnet::tls {
namespace {

using CertificationRequest = Owned<gnutls_x509_crq_t, gnutls_x509_crq_deinit>;

/// TS 5.2.3: nothing below 255 bits.
constexpr unsigned kLeastBits = 255;
constexpr std::size_t kMaxName = 255;  // of an endpoint
constexpr unsigned kMaxNames = 32;

bool is_endpoint_kind(unsigned type) noexcept {
  return type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_URI;
}

/// The lone common name of a request; empty for none, nothing for one that is too long or comes twice.
std::optional<std::string> common_name(gnutls_x509_crq_t request) {
  std::array<char, kMaxName + 1> name{};
  std::size_t size = name.size();
  const int first =
      gnutls_x509_crq_get_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name.data(), &size);
  if (first == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return std::string{};
  if (first < 0) return std::nullopt;
  std::array<char, kMaxName + 1> other{};
  std::size_t other_size = other.size();
  if (gnutls_x509_crq_get_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 1, 0, other.data(), &other_size) !=
      GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
    return std::nullopt;
  return std::string(name.data(), size);
}

/// The alternative names that a request asks for; nothing where one is too long, or there are too many.
std::optional<std::vector<std::string>> alternative_names(gnutls_x509_crq_t request) {
  std::vector<std::string> names;
  std::array<char, kMaxName + 1> text{};
  for (unsigned i = 0; i < kMaxNames; ++i) {
    std::size_t size = text.size();
    unsigned type = 0;
    const int got = gnutls_x509_crq_get_subject_alt_name(request, i, text.data(), &size, &type, nullptr);
    if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return names;
    // The library tells no name of a kind that it does not know.
    if (got == GNUTLS_E_SHORT_MEMORY_BUFFER) return std::nullopt;
    if (got >= 0 && is_endpoint_kind(type)) names.emplace_back(text.data(), size);
  }
  return std::nullopt;
}

bool takes_signature(int algorithm) noexcept {
  switch (algorithm) {
    case GNUTLS_SIGN_ECDSA_SHA256:
    case GNUTLS_SIGN_ECDSA_SHA384:
    case GNUTLS_SIGN_ECDSA_SHA512: return true;
    default: return false;
  }
}

/// The public key of a request that its owner has signed.
Result<PublicKey> proven_key(gnutls_x509_crq_t request) {
  unsigned bits = 0;
  const int algorithm = gnutls_x509_crq_get_pk_algorithm(request, &bits);
  if (algorithm < 0) return fail(Errc::kMalformed);
  if (algorithm != GNUTLS_PK_ECDSA || bits < kLeastBits) return fail(Errc::kUnsupported);
  if (!takes_signature(gnutls_x509_crq_get_signature_algorithm(request))) return fail(Errc::kUnsupported);
  if (gnutls_x509_crq_verify(request, 0) < 0) return fail(Errc::kMalformed);
  PublicKey key = make<PublicKey>(gnutls_pubkey_init);
  if (!key) return fail(Errc::kNoSpace);
  if (gnutls_pubkey_import_x509_crq(key.get(), request, 0) < 0) return fail(Errc::kMalformed);
  return key;
}

}  // namespace

std::vector<std::string> names_of(gnutls_x509_crt_t certificate) {
  std::vector<std::string> names;
  std::array<char, 512> text;
  for (unsigned i = 0; i < kMaxNames; ++i) {
    std::size_t size = text.size();
    unsigned type = 0;
    const int got = gnutls_x509_crt_get_subject_alt_name2(certificate, i, text.data(), &size, &type, nullptr);
    if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
    if (got >= 0 && is_endpoint_kind(type)) names.emplace_back(text.data(), size);
  }
  std::size_t size = text.size();
  if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text.data(), &size) >=
      0) {
    names.emplace_back(text.data(), size);
  }
  return names;
}

Result<ProvenRequest> read_request(ByteView der) {
  const CertificationRequest request = make<CertificationRequest>(gnutls_x509_crq_init);
  if (!request) return fail(Errc::kNoSpace);
  const gnutls_datum_t input = datum(der);
  if (gnutls_x509_crq_import(request.get(), &input, GNUTLS_X509_FMT_DER) < 0) return fail(Errc::kMalformed);
  auto key = proven_key(request.get());
  if (!key) return std::unexpected(key.error());
  auto name = common_name(request.get());
  auto others = alternative_names(request.get());
  if (!name || !others) return fail(Errc::kMalformed);
  return ProvenRequest{*std::move(key), *std::move(name), *std::move(others)};
}

}  // namespace linnet::tls

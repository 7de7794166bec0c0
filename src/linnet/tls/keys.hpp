// SPDX-License-Identifier: Apache-2.0
// Keys and certificates as object 0 and operators hold them: their forms, and what is too weak to be used
// (TS 5.2.3, 5.2.8).
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "linnet/client/security_parameters.hpp"
#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

using OwnedBytes = std::vector<std::uint8_t>;

/// A private key for ECDSA: OneAsymmetricKey (RFC 5958) or ECPrivateKey (RFC 5915), DER; or the URI of a key
/// in a secure element that was opened (token_keys.hpp), as text. The error is a sentence: not a key, or of a
/// curve of less than 255 bits.
[[nodiscard]] std::expected<PrivateKey, std::string> import_private_key(ByteView key);
/// A public key for ECDSA as SubjectPublicKeyInfo (RFC 7250), DER. The error as above.
[[nodiscard]] std::expected<PublicKey, std::string> import_public_key(ByteView der);
/// One certificate, DER. The error is a sentence.
[[nodiscard]] std::expected<Certificate, std::string> import_certificate(ByteView der);

/// SubjectPublicKeyInfo, DER; empty where the library refused.
[[nodiscard]] OwnedBytes subject_public_key_info(gnutls_privkey_t key);
[[nodiscard]] OwnedBytes subject_public_key_info(gnutls_x509_crt_t certificate);

/// Credentials get a private key, as import_private_key takes it, with its raw public key or its
/// certificates. The error is a sentence.
[[nodiscard]] std::expected<void, std::string> give_raw_key(gnutls_certificate_credentials_t to,
                                                            ByteView public_key, ByteView private_key);
[[nodiscard]] std::expected<void, std::string> give_certificates(gnutls_certificate_credentials_t to,
                                                                 std::span<const OwnedBytes> chain,
                                                                 ByteView private_key);

/// An elliptic curve of 255 bits or more, or RSA of 2048 or more, which other people's authorities have.
[[nodiscard]] bool strong_enough(gnutls_x509_crt_t certificate);

/// `presented`, or its hash, is what a Server Public Key holds (resources 4 and 13 of object 0).
[[nodiscard]] bool matches(ByteView presented, ByteView wanted, client::MatchingType matching);

/// What is between the armour of each PEM block of `label` ("CERTIFICATE", "PRIVATE KEY"); a file that has no
/// armour is taken as DER, as it is.
[[nodiscard]] std::vector<OwnedBytes> pem_or_der(ByteView file, std::string_view label);

}  // namespace linnet::tls

// SPDX-License-Identifier: Apache-2.0
// Certificates in the two forms in which EST carries them (RFC 9148 §4.3).
#pragma once

#include <span>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/base/result.hpp"
#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

using Pkcs7 = Owned<gnutls_pkcs7_t, gnutls_pkcs7_deinit>;

/// One certificate, DER. kNoSpace: the library has no memory.
[[nodiscard]] Result<std::vector<std::uint8_t>> encode_certificate(gnutls_x509_crt_t certificate);
/// PKCS#7 without signers, DER (RFC 7030 §4.1.3).
[[nodiscard]] Result<std::vector<std::uint8_t>> encode_bundle(std::span<const Certificate> certificates);

/// At most this many certificates are taken from a bundle.
inline constexpr std::size_t kMaxBundle = 8;
/// kMalformed: not one, empty, or more than kMaxBundle.
[[nodiscard]] Result<std::vector<Certificate>> decode_bundle(ByteView bytes);
/// kMalformed.
[[nodiscard]] Result<Certificate> decode_certificate(ByteView bytes);

}  // namespace linnet::tls

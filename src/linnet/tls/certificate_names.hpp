// SPDX-License-Identifier: Apache-2.0
// Whom certificates, and requests for them, name: endpoints stand in the common name of the subject, or in an
// alternative name that is a DNS name or a URI (TS 5.2.6).
#pragma once

#include <gnutls/x509.h>

#include <string>
#include <vector>

#include "linnet/base/result.hpp"
#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

/// All names that a certificate is issued to, at most 33 of up to 512 bytes.
[[nodiscard]] std::vector<std::string> names_of(gnutls_x509_crt_t certificate);

/// A PKCS#10 request that the owner of its key has signed.
struct ProvenRequest {
  PublicKey key;
  std::string common_name;                     ///< empty where it has none
  std::vector<std::string> alternative_names;  ///< that are asked for; other kinds of names are passed over
};

/// kMalformed: no PKCS#10 (DER), not signed by the key that it names, or names that cannot be an endpoint's;
/// kUnsupported: a key that is not of ECDSA with 255 bits or more (TS 5.2.3), or a signature with SHA-1;
/// kNoSpace: the library has no memory.
[[nodiscard]] Result<ProvenRequest> read_request(ByteView der);

}  // namespace linnet::tls

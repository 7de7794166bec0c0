// SPDX-License-Identifier: Apache-2.0
// Keys, certificates and OCSP responses of a test's own making.
#pragma once

#include <string>
#include <vector>

#include "linnet/base/time.hpp"
#include "linnet/tls/keys.hpp"

namespace linnet::tls::test {

inline constexpr UnixTime kPresent{1'800'000'000};
inline constexpr std::int64_t kDay = 86'400;

/// A key pair for ECDSA, in the forms that object 0 holds.
struct KeyPair {
  explicit KeyPair(gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_SECP256R1);

  PrivateKey handle;
  OwnedBytes secret;  ///< OneAsymmetricKey
  OwnedBytes spki;    ///< SubjectPublicKeyInfo
};

struct Wish {
  std::string name = "lwm2m.example";  ///< the subject alternative name of a server
  std::int64_t from = kPresent.seconds - kDay;
  std::int64_t until = kPresent.seconds + kDay;
  bool authority = false;
  bool for_clients = false;  ///< its extended key usage says clients alone
};

/// A certificate with its key.
struct Identity {
  OwnedBytes der;
  Certificate handle;
  KeyPair keys;
};

[[nodiscard]] Identity self_signed(const Wish& wish, KeyPair keys = KeyPair());
[[nodiscard]] Identity issued(const Identity& issuer, const Wish& wish, KeyPair keys = KeyPair());
[[nodiscard]] Identity authority(const std::string& name = "Root");

/// A response for `subject`, signed by `signer`, valid for a day from `updated` on.
[[nodiscard]] OwnedBytes ocsp_response(const Identity& subject, const Identity& issuer,
                                       const Identity& signer, bool revoked,
                                       std::int64_t updated = kPresent.seconds - 60);

/// A list of `issuer` with these certificates, good for a day from `updated` on.
[[nodiscard]] OwnedBytes revocation_list(const Identity& issuer, const std::vector<const Identity*>& revoked,
                                         std::int64_t updated = kPresent.seconds - 60);

[[nodiscard]] OwnedBytes sha256(ByteView bytes);

}  // namespace linnet::tls::test

// SPDX-License-Identifier: Apache-2.0
// Whether a device may trust the certificate that a server shows (TS 5.2.8.3 to 5.2.8.7): the four usages of
// RFC 6698, path validation (RFC 5280), names (RFC 6125), dates, curves, and revocation (OCSP stapled to
// the handshake, RFC 6066 §8).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/base/time.hpp"
#include "linnet/client/alerts.hpp"
#include "linnet/tls/keys.hpp"

namespace linnet::tls {

struct CertificateRules {
  std::optional<client::CertificateUsage> usage;  ///< absent: domain-issued, or else a trust anchor
  client::MatchingType matching = client::MatchingType::kExact;
  ByteView wanted;                       ///< the Server Public Key: certificate, SubjectPublicKeyInfo or hash
  std::string reference_identifier;      ///< who the certificate must be for: a DNS name or an IP address
  std::span<const Certificate> anchors;  ///< of the device itself, for the usages 0 and 1
  std::optional<UnixTime> now;           ///< absent where the device has no clock: dates are not looked at
};

/// Why the chain that a server showed, its own certificate first, is not to be trusted: the alert to tell
/// it; nothing where it is. `stapled`: the OCSP response for the first one, DER, empty for none.
[[nodiscard]] std::optional<client::Alert> check_certificate(std::span<const ByteView> chain,
                                                             ByteView stapled, const CertificateRules& rules);

}  // namespace linnet::tls

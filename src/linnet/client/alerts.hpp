// SPDX-License-Identifier: Apache-2.0
// What a device does about the alerts of TLS and DTLS (TS 5.2.9, table 5.2.9-1).
#pragma once

#include <cstdint>

namespace linnet::client {

/// The description of an alert (RFC 5246 §7.2), as the resource TLS-DTLS Alert Code (1/x/11) shows it.
/// Those that linnet makes itself, or looks for, have names.
enum class Alert : std::uint8_t {
  kCloseNotify = 0,
  kHandshakeFailure = 40,
  kBadCertificate = 42,
  kUnsupportedCertificate = 43,
  kCertificateRevoked = 44,
  kCertificateExpired = 45,
  kIllegalParameter = 47,
  kUnknownCa = 48,
  kInsufficientSecurity = 71,
  kInternalError = 80,
  kNoRenegotiation = 100,
  kBadCertificateStatusResponse = 113,
  kUnknownPskIdentity = 115,
  kNoApplicationProtocol = 120,  ///< RFC 7301
};

enum class AlertHandling : std::uint8_t {
  kRetry,   ///< the error may pass: another handshake may succeed
  kFail,    ///< the device cannot mend it by itself
  kIgnore,  ///< as if it had not come
};

/// What the table says; kRetry for what it does not name. Its line "86, internal_error" is taken for both
/// 80, which is internal_error (RFC 5246), and 86, inappropriate_fallback (RFC 7507).
[[nodiscard]] AlertHandling handling_of(Alert alert) noexcept;

}  // namespace linnet::client

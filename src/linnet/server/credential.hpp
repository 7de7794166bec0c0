// SPDX-License-Identifier: Apache-2.0
// One credential: what a device shows to prove its endpoint name (TS 5.2.6, 5.2.8, 5.5.5), and what
// the server has to hold against it. The same ones count at the management and at the bootstrap server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/server/secret.hpp"

namespace linnet::server {

/// The numbers are on disk: they are never given to anything else.
enum class CredentialMode : std::uint8_t {
  kPreSharedKey = 0,
  kRawPublicKey = 1,
  kCertificate = 2,
  kOscore = 3,
};

/// "psk", "rpk", "x509" and "oscore", as people and programs write them.
[[nodiscard]] std::string_view to_string(CredentialMode mode) noexcept;
[[nodiscard]] std::optional<CredentialMode> parse_credential_mode(std::string_view text) noexcept;

/// What an OSCORE context has beside its recipient id and master secret (RFC 8613 §3.2), seen from the
/// server: it sends with the sender id, which is the device's recipient id.
struct OscoreParameters {
  static constexpr std::int32_t kAesCcm16Tag64Key128 = 10;  ///< COSE algorithm (RFC 8152 table 10)
  static constexpr std::int32_t kHkdfSha256 = -10;          ///< COSE algorithm (RFC 8152 table 13)

  std::vector<std::uint8_t> sender_id;   ///< 0 to 7 bytes
  std::vector<std::uint8_t> id_context;  ///< empty: none
  SecretBytes salt;
  std::int32_t aead = kAesCcm16Tag64Key128;
  std::int32_t hkdf = kHkdfSha256;

  friend bool operator==(const OscoreParameters&, const OscoreParameters&) = default;
};

/// Named by endpoint, mode and identity: another one with these three takes its place.
///
/// | mode          | identity                      | key                                    |
/// |---------------|-------------------------------|----------------------------------------|
/// | kPreSharedKey | PSK identity, 1 to 128 bytes  | the key, 1 to 64 bytes                 |
/// | kRawPublicKey | SubjectPublicKeyInfo, DER     | none                                   |
/// | kCertificate  | see below                     | a certificate, DER, or none            |
/// | kOscore       | recipient id, 0 to 7 bytes    | the master secret, 16 to 64 bytes      |
///
/// Certificates, by what `endpoint` is and whether there is a key:
/// - a name and a certificate: exactly this certificate proves the name. `identity` tells several apart.
/// - a name and no certificate: what a certificate under any trust anchor is issued to, `identity`,
///   proves the name.
/// - a beginning and `*`, and a certificate: a trust anchor. What is issued under it proves the endpoint
///   name that it is issued to, where that begins so. `identity` tells several apart.
struct Credential {
  std::string endpoint;  ///< UTF-8; with kCertificate also what it begins with and `*`
  CredentialMode mode = CredentialMode::kPreSharedKey;
  std::vector<std::uint8_t> identity;
  SecretBytes key;
  OscoreParameters oscore;  ///< of kOscore

  [[nodiscard]] bool is_trust_anchor() const noexcept {
    return mode == CredentialMode::kCertificate && endpoint.ends_with('*');
  }

  friend bool operator==(const Credential&, const Credential&) = default;
};

/// Which credential is meant.
struct CredentialName {
  std::string endpoint;
  CredentialMode mode = CredentialMode::kPreSharedKey;
  std::vector<std::uint8_t> identity;
};

namespace credential_limits {
inline constexpr std::size_t kEndpoint = 255;
inline constexpr std::size_t kPskIdentity = 128;  ///< TS 5.2.8.1
inline constexpr std::size_t kPsk = 64;           ///< TS 5.2.8.1
inline constexpr std::size_t kPublicKey = 700;
inline constexpr std::size_t kCertificate = 8192;
inline constexpr std::size_t kCertificateName = 255;
inline constexpr std::size_t kOscoreId = 7;  ///< of a nonce of 13 bytes (RFC 8613 §3.3)
inline constexpr std::size_t kIdContext = 40;
inline constexpr std::size_t kLeastMasterSecret = 16;
inline constexpr std::size_t kMasterSecret = 64;
inline constexpr std::size_t kSalt = 32;
}  // namespace credential_limits

/// Why it cannot be one, as a phrase that names no secret; empty where it can.
[[nodiscard]] std::string_view credential_fault(const Credential& credential) noexcept;

}  // namespace linnet::server

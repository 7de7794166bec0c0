// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/credential.hpp"

#include <algorithm>
#include <array>

namespace linnet::server {

namespace {

namespace limits = credential_limits;

constexpr std::array<std::string_view, 4> kModes{"psk", "rpk", "x509", "oscore"};
constexpr std::uint8_t kDerSequence = 0x30;  // what public keys and certificates begin with

[[nodiscard]] bool within(std::size_t size, std::size_t least, std::size_t most) noexcept {
  return size >= least && size <= most;
}

std::string_view psk_fault(const Credential& credential) noexcept {
  if (!within(credential.identity.size(), 1, limits::kPskIdentity)) {
    return "the identity of a pre-shared key has 1 to 128 bytes";
  }
  if (!within(credential.key.size(), 1, limits::kPsk)) return "a pre-shared key has 1 to 64 bytes";
  return {};
}

std::string_view public_key_fault(const Credential& credential) noexcept {
  if (!within(credential.identity.size(), 1, limits::kPublicKey)) {
    return "a raw public key has 1 to 700 bytes";
  }
  if (credential.identity.front() != kDerSequence) {
    return "a raw public key is a SubjectPublicKeyInfo in DER";
  }
  if (!credential.key.empty()) return "of a raw public key the server has no secret";
  return {};
}

std::string_view certificate_fault(const Credential& credential) noexcept {
  if (credential.identity.size() > limits::kCertificateName) {
    return "the identity of a certificate has at most 255 bytes";
  }
  if (credential.key.size() > limits::kCertificate) return "a certificate has at most 8192 bytes";
  if (!credential.key.empty() && credential.key.front() != kDerSequence) return "a certificate is in DER";
  if (credential.key.empty() && credential.is_trust_anchor()) return "a trust anchor needs its certificate";
  if (credential.key.empty() && credential.identity.empty()) {
    return "without a certificate there must be the identity that one is issued to";
  }
  return {};
}

std::string_view oscore_fault(const Credential& credential) noexcept {
  const OscoreParameters& oscore = credential.oscore;
  if (credential.identity.size() > limits::kOscoreId || oscore.sender_id.size() > limits::kOscoreId) {
    return "a sender id and a recipient id have at most 7 bytes";
  }
  if (credential.identity == oscore.sender_id) return "the sender id and the recipient id must differ";
  if (oscore.id_context.size() > limits::kIdContext) return "an id context has at most 40 bytes";
  if (oscore.salt.size() > limits::kSalt) return "a master salt has at most 32 bytes";
  if (!within(credential.key.size(), limits::kLeastMasterSecret, limits::kMasterSecret)) {
    return "a master secret has 16 to 64 bytes";
  }
  return {};
}

}  // namespace

std::string_view to_string(CredentialMode mode) noexcept {
  return kModes[static_cast<std::size_t>(mode)];
}

std::optional<CredentialMode> parse_credential_mode(std::string_view text) noexcept {
  const auto* const at = std::ranges::find(kModes, text);
  if (at == kModes.end()) return std::nullopt;
  return static_cast<CredentialMode>(at - kModes.begin());
}

std::string_view credential_fault(const Credential& credential) noexcept {
  if (!within(credential.endpoint.size(), 1, limits::kEndpoint)) return "an endpoint name has 1 to 255 bytes";
  if (credential.endpoint.ends_with('*') && !credential.is_trust_anchor()) {
    return "only a trust anchor is for endpoint names that begin alike";
  }
  if (credential.mode != CredentialMode::kOscore && credential.oscore != OscoreParameters{}) {
    return "only an OSCORE context has a sender id, an id context, a salt and algorithms";
  }
  switch (credential.mode) {
    case CredentialMode::kPreSharedKey: return psk_fault(credential);
    case CredentialMode::kRawPublicKey: return public_key_fault(credential);
    case CredentialMode::kCertificate: return certificate_fault(credential);
    case CredentialMode::kOscore: return oscore_fault(credential);
  }
  return "there is no such mode";
}

}  // namespace linnet::server

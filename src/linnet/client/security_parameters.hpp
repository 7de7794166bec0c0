// SPDX-License-Identifier: Apache-2.0
// What an instance of object 0 says about how its server is to be reached and known (TS 5.2.8), taken out
// of the object so that a channel can be made of it.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "linnet/client/object_tree.hpp"
#include "linnet/coap/uri.hpp"

namespace linnet::client {

/// Resource 2.
enum class SecurityMode : std::uint8_t {
  kPsk = 0,
  kRawPublicKey = 1,
  kCertificate = 2,
  kNoSec = 3,
  kEst = 4,  ///< a certificate that the device enrols for; once it has one, as kCertificate with that
};

/// Resource 15 (TS 5.2.8.7): what the Server Public Key is for the certificate that a server shows.
enum class CertificateUsage : std::uint8_t {
  kCaConstraint = 0,       ///< some authority on its path, which a trust anchor of the device ends
  kServiceConstraint = 1,  ///< the certificate itself, with a path to a trust anchor of the device
  kTrustAnchor = 2,        ///< the end of its path
  kDomainIssued = 3,       ///< the certificate itself, and no path is asked for
};

/// Resource 13: in what form the Server Public Key is given.
enum class MatchingType : std::uint8_t { kExact = 0, kSha256 = 1, kSha384 = 2, kSha512 = 3 };

struct SecurityParameters {
  static constexpr std::size_t kMaxSuites = 8;

  coap::Scheme scheme = coap::Scheme::kCoap;
  std::string_view host;   ///< of the Server URI, an IPv6 address without brackets
  std::uint16_t port = 0;  ///< of the Server URI, or the scheme's own
  SecurityMode mode = SecurityMode::kNoSec;
  ByteView identity;           ///< resource 3: PSK identity, SubjectPublicKeyInfo or certificate
  ByteView server_public_key;  ///< resource 4: SubjectPublicKeyInfo or certificate, or the hash of one
  ByteView secret_key;         ///< resource 5: PSK, or OneAsymmetricKey
  MatchingType matching = MatchingType::kExact;
  std::string_view sni;                            ///< resource 14, empty where it is not there
  std::optional<CertificateUsage> usage;           ///< absent: domain-issued, or a trust anchor (TS 5.2.8.3)
  std::array<std::uint16_t, kMaxSuites> suites{};  ///< resource 16: numbers of IANA's, in their order
  std::uint8_t suite_count = 0;                    ///< 0: those that the device prefers

  /// TLS or DTLS is to be spoken.
  [[nodiscard]] bool secured() const noexcept {
    return scheme == coap::Scheme::kCoaps || scheme == coap::Scheme::kCoapsTcp;
  }
  /// Over a connection instead of datagrams.
  [[nodiscard]] bool stream() const noexcept {
    return scheme == coap::Scheme::kCoapTcp || scheme == coap::Scheme::kCoapsTcp;
  }
  /// Who a certificate must be for (RFC 6125, TS 5.2.8.4).
  [[nodiscard]] std::string_view reference_identifier() const noexcept { return sni.empty() ? host : sni; }
  [[nodiscard]] std::span<const std::uint16_t> ciphersuites() const noexcept {
    return std::span(suites).first(suite_count);
  }
};

/// An instance of object 0; all views are of `room`, which takes copies, the URI twice. kNotFound: there is
/// no such instance; kMalformed, kUnsupported: its URI is none of CoAP's; kInvalidArgument: URI and Security
/// Mode do not go together (TS 5.2.8, 5.3), or a mode without what it needs; kNoSpace.
[[nodiscard]] Result<SecurityParameters> read_security(const ObjectTree& tree, InstanceId instance,
                                                       ByteSpan room) noexcept;

}  // namespace linnet::client

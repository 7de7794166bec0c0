// SPDX-License-Identifier: Apache-2.0
// EST over CoAPS (RFC 9148) as the bootstrap server offers it (TS 5.2.4): which request is which, and
// what a wrong one is told. The cryptography is an EnrollmentAuthority's (linnet/tls).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "linnet/coap/endpoint.hpp"

namespace linnet::server {

/// How certificates travel, by content format (RFC 9148 table 5).
enum class CertificateForm : std::uint16_t {
  kBundle = 281,       ///< application/pkcs7-mime; smime-type=certs-only
  kCertificate = 287,  ///< application/pkix-cert: exactly one
};
inline constexpr std::uint16_t kPkcs10Format = 286;  ///< application/pkcs10

/// A certificate is wanted, for the first time or anew.
struct EnrollmentRequest {
  std::string_view endpoint;  ///< that the device has proven to be: the certificate names nobody else
  ByteView request;           ///< PKCS#10, DER, any bytes at all
  CertificateForm form = CertificateForm::kBundle;
};

class EnrollmentAuthority {
 public:
  /// Longest request that is looked at, bytes.
  static constexpr std::size_t kMaxRequest = 4096;

  /// What devices are to trust. kUnsupported: more than one certificate, and the form holds one.
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> certificates(CertificateForm form) = 0;
  /// kMalformed: no PKCS#10, or not signed by the key it names; kUnsupported: a key or signature that is
  /// not taken; kUnauthorized: it names another endpoint; kIo: the authority cannot sign now.
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> enroll(const EnrollmentRequest& request) = 0;

 protected:
  ~EnrollmentAuthority() = default;
};

/// The resources `crts`, `sen` and `sren` under /.well-known/est and /est.
class EnrollmentInterface {
 public:
  /// For the answer of GET /.well-known/core (RFC 9148 §4.1).
  static constexpr std::string_view kLinks =
      "</est/crts>;rt=\"ace.est.crts\";ct=\"281 287\","
      "</est/sen>;rt=\"ace.est.sen\";ct=\"281 287\","
      "</est/sren>;rt=\"ace.est.sren\";ct=\"281 287\"";

  explicit EnrollmentInterface(EnrollmentAuthority& authority) noexcept : authority_(authority) {}

  /// The path is one of EST's, served or not.
  [[nodiscard]] static bool takes(const coap::Options& options) noexcept;
  /// The answer to a request that it takes; its payload stays until the next call. `endpoint` is what the
  /// device's security layer has proven, empty for nothing: it may read the authority's certificates then.
  [[nodiscard]] coap::Reply answer(const coap::IncomingRequest& request, std::string_view endpoint);

 private:
  EnrollmentAuthority& authority_;
  std::vector<std::uint8_t> body_;
};

}  // namespace linnet::server

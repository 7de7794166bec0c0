// SPDX-License-Identifier: Apache-2.0
// EST over CoAPS (RFC 9148) as the bootstrap server offers it (TS 5.2.4): which request is which, and
// what a wrong one is told. Who gives the certificates is an EnrollmentAuthority, which may take its time.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
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
  bool renews = false;  ///< came to `sren`
};

/// Why there are no certificates: `response` of it is the code that the device gets, where it is not 0.
struct EnrollmentFailure : Error {
  EnrollmentFailure(Error error, std::uint32_t after = 0) noexcept  // NOLINT(google-explicit-constructor)
      : Error(error), retry_after(after) {}
  std::uint32_t retry_after;  ///< seconds, for 5.03: Max-Age; 0: nothing is said
};
using EnrollmentAnswer = std::expected<std::vector<std::uint8_t>, EnrollmentFailure>;

/// Gives certificates. Calls may block; they come from a thread of their own where the engine was given an
/// EnrollmentWorker.
class EnrollmentAuthority {
 public:
  /// Longest request that is looked at, bytes.
  static constexpr std::size_t kMaxRequest = 4096;

  /// What devices are to trust. 4.06: more than one certificate, and the form holds one.
  [[nodiscard]] virtual EnrollmentAnswer certificates(CertificateForm form) = 0;
  /// kMalformed: no PKCS#10, or not signed by the key it names; kUnsupported: a key or signature that is
  /// not taken; kUnauthorized: it names another endpoint; kIo: the authority cannot sign now.
  [[nodiscard]] virtual EnrollmentAnswer enroll(const EnrollmentRequest& request) = 0;
  /// How many calls may be under way at once.
  [[nodiscard]] virtual unsigned at_once() const noexcept { return 1; }
  /// Calls that are under way fail soon, and further ones at once. From any thread.
  virtual void cancel() noexcept {}

 protected:
  ~EnrollmentAuthority() = default;
};

/// A request that is in order, on its own.
struct EnrollmentTask {
  enum class Kind : std::uint8_t { kCertificates, kEnroll, kRenew };
  Kind kind = Kind::kCertificates;
  CertificateForm form = CertificateForm::kBundle;
  std::string endpoint;               ///< that asks; empty where it only reads
  std::vector<std::uint8_t> request;  ///< PKCS#10

  [[nodiscard]] EnrollmentAnswer run(EnrollmentAuthority& authority) const;
  /// What the device is told; a view of `answer`.
  [[nodiscard]] coap::Reply reply(const EnrollmentAnswer& answer) const noexcept;
};

/// Runs tasks beside the engine, and calls BootstrapEngine::enrolled, on the engine's thread, for each.
class EnrollmentWorker {
 public:
  /// False: too many are under way, `task` is not taken.
  [[nodiscard]] virtual bool take(coap::DeferredId id, EnrollmentTask&& task) = 0;

 protected:
  ~EnrollmentWorker() = default;
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
  /// What a request that it takes asks for, or the code that it is refused with. `endpoint` is what the
  /// device's security layer has proven, empty for nothing: it may read the authority's certificates then.
  [[nodiscard]] static std::expected<EnrollmentTask, coap::Code> read(const coap::IncomingRequest& request,
                                                                      std::string_view endpoint);
  /// The answer to a request that it takes, at once; its payload stays until the next call.
  [[nodiscard]] coap::Reply answer(const coap::IncomingRequest& request, std::string_view endpoint);

 private:
  EnrollmentAuthority& authority_;
  EnrollmentAnswer last_;
};

}  // namespace linnet::server

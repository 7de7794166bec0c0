// SPDX-License-Identifier: Apache-2.0
// Passes enrolments of devices on to an EST server elsewhere (RFC 7030), as the registrar of RFC 9148 §5.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "linnet/server/enrollment.hpp"
#include "linnet/server/secret.hpp"

namespace linnet::linnetd {

struct EstServer {
  std::string url;              ///< https://HOST[:PORT]/.well-known/est[/LABEL]
  std::filesystem::path trust;  ///< PEM: whom its certificate must come from; empty: the system's authorities
  std::filesystem::path certificate;  ///< PEM, by which linnetd proves itself there; empty: none
  std::filesystem::path key;          ///< of that certificate
  server::SecretBytes login;          ///< "USER:PASSWORD" for HTTP authentication; empty: none
};

/// Calls block for kLongest at most. What the server did last is logged when it changes.
class EstRegistrar final : public server::EnrollmentAuthority {
 public:
  static constexpr std::chrono::seconds kLongest{20};
  static constexpr std::chrono::seconds kLongestConnect{10};
  static constexpr std::size_t kMaxAnswer = 64 * 1024;  ///< bytes over HTTP
  /// The authorities' certificates are asked for again after this by who wants them next: anybody may.
  static constexpr std::chrono::seconds kAuthoritiesKept{600};
  static constexpr std::chrono::seconds kFailureKept{10};

  /// The error is a sentence: no such URL, a file that is not there.
  [[nodiscard]] static std::expected<std::unique_ptr<EstRegistrar>, std::string> open(EstServer server);
  ~EstRegistrar();
  EstRegistrar(const EstRegistrar&) = delete;
  EstRegistrar& operator=(const EstRegistrar&) = delete;

  [[nodiscard]] server::EnrollmentAnswer certificates(server::CertificateForm form) override;
  [[nodiscard]] server::EnrollmentAnswer enroll(const server::EnrollmentRequest& request) override;
  [[nodiscard]] unsigned at_once() const noexcept override { return 4; }
  void cancel() noexcept override { cancelled_ = true; }

 private:
  class Exchange;
  using Clock = std::chrono::steady_clock;

  explicit EstRegistrar(EstServer server);

  /// The PKCS#7 that the server answers with; a POST where there is a `request`.
  [[nodiscard]] server::EnrollmentAnswer ask(const char* operation, std::optional<ByteView> request);
  void tell(const std::string& condition);

  EstServer server_;
  std::atomic<bool> cancelled_{false};
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<Exchange>> idle_;  // with connections that are open
  std::mutex authorities_mutex_;                 // held while they are asked for: once is enough
  server::EnrollmentAnswer authorities_;
  Clock::time_point authorities_until_{};
  std::mutex condition_mutex_;
  std::string condition_;  // empty: it answers
};

}  // namespace linnet::linnetd

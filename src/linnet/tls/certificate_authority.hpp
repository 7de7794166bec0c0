// SPDX-License-Identifier: Apache-2.0
// A certification authority for devices (RFC 7030, RFC 9148): it turns a PKCS#10 request into a
// certificate that names the endpoint which asked. Its own key is one that the operator has, in a file or
// a token, or one made here for trying.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/server/enrollment.hpp"
#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

class CertificateAuthority final : public server::EnrollmentAuthority {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;
  struct Config {
    std::chrono::days validity{365};  ///< of the certificates that it gives; never beyond its own
    Clock clock = std::chrono::system_clock::now;
  };
  /// PEM texts. The key is unencrypted PKCS#8: keep it as secrets are kept.
  struct Made {
    std::string certificate;
    std::string key;
  };

  /// `certificate`: PEM, the authority's own first, then those above it. `key`: PEM (unencrypted), or the
  /// URI of a key in a token that was opened (token_keys.hpp). The error is a sentence for people.
  [[nodiscard]] static std::expected<CertificateAuthority, std::string> open(std::string_view certificate,
                                                                             std::string_view key,
                                                                             Config config);
  /// A new P-256 key and its own certificate, for ten years.
  [[nodiscard]] static std::expected<Made, std::string> make(
      std::string_view name, const Clock& clock = std::chrono::system_clock::now);

  [[nodiscard]] server::EnrollmentAnswer certificates(server::CertificateForm form) override;
  [[nodiscard]] server::EnrollmentAnswer enroll(const server::EnrollmentRequest& request) override;

 private:
  CertificateAuthority(std::vector<Certificate> chain, PrivateKey key, Config config) noexcept
      : chain_(std::move(chain)), key_(std::move(key)), config_(std::move(config)) {}

  std::vector<Certificate> chain_;  // its own first
  PrivateKey key_;
  Config config_;
};

}  // namespace linnet::tls

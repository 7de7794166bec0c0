// SPDX-License-Identifier: Apache-2.0
// The authority that gives certificates to devices by EST, as the settings name it.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "est_registrar.hpp"
#include "linnet/tls/certificate_authority.hpp"
#include "settings.hpp"

namespace linnet::linnetd {

/// One of them, or none.
struct Authority {
  std::unique_ptr<tls::CertificateAuthority> own;
  std::unique_ptr<EstRegistrar> registrar;

  [[nodiscard]] server::EnrollmentAuthority* get() const noexcept {
    return own ? static_cast<server::EnrollmentAuthority*>(own.get()) : registrar.get();
  }
};

/// None where the settings want none. One for trying is made in the state folder, once: `est-trial-ca.pem`,
/// and `est-trial-ca.key`, which nobody else may read. The error is a sentence that names the file.
[[nodiscard]] std::expected<Authority, std::string> open_authority(const Settings& settings);

}  // namespace linnet::linnetd

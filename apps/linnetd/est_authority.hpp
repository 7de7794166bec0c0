// SPDX-License-Identifier: Apache-2.0
// The authority that gives certificates to devices by EST, as the settings name it.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "linnet/tls/certificate_authority.hpp"
#include "settings.hpp"

namespace linnet::linnetd {

/// Null where the settings want none. One for trying is made in the state folder, once: `est-trial-ca.pem`,
/// and `est-trial-ca.key`, which nobody else may read. The error is a sentence that names the file.
[[nodiscard]] std::expected<std::unique_ptr<tls::CertificateAuthority>, std::string> open_authority(
    const Settings& settings);

}  // namespace linnet::linnetd

// SPDX-License-Identifier: Apache-2.0
// By what linnetd proves itself to its devices: files of a private key and of certificates.
#pragma once

#include <expected>
#include <string>

#include "linnet/tls/server_security.hpp"
#include "settings.hpp"

namespace linnet::linnetd {

/// Reads the files `key` and `cert` of the settings, PEM or DER; where they name none, the identity is empty.
/// The error is a sentence that names the file.
[[nodiscard]] std::expected<tls::ServerIdentity, std::string> read_identity(const Settings& settings);

}  // namespace linnet::linnetd

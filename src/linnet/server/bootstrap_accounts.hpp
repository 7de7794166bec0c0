// SPDX-License-Identifier: Apache-2.0
// Whether the accounts, links and access rights that a bootstrap configuration writes agree with each
// other. A part of check_configuration.
#pragma once

#include "linnet/server/bootstrap_check.hpp"

namespace linnet::server {

/// Each value is of its resource's type already.
[[nodiscard]] CheckedConfiguration check_accounts(const BootstrapConfiguration& configuration);

/// Why `text` is no Server URI, empty where it is one: a scheme of a binding (TS 6.8), a host, and a
/// port where there is a colon.
[[nodiscard]] std::string_view server_uri_fault(std::string_view text) noexcept;

}  // namespace linnet::server

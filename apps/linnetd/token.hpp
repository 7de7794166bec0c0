// SPDX-License-Identifier: Apache-2.0
// Private keys in secure elements, with the PINs that the settings name.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "linnet/store/seal_key.hpp"

namespace linnet::linnetd {

/// Opens the key of this URI for the process (tls::open_token_key). `pin`: a source of
/// store::read_secret_line; empty: none. The error is a sentence that shows no PIN.
[[nodiscard]] std::expected<void, std::string> open_token(const std::string& uri, const std::string& pin);

/// The RSA key of this URI, for keys of the state folder. As above.
[[nodiscard]] std::expected<std::shared_ptr<store::KeyWrapper>, std::string> open_wrapper(
    const std::string& uri, const std::string& pin);

}  // namespace linnet::linnetd

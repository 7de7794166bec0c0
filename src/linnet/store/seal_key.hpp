// SPDX-License-Identifier: Apache-2.0
// Where the key comes from under which secrets are kept (docs/state.md, "Secrets").
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "linnet/server/secret.hpp"
#include "linnet/store/state_folder.hpp"

namespace linnet::store {

/// Of the key that a state folder makes for itself.
inline constexpr const char* kOwnSealKey = "seal.key";

/// The key of a source, 32 bytes:
/// - `file:PATH`: the file holds it, as 32 bytes or as 64 hexadecimal digits and white space,
/// - `credential:NAME`: that file in $CREDENTIALS_DIRECTORY, where systemd puts a service's credentials,
/// - `env:NAME`: 64 hexadecimal digits in the environment; they are taken out of it.
/// Errors: kInvalidArgument for another source, kNotFound, kMalformed for another length, kIo. No message
/// shows a key.
[[nodiscard]] std::expected<server::SecretBytes, OpenError> read_seal_key(const std::string& source);

/// The same, as far as can be said without reading it: empty, or what is wrong with it.
[[nodiscard]] std::string seal_source_fault(std::string_view source);

/// The folder's own key, mode 0600. Made where it is missing and `may_make`; kNotFound otherwise.
[[nodiscard]] std::expected<server::SecretBytes, OpenError> own_seal_key(const StateFolder& folder,
                                                                         bool may_make);

}  // namespace linnet::store

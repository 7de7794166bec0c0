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

/// The key of a source that read_secret takes: 32 bytes, or 64 hexadecimal digits and white space. Errors as
/// there, and kMalformed for another length. No message shows a key.
[[nodiscard]] std::expected<server::SecretBytes, OpenError> read_seal_key(const std::string& source);

/// The same, as far as can be said without reading it: empty, or what is wrong with it.
[[nodiscard]] std::string seal_source_fault(std::string_view source);

/// The folder's own key, mode 0600. Made where it is missing and `may_make`; kNotFound otherwise.
[[nodiscard]] std::expected<server::SecretBytes, OpenError> own_seal_key(const StateFolder& folder,
                                                                         bool may_make);

}  // namespace linnet::store

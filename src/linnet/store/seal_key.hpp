// SPDX-License-Identifier: Apache-2.0
// Where the key comes from under which secrets are kept (docs/state.md, "Secrets").
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include <vector>

#include "linnet/base/bytes.hpp"
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

/// Encrypts keys and gives them back: something that keeps its own key to itself, a secure element. Errors
/// are sentences.
class KeyWrapper {
 public:
  virtual ~KeyWrapper() = default;
  /// Names its key, by letters and digits.
  [[nodiscard]] virtual std::string id() const = 0;
  [[nodiscard]] virtual std::expected<std::vector<std::uint8_t>, std::string> wrap(ByteView key) = 0;
  [[nodiscard]] virtual std::expected<server::SecretBytes, std::string> unwrap(ByteView wrapped) = 0;
};

/// The key that the folder keeps wrapped, in the file `seal-ID.wrapped`, mode 0600. Made where it is missing
/// and `may_make`; kNotFound otherwise. kUnauthorized: the wrapper does not give it back.
[[nodiscard]] std::expected<server::SecretBytes, OpenError> wrapped_seal_key(const StateFolder& folder,
                                                                             KeyWrapper& wrapper,
                                                                             bool may_make);

}  // namespace linnet::store

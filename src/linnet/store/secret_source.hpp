// SPDX-License-Identifier: Apache-2.0
// Where programs take secrets from, so that none stands on a command line, where every user of a machine
// reads it.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "linnet/server/secret.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::store {

/// The bytes of a source, 1 to kLongestSecret of them, as they stand there:
/// - `file:PATH`,
/// - `credential:NAME`: that file in $CREDENTIALS_DIRECTORY, where systemd puts a service's credentials,
/// - `env:NAME`: the environment; they are taken out of it.
/// `what` is what messages call the secret. Errors: kInvalidArgument for another source, kNotFound,
/// kMalformed for nothing or too much, kIo. No message shows a secret.
inline constexpr std::size_t kLongestSecret = 4096;
[[nodiscard]] std::expected<server::SecretBytes, OpenError> read_secret(const std::string& source,
                                                                        const std::string& what);

/// The same without the line ends behind it, as editors leave them: a password, a PIN.
[[nodiscard]] std::expected<server::SecretBytes, OpenError> read_secret_line(const std::string& source,
                                                                             const std::string& what);

/// What is wrong with a source as far as can be said without reading it, empty for nothing.
[[nodiscard]] std::string secret_source_fault(std::string_view source, std::string_view what);

/// Hexadecimal digits, two a byte, with white space where one likes; nothing for any other text.
[[nodiscard]] std::optional<server::SecretBytes> from_hex(ByteView text);

/// What a flag gives in hexadecimal, or `@FILE` that holds it so. `flag` is what the error names; it shows no
/// digit.
[[nodiscard]] std::expected<server::SecretBytes, OpenError> hex_or_file(const std::string& text,
                                                                        const std::string& flag);

}  // namespace linnet::store

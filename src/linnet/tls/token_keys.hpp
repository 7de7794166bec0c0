// SPDX-License-Identifier: Apache-2.0
// Private keys that stay in a secure element: tokens of PKCS#11, by their URIs (RFC 7512).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/server/secret.hpp"
#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

[[nodiscard]] bool is_token_uri(std::string_view text) noexcept;

/// Makes the key of `uri` ("pkcs11:token=...;object=...") one that import_private_key takes, for as long as
/// the process lives; what has not been opened here is not looked for, whoever names it. `pin` is given to
/// its token whenever that asks; a token that refuses it once is not asked again, as it may count. Once for
/// each URI, before threads begin. The error is a sentence: no such key, a wrong PIN, or a URI with a PIN in
/// it.
[[nodiscard]] std::expected<void, std::string> open_token_key(const std::string& uri,
                                                              server::SecretBytes pin);

/// The key of a URI that was opened. The error is a sentence.
[[nodiscard]] std::expected<PrivateKey, std::string> token_key(std::string_view uri);

/// The RSA key of a URI that was opened, as something that encrypts a few bytes and gives them back: who has
/// no token cannot read them (RSAES-PKCS1-v1_5, RFC 8017 §7.2; the token decrypts). Errors are sentences.
class TokenWrapping {
 public:
  [[nodiscard]] static std::expected<TokenWrapping, std::string> make(std::string_view uri);

  /// The hash of the public key, 16 hexadecimal digits of it.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> wrap(ByteView bytes) const;
  [[nodiscard]] std::expected<server::SecretBytes, std::string> unwrap(ByteView wrapped) const;

 private:
  TokenWrapping(PrivateKey key, PublicKey open, std::string id) noexcept
      : key_(std::move(key)), open_(std::move(open)), id_(std::move(id)) {}

  PrivateKey key_;
  PublicKey open_;
  std::string id_;
};

}  // namespace linnet::tls

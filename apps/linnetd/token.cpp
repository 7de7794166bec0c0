// SPDX-License-Identifier: Apache-2.0
#include "token.hpp"

#include "linnet/store/secret_source.hpp"
#include "linnet/tls/token_keys.hpp"

namespace linnet::linnetd {

std::expected<void, std::string> open_token(const std::string& uri, const std::string& pin) {
  server::SecretBytes secret;
  if (!pin.empty()) {
    auto read = store::read_secret_line(pin, "the PIN of the key's token");
    if (!read) return std::unexpected("pin: " + read.error().message);
    secret = *std::move(read);
  }
  return tls::open_token_key(uri, std::move(secret));
}

}  // namespace linnet::linnetd

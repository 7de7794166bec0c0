// SPDX-License-Identifier: Apache-2.0
#include "token.hpp"

#include "linnet/store/secret_source.hpp"
#include "linnet/tls/token_keys.hpp"

namespace linnet::linnetd {

namespace {

class TokenWrapper final : public store::KeyWrapper {
 public:
  explicit TokenWrapper(tls::TokenWrapping wrapping) noexcept : wrapping_(std::move(wrapping)) {}

  [[nodiscard]] std::string id() const override { return wrapping_.id(); }
  [[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> wrap(ByteView key) override {
    return wrapping_.wrap(key);
  }
  [[nodiscard]] std::expected<server::SecretBytes, std::string> unwrap(ByteView wrapped) override {
    return wrapping_.unwrap(wrapped);
  }

 private:
  tls::TokenWrapping wrapping_;
};

}  // namespace

std::expected<void, std::string> open_token(const std::string& uri, const std::string& pin) {
  server::SecretBytes secret;
  if (!pin.empty()) {
    auto read = store::read_secret_line(pin, "the PIN of the key's token");
    if (!read) return std::unexpected("pin: " + read.error().message);
    secret = *std::move(read);
  }
  return tls::open_token_key(uri, std::move(secret));
}

std::expected<std::shared_ptr<store::KeyWrapper>, std::string> open_wrapper(const std::string& uri,
                                                                            const std::string& pin) {
  if (auto opened = open_token(uri, pin); !opened) return std::unexpected(std::move(opened).error());
  auto wrapping = tls::TokenWrapping::make(uri);
  if (!wrapping) return std::unexpected(std::move(wrapping).error());
  return std::make_shared<TokenWrapper>(*std::move(wrapping));
}

}  // namespace linnet::linnetd

// SPDX-License-Identifier: Apache-2.0
#include "server_identity.hpp"

#include <fstream>
#include <initializer_list>
#include <iterator>

#include "linnet/base/wipe.hpp"
#include "linnet/tls/token_keys.hpp"
#include "token.hpp"

namespace linnet::linnetd {

namespace {

using Blocks = std::vector<tls::OwnedBytes>;

std::expected<Blocks, std::string> blocks_of(const std::filesystem::path& path,
                                             std::initializer_list<std::string_view> labels) {
  std::ifstream file(path, std::ios::binary);
  tls::OwnedBytes bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file || bytes.empty()) return std::unexpected(path.string() + " cannot be read, or is empty");
  Blocks found;
  for (const std::string_view label : labels) {
    if (found.empty()) found = tls::pem_or_der(bytes, label);
  }
  wipe(bytes);
  if (found.empty()) return std::unexpected(path.string() + " holds no " + std::string(*labels.begin()));
  return found;
}

/// The URI of a key that stays in its token, which is opened here.
std::expected<tls::OwnedBytes, std::string> open_key(const Settings& settings) {
  const std::string& uri = settings.key.native();
  if (auto opened = open_token(uri, settings.pin); !opened) return std::unexpected("key: " + opened.error());
  return tls::OwnedBytes(uri.begin(), uri.end());
}

std::expected<tls::OwnedBytes, std::string> read_key(const Settings& settings) {
  if (tls::is_token_uri(settings.key.native())) return open_key(settings);
  auto key = blocks_of(settings.key, {"PRIVATE KEY", "EC PRIVATE KEY"});
  if (!key) return std::unexpected(std::move(key).error());
  return std::move(key->front());
}

}  // namespace

std::expected<tls::ServerIdentity, std::string> read_identity(const Settings& settings) {
  tls::ServerIdentity identity;
  if (settings.key.empty()) return identity;
  auto key = read_key(settings);
  if (!key) return std::unexpected(std::move(key).error());
  if (const auto usable = tls::import_private_key(*key); !usable) {
    return std::unexpected(settings.key.string() + ": " + usable.error());
  }
  identity.private_key = *std::move(key);
  if (settings.cert.empty()) return identity;
  auto chain = blocks_of(settings.cert, {"CERTIFICATE"});
  if (!chain) return std::unexpected(std::move(chain).error());
  for (const tls::OwnedBytes& certificate : *chain) {
    if (const auto usable = tls::import_certificate(certificate); !usable) {
      return std::unexpected(settings.cert.string() + ": " + usable.error());
    }
  }
  identity.chain = *std::move(chain);
  return identity;
}

}  // namespace linnet::linnetd

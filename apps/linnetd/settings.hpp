// SPDX-License-Identifier: Apache-2.0
// What linnetd is told: a TOML file, and flags that win over it (docs/linnetd.md).
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "linnet/coap/freshness.hpp"
#include "linnet/net/server.hpp"
#include "linnet/store/state_seal.hpp"

namespace linnet::linnetd {

enum class LogLevel : std::uint8_t { kError, kWarning, kInfo, kDebug };

/// Who gives certificates to devices that enrol; nobody where all of it is empty.
struct EstSettings {
  std::filesystem::path ca;           ///< certificate of an authority of our own
  std::string key;                    ///< file of its key, or a URI "pkcs11:..."; or of `cert`, in a file
  std::string pin;                    ///< of the key's token, as Settings::pin
  std::string server;                 ///< URL of an EST server elsewhere
  std::filesystem::path trust, cert;  ///< as EstServer has them
  std::string login;                  ///< a source of "USER:PASSWORD" there
  bool trial = false;                 ///< an authority for trying, made in `state`
};

struct Settings {
  std::vector<net::Address> coap;       ///< empty only where another of these is not
  std::vector<net::Address> coaps;      ///< empty: no DTLS
  std::vector<net::Address> coap_tcp;   ///< empty: none
  std::vector<net::Address> coaps_tcp;  ///< empty: no TLS
  std::vector<net::Address> bootstrap;  ///< where all four of these are empty: no bootstrap server
  std::vector<net::Address> bootstrap_coaps, bootstrap_coap_tcp, bootstrap_coaps_tcp;
  net::TenantConfig tenants;  ///< of the first four
  bool allow_nosec = false;   ///< devices that protect nothing are taken
  coap::Freshness freshness = coap::Freshness::kOff;
  std::filesystem::path
      key;  ///< private key that this server proves itself by, or pkcs11:URI; empty: pre-shared keys alone
  std::string pin;  ///< of the key's token: a source of store::read_secret; empty: none
  std::filesystem::path
      cert;  ///< its certificate and those between it and an authority; empty: raw public keys
  std::vector<std::filesystem::path> crl;  ///< lists of revoked certificates of devices
  EstSettings est;
  net::Address http;
  std::filesystem::path state;  ///< folder of the store; unused with `memory`
  store::SealConfig state_key;  ///< under which `state` keeps secrets; sources may be URIs "pkcs11:..." too
  std::string state_pin, former_state_pin;  ///< of those URIs' tokens, as `pin`
  bool memory = false;                      ///< nothing outlives the process
  std::filesystem::path models;             ///< folder of DDF files; empty: none
  unsigned threads = 0;                     ///< workers; 0: one per core
  std::uint32_t max_devices = 1'000'000;
  std::uint32_t max_observations = 2'000'000;
  LogLevel log_level = LogLevel::kInfo;
};

/// Why there are no settings to run with.
struct SettingsEnd {
  int exit_code;        ///< 0 after --help and --version
  std::string message;  ///< for standard error; empty where all has been said
};

/// Reads flags, and the file that --config names. Messages name file and line, or the flag.
[[nodiscard]] std::expected<Settings, SettingsEnd> read_settings(int argc, char** argv);

}  // namespace linnet::linnetd

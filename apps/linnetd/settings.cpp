// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <tuple>

#include "linnet/net/bootstrap_server.hpp"
#include "linnet/server/tenant.hpp"
#include "linnet/store/seal_key.hpp"
#include "linnet/store/secret_source.hpp"
#include "linnet/tls/token_keys.hpp"

namespace linnet::linnetd {

namespace {

constexpr int kUsage = 2;
constexpr std::uint16_t kHttpPort = 8080;
constexpr std::uint32_t kMostDevices = 16'000'000;
constexpr std::uint32_t kMostObservations = (1U << 24U) - 1;  // EngineConfig::max_observations
constexpr unsigned kMostThreads = 256;

constexpr const char* kFooter = R"(
A configuration file holds the same, in TOML; flags win over it:

  coap = ["127.0.0.1:5683", "[::1]:5683", "127.0.0.1:5783=acme"]
  coaps = "127.0.0.1:5684"
  key = "/etc/linnet/server.key"
  pin = "credential:token-pin"
  cert = "/etc/linnet/server.crt"
  crl = "/etc/linnet/devices.crl"
  coap-tcp = "127.0.0.1:5683"
  coaps-tcp = "127.0.0.1:5684"
  bootstrap = "127.0.0.1:5783"
  bootstrap-coaps = "127.0.0.1:5784"
  bootstrap-coap-tcp = "127.0.0.1:5783"
  bootstrap-coaps-tcp = "127.0.0.1:5784"
  est-ca = "/etc/linnet/ca.pem"
  est-key = "pkcs11:token=linnet;object=ca"
  est-pin = "credential:token-pin"
  nosec = true
  http = "127.0.0.1:8080"
  state = "/var/lib/linnet"
  state-key = "credential:linnet-state-key"
  models = "/etc/linnet/models"
  threads = 4
  max-devices = 1000000
  max-observations = 2000000
  log-level = "info"
)";

/// As text, from wherever it comes: not yet checked. Absent: not said.
struct Wishes {
  std::optional<std::vector<std::string>> coap, coaps, coap_tcp, coaps_tcp;
  std::optional<std::vector<std::string>> bootstrap, bootstrap_coaps, bootstrap_coap_tcp, bootstrap_coaps_tcp;
  std::optional<std::vector<std::string>> crl;
  std::optional<std::string> key, pin, cert, est_ca, est_key, est_pin, est_server, est_trust, est_cert,
      est_login, http, state, state_key, state_pin, former_state_key, former_state_pin, models, log_level,
      freshness;
  std::optional<bool> memory, nosec, est_trial;
  std::optional<std::int64_t> threads, max_devices, max_observations;
};

SettingsEnd wrong(std::string message) {
  return {kUsage, std::move(message)};
}

std::filesystem::path default_state_folder() {
  if (const char* const state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::filesystem::path(state) / "linnet";
  }
  if (const char* const home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::filesystem::path(home) / ".local/state/linnet";
  }
  return "/var/lib/linnet";
}

/// Reads one file key by key; what is unknown or of another type is an error with its line.
class FileReader {
 public:
  explicit FileReader(std::string file) : file_(std::move(file)) {}

  std::expected<Wishes, SettingsEnd> read() {
    toml::table table;
    try {
      table = toml::parse_file(file_);
    } catch (const toml::parse_error& error) {
      const auto line = error.source().begin.line;
      return std::unexpected(wrong(file_ + (line == 0 ? "" : ":" + std::to_string(line)) + ": " +
                                   std::string(error.description())));
    }
    Wishes wishes;
    for (const auto& [key, node] : table) {
      if (std::string problem = take(std::string(key.str()), node, wishes); !problem.empty()) {
        return std::unexpected(
            wrong(file_ + ":" + std::to_string(node.source().begin.line) + ": " + problem));
      }
    }
    return wishes;
  }

 private:
  template <typename T>
  static std::string set(const std::string& key, const toml::node& node, const char* type,
                         std::optional<T>& wish) {
    wish = node.value_exact<T>();
    return wish ? std::string() : key + " must be " + type;
  }

  static std::string take(const std::string& key, const toml::node& node, Wishes& wishes) {
    if (key == "coap") return take_list(key, node, wishes.coap);
    if (key == "coaps") return take_list(key, node, wishes.coaps);
    if (key == "coap-tcp") return take_list(key, node, wishes.coap_tcp);
    if (key == "coaps-tcp") return take_list(key, node, wishes.coaps_tcp);
    if (key == "bootstrap") return take_list(key, node, wishes.bootstrap);
    if (key == "bootstrap-coaps") return take_list(key, node, wishes.bootstrap_coaps);
    if (key == "bootstrap-coap-tcp") return take_list(key, node, wishes.bootstrap_coap_tcp);
    if (key == "bootstrap-coaps-tcp") return take_list(key, node, wishes.bootstrap_coaps_tcp);
    if (key == "key") return set(key, node, "a string", wishes.key);
    if (key == "pin") return set(key, node, "a string", wishes.pin);
    if (key == "cert") return set(key, node, "a string", wishes.cert);
    if (key == "crl") return take_list(key, node, wishes.crl);
    if (key == "est-ca") return set(key, node, "a string", wishes.est_ca);
    if (key == "est-key") return set(key, node, "a string", wishes.est_key);
    if (key == "est-pin") return set(key, node, "a string", wishes.est_pin);
    if (key == "est-server") return set(key, node, "a string", wishes.est_server);
    if (key == "est-trust") return set(key, node, "a string", wishes.est_trust);
    if (key == "est-cert") return set(key, node, "a string", wishes.est_cert);
    if (key == "est-login") return set(key, node, "a string", wishes.est_login);
    if (key == "est-trial") return set(key, node, "true or false", wishes.est_trial);
    if (key == "http") return set(key, node, "a string", wishes.http);
    if (key == "state") return set(key, node, "a string", wishes.state);
    if (key == "state-key") return set(key, node, "a string", wishes.state_key);
    if (key == "state-pin") return set(key, node, "a string", wishes.state_pin);
    if (key == "former-state-pin") return set(key, node, "a string", wishes.former_state_pin);
    if (key == "former-state-key") return set(key, node, "a string", wishes.former_state_key);
    if (key == "models") return set(key, node, "a string", wishes.models);
    if (key == "log-level") return set(key, node, "a string", wishes.log_level);
    if (key == "memory") return set(key, node, "true or false", wishes.memory);
    if (key == "nosec") return set(key, node, "true or false", wishes.nosec);
    if (key == "freshness") return set(key, node, "a string", wishes.freshness);
    if (key == "threads") return set(key, node, "a whole number", wishes.threads);
    if (key == "max-devices") return set(key, node, "a whole number", wishes.max_devices);
    if (key == "max-observations") return set(key, node, "a whole number", wishes.max_observations);
    return "unknown key '" + key + "' (linnetd --help lists the keys)";
  }

  static std::string take_list(const std::string& key, const toml::node& node,
                               std::optional<std::vector<std::string>>& wish) {
    if (const auto text = node.value_exact<std::string>()) {
      wish = {*text};
      return {};
    }
    const toml::array* const list = node.as_array();
    if (list == nullptr) return key + " must be a string or a list of strings";
    wish.emplace();
    for (const toml::node& item : *list) {
      const auto text = item.value_exact<std::string>();
      if (!text) return key + " must be a string or a list of strings";
      wish->push_back(*text);
    }
    return {};
  }

  std::string file_;
};

std::optional<LogLevel> parse_level(std::string_view text) {
  constexpr std::array<std::string_view, 4> kLevels{"error", "warning", "info", "debug"};
  const auto* const at = std::ranges::find(kLevels, text);
  if (at == kLevels.end()) return std::nullopt;
  return static_cast<LogLevel>(at - kLevels.begin());
}

bool is_loopback(const net::Address& address) {
  const auto& ip = address.ip();
  if (address.is_v4()) return ip[12] == 127;
  return address == net::Address({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, address.port());
}

/// `later` where it says something, else `earlier`.
template <typename T>
std::optional<T> prefer(const std::optional<T>& later, const std::optional<T>& earlier) {
  return later ? later : earlier;
}

/// Where the key of the state folder comes from, or the setting that is wrong.
std::expected<store::SealConfig, SettingsEnd> check_state_key(const Wishes& flags, const Wishes& file) {
  const auto key = prefer(flags.state_key, file.state_key);
  const auto former = prefer(flags.former_state_key, file.former_state_key);
  for (const auto& [name, source] : {std::pair("state-key", key), std::pair("former-state-key", former)}) {
    if (!source || tls::is_token_uri(*source)) continue;
    if (const std::string fault = store::seal_source_fault(*source); !fault.empty()) {
      return std::unexpected(wrong(std::string(name) + ": " + fault));
    }
  }
  return store::SealConfig{.key = key.value_or(""), .former = former.value_or("")};
}

/// A source of a secret that is empty or can be one.
std::optional<SettingsEnd> check_source(const char* setting, const std::string& source, const char* what) {
  if (source.empty()) return std::nullopt;
  const std::string fault = store::secret_source_fault(source, what);
  if (fault.empty()) return std::nullopt;
  return wrong(std::string(setting) + ": " + fault);
}

/// Where devices reach it, and by what it proves itself there.
std::optional<SettingsEnd> check_places(const Wishes& flags, const Wishes& file, Settings& settings) {
  using Texts = std::optional<std::vector<std::string>>;
  struct Places {
    const char* key;
    Texts texts;
    std::uint16_t port;
    std::vector<net::Address>& to;
    std::vector<std::string>* tenants;  // null: it has none
  };
  const Texts by_default{{"127.0.0.1:5683"}};
  for (const Places& places : {
           Places{"coap", prefer(prefer(flags.coap, file.coap), by_default), net::kCoapPort, settings.coap,
                  &settings.tenants.listen},
           Places{"coaps", prefer(flags.coaps, file.coaps), net::kCoapsPort, settings.coaps,
                  &settings.tenants.dtls},
           Places{"coap-tcp", prefer(flags.coap_tcp, file.coap_tcp), net::kCoapPort, settings.coap_tcp,
                  &settings.tenants.tcp},
           Places{"coaps-tcp", prefer(flags.coaps_tcp, file.coaps_tcp), net::kCoapsPort, settings.coaps_tcp,
                  &settings.tenants.tls},
           Places{"bootstrap", prefer(flags.bootstrap, file.bootstrap), net::kBootstrapPort,
                  settings.bootstrap, nullptr},
           Places{"bootstrap-coaps", prefer(flags.bootstrap_coaps, file.bootstrap_coaps),
                  net::kSecureBootstrapPort, settings.bootstrap_coaps, nullptr},
           Places{"bootstrap-coap-tcp", prefer(flags.bootstrap_coap_tcp, file.bootstrap_coap_tcp),
                  net::kBootstrapPort, settings.bootstrap_coap_tcp, nullptr},
           Places{"bootstrap-coaps-tcp", prefer(flags.bootstrap_coaps_tcp, file.bootstrap_coaps_tcp),
                  net::kSecureBootstrapPort, settings.bootstrap_coaps_tcp, nullptr},
       }) {
    for (const std::string& text : places.texts.value_or(std::vector<std::string>{})) {
      const std::size_t mark = places.tenants == nullptr ? std::string::npos : text.find('=');
      const auto address = net::resolve_address(text.substr(0, mark), places.port);
      if (!address) return wrong(std::string(places.key) + ": " + address.error());
      places.to.push_back(*address);
      if (places.tenants == nullptr) continue;
      places.tenants->push_back(mark == std::string::npos ? "" : text.substr(mark + 1));
      if (mark != std::string::npos && !server::is_tenant_name(places.tenants->back())) {
        return wrong(std::string(places.key) + ": " + text +
                     " names no tenant: 1 to 64 letters, digits, '.', '_' and '-' behind the '='");
      }
    }
  }
  const std::array all{&settings.coap,
                       &settings.coaps,
                       &settings.coap_tcp,
                       &settings.coaps_tcp,
                       &settings.bootstrap,
                       &settings.bootstrap_coaps,
                       &settings.bootstrap_coap_tcp,
                       &settings.bootstrap_coaps_tcp};
  if (std::ranges::all_of(all, [](const auto* listening) { return listening->empty(); })) {
    return wrong(
        "coap is empty and there is no coaps, coap-tcp, coaps-tcp or bootstrap of any kind: nothing could "
        "reach this server");
  }
  settings.key = prefer(flags.key, file.key).value_or("");
  settings.pin = prefer(flags.pin, file.pin).value_or("");
  if (auto fault = check_source("pin", settings.pin, "the PIN of the key's token")) return fault;
  settings.cert = prefer(flags.cert, file.cert).value_or("");
  if (settings.key.empty() && !settings.cert.empty()) return wrong("cert takes key, its private key");
  const auto lists = prefer(flags.crl, file.crl).value_or(std::vector<std::string>{});
  settings.crl.assign(lists.begin(), lists.end());
  if (settings.cert.empty() && !settings.crl.empty())
    return wrong("crl takes cert: without one no device shows a certificate");
  return std::nullopt;
}

/// Who gives certificates to devices.
std::optional<SettingsEnd> check_authority(const Wishes& flags, const Wishes& file, Settings& settings) {
  EstSettings& est = settings.est;
  est.ca = prefer(flags.est_ca, file.est_ca).value_or("");
  est.key = prefer(flags.est_key, file.est_key).value_or("");
  est.pin = prefer(flags.est_pin, file.est_pin).value_or("");
  est.server = prefer(flags.est_server, file.est_server).value_or("");
  est.trust = prefer(flags.est_trust, file.est_trust).value_or("");
  est.cert = prefer(flags.est_cert, file.est_cert).value_or("");
  est.login = prefer(flags.est_login, file.est_login).value_or("");
  est.trial = prefer(flags.est_trial, file.est_trial).value_or(false);
  const bool own = !est.ca.empty();
  const bool elsewhere = !est.server.empty();
  if (static_cast<int>(est.trial) + static_cast<int>(own) + static_cast<int>(elsewhere) > 1)
    return wrong("est-trial, est-ca and est-server exclude each other: one authority gives certificates");
  if (!elsewhere && !(est.trust.empty() && est.cert.empty() && est.login.empty()))
    return wrong("est-trust, est-cert and est-login are for est-server");
  if (elsewhere ? est.cert.empty() != est.key.empty() : own == est.key.empty())
    return wrong("est-key is of est-ca, or with est-server of est-cert: a certificate takes its key");
  if (elsewhere && est.key.starts_with("pkcs11:")) return wrong("est-key: with est-server it is a file");
  if (!est.pin.empty() && !est.key.starts_with("pkcs11:"))
    return wrong("est-pin is for a key in a token: est-key is none");
  if (auto fault = check_source("est-pin", est.pin, "the PIN of the key's token")) return fault;
  if (auto fault = check_source("est-login", est.login, "the login at the EST server")) return fault;
  if (est.trial && settings.memory)
    return wrong("est-trial keeps its authority in the state folder: not with memory");
  if ((est.trial || own || elsewhere) && settings.bootstrap_coaps.empty() &&
      settings.bootstrap_coaps_tcp.empty())
    return wrong("devices enrol at the bootstrap server: EST takes bootstrap-coaps or bootstrap-coaps-tcp");
  return std::nullopt;
}

std::expected<Settings, SettingsEnd> check(const Wishes& flags, const Wishes& file) {
  Settings settings;
  if (auto wrong_place = check_places(flags, file, settings)) return std::unexpected(std::move(*wrong_place));
  // For a try on one machine; a network is to ask for it (TS 5.3).
  const bool all_here = std::ranges::all_of(
      std::array{&settings.coap, &settings.coap_tcp, &settings.bootstrap, &settings.bootstrap_coap_tcp},
      [](const auto* listening) { return std::ranges::all_of(*listening, is_loopback); });
  settings.allow_nosec = prefer(flags.nosec, file.nosec).value_or(all_here);
  const auto freshness = coap::parse_freshness(prefer(flags.freshness, file.freshness).value_or("off"));
  if (!freshness) return std::unexpected(wrong("freshness is off, first or always"));
  settings.freshness = *freshness;
  const auto http = net::resolve_address(prefer(flags.http, file.http).value_or("127.0.0.1:8080"), kHttpPort);
  if (!http) return std::unexpected(wrong("http: " + http.error()));
  if (!is_loopback(*http)) {
    return std::unexpected(
        wrong("http: " + http->text() +
              " is not a loopback address, and the API has no authentication yet: listen on "
              "127.0.0.1 or [::1] and put a proxy that authenticates before it"));
  }
  settings.http = *http;
  for (const Wishes* const wishes : {&flags, &file}) {
    if (wishes->memory.value_or(false) && wishes->state)
      return std::unexpected(wrong("memory and state exclude each other: give one"));
    if (wishes->state && wishes->state->empty()) return std::unexpected(wrong("state names no folder"));
  }
  settings.memory = flags.memory.value_or(!flags.state && file.memory.value_or(false));
  settings.state = prefer(flags.state, file.state).value_or(default_state_folder().string());
  if (auto wrong_authority = check_authority(flags, file, settings))
    return std::unexpected(std::move(*wrong_authority));
  auto state_key = check_state_key(flags, file);
  if (!state_key) return std::unexpected(std::move(state_key).error());
  settings.state_key = *std::move(state_key);
  settings.state_pin = prefer(flags.state_pin, file.state_pin).value_or("");
  settings.former_state_pin = prefer(flags.former_state_pin, file.former_state_pin).value_or("");
  for (const auto& [name, pin, key] :
       {std::tuple("state-pin", settings.state_pin, settings.state_key.key),
        std::tuple("former-state-pin", settings.former_state_pin, settings.state_key.former)}) {
    if (auto fault = check_source(name, pin, "the PIN of the key's token"))
      return std::unexpected(*std::move(fault));
    if (!pin.empty() && !tls::is_token_uri(key))
      return std::unexpected(wrong(std::string(name) + " is for a key in a token: there is none"));
  }
  settings.models = prefer(flags.models, file.models).value_or("");
  const auto threads = prefer(flags.threads, file.threads).value_or(0);
  if (threads < 0 || threads > kMostThreads)
    return std::unexpected(wrong("threads is 0 to 256, 0 for one per core"));
  settings.threads = static_cast<unsigned>(threads);
  const auto devices = prefer(flags.max_devices, file.max_devices).value_or(settings.max_devices);
  if (devices < 1 || devices > kMostDevices) return std::unexpected(wrong("max-devices is 1 to 16000000"));
  settings.max_devices = static_cast<std::uint32_t>(devices);
  const auto observations = prefer(flags.max_observations, file.max_observations)
                                .value_or(std::min<std::int64_t>(2 * devices, kMostObservations));
  if (observations < 1 || observations > kMostObservations)
    return std::unexpected(wrong("max-observations is 1 to 16777215"));
  settings.max_observations = static_cast<std::uint32_t>(observations);
  const auto level = parse_level(prefer(flags.log_level, file.log_level).value_or("info"));
  if (!level) return std::unexpected(wrong("log-level is error, warning, info or debug"));
  settings.log_level = *level;
  return settings;
}

}  // namespace

std::expected<Settings, SettingsEnd> read_settings(int argc, char** argv) {
  CLI::App app("linnetd: the LwM2M management server", "linnetd");
  Wishes flags;
  std::string config;
  std::vector<std::string> coap;
  std::vector<std::string> coaps;
  std::vector<std::string> coap_tcp;
  std::vector<std::string> coaps_tcp;
  std::vector<std::string> crl;
  std::vector<std::string> bootstrap;
  std::vector<std::string> bootstrap_coaps;
  std::vector<std::string> bootstrap_coap_tcp;
  std::vector<std::string> bootstrap_coaps_tcp;
  bool memory = false;
  bool est_trial = false;
  bool no_coap = false;
  app.add_option("--config", config, "TOML file with the same settings");
  auto* const listen = app.add_option(
      "--coap", coap,
      "HOST:PORT to listen on for CoAP over UDP, repeatable (127.0.0.1:5683); here and where else devices "
      "are listened for, HOST:PORT=TENANT for the devices of a tenant");
  app.add_flag("--no-coap", no_coap, "no CoAP over UDP, only what other flags name")->excludes(listen);
  app.add_option("--coaps", coaps,
                 "HOST:PORT to listen on for CoAP over DTLS, repeatable; without a port 5684 (none)");
  app.add_option(
      "--key", flags.key,
      "file of the private key by which devices know this server, or pkcs11:URI of one in a secure "
      "element (none: pre-shared keys alone)");
  app.add_option("--pin", flags.pin, "the PIN of that element: file:PATH, credential:NAME or env:NAME");
  app.add_option("--cert", flags.cert,
                 "file of its certificate and what leads to its authority (none: raw public keys)");
  app.add_option(
      "--crl", crl,
      "file of lists of revoked certificates of devices, read again when it changes and on SIGHUP; "
      "repeatable (none)");
  app.add_option("--coap-tcp", coap_tcp, "HOST:PORT to listen on for CoAP over TCP, repeatable (none)");
  app.add_option("--coaps-tcp", coaps_tcp,
                 "HOST:PORT to listen on for CoAP over TLS, repeatable; without a port 5684 (none)");
  app.add_option("--bootstrap", bootstrap,
                 "HOST:PORT of a bootstrap server, repeatable; without a port 5783 (none)");
  app.add_option(
      "--bootstrap-coaps", bootstrap_coaps,
      "HOST:PORT of the bootstrap server for CoAP over DTLS, with the key, the certificate and the "
      "credentials of --coaps, repeatable; without a port 5784 (none)");
  app.add_option("--bootstrap-coap-tcp", bootstrap_coap_tcp,
                 "the same for CoAP over TCP, repeatable; without a port 5783 (none)");
  app.add_option("--bootstrap-coaps-tcp", bootstrap_coaps_tcp,
                 "the same for CoAP over TLS, repeatable; without a port 5784 (none)");
  app.add_option("--est-ca", flags.est_ca,
                 "file of the certificate of an authority, and of those above it, that gives certificates to "
                 "devices by EST at the bootstrap server (none)");
  app.add_option("--est-key", flags.est_key, "file of its private key, or pkcs11:URI of one in a token");
  app.add_option("--est-pin", flags.est_pin, "the PIN of that token: file:PATH, credential:NAME or env:NAME");
  app.add_option(
      "--est-server", flags.est_server,
      "https://HOST:PORT/.well-known/est of an EST server that gives the certificates instead (none)");
  app.add_option("--est-trust", flags.est_trust,
                 "file of the authorities that its certificate must come from (the system's)");
  app.add_option("--est-cert", flags.est_cert,
                 "file of the certificate by which linnetd proves itself there, with --est-key (none)");
  app.add_option("--est-login", flags.est_login,
                 "USER:PASSWORD there: file:PATH, credential:NAME or env:NAME (none)");
  app.add_flag(
      "--est-trial", est_trial,
      "for trying: an authority made once in the state folder, est-trial-ca.pem there, its key beside it");
  app.add_option("--nosec", flags.nosec,
                 "true or false: take devices that protect nothing, under names without credentials "
                 "(true only where all addresses are loopback)");
  app.add_option("--freshness", flags.freshness,
                 "off, first or always: what a device asks for must answer a challenge (Echo), first: once "
                 "since linnetd started (off)");
  app.add_option("--http", flags.http, "HOST:PORT of the REST API, a loopback address (127.0.0.1:8080)");
  app.add_option("--state", flags.state,
                 "folder of what outlives a restart (" + default_state_folder().string() + ")");
  app.add_option(
      "--state-key", flags.state_key,
      "key of the secrets in there: file:PATH, credential:NAME, env:NAME, or pkcs11:URI of an RSA key in a "
      "token (seal.key in the folder)");
  app.add_option("--state-pin", flags.state_pin,
                 "the PIN of that token: file:PATH, credential:NAME or env:NAME");
  app.add_option("--former-state-key", flags.former_state_key,
                 "what that key was until now: the secrets are brought under the new one");
  app.add_option("--former-state-pin", flags.former_state_pin, "the PIN of its token");
  app.add_flag("--memory", memory, "keep everything in memory; nothing outlives the process");
  app.add_option("--models", flags.models, "folder of DDF files with further objects");
  app.add_option("--threads", flags.threads, "workers (one per core)");
  app.add_option("--max-devices", flags.max_devices, "most devices registered at once (1000000)");
  app.add_option("--max-observations", flags.max_observations, "most observations at once (two a device)");
  app.add_option("--log-level", flags.log_level, "error, warning, info or debug (info)");
  app.set_version_flag("--version", std::string("linnetd ") + LINNET_VERSION);
  app.footer(kFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(SettingsEnd{app.exit(error) == 0 ? 0 : kUsage, {}});
  }
  if (memory) flags.memory = true;
  if (est_trial) flags.est_trial = true;
  if (!coap.empty() || no_coap) flags.coap = coap;
  if (!coaps.empty()) flags.coaps = coaps;
  if (!coap_tcp.empty()) flags.coap_tcp = coap_tcp;
  if (!coaps_tcp.empty()) flags.coaps_tcp = coaps_tcp;
  if (!crl.empty()) flags.crl = crl;
  if (!bootstrap.empty()) flags.bootstrap = bootstrap;
  if (!bootstrap_coaps.empty()) flags.bootstrap_coaps = bootstrap_coaps;
  if (!bootstrap_coap_tcp.empty()) flags.bootstrap_coap_tcp = bootstrap_coap_tcp;
  if (!bootstrap_coaps_tcp.empty()) flags.bootstrap_coaps_tcp = bootstrap_coaps_tcp;
  if (config.empty()) return check(flags, {});
  const auto file = FileReader(config).read();
  if (!file) return std::unexpected(file.error());
  return check(flags, *file);
}

}  // namespace linnet::linnetd

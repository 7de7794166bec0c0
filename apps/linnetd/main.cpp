// SPDX-License-Identifier: Apache-2.0
// linnetd: settings, models, store, server and API put together, until a signal ends it.
#include <pthread.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <utility>

#include "est_authority.hpp"
#include "linnet/api/http_server.hpp"
#include "linnet/api/registry_models.hpp"
#include "linnet/api/service.hpp"
#include "linnet/base/wipe.hpp"
#include "linnet/net/server.hpp"
#include "linnet/registry/model_registry.hpp"
#include "linnet/store/sqlite_store.hpp"
#include "linnet/tls/token_keys.hpp"
#include "revoked.hpp"
#include "server_identity.hpp"
#include "settings.hpp"
#include "token.hpp"

namespace {

using namespace linnet;
using linnetd::Settings;

constexpr int kCannotStart = 1;

int cannot_start(const std::string& why) {
  std::cerr << "linnetd: " << why << '\n';
  return kCannotStart;
}

void open_log(linnetd::LogLevel level) {
  constexpr std::array kLevels{spdlog::level::err, spdlog::level::warn, spdlog::level::info,
                               spdlog::level::debug};
  spdlog::set_default_logger(spdlog::stderr_color_mt("linnetd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  spdlog::set_level(kLevels[static_cast<std::size_t>(level)]);
}

/// SIGINT, SIGTERM and SIGHUP wait for `sigwait` in every thread that is started from here on. A peer
/// that closes and a file that may not grow are errors of their calls, no ends of the program.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return signals;
}

/// Keeps secrets out of core dumps, and out of reach of other processes of the same user.
void keep_memory_private() {
  if (prctl(PR_SET_DUMPABLE, 0) != 0) std::cerr << "linnetd: core dumps cannot be turned off\n";
}

/// Sources that are keys of tokens become what they wrap. The error is a sentence.
std::expected<store::SealConfig, std::string> open_seal(const Settings& settings) {
  store::SealConfig seal = settings.state_key;
  const auto open = [](const char* name, std::string& source, const std::string& pin,
                       std::shared_ptr<store::KeyWrapper>& to) -> std::expected<void, std::string> {
    if (!tls::is_token_uri(source)) return {};
    auto wrapper = linnetd::open_wrapper(std::exchange(source, {}), pin);
    if (!wrapper) return std::unexpected(std::string(name) + ": " + wrapper.error());
    to = *std::move(wrapper);
    return {};
  };
  auto done = open("state-key", seal.key, settings.state_pin, seal.wrapper);
  if (done) done = open("former-state-key", seal.former, settings.former_state_pin, seal.former_wrapper);
  if (!done) return std::unexpected(std::move(done).error());
  return seal;
}

net::ServerConfig server_config(const Settings& settings, const store::SealConfig& state_key) {
  net::ServerConfig config;
  config.listen = settings.coap;
  config.listen_tcp = settings.coap_tcp;
  config.listen_tls = settings.coaps_tcp;
  config.dtls.listen = settings.coaps;
  config.tenants = settings.tenants;
  config.shards = settings.threads;
  config.bootstrap.listen = settings.bootstrap;
  config.bootstrap.listen_dtls = settings.bootstrap_coaps;
  config.bootstrap.listen_tcp = settings.bootstrap_coap_tcp;
  config.bootstrap.listen_tls = settings.bootstrap_coaps_tcp;
  config.allow_nosec = settings.allow_nosec;
  config.engine.endpoint.freshness = settings.freshness;
  config.bootstrap.engine.endpoint.freshness = settings.freshness;
  // Addresses change and old ones linger for EXCHANGE_LIFETIME: a quarter more links than devices.
  config.max_links = settings.max_devices + settings.max_devices / 4;
  config.engine.max_registrations = settings.max_devices;
  config.engine.max_observations = settings.max_observations;
  if (!settings.memory) {
    config.open_store = [folder = settings.state, seal = state_key](store::StoreListener& listener,
                                                                    store::ShardIndex shards) {
      store::SqliteStoreConfig sqlite;
      sqlite.folder = folder;
      sqlite.shards = shards;
      sqlite.seal = seal;
      return store::open_sqlite_store(sqlite, listener);
    };
  }
  config.on_health = [](const store::Health& health) {
    if (health.condition == store::Condition::kOk) {
      spdlog::info("store: well again");
    } else {
      spdlog::error("store: {}; {}. Devices get 5.03 until it is mended", store::to_string(health.condition),
                    health.detail);
    }
  };
  return config;
}

/// A connection takes a file descriptor: as many as the system allows.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/// Waits for a signal that ends the program, and reads lists of revoked certificates again where they change
/// or SIGHUP says so; without such lists it is an end as well.
int wait_for_end(const sigset_t& signals, linnetd::RevokedCertificates& revoked) {
  const timespec interval{.tv_sec = linnetd::RevokedCertificates::kLookInterval.count(), .tv_nsec = 0};
  for (;;) {
    const int signal = sigtimedwait(&signals, nullptr, &interval);
    if (signal < 0) {
      revoked.look();
    } else if (signal == SIGHUP && revoked.watched()) {
      revoked.read_again();
    } else {
      return signal;
    }
  }
}

int run(const Settings& settings, const sigset_t& signals) {
  const auto started = std::chrono::steady_clock::now();
  auto models = registry::ModelRegistry::embedded();
  if (!models) return cannot_start(models.error().to_string());
  if (!settings.models.empty()) {
    const auto loaded = models->load_folder(settings.models);
    if (!loaded) return cannot_start(loaded.error().to_string());
    spdlog::info("{} objects from {}", *loaded, settings.models.string());
  }
  const api::RegistryModels engine_models(*models);

  auto identity = linnetd::read_identity(settings);
  if (!identity) return cannot_start(identity.error());
  const auto state_key = open_seal(settings);
  if (!state_key) return cannot_start(state_key.error());
  net::ServerConfig config = server_config(settings, *state_key);
  config.dtls.identity = *std::move(identity);
  linnetd::RevokedCertificates revoked(settings.crl);
  if (const auto read = revoked.read(); !read) return cannot_start("crl: " + read.error());
  config.dtls.identity.revocations = revoked.in_force();
  const auto authority = linnetd::open_authority(settings);
  if (!authority) return cannot_start("EST: " + authority.error());
  config.bootstrap.authority = authority->get();
  auto server = net::Server::start(config, engine_models);
  wipe(config.dtls.identity.private_key);
  if (!server) return cannot_start(server.error());
  api::Service service({.version = LINNET_VERSION}, **server, *models);
  api::HttpServerConfig http_config;
  http_config.listen = settings.http;
  auto http = api::HttpServer::start(http_config, [&service](api::HttpRequest request, api::Answer answer) {
    service.handle(std::move(request), std::move(answer));
  });
  if (!http) return cannot_start(http.error());

  for (const net::Address& address : (*server)->listening())
    spdlog::info("CoAP at coap://{}", address.text());
  for (const net::Address& address : (*server)->listening_dtls())
    spdlog::info("CoAP at coaps://{}", address.text());
  for (const net::Address& address : (*server)->listening_tcp())
    spdlog::info("CoAP at coap+tcp://{}", address.text());
  for (const net::Address& address : (*server)->listening_tls())
    spdlog::info("CoAP at coaps+tcp://{}", address.text());
  if (auto* const bootstrap = (*server)->bootstrap(); bootstrap != nullptr) {
    const net::BootstrapServerConfig& places = bootstrap->config();
    for (const auto& [scheme, addresses] :
         {std::pair("coap", &places.listen), std::pair("coaps", &places.listen_dtls),
          std::pair("coap+tcp", &places.listen_tcp), std::pair("coaps+tcp", &places.listen_tls)}) {
      for (const net::Address& address : *addresses)
        spdlog::info("bootstrap at {}://{}", scheme, address.text());
    }
    if (settings.est.trial)
      spdlog::warn("devices may enrol by EST with the authority in {}, which is for trying only",
                   settings.state.string());
    if (!settings.est.ca.empty())
      spdlog::info("devices may enrol by EST with the authority of {}", settings.est.ca.string());
    if (!settings.est.server.empty())
      spdlog::info("devices may enrol by EST with the authority behind {}", settings.est.server);
    if (bootstrap->not_restored() != 0) {
      spdlog::warn("{} stored bootstrap configurations and results could not be brought back",
                   bootstrap->not_restored());
    }
  }
  if (const auto count = (*server)->credentials().snapshot()->size(); count != 0) {
    spdlog::info("{} credentials", count);
  }
  if (const auto lost = (*server)->credentials().not_restored(); lost != 0) {
    spdlog::error("{} stored credentials could not be brought back", lost);
  }
  if (!settings.allow_nosec) spdlog::info("devices that protect nothing are refused");
  spdlog::info("API at http://{}/api/v1/devices", (*http)->listening().text());
  if (settings.memory) {
    spdlog::info("state in memory only");
  } else {
    spdlog::info("state in {}: {} registrations brought back", settings.state.string(),
                 (*server)->restored());
    if ((*server)->not_restored() != 0) {
      spdlog::warn("{} stored registrations could not be brought back", (*server)->not_restored());
    }
  }

  spdlog::info("linnetd {} is ready after {:.2f} s, with {} workers", LINNET_VERSION,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(),
               (*server)->shards());

  const int signal = wait_for_end(signals, revoked);
  spdlog::info("{}: ending", strsignal(signal));
  // The server first: what is under way over HTTP is answered by its failure.
  (*server)->stop();
  (*http)->stop();
  spdlog::info("ended");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  keep_memory_private();
  const sigset_t signals = block_signals();
  const auto settings = linnetd::read_settings(argc, argv);
  if (!settings) {
    if (!settings.error().message.empty()) std::cerr << "linnetd: " << settings.error().message << '\n';
    return settings.error().exit_code;
  }
  open_log(settings->log_level);
  try {
    raise_file_limit();
    return run(*settings, signals);
  } catch (const std::exception& error) {
    return cannot_start(error.what());
  }
}

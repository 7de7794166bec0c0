// SPDX-License-Identifier: Apache-2.0
// linnet-device: a simulated LwM2M device.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "linnet/card/read_bootstrap.hpp"
#include "linnet/lwm2m/power_plan.hpp"
#include "linnet/lwm2m/registration_parameters.hpp"
#include "linnet/store/seal_key.hpp"
#include "linnet/store/secret_source.hpp"
#include "program.hpp"

namespace {

using namespace linnet;
using namespace linnet::device;

constexpr int kRefused = 1;
constexpr int kUsage = 2;

constexpr const char* kExamples = R"(
Examples:
  linnet-device --endpoint demo --server coap://127.0.0.1 --object 3303:2 --simulate 3303/0/5700=sine:20,5,60
  linnet-device --endpoint test --server coap://127.0.0.1:5683 --lifetime 60 --control stdio
  linnet-device --endpoint new --bootstrap coap://127.0.0.1:5693 --state new.state
  linnet-device --endpoint safe --server coaps://127.0.0.1 --psk-identity safe --psk-key 00112233445566778899aabbccddeeff

Exit status: 0 ended as told, 1 cannot start, 2 usage.
)";

/// The command line as it was typed; one instance, filled by CLI11.
struct Arguments {
  Settings settings;
  CredentialArguments credentials;
  std::vector<std::string> servers;
  std::string bootstrap;
  std::string freshness = "off";
  std::string smartcard;
  std::string smartcard_keys;
  unsigned smartcard_key_version = 0;
  std::string smartcard_pin;
  unsigned smartcard_pin_reference = 1;
  CLI::Option* smartcard_option = nullptr;
  std::vector<std::string> objects;
  std::vector<std::string> simulations;
  std::vector<std::string> model_folders;
  std::string control;
  std::string bind;
  std::optional<std::int64_t> psm;
  std::optional<std::int64_t> edrx;
  bool verbose = false;
};

void declare_credentials(CLI::App& app, CredentialArguments& a) {
  app.add_option("--psk-identity", a.psk_identity, "coaps by a pre-shared key: its identity, 1 to 128 bytes");
  app.add_option(
      "--psk-key", a.psk_key,
      "the pre-shared key, hexadecimal, 1 to 64 bytes, or @FILE that holds it: a command line is seen by "
      "every user of the machine");
  app.add_option(
      "--key", a.key,
      "coaps by a key of the device: file of its private key, PEM or DER, P-256, or pkcs11:URI of one in "
      "a secure element");
  app.add_option("--pin", a.pin, "the PIN of that element: file:PATH, credential:NAME or env:NAME");
  app.add_option("--server-key", a.server_key,
                 "file of the server's public key; with --cert, or of its certificate");
  app.add_option("--cert", a.certificate, "coaps by a certificate of the device: its file");
  app.add_option("--trust", a.trust, "file of authorities' certificates that the server's must come from");
  app.add_option("--certificate-usage", a.usage,
                 "what --server-key is to the server's certificate: 0 its authority, 1 or 3 itself")
      ->check(CLI::Range(0, 3));
  app.add_option("--sni", a.sni, "the server's name where the URI has an address");
  app.add_option("--ciphersuite", a.suites, "a suite to offer, by its number; repeat the option")
      ->allow_extra_args(false);
}

void declare_oscore(CLI::App& app, OscoreArguments& a) {
  app.add_option("--oscore-secret", a.secret,
                 "speak under OSCORE: the Master Secret, hexadecimal, 1 to 32 bytes, or @FILE that holds it");
  app.add_option("--oscore-sender-id", a.sender_id,
                 "id of the device, hexadecimal, 0 to 7 bytes: the server's recipient id");
  app.add_option("--oscore-recipient-id", a.recipient_id, "id of the server, hexadecimal, 0 to 7 bytes");
  app.add_option("--oscore-salt", a.salt, "Master Salt, hexadecimal, up to 16 bytes");
  app.add_option("--oscore-id-context", a.id_context, "ID Context, hexadecimal, up to 16 bytes");
  app.add_option("--oscore-algorithm", a.algorithm,
                 "AEAD algorithm by its COSE number (default: 10, AES-CCM-16-64-128)");
  app.add_flag("--oscore-stored", a.stored,
               "keep sender sequence numbers in --state, for servers that do not make new keys on first use");
}

void declare_smartcard(CLI::App& app, Arguments& a) {
  a.smartcard_option = app.add_option("--smartcard", a.smartcard,
                                      "take the accounts of the card in a PC/SC reader, before all others; "
                                      "READER is how its name begins (default: the first)")
                           ->expected(0, 1);
  CLI::Option* keys =
      app.add_option(
             "--smartcard-keys", a.smartcard_keys,
             "file of Key-ENC and Key-MAC in hexadecimal: read the card over a secure channel (SCP03) only")
          ->needs(a.smartcard_option);
  app.add_option("--smartcard-key-version", a.smartcard_key_version,
                 "version of these keys on the card (default: its first)")
      ->needs(keys)
      ->check(CLI::Range(0, 255));
  CLI::Option* pin = app.add_option("--smartcard-pin", a.smartcard_pin,
                                    "PIN for files that the card shows to nobody else: file:PATH, "
                                    "credential:NAME or env:NAME; a wrong one is tried once")
                         ->needs(a.smartcard_option);
  app.add_option("--smartcard-pin-reference", a.smartcard_pin_reference,
                 "which of the card's PINs that is, P2 of VERIFY (default: 1)")
      ->needs(pin)
      ->check(CLI::Range(0, 255));
}

void declare(CLI::App& app, Arguments& a) {
  app.add_option("--endpoint", a.settings.endpoint, "endpoint name, 1 to 255 bytes")
      ->required()
      ->check([](const std::string& name) {
        return name.empty() || name.size() > lwm2m::kMaxEndpointName ? "must have 1 to 255 bytes" : "";
      });
  app.add_option("--server", a.servers,
                 "[ID=]coap://HOST[:PORT] to register with, or coaps, coap+tcp, coaps+tcp; up to 8, repeat "
                 "the option")
      ->allow_extra_args(false);
  CLI::Option* bootstrap =
      app.add_option("--bootstrap", a.bootstrap,
                     "coap://HOST[:PORT] of a bootstrap server, or as --server, asked without that");
  app.add_option("--hold-off", a.settings.hold_off,
                 "seconds before the bootstrap server is asked (Client Hold Off Time)")
      ->needs(bootstrap)
      ->check(CLI::Range(0, INT32_MAX));
  declare_smartcard(app, a);
  declare_credentials(app, a.credentials);
  declare_oscore(app, a.credentials.oscore);
  CLI::Option* state = app.add_option("--state", a.settings.state,
                                      "file of what is kept: accounts, registrations, attributes");
  app.add_option("--state-key", a.settings.state_key,
                 "encrypt that file under this key of 32 bytes: file:PATH, credential:NAME or env:NAME")
      ->needs(state)
      ->check([](const std::string& source) { return store::seal_source_fault(source); });
  app.add_option("--lifetime", a.settings.lifetime, "seconds")
      ->check(CLI::Range(1, INT32_MAX))
      ->capture_default_str();
  app.add_option("--binding", a.settings.binding,
                 "binding that the registration names; T for a server over TCP")
      ->check([](const std::string& text) {
        const auto binding = lwm2m::Binding::parse(text);
        const bool udp = binding && binding->has(lwm2m::Binding::kUdp) && !binding->queue();
        return udp ? "" : "must hold U and may hold T, S and N; queue mode is --queue-mode";
      })
      ->capture_default_str();
  app.add_flag("--queue-mode", a.settings.queue_mode, "register in queue mode");
  app.add_option("--awake", a.settings.awake,
                 "seconds to listen after the last message in queue mode (default: MAX_TRANSMIT_WAIT, 93)")
      ->check(CLI::Range(1, 86'400));
  app.add_option("--psm", a.psm, "seconds of the PSM timer (Extended T3412): warns where it does not fit")
      ->check(CLI::Range(1, INT32_MAX));
  app.add_option("--edrx", a.edrx, "seconds of the eDRX cycle: warns where it does not fit")
      ->check(CLI::Range(1, INT32_MAX));
  app.add_option("--object", a.objects,
                 "OBJECT[@VERSION][:INSTANCES] of the registry, besides 1 and 3; repeat the option")
      ->allow_extra_args(false);
  app.add_option("--firmware", a.settings.firmware,
                 "folder for firmware packages: object 5, pushed or pulled by coap, http and https");
  app.add_option("--software", a.settings.software,
                 "folder for software packages: objects 9 and 14, four packages, as with --firmware");
  app.add_option("--download-trust", a.settings.download_trust,
                 "file of authorities' certificates, PEM, that packages by https must come from (default: "
                 "the system's)")
      ->check(CLI::ExistingFile);
  app.add_option("--models", a.model_folders, "folder of object definitions (DDF XML); repeat the option")
      ->allow_extra_args(false);
  app.add_option("--simulate", a.simulations, "a value that moves, see below; repeat the option")
      ->allow_extra_args(false);
  app.add_option("--control", a.control,
                 "stdio or a loopback HOST:PORT: take JSON-RPC 2.0, a message a line");
  app.add_option("--bind", a.bind, "HOST:PORT to send from (default: chosen by the system)");
  app.add_flag("--confirmable-notifications", a.settings.confirmable_notifications,
               "send every notification confirmable");
  app.add_option(
         "--freshness", a.freshness,
         "off, first or always: what a server asks for must answer a challenge (Echo) where it has an "
         "effect; first: once since the start")
      ->check([](const std::string& text) {
        return coap::parse_freshness(text) ? "" : "must be off, first or always";
      })
      ->capture_default_str();
  app.add_flag("--verbose", a.verbose, "show datagrams and notifications too");
  app.set_version_flag("--version", std::string("linnet-device ") + LINNET_VERSION);
  app.footer(std::string("\n") + kSimulationHelp + kExamples);
}

template <typename T>
std::expected<void, std::string> parse_each(const std::vector<std::string>& texts, std::vector<T>& out) {
  for (const std::string& text : texts) {
    auto parsed = T::parse(text);
    if (!parsed) return std::unexpected(parsed.error().text);
    out.push_back(*std::move(parsed));
  }
  return {};
}

std::expected<ControlPlace, std::string> control_place(const std::string& text) {
  ControlPlace place;
  place.stdio = text == "stdio";
  if (place.stdio || text.empty()) return place;
  const auto address = net::parse_address(text, 0);
  if (!address) return std::unexpected("--control " + address.error());
  const auto& ip = address->ip();
  const bool loopback =
      address->is_v4()
          ? ip[12] == 127
          : net::Address(ip, 0) == net::Address({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0);
  if (!loopback) return std::unexpected("--control " + text + ": only loopback, such as 127.0.0.1:7000");
  place.address = *address;
  return place;
}

/// What the radio's timers and those of LwM2M do to each other; periods are those of a fresh account.
void warn_of_power_plan(const Arguments& a) {
  lwm2m::PowerPlan plan{.lifetime = Seconds(a.settings.lifetime), .pmin = Seconds(0)};
  if (a.psm) plan.psm = Seconds(*a.psm);
  if (a.edrx) plan.edrx = Seconds(*a.edrx);
  lwm2m::check_power_plan(plan, [](lwm2m::PowerConflict conflict) {
    std::cerr << "linnet-device: " << lwm2m::to_sentence(conflict) << '\n';
  });
}

/// Servers without a Short Server ID have their place, from 1.
std::expected<void, std::string> number_accounts(std::vector<Account>& accounts) {
  std::set<lwm2m::ShortServerId> taken;
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i].id == 0) accounts[i].id = static_cast<lwm2m::ShortServerId>(i + 1);
    if (taken.insert(accounts[i].id).second) continue;
    return std::unexpected("two servers have the Short Server ID " + std::to_string(accounts[i].id));
  }
  return {};
}

std::expected<void, std::string> take_smartcard(const Arguments& a, Settings& settings) {
  if (a.smartcard_option->count() == 0) return {};
  CardSettings card{a.smartcard, {}, {}};
  if (!a.smartcard_keys.empty()) {
    std::ifstream file(a.smartcard_keys);
    const server::SecretBytes text{std::istreambuf_iterator<char>(file), {}};
    if (!file || text.empty())
      return std::unexpected("--smartcard-keys " + a.smartcard_keys + " cannot be read");
    auto keys = CardKeys::parse(as_text(text));
    if (!keys) return std::unexpected("--smartcard-keys " + a.smartcard_keys + ' ' + keys.error());
    keys->version = static_cast<std::uint8_t>(a.smartcard_key_version);
    card.keys = *std::move(keys);
  }
  if (!a.smartcard_pin.empty()) {
    auto pin = store::read_secret_line(a.smartcard_pin, "the PIN of the smartcard");
    if (!pin) return std::unexpected("--smartcard-pin: " + pin.error().message);
    if (pin->empty() || pin->size() > card::Pin::kMaxSize)
      return std::unexpected("--smartcard-pin " + a.smartcard_pin + " holds no PIN: that is 1 to 8 digits");
    card.pin = CardPin{*std::move(pin), static_cast<std::uint8_t>(a.smartcard_pin_reference)};
  }
  settings.smartcard = std::move(card);
  return {};
}

std::expected<int, std::string> run(Arguments& a) {
  if (a.servers.size() > Settings::kMaxServers) return std::unexpected("there are more than 8 servers");
  Settings& settings = a.settings;
  if (auto parsed = parse_each(a.servers, settings.accounts); !parsed) return std::unexpected(parsed.error());
  if (auto numbered = number_accounts(settings.accounts); !numbered) return std::unexpected(numbered.error());
  if (!a.bootstrap.empty()) {
    auto parsed = Account::parse(a.bootstrap);
    if (!parsed) return std::unexpected("--bootstrap: " + parsed.error().text);
    settings.bootstrap = *std::move(parsed);
  }
  settings.freshness = coap::parse_freshness(a.freshness).value_or(coap::Freshness::kOff);
  if (auto card = take_smartcard(a, settings); !card) return std::unexpected(card.error());
  auto credentials = a.credentials.read();
  if (!credentials) return std::unexpected(credentials.error().text);
  settings.credentials = *std::move(credentials);
  const bool secured = std::ranges::any_of(settings.accounts, &Account::secured) ||
                       (settings.bootstrap && settings.bootstrap->secured());
  if (secured && settings.credentials.mode == client::SecurityMode::kNoSec) {
    return std::unexpected(
        "coaps takes keys: --psk-identity with --psk-key, --key with --server-key, or --cert with --key");
  }
  if (a.credentials.oscore.stored && settings.state.empty())
    return std::unexpected("--oscore-stored takes --state FILE, where the numbers are kept");
  if (auto parsed = parse_each(a.objects, settings.objects); !parsed) return std::unexpected(parsed.error());
  if (auto parsed = parse_each(a.simulations, settings.simulations); !parsed) {
    return std::unexpected("--simulate " + parsed.error());
  }
  warn_of_power_plan(a);
  const auto control = control_place(a.control);
  if (!control) return std::unexpected(control.error());
  std::optional<net::Address> bind;
  if (!a.bind.empty()) {
    const auto address = net::parse_address(a.bind, 0);
    if (!address) return std::unexpected("--bind " + address.error());
    bind = *address;
    settings.same_address_always = address->port() != 0;
  }

  auto registry = registry::ModelRegistry::embedded();
  if (!registry) return std::unexpected(registry.error().to_string());
  for (const std::string& folder : a.model_folders) {
    if (const auto loaded = registry->load_folder(folder); !loaded) {
      return std::unexpected(loaded.error().to_string());
    }
  }
  std::vector<net::Address> servers;
  servers.reserve(settings.accounts.size());
  for (const Account& account : settings.accounts) {
    if (!account.stream()) servers.push_back(account.address);
  }
  if (settings.bootstrap && !settings.bootstrap->stream()) servers.push_back(settings.bootstrap->address);
  const bool others = settings.provisioned() || settings.takes_packages();
  auto links = UdpLinks::open(std::move(servers), bind,
                              others ? UdpLinks::Others::kOfAnyFamily : UdpLinks::Others::kNone);
  if (!links) return std::unexpected(links.error());
  auto program = Program::make(settings, *registry, *std::move(links), *control, a.verbose);
  if (!program) return std::unexpected(program.error());
  return (*program)->run();
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("linnet-device: a simulated LwM2M device", "linnet-device");
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
    if (arguments.servers.empty() && arguments.bootstrap.empty() &&
        arguments.smartcard_option->count() == 0) {
      throw CLI::RequiredError("--server, --bootstrap or --smartcard");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const auto status = run(arguments);
  if (status) return *status;
  std::cerr << "linnet-device: " << status.error() << '\n';
  return kRefused;
} catch (const std::exception& error) {
  std::cerr << "linnet-device: " << error.what() << '\n';
  return kRefused;
}

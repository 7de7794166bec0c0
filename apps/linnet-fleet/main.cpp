// SPDX-License-Identifier: Apache-2.0
// linnet-fleet: load from many devices, and what it took.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "fleet.hpp"
#include "linnet/store/secret_source.hpp"

namespace {

using linnet::fleet::Fleet;
using linnet::fleet::Phase;
using linnet::fleet::PhaseReport;

struct Options {
  std::string server = "coap://127.0.0.1:5683";
  std::vector<Phase> phases = {Phase::kRegister, Phase::kUpdate};
  linnet::fleet::FleetConfig fleet;
  linnet::fleet::PhaseConfig load;
  std::string get_path = "/.well-known/core";
  std::string psk_key, oscore_secret, first_address;
  double duration = 0;
  double pause = 0;
  bool non_confirmable = false;
  int server_pid = 0;
  bool json = false;
};

const std::map<std::string, Phase> kPhases{
    {"handshake", Phase::kHandshake},  {"hello", Phase::kHello}, {"register", Phase::kRegister},
    {"update", Phase::kUpdate},        {"get", Phase::kGet},     {"notify", Phase::kNotify},
    {"deregister", Phase::kDeregister}};

const char* name_of(Phase phase) {
  for (const auto& [name, value] : kPhases) {
    if (value == phase) return name.c_str();
  }
  return "";
}

/// User and system time of a process in seconds.
std::optional<double> cpu_seconds(int pid) {
  if (pid <= 0) return std::nullopt;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text) || text.rfind(')') == std::string::npos) return std::nullopt;
  // Behind the name: state is field 3, utime 14 and stime 15.
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void print(const Options& options, Phase phase, const PhaseReport& report, std::optional<double> cpu) {
  const auto count = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  const double rate = report.seconds > 0 ? static_cast<double>(report.answered) / report.seconds : 0;
  const double per_cpu = cpu && *cpu > 0 ? static_cast<double>(report.answered) / *cpu : 0;
  if (options.json) {
    std::printf(
        R"({"phase":"%s","devices":%u,"sent":%llu,"answered":%llu,"errors":%llu,"retransmitted":%llu,"lost":%llu,)"
        R"("skipped":%llu,"seconds":%.3f,"per_second":%.0f,"p50_us":%llu,"p99_us":%llu)",
        name_of(phase), options.fleet.devices, count(report.sent), count(report.answered),
        count(report.errors), count(report.retransmitted), count(report.lost), count(report.skipped),
        report.seconds, rate, count(report.latency.quantile(0.5)), count(report.latency.quantile(0.99)));
    if (cpu) std::printf(R"(,"server_cpu_seconds":%.2f,"per_server_cpu_second":%.0f)", *cpu, per_cpu);
    std::puts("}");
  } else {
    std::printf("%-10s %10llu answered in %8.3f s  %9.0f/s  p50 %llu us  p99 %llu us", name_of(phase),
                count(report.answered), report.seconds, rate, count(report.latency.quantile(0.5)),
                count(report.latency.quantile(0.99)));
    std::printf("  errors %llu  retransmitted %llu  lost %llu", count(report.errors),
                count(report.retransmitted), count(report.lost));
    if (report.skipped > 0) std::printf("  skipped %llu", count(report.skipped));
    if (cpu) std::printf("  server %.2f CPU s, %.0f per CPU s", *cpu, per_cpu);
    std::puts("");
  }
  std::fflush(stdout);
}

void describe(CLI::App& app, Options& options) {
  app.add_option("-s,--server", options.server, "The server, on 127.0.0.0/8")->capture_default_str();
  app.add_option("-n,--devices", options.fleet.devices, "How many devices, each with its own source address")
      ->check(CLI::Range(1U, Fleet::kMaxDevices))
      ->capture_default_str();
  app.add_option("-p,--phases", options.phases,
                 "What to do, in order: handshake, register, update, get, notify, deregister; hello: a "
                 "ClientHello each, "
                 "without waiting for what is answered")
      ->transform(CLI::CheckedTransformer(kPhases))
      ->type_name("PHASE,... [register,update]")
      ->delimiter(',');
  app.add_option("-w,--window", options.load.window, "Requests under way at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-r,--rate", options.load.rate, "Requests a second; without it as fast as the window allows")
      ->check(CLI::PositiveNumber);
  app.add_option("-c,--count", options.load.count, "Requests of a phase; default: one for each device")
      ->check(CLI::PositiveNumber);
  app.add_option("-d,--duration", options.duration,
                 "Seconds of a phase instead of a count (register and deregister: once for each device)")
      ->check(CLI::PositiveNumber);
  app.add_option("--pause", options.pause,
                 "Seconds before each phase but the first, in which the server is answered")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--get", options.get_path, "What `get` asks for")->capture_default_str();
  app.add_option("--psk-key", options.psk_key,
                 "Speak DTLS (coaps) with this pre-shared key, hexadecimal, or @FILE that holds it (a "
                 "command line is seen by "
                 "every user of the machine); identities are the endpoint names");
  app.add_option("--oscore-secret", options.oscore_secret,
                 "Speak OSCORE with this Master Secret, hexadecimal or @FILE: a device's Sender ID is its "
                 "number in four bytes, "
                 "the server's is 73 (hexadecimal)");
  app.add_option("--first-address", options.first_address,
                 "The source address of the first device, in 127.0.0.0/8; the others are those that follow")
      ->type_name("IPV4 [127.1.0.0]");
  app.add_option("--prefix", options.fleet.prefix, "Endpoint names: this and seven digits")
      ->capture_default_str();
  app.add_option("--lifetime", options.fleet.lifetime, "Seconds")->capture_default_str();
  app.add_option("--objects", options.fleet.objects, "The object list of Register")->capture_default_str();
  app.add_flag("--non", options.non_confirmable, "Notify without waiting for acknowledgements");
  app.add_option("--server-pid", options.server_pid, "Report the CPU time that this process took");
  app.add_flag("--json", options.json, "One JSON object for each phase, a line each");
}

std::vector<std::string> segments(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream text(path);
  for (std::string part; std::getline(text, part, '/');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

int run(const Options& options) {
  auto fleet = Fleet::open(options.fleet);
  if (!fleet) {
    std::fprintf(stderr, "linnet-fleet: %s\n", fleet.error().c_str());
    return 1;
  }
  bool whole = true;
  for (std::size_t i = 0; i < options.phases.size(); ++i) {
    if (i > 0) (*fleet)->listen(std::chrono::milliseconds(static_cast<int>(options.pause * 1000)));
    linnet::fleet::PhaseConfig load = options.load;
    load.phase = options.phases[i];
    load.confirmable = !options.non_confirmable;
    const bool once =
        load.phase == Phase::kHandshake || load.phase == Phase::kRegister || load.phase == Phase::kDeregister;
    load.duration = std::chrono::milliseconds(once ? 0 : static_cast<int>(options.duration * 1000));
    if (once || (load.count == 0 && load.duration.count() == 0)) load.count = options.fleet.devices;
    const auto before = cpu_seconds(options.server_pid);
    const PhaseReport report = (*fleet)->run(load);
    const auto after = cpu_seconds(options.server_pid);
    print(options, load.phase, report, before && after ? std::optional(*after - *before) : std::nullopt);
    whole = whole && report.lost == 0 && report.errors == 0;
  }
  return whole ? 0 : 3;
}

}  // namespace

int main(int count, char** arguments) {
  Options options;
  CLI::App app(
      "Many simulated LwM2M devices from one process: registers, updates, asks and notifies, and\n"
      "reports rates, latencies and losses. Exit status 3: something was lost or refused.",
      "linnet-fleet");
  describe(app, options);
  CLI11_PARSE(app, count, arguments);
  const auto server = linnet::net::resolve_address(options.server);
  if (!server) {
    std::fprintf(stderr, "linnet-fleet: %s\n", server.error().c_str());
    return 2;
  }
  options.fleet.server = *server;
  if (!options.psk_key.empty()) {
    const auto key = linnet::store::hex_or_file(options.psk_key, "--psk-key");
    if (!key || key->empty()) {
      std::fprintf(stderr, "linnet-fleet: %s\n", key ? "--psk-key is empty" : key.error().message.c_str());
      return 2;
    }
    options.fleet.psk.assign(key->begin(), key->end());
    if (options.phases.front() != Phase::kHandshake)
      options.phases.insert(options.phases.begin(), Phase::kHandshake);
  }
  if (!options.first_address.empty()) {
    const auto first = linnet::net::parse_address(options.first_address);
    if (!first || !first->is_v4() || first->ip()[12] != 127) {
      std::fprintf(stderr, "linnet-fleet: --first-address is not in 127.0.0.0/8\n");
      return 2;
    }
    const auto& ip = first->ip();
    options.fleet.first_source =
        std::uint32_t{ip[12]} << 24 | std::uint32_t{ip[13]} << 16 | std::uint32_t{ip[14]} << 8 | ip[15];
  }
  if (!options.oscore_secret.empty()) {
    const auto secret = linnet::store::hex_or_file(options.oscore_secret, "--oscore-secret");
    if (!secret || !options.psk_key.empty()) {
      std::fprintf(stderr, "linnet-fleet: %s\n",
                   secret ? "--oscore-secret does not go with --psk-key" : secret.error().message.c_str());
      return 2;
    }
    options.fleet.oscore.assign(secret->begin(), secret->end());
  }
  options.fleet.get_path = segments(options.get_path);
  return run(options);
}

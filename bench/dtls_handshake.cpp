// SPDX-License-Identifier: Apache-2.0
// What a DTLS handshake costs the server without a socket: cookie, handshake and the keys that come of it.
// The client's part is not counted.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "apps/linnet-fleet/secured.hpp"
#include "linnet/tls/psk_handshake.hpp"

namespace {

using namespace linnet;
using namespace linnet::tls;

const OwnedBytes kKey(16, 0x2A);
constexpr std::string_view kName = "fleet-0000000";
constexpr UnixTime kNow{1'700'000'000};

server::Credentials::Shared credentials() {
  server::Credential credential;
  credential.endpoint = kName;
  credential.identity.assign(kName.begin(), kName.end());
  credential.key.assign(kKey.begin(), kKey.end());
  std::vector<server::CredentialChange> changes;
  changes.push_back({.put = std::move(credential)});
  return server::Credentials::none()->apply(changes).value();
}

struct Ends {
  std::unique_ptr<ServerSecurity> security = ServerSecurity::make(Transport::kDatagram, {}).value();
  server::Credentials::Shared known = credentials();
  CookieGuard cookies;
  std::vector<OwnedBytes> to_server, to_client;
  std::unique_ptr<fleet::SecuredDevices> client =
      fleet::SecuredDevices::make(1, kKey, [this](std::uint32_t, ByteView bytes) {
        to_server.emplace_back(bytes.begin(), bytes.end());
      }).value();

  /// One whole handshake; `take(datagram, prestate)` is the server's part behind the cookie and says when it
  /// is done. Returns the seconds that the server took.
  template <typename Take>
  double shake(Take&& take) {
    using Clock = std::chrono::steady_clock;
    Clock::duration spent{};
    bool done = false;
    client->begin(0, std::string(kName));
    while (!done) {
      if (to_server.empty()) std::abort();
      for (OwnedBytes& datagram : std::exchange(to_server, {})) {
        const auto before = Clock::now();
        ByteSpan rest = datagram;
        const auto record = take_record(rest);
        const auto send = [this](ByteView bytes) { to_client.emplace_back(bytes.begin(), bytes.end()); };
        std::optional<Prestate> prestate;
        if (record && CookieGuard::is_client_hello(*record)) {
          prestate = cookies.check(datagram, as_bytes(kName), Instant{}, send);
          if (prestate) done = take(datagram, *record, &*prestate, send);
        } else {
          done = take(datagram, *record, nullptr, send);
        }
        spent += Clock::now() - before;
      }
      for (const OwnedBytes& datagram : std::exchange(to_client, {})) {
        if (client->shaking_hands(0)) client->receive(0, datagram);
      }
    }
    if (!client->open(0)) std::abort();
    return std::chrono::duration<double>(spent).count();
  }
};

void by_library(benchmark::State& state) {
  Ends ends;
  for (auto _ : state) {
    std::unique_ptr<ServerHandshake> handshake;
    state.SetIterationTime(
        ends.shake([&](OwnedBytes& datagram, const Record&, const Prestate* prestate, SendDatagram send) {
          if (prestate != nullptr) {
            handshake =
                std::make_unique<ServerHandshake>(*ends.security, HandshakeConfig{}, ends.known, *prestate);
          }
          if (handshake->receive(datagram, send) != ServerHandshake::State::kDone) return false;
          benchmark::DoNotOptimize(handshake->association());
          handshake.reset();
          return true;
        }));
  }
}

void by_linnet(benchmark::State& state) {
  Ends ends;
  PskSessions& sessions = ends.security->psk_sessions();
  for (auto _ : state) {
    std::unique_ptr<PskHandshake> handshake;
    state.SetIterationTime(ends.shake(
        [&](OwnedBytes& datagram, const Record& record, const Prestate* prestate, SendDatagram send) {
          if (prestate != nullptr) {
            const auto offer = psk_offer(record, true, sessions, *ends.known, kNow);
            if (!offer) std::abort();
            handshake = std::make_unique<PskHandshake>(sessions, HandshakeConfig{}, *offer, send);
            return false;
          }
          ByteSpan rest = datagram;
          if (handshake->receive(rest, *ends.known, kNow, send) != PskHandshake::State::kDone) return false;
          benchmark::DoNotOptimize(handshake->association());
          handshake.reset();
          return true;
        }));
  }
}

BENCHMARK(by_library)->UseManualTime();
BENCHMARK(by_linnet)->UseManualTime();

}  // namespace

BENCHMARK_MAIN();

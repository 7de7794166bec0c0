// SPDX-License-Identifier: Apache-2.0
// The smallest server: lets devices register, observes the temperature of those that have a sensor,
// and prints what happens, until Ctrl-C.
//   smallest_server [HOST:PORT]
#include <csignal>
#include <cstdio>
#include <semaphore>
#include <thread>

#include "linnet/net/server.hpp"

using namespace linnet;

namespace {

// A server that only passes payloads on needs no object definitions.
struct NoModels final : server::Models {
  const lwm2m::ObjectModel* find(lwm2m::ObjectId, lwm2m::Version) const noexcept override { return nullptr; }
};

void react(net::Server& server, const net::Event& event) {
  const char* endpoint = event.endpoint.c_str();
  if (event.kind == net::Event::Kind::kNotified) {
    const std::string_view value = as_text(event.payload);
    std::printf("%s: %.*s\n", endpoint, static_cast<int>(value.size()), value.data());
  }
  if (event.kind != net::Event::Kind::kRegistered) return;
  std::printf("%s registered from %s\n", endpoint, event.device->address->text().c_str());
  server::Operation observe;
  observe.kind = server::OperationKind::kObserve;
  observe.path = *lwm2m::Path::parse("/3303/0/5700");
  observe.format = lwm2m::ContentFormat::kText;
  const auto asked =
      server.perform(event.endpoint, observe, [name = event.endpoint](const net::Outcome& outcome) {
        std::printf("%s is %s\n", name.c_str(), outcome.success() ? "observed" : "not observed");
      });
  if (!asked) std::printf("%s has to wait\n", endpoint);
}

}  // namespace

int main(int count, char** arguments) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const NoModels models;
  net::ServerConfig config;
  const auto address = net::parse_address(count > 1 ? arguments[1] : "127.0.0.1");
  if (address) config.listen = {*address};
  const auto server = address ? net::Server::start(config, models) : std::unexpected(address.error());
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().c_str());
    return 1;
  }
  std::printf("coap://%s, Ctrl-C ends\n", (*server)->listening()[0].text().c_str());

  std::counting_semaphore<> ready(0);
  const auto events = (*server)->subscribe("", 1024, [&] { ready.release(); });
  std::jthread printer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ready.acquire();
      while (const auto event = events->take()) react(**server, *event);
      std::fflush(stdout);
    }
  });
  int signal = 0;
  sigwait(&ends, &signal);
  (*server)->stop();
  printer.request_stop();
  ready.release();
}

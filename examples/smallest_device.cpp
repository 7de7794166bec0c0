// SPDX-License-Identifier: Apache-2.0
// The smallest device: objects 1 and 3 over UDP, registered at coap://127.0.0.1:5683 (or at the
// IPv4 address and port given), until it is stopped.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "linnet/client/engine.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/server_account.hpp"

namespace {

using namespace linnet;

/// One server behind one connected socket.
class UdpLink final : public coap::Links {
 public:
  explicit UdpLink(int socket) : socket_(socket) {}
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t) noexcept override { return buffer_; }
  void send(coap::LinkId, std::size_t size) noexcept override {
    // What the network refuses counts as lost: it is sent again.
    [[maybe_unused]] const auto sent = ::send(socket_, buffer_.data(), size, 0);
  }

 private:
  int socket_;
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 1280> buffer_{};
};

class SystemRandom final : public Random {
 public:
  std::uint32_t next() noexcept override { return device_(); }

 private:
  std::random_device device_;
};

Instant now() {
  return Instant(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()));
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 5683));
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1", &server.sin_addr) != 1 ||
      ::connect(socket, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    std::perror("smallest_device");
    return EXIT_FAILURE;
  }

  client::ServerObject<1> servers;
  servers.add(0)->short_server_id = 1;
  client::DeviceObject device;
  device.add(0)->manufacturer = "linnet";
  std::array<client::Object*, 2> objects{&servers, &device};

  client::Config config;
  config.endpoint = "smallest-device";
  config.codecs = lwm2m::all_codecs();
  static std::array<std::byte, 16 * 1024> memory;
  Arena arena(memory);
  UdpLink link(socket);
  SystemRandom random;
  client::Engine engine;
  if (!engine.init(config, arena, link, random, objects) || !engine.connect(1, coap::LinkId{0}))
    return EXIT_FAILURE;

  std::array<std::uint8_t, 1280> datagram{};
  for (;;) {
    const Millis wait = std::clamp(engine.step(now()) - now(), Millis(0), Millis(60'000));
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) continue;
    const auto size = ::recv(socket, datagram.data(), datagram.size(), 0);
    if (size > 0)
      engine.receive(coap::LinkId{0}, ByteView(datagram).first(static_cast<std::size_t>(size)), now());
  }
}

// SPDX-License-Identifier: Apache-2.0
// The whole device engine: datagrams of a hostile server, time that passes, values that change.
// Input: records of one byte length, one byte of what to do, and that many bytes of a datagram.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "linnet/client/engine.hpp"
#include "linnet/client/objects/connectivity_statistics.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "tests/support/dice.hpp"

namespace {

using namespace linnet;
using namespace linnet::client;

class Sink final : public coap::Links {
 public:
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    return size <= buffer_.size() ? ByteSpan(buffer_).first(size) : ByteSpan();
  }
  void send(coap::LinkId, std::size_t size) noexcept override {
    if (size > buffer_.size()) std::abort();
    // What answers a Register has to carry its token and Message ID.
    for (std::size_t i = 0; i < std::min(size, last.size()); ++i) last[i] = buffer_[i];
  }

  std::array<std::uint8_t, 12> last{};

 private:
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 1500> buffer_{};
};

struct Device {
  Device() {
    servers.add(0);
    device.add(0);
    temperature.add(0);
    Config config;
    config.endpoint = "fuzz";
    config.codecs = lwm2m::all_codecs();
    config.coap.max_body = 512;
    memory.resize(Engine::memory_needed(config));
    Arena arena(memory);
    if (!engine.init(config, arena, links, dice, objects)) std::abort();
    if (!engine.connect(1, coap::LinkId{0})) std::abort();
    engine.step(now);
    accept();
  }

  /// Answers the Register that was sent last.
  void accept() {
    std::array<std::uint8_t, 16> created{};
    const std::size_t token = links.last[0] & 15U;
    created = {static_cast<std::uint8_t>(0x60 | token), 0x41, links.last[2], links.last[3]};
    for (std::size_t i = 0; i < token && i < 8; ++i) created[4 + i] = links.last[4 + i];
    const std::array<std::uint8_t, 3> location{0x82, 'r', 'd'};
    std::copy(location.begin(), location.end(), created.begin() + static_cast<std::ptrdiff_t>(4 + token));
    engine.receive(coap::LinkId{0}, ByteView(created).first(7 + token), now);
    engine.step(now);
  }

  Sink links;
  testing::Dice dice;
  SecurityObject<1> security;
  ServerObject<1> servers;
  DeviceObject device;
  ConnectivityStatisticsObject statistics;
  Instances<LightControlInstance, 2, Creation::kByServers> lights;
  TemperatureObject<1> temperature;
  std::array<Object*, 6> objects{&security, &servers, &device, &statistics, &temperature, &lights};
  std::vector<std::byte> memory;
  Engine engine;
  Instant now{Seconds(10)};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Device device;
  ByteReader in(ByteView(data, size));
  while (in.remaining() >= 2) {
    const std::size_t length = *in.u8();
    const std::uint8_t what = *in.u8();
    const auto datagram = in.bytes(std::min(length, in.remaining()));
    if ((what & 1U) != 0) measure(device.temperature, 0, static_cast<double>(what));
    if ((what & 2U) != 0) device.now += Millis(std::int64_t{1} << (what >> 3));
    if ((what & 4U) != 0) device.accept();
    device.engine.receive(coap::LinkId{0}, *datagram, device.now);
    device.engine.step(device.now);
  }
  return 0;
}

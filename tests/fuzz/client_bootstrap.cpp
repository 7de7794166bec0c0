// SPDX-License-Identifier: Apache-2.0
// A device with a hostile bootstrap server and two hostile servers under access control. Input: records
// of one byte length, one byte of what to do, and that many bytes of a datagram.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "linnet/client/engine.hpp"
#include "linnet/client/objects/access_control.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "tests/support/dice.hpp"

namespace {

using namespace linnet;
using namespace linnet::client;

constexpr coap::LinkId kBootstrapLink{2};

class Sink final : public coap::Links {
 public:
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    return size <= buffer_.size() ? ByteSpan(buffer_).first(size) : ByteSpan();
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    if (size > buffer_.size()) std::abort();
    // What answers a request has to carry its token and Message ID.
    auto& last = sent[coap::index(link)];
    for (std::size_t i = 0; i < std::min(size, last.size()); ++i) last[i] = buffer_[i];
  }

  std::array<std::array<std::uint8_t, 12>, 3> sent{};

 private:
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 1500> buffer_{};
};

struct Device {
  Device() {
    security.add(0)->bootstrap_server = true;
    for (const InstanceId i : {InstanceId{1}, InstanceId{2}}) {
      security.add(i)->short_server_id = i;
      servers.add(i)->short_server_id = i;
    }
    device.add(0);
    lights.add(0);
    Config config;
    config.endpoint = "fuzz";
    config.codecs = lwm2m::all_codecs();
    config.max_servers = 2;
    config.coap.max_peers = 3;
    config.coap.max_body = 512;
    memory.resize(Engine::memory_needed(config));
    Arena arena(memory);
    if (!engine.init(config, arena, links, dice, objects)) std::abort();
    for (const ShortServerId id : {ShortServerId{1}, ShortServerId{2}, kBootstrapServer}) {
      if (!engine.connect(id, coap::LinkId{id == kBootstrapServer ? 2U : id - 1U})) std::abort();
    }
    engine.step(now);
    accept(coap::LinkId{0}, 0x41);
    accept(coap::LinkId{1}, 0x41);
  }

  /// Answers what was sent last over the link.
  void accept(coap::LinkId link, std::uint8_t code) {
    const auto& last = links.sent[coap::index(link)];
    const std::size_t token = std::min<std::size_t>(last[0] & 15U, 8);
    std::array<std::uint8_t, 16> answer{static_cast<std::uint8_t>(0x60 | token), code, last[2], last[3]};
    for (std::size_t i = 0; i < token; ++i) answer[4 + i] = last[4 + i];
    const std::array<std::uint8_t, 3> location{0x82, 'r', 'd'};
    std::copy(location.begin(), location.end(), answer.begin() + static_cast<std::ptrdiff_t>(4 + token));
    engine.receive(link, ByteView(answer).first((code == 0x41 ? 7 : 4) + token), now);
    engine.step(now);
  }

  Sink links;
  testing::Dice dice;
  SecurityObject<4, kPskSecuritySizes> security;
  ServerObject<4> servers;
  AccessControlObject<12, 3> rights;
  DeviceObject device;
  OscoreObject<1> oscore;
  Instances<LightControlInstance, 3, Creation::kByServers> lights;
  std::array<Object*, 6> objects{&security, &servers, &rights, &device, &oscore, &lights};
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
    if ((what & 4U) != 0) {
      (void)device.engine.bootstrap();
      device.engine.step(device.now);
      device.accept(kBootstrapLink, 0x44);
    }
    if ((what & 8U) != 0) device.now += Millis(std::int64_t{1} << (what >> 3));
    device.engine.receive(coap::LinkId{(what & 3U) % 3U}, *datagram, device.now);
    device.engine.step(device.now);
    // A sequence that is over has left accounts that go together, or those that were there.
    if (device.engine.bootstrap_state() == BootstrapState::kIdle && !device.servers.exists(1) &&
        !device.servers.exists(2) && device.servers.next_instance(0) == kMaxId) {
      std::abort();
    }
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// A device engine that starts from any state. Input: a byte that says how, then bytes; odd: they are
// both regions of the medium as they stand; even: they are the payload of an image that is whole.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "linnet/client/engine.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "tests/support/dice.hpp"
#include "tests/unit/client/power_cut.hpp"

namespace {

using namespace linnet;
using namespace linnet::client;

class Sink final : public coap::Links {
 public:
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    return size <= buffer_.size() ? ByteSpan(buffer_).first(size) : ByteSpan();
  }
  void send(coap::LinkId, std::size_t) noexcept override {}

 private:
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 1500> buffer_{};
};

/// Every link is there at once.
class Answers final : public Connector {
 public:
  explicit Answers(Engine& engine) : engine_(engine) {}
  void open(ShortServerId server, InstanceId, lwm2m::Binding) noexcept override {
    (void)engine_.connect(server, coap::LinkId{next_++ % 4}, Session::kKept);
  }
  void close(coap::LinkId) noexcept override {}

 private:
  Engine& engine_;
  std::uint32_t next_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  client::test::Flash flash(1024);
  const ByteView bytes = ByteView(data, size).subspan(1);
  if ((data[0] & 1U) != 0) {
    for (std::size_t i = 0; i < bytes.size(); ++i) flash.regions[i / 1024 % 2][i % 1024] = bytes[i];
  } else {
    StateImage image;
    (void)image.save(flash, bytes.first(std::min<std::size_t>(bytes.size(), 1000)));
  }

  Engine engine;
  Answers connector(engine);
  Sink links;
  testing::Dice dice;
  SecurityObject<2> security;
  ServerObject<2> servers;
  DeviceObject device;
  OscoreObject<1> oscore;
  std::array<Object*, 4> objects{&security, &servers, &device, &oscore};
  servers.add(0);
  security.add(0)->short_server_id = 1;
  device.add(0);
  Config config;
  config.endpoint = "fuzz";
  config.codecs = lwm2m::all_codecs();
  config.max_servers = 2;
  config.coap.max_body = 512;
  config.medium = &flash;
  config.connector = &connector;
  std::vector<std::byte> memory(Engine::memory_needed(config));
  Arena arena(memory);
  if (!engine.init(config, arena, links, dice, objects)) std::abort();
  Instant now{Seconds(10)};
  for (int i = 0; i < 20; ++i) {
    now = std::max(now, std::min(engine.step(now), now + Seconds(100)));
  }
  engine.save_soon();
  engine.step(now);
  engine.step(now + Seconds(2));
  // What was kept can be loaded.
  StateImage image;
  std::array<std::uint8_t, 1024> out{};
  if (!image.load(flash, out)) std::abort();
  return 0;
}

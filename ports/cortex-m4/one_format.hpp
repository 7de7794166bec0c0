// SPDX-License-Identifier: Apache-2.0
// Registration, management and observation over one format, with objects 1, 3 and 3303.
#pragma once

#include "board.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/server_account.hpp"

namespace image {

inline linnet::client::ServerObject<1> servers;
inline linnet::client::DeviceObject device;
inline linnet::client::TemperatureObject<1> temperature;
inline std::array<linnet::client::Object*, 3> objects{&servers, &device, &temperature};
inline board::Links links;
inline board::Noise noise;
inline linnet::client::Engine engine;

/// Tables, and apart from them in the same arena the message buffers (max_body, max_message).
inline constexpr std::size_t kArena = 9 * 1024;
alignas(8) inline std::array<std::byte, kArena> memory;

inline int run_with(std::span<const linnet::lwm2m::Codec> codecs) {
  linnet::client::Config config;
  config.endpoint = "cortex-m4";
  config.codecs = codecs;
  config.coap.max_peers = 1;
  config.coap.max_body = 1024;
  config.coap.max_exchanges = 2;
  servers.add(0)->short_server_id = 101;
  device.add(0)->manufacturer = "linnet";
  temperature.add(0);
  linnet::Arena arena(memory);
  if (!engine.init(config, arena, links, noise, objects) || !engine.connect(101, linnet::coap::LinkId{0}))
    return 1;
  board::run(engine);
}

}  // namespace image

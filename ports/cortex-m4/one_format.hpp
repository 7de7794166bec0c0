// SPDX-License-Identifier: Apache-2.0
// Registration, management and observation over one format, with objects 1, 3 and 3303.
#pragma once

#include "board.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/server_account.hpp"

namespace image {

namespace {

linnet::client::ServerObject<1> servers;
linnet::client::DeviceObject device;
linnet::client::TemperatureObject<1> temperature;
std::array<linnet::client::Object*, 3> objects{&servers, &device, &temperature};
board::Links links;
board::Noise noise;
linnet::client::Engine the_engine;

}  // namespace

inline constexpr std::uint16_t kMaxMessage = 1152;
inline constexpr std::uint32_t kMaxBody = 1024;
inline constexpr std::uint32_t kMaxExchanges = 2;
/// A message for each exchange and one to write into; a body in and one out.
inline constexpr std::size_t kBuffers = (kMaxExchanges + 1) * kMaxMessage + 2 * kMaxBody;
/// The tables and what they lose by alignment; with too little the image would not start (tests/emulator).
inline constexpr std::size_t kTables = 2560;

inline int run_with(std::span<const linnet::lwm2m::Codec> codecs) {
  linnet::client::Engine& engine = board::at_run_time(the_engine);
  linnet::client::Config config;
  config.endpoint = "cortex-m4";
  config.codecs = codecs;
  config.coap.max_peers = 1;
  config.coap.max_message = kMaxMessage;
  config.coap.max_body = kMaxBody;
  config.coap.max_exchanges = kMaxExchanges;
  servers.add(0)->short_server_id = 101;
  device.add(0)->manufacturer = "linnet";
  temperature.add(0);
  linnet::Arena arena(board::memory<kTables, kBuffers>);
  if (!engine.init(config, arena, links, noise, objects) || !engine.connect(101, linnet::coap::LinkId{0}))
    return 1;
  board::run(engine);
}

}  // namespace image

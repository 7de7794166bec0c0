// SPDX-License-Identifier: Apache-2.0
// Everything of LwM2M 1.1 that the engine has, over datagrams, but OSCORE and what its board cannot use
// (cmake/cortex-m.cmake): the objects 0 to 7 of the enabler and one sensor, firmware pushed and pulled, and
// every content format of 1.1 (digest §3): JSON (11543) and the numbers of old drafts (1542, 1543) are 1.0's.
#include "bank.hpp"
#include "board.hpp"
#include "linnet/client/objects/access_control.hpp"
#include "linnet/client/objects/connectivity_monitoring.hpp"
#include "linnet/client/objects/connectivity_statistics.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/location.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "linnet/lwm2m/cbor.hpp"
#include "linnet/lwm2m/opaque.hpp"
#include "linnet/lwm2m/senml_cbor.hpp"
#include "linnet/lwm2m/senml_json.hpp"
#include "linnet/lwm2m/text.hpp"
#include "linnet/lwm2m/tlv.hpp"

namespace {

using namespace linnet::client;

SecurityObject<2, kPskSecuritySizes> security;
ServerObject<2> servers;
AccessControlObject<8, 3> rights;  // for each instance below, and three entries in each
DeviceObject device;
ConnectivityMonitoringObject monitoring;
board::Bank bank;
constexpr FirmwareUpdateObject::Protocol protocols[]{FirmwareUpdateObject::kCoap};
FirmwareUpdateObject firmware(bank, bank, &bank, protocols);
LocationObject location;
ConnectivityStatisticsObject statistics;
TemperatureObject<1> temperature;
std::array<Object*, 9> objects{&security, &servers,  &rights,     &device,     &monitoring,
                               &firmware, &location, &statistics, &temperature};
constexpr linnet::lwm2m::Codec codecs[]{linnet::lwm2m::kTextCodec,      linnet::lwm2m::kOpaqueCodec,
                                        linnet::lwm2m::kCborCodec,      linnet::lwm2m::kSenmlCborCodec,
                                        linnet::lwm2m::kSenmlJsonCodec, linnet::lwm2m::kTlvCodec};
board::Links links;
board::Noise noise;
Engine the_engine;
// With the engine's default limits but for attributes, which three paths can have, and observations, which
// are four; and for two servers: a message for each of four exchanges and one to write into, and bodies
// coming in, going out and in blocks.
constexpr std::size_t kBuffers = 5 * 1152 + 3 * 2048;
constexpr std::size_t kTables = 2384;

}  // namespace

int application() {
  Engine& engine = board::at_run_time(the_engine);
  Config config;
  config.endpoint = "cortex-m4";
  config.codecs = codecs;
  config.max_servers = 2;
  config.max_observations = 4;
  config.max_composite_paths = 4;
  config.max_send = 256;
  config.max_attributes = 3;
  config.coap.max_deferred = 0;
  config.coap.max_peers = 2;
  security.add(0);
  servers.add(0)->short_server_id = 101;
  device.add(0)->manufacturer = "linnet";
  monitoring.add(0);
  location.add(0);
  temperature.add(0);
  linnet::Arena arena(board::memory<kTables, kBuffers>);
  if (!engine.init(config, arena, links, noise, objects) || !engine.connect(101, linnet::coap::LinkId{0}))
    return 1;
  static PackageStreams streams(engine);
  firmware.connect(streams);
  for (;;) {
    board::Bank::serve(firmware.transfer());
    board::serve(engine);
  }
}

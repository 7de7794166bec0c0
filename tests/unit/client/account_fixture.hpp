// SPDX-License-Identifier: Apache-2.0
// A device whose accounts come from elsewhere: objects 0, 1, 2, 3 and 21, and an object of the tests' own.
#pragma once

#include "linnet/client/objects/access_control.hpp"
#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/objects/security.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {

inline constexpr coap::LinkId kBsLink{1};
/// The server whose account comes.
inline constexpr ShortServerId kNew = 201;

class AccountTest : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&security, &servers, &rights, &device, &oscore, &probes};
    config.max_servers = 2;
    config.coap.max_peers = 3;
    device.add(0)->platform = &board;
    device.get(0)->manufacturer = "linnet";
    probes.add(0);
  }
  void init_engine() {
    config.endpoint = "device";
    if (config.codecs.empty()) config.codecs = lwm2m::all_codecs();
    memory.resize(Engine::memory_needed(config));
    Arena arena(memory);
    ASSERT_TRUE(engine.init(config, arena, wire, dice, objects, &log).has_value());
  }
  void add_bootstrap_account(InstanceId instance) {
    SecurityInstance* at = security.add(instance);
    at->uri.assign("coap://bs.example");
    at->bootstrap_server = true;
  }
  void add_account(InstanceId instance, ShortServerId id) {
    SecurityInstance* at = security.add(instance);
    at->uri.assign("coap://old.example");
    at->short_server_id = id;
    servers.add(instance)->short_server_id = id;
  }

  SecurityObject<4> security;
  AccessControlObject<8> rights;
  OscoreObject<2> oscore;
};

}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Our server as the test cases want it: one engine, the OMA definitions, everything that it tells
// written down.
#pragma once

#include "linnet/server/engine.hpp"
#include "message.hpp"
#include "tests/unit/server/bootstrap_fixture.hpp"
#include "tests/unit/server/fixture.hpp"

namespace linnet::conformance {

struct ServerSide {
  void start() {
    server::EngineConfig config;
    config.max_registrations = 8;
    config.max_observations = 16;
    config.endpoint.max_peers = 8;
    config.endpoint.max_body = 8192;
    ready = engine.init(config, links, links, random, models, listener).has_value();
  }

  server::test::RegistryModels models;
  server::test::VirtualLinks links;
  server::test::CountingRandom random;
  server::test::RecordingListener listener;
  server::Engine engine;
  bool ready = false;
};

/// Our bootstrap server, on links of its own.
struct BootstrapSide {
  void start(server::BootstrapConfiguration configuration) {
    server::BootstrapEngineConfig config;
    config.max_sessions = 4;
    config.endpoint.max_peers = 8;
    config.endpoint.max_exchanges = 8;
    config.endpoint.max_transfers = 2;
    ready = engine.init(config, links, random, listener).has_value();
    configuration.name = "ets";
    configuration.endpoints = {"*"};
    engine.configurations().put(
        std::make_shared<const server::BootstrapConfiguration>(std::move(configuration)));
  }

  server::test::VirtualLinks links;
  server::test::CountingRandom random;
  server::test::RecordingBootstrap listener;
  server::BootstrapEngine engine;
  bool ready = false;
};

}  // namespace linnet::conformance

// SPDX-License-Identifier: Apache-2.0
// A server that runs in the test's own process, and its asynchronous calls as plain ones.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "linnet/net/server.hpp"

namespace linnet::net::test {

struct NoModels final : server::Models {
  const lwm2m::ObjectModel* find(lwm2m::ObjectId, lwm2m::Version) const noexcept override { return nullptr; }
};
inline const NoModels kModels;

/// Room for a thousand of each; nobody is listened for yet.
inline ServerConfig small_server(unsigned shards) {
  ServerConfig config;
  config.shards = shards;
  config.max_links = 1000;
  config.engine.max_registrations = 1000;
  config.engine.max_observations = 1000;
  return config;
}

inline std::unique_ptr<Server> start(const ServerConfig& config) {
  auto server = Server::start(config, kModels);
  EXPECT_TRUE(server) << server.error();
  return std::move(*server);
}

inline std::optional<Device> find(Server& server, const std::string& endpoint) {
  std::promise<std::optional<Device>> found;
  EXPECT_TRUE(
      server.find(endpoint, [&](std::optional<Device> device) { found.set_value(std::move(device)); }));
  return found.get_future().get();
}

inline ServerStatistics statistics(Server& server) {
  std::promise<ServerStatistics> taken;
  EXPECT_TRUE(server.statistics([&](const ServerStatistics& sum) { taken.set_value(sum); }));
  return taken.get_future().get();
}

inline std::future<Outcome> perform(Server& server, const std::string& endpoint, server::OperationKind kind,
                                    const char* path) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  server::Operation operation;
  operation.kind = kind;
  operation.path = *lwm2m::Path::parse(path);
  EXPECT_TRUE(server.perform(endpoint, operation,
                             [promise](Outcome outcome) { promise->set_value(std::move(outcome)); }));
  return promise->get_future();
}

}  // namespace linnet::net::test

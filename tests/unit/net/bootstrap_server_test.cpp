// SPDX-License-Identifier: Apache-2.0
// Shows: OP-1
// The bootstrap server over sockets and a store.
#include "linnet/net/bootstrap_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <semaphore>

#include "linnet/net/server.hpp"
#include "linnet/store/sqlite_store.hpp"
#include "raw_device.hpp"
#include "running_server.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using lwm2m::Path;
using lwm2m::Value;
using server::BootstrapConfiguration;
using test::start;

ServerConfig small() {
  ServerConfig config;
  config.shards = 1;
  config.max_links = 100;
  config.engine.max_registrations = 100;
  config.engine.max_observations = 100;
  config.bootstrap.listen = {*parse_address("127.0.0.1:0")};
  return config;
}

/// Deletes object 1 of the devices and writes a lifetime.
BootstrapConfiguration some(std::string name, std::vector<std::string> endpoints) {
  BootstrapConfiguration configuration;
  configuration.name = std::move(name);
  configuration.endpoints = std::move(endpoints);
  configuration.deletions = {Path(1)};
  configuration.writes.push_back({Path(1, 0, 1), {{Path(1, 0, 1), server::OwnedValue(Value::integer(300))}}});
  return configuration;
}

ConfigurationOutcome put(Server& server, BootstrapConfiguration configuration) {
  std::promise<ConfigurationOutcome> done;
  EXPECT_TRUE(server.bootstrap()->put(
      std::move(configuration), [&](ConfigurationOutcome outcome) { done.set_value(std::move(outcome)); }));
  return done.get_future().get();
}
ConfigurationOutcome remove(Server& server, const std::string& name) {
  std::promise<ConfigurationOutcome> done;
  EXPECT_TRUE(server.bootstrap()->remove(
      name, [&](ConfigurationOutcome outcome) { done.set_value(std::move(outcome)); }));
  return done.get_future().get();
}
BootstrapServer::Configuration find(Server& server, const std::string& name) {
  std::promise<BootstrapServer::Configuration> done;
  EXPECT_TRUE(server.bootstrap()->find(
      name, [&](BootstrapServer::Configuration found) { done.set_value(std::move(found)); }));
  return done.get_future().get();
}
std::optional<server::BootstrapResult> result(Server& server, const std::string& endpoint) {
  std::promise<std::optional<server::BootstrapResult>> done;
  EXPECT_TRUE(server.bootstrap()->find_result(
      endpoint, [&](std::optional<server::BootstrapResult> found) { done.set_value(std::move(found)); }));
  return done.get_future().get();
}

/// A device that does what it is asked until the session ends.
void be_bootstrapped(RawDevice& device, const std::string& endpoint) {
  device.request(Code::kPost, {"bs"}, {"ep=" + endpoint, "pct=112"});
  ASSERT_EQ(device.receive().view().code(), Code::kChanged);
  for (;;) {
    const RawMessage message = device.receive();
    const bool deletion = message.view().code() == Code::kDelete;
    device.answer(message.view(), deletion ? Code::kDeleted : Code::kChanged, {});
    if (message.view().code() == Code::kPost) return;
  }
}

/// Events until one of that kind.
Event wait_for(Subscription& subscription, std::counting_semaphore<>& woken, Event::Kind kind) {
  for (;;) {
    while (auto event = subscription.take()) {
      if (event->kind == kind) return *std::move(event);
    }
    woken.acquire();
  }
}

TEST(BootstrapServer, peers_that_were_seen_once_cannot_keep_devices_out) {
  ServerConfig config = small();
  config.bootstrap.engine.endpoint.max_peers = 16;
  const auto server = start(config);
  EXPECT_FALSE(put(*server, some("fleet", {"urn:*"})).failure);
  const Address at = server->bootstrap()->config().listen[0];
  RawDevice under_way(at);
  under_way.request(Code::kPost, {"bs"}, {"ep=urn:0"});
  ASSERT_EQ(under_way.receive().view().code(), Code::kChanged);
  const RawMessage asked = under_way.receive();
  std::vector<RawDevice> strangers;
  for (int i = 0; i < 48; ++i) {
    strangers.emplace_back(at);
    strangers.back().request(Code::kGet, {".well-known", "core"});
    ASSERT_TRUE(strangers.back().has_mail(10'000)) << "stranger " << i;
  }
  RawDevice newcomer(at);
  be_bootstrapped(newcomer, "urn:1");
  // The session that was under way goes on.
  under_way.answer(asked.view(), Code::kDeleted, {});
  EXPECT_EQ(under_way.receive().view().code(), Code::kPut);
}

TEST(BootstrapServer, bootstraps_a_device_alone_and_tells_of_it) {
  const auto server = start(small());
  EXPECT_TRUE(server->listening().empty());
  std::counting_semaphore<> woken(0);
  const auto subscription = server->subscribe("", 16, [&] { woken.release(); });
  const auto added = put(*server, some("fleet", {"urn:*"}));
  EXPECT_FALSE(added.failure);
  EXPECT_TRUE(added.created);

  RawDevice device(server->bootstrap()->config().listen[0]);
  be_bootstrapped(device, "urn:1");
  const Event started = wait_for(*subscription, woken, Event::Kind::kBootstrapStarted);
  EXPECT_EQ(started.endpoint, "urn:1");
  ASSERT_TRUE(started.bootstrap);
  EXPECT_EQ(started.bootstrap->configuration, "fleet");
  const Event ended = wait_for(*subscription, woken, Event::Kind::kBootstrapped);
  ASSERT_TRUE(ended.bootstrap);
  EXPECT_EQ(ended.bootstrap->written, 1);
  const auto kept = result(*server, "urn:1");
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->success());
  EXPECT_GT(kept->at.seconds, 0);

  device.request(Code::kPost, {"bs"}, {"ep=imei:1"});
  EXPECT_EQ(device.receive().view().code(), Code::kBadRequest);
  EXPECT_FALSE(wait_for(*subscription, woken, Event::Kind::kBootstrapFailed).bootstrap);

  std::promise<ServerStatistics> taken;
  ASSERT_TRUE(server->statistics([&](const ServerStatistics& sum) { taken.set_value(sum); }));
  const auto statistics = taken.get_future().get().bootstrap;
  EXPECT_EQ(statistics.configurations, 1U);
  EXPECT_EQ(statistics.finished, 1U);
  EXPECT_EQ(statistics.refused, 1U);
}

TEST(BootstrapServer, configurations_are_listed_replaced_and_removed_and_do_not_share_devices) {
  ServerConfig config = small();
  config.bootstrap.max_configurations = 3;
  const auto server = start(config);
  for (const char* name : {"a", "b", "c"}) EXPECT_FALSE(put(*server, some(name, {name})).failure);
  EXPECT_EQ(put(*server, some("d", {"d"})).failure, Errc::kNoSpace);
  const auto refused = put(*server, some("b", {"b", "c"}));
  EXPECT_EQ(refused.failure, Errc::kExists);
  EXPECT_EQ(refused.rival, "c");
  const auto replaced = put(*server, some("b", {"b2"}));
  EXPECT_FALSE(replaced.failure);
  EXPECT_FALSE(replaced.created);
  EXPECT_EQ(find(*server, "b")->endpoints, std::vector<std::string>{"b2"});
  EXPECT_EQ(remove(*server, "x").failure, Errc::kNotFound);
  EXPECT_FALSE(remove(*server, "a").failure);
  EXPECT_EQ(find(*server, "a"), nullptr);

  std::vector<std::string> names;
  std::optional<std::string> after = "";
  while (after) {
    std::promise<BootstrapServer::ConfigurationPage> listed;
    ASSERT_TRUE(server->bootstrap()->list(
        *after, 1, [&](BootstrapServer::ConfigurationPage page) { listed.set_value(std::move(page)); }));
    const auto page = listed.get_future().get();
    for (const auto& configuration : page.items) names.push_back(configuration->name);
    after = page.next;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"b", "c"}));
}

TEST(BootstrapServer, a_configuration_that_the_store_does_not_take_is_not_in_force) {
  /// Takes everything and commits nothing.
  struct RefusingStore final : store::RegistrationStore {
    explicit RefusingStore(store::StoreListener& told) : listener(told) {}
    Result<void> save(store::ShardIndex shard, store::Ticket ticket, store::RecordKey, ByteView,
                      UnixTime) override {
      listener.on_refused(shard, {&ticket, 1}, store::Condition::kDiskFull);
      return {};
    }
    Result<void> remove(store::ShardIndex shard, store::Ticket ticket, store::RecordKey) override {
      listener.on_refused(shard, {&ticket, 1}, store::Condition::kDiskFull);
      return {};
    }
    Result<void> touch(store::ShardIndex, store::RecordKey, UnixTime) override { return {}; }
    Result<void> load(store::RecordKind, FunctionRef<void(const store::RecordView&)>) override { return {}; }
    Result<void> flush() override { return {}; }
    void close() override {}
    store::Health health() const override { return {}; }
    store::Counters counters() const override { return {}; }
    store::StoreListener& listener;
  };
  ServerConfig config = small();
  config.open_store = [](store::StoreListener& listener, store::ShardIndex) -> store::OpenResult {
    return std::make_unique<RefusingStore>(listener);
  };
  const auto server = start(config);
  EXPECT_EQ(put(*server, some("fleet", {"*"})).failure, Errc::kIo);
  EXPECT_EQ(find(*server, "fleet"), nullptr);
  RawDevice device(server->bootstrap()->config().listen[0]);
  device.request(Code::kPost, {"bs"}, {"ep=urn:1"});
  EXPECT_EQ(device.receive().view().code(), Code::kBadRequest);
}

TEST(BootstrapServer, configurations_and_results_outlive_a_restart) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("linnet-bootstrap-" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  ServerConfig config = small();
  config.open_store = [&](store::StoreListener& listener, store::ShardIndex shards) {
    store::SqliteStoreConfig sqlite;
    sqlite.folder = folder;
    sqlite.shards = shards;
    return store::open_sqlite_store(sqlite, listener);
  };
  {
    const auto server = start(config);
    EXPECT_FALSE(put(*server, some("fleet", {"urn:*"})).failure);
    EXPECT_FALSE(put(*server, some("other", {"x"})).failure);
    EXPECT_FALSE(remove(*server, "other").failure);
    RawDevice device(server->bootstrap()->config().listen[0]);
    be_bootstrapped(device, "urn:1");
    while (!result(*server, "urn:1")) {
    }
  }
  const auto server = start(config);
  EXPECT_EQ(server->bootstrap()->not_restored(), 0U);
  const auto found = find(*server, "fleet");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->endpoints, std::vector<std::string>{"urn:*"});
  EXPECT_EQ(found->writes.at(0).records.at(0).value.view(), Value::integer(300));
  EXPECT_EQ(find(*server, "other"), nullptr);
  const auto kept = result(*server, "urn:1");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->configuration, "fleet");
  server->stop();
  std::filesystem::remove_all(folder);
}

TEST(BootstrapServer, a_call_after_the_end_is_closed) {
  const auto server = start(small());
  server->stop();
  EXPECT_EQ(server->bootstrap()->put(some("a", {"a"}), [](const ConfigurationOutcome&) { FAIL(); }),
            Result<void>(fail(Errc::kClosed)));
}

TEST(BootstrapServer, keeps_the_newest_results_only) {
  ServerConfig config = small();
  config.bootstrap.max_results = 2;
  const auto server = start(config);
  EXPECT_FALSE(put(*server, some("all", {"*"})).failure);
  RawDevice device(server->bootstrap()->config().listen[0]);
  for (const char* endpoint : {"a", "b", "a", "c"}) be_bootstrapped(device, endpoint);
  while (!result(*server, "c")) {
  }
  EXPECT_TRUE(result(*server, "a"));
  EXPECT_FALSE(result(*server, "b"));
}

}  // namespace
}  // namespace linnet::net

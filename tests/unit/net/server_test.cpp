// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <semaphore>
#include <thread>

#include "linnet/store/memory_store.hpp"
#include "linnet/store/sqlite_store.hpp"
#include "raw_device.hpp"
#include "running_server.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using test::find;
using test::kModels;
using test::small_server;
using test::start;
using test::statistics;
using ::testing::HasSubstr;

ServerConfig small(unsigned shards) {
  ServerConfig config = small_server(shards);
  config.listen = {*parse_address("127.0.0.1:0")};
  return config;
}

DevicePage list(Server& server, const DeviceFilter& filter, std::uint64_t cursor, std::uint32_t limit) {
  std::promise<DevicePage> listed;
  EXPECT_TRUE(
      server.list(filter, cursor, limit, [&](DevicePage page) { listed.set_value(std::move(page)); }));
  return listed.get_future().get();
}

std::vector<std::string> list_all(Server& server, const DeviceFilter& filter, std::uint32_t limit) {
  std::vector<std::string> endpoints;
  std::optional<std::uint64_t> cursor = 0;
  while (cursor) {
    DevicePage page = list(server, filter, *cursor, limit);
    EXPECT_LE(page.devices.size(), limit);
    for (const Device& device : page.devices) endpoints.push_back(device.endpoint);
    cursor = page.next;
  }
  std::ranges::sort(endpoints);
  return endpoints;
}

server::Operation read(const char* path) {
  server::Operation operation;
  operation.path = *lwm2m::Path::parse(path);
  return operation;
}

TEST(Server, a_device_registers_updates_and_deregisters) {
  const auto server = start(small(1));
  RawDevice device(server->listening()[0]);
  const std::string location = device.register_as("a");
  ASSERT_EQ(location.size(), server::RegistrationId::kTextSize);
  const auto found = find(*server, "a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->endpoint, "a");
  EXPECT_EQ(found->lifetime, 300U);
  EXPECT_EQ(found->address, device.address());
  EXPECT_EQ(device.update(location), Code::kChanged);
  device.request(Code::kDelete, {"rd", location});
  EXPECT_EQ(device.receive().view().code(), Code::kDeleted);
  EXPECT_FALSE(find(*server, "a"));
}

TEST(Server, a_device_registers_over_IPv6_and_at_a_wildcard_address) {
  ServerConfig config = small(1);
  config.listen = {*parse_address("[::1]:0"), *parse_address("0.0.0.0:0")};
  const auto server = start(config);
  RawDevice six(server->listening()[0], "[::1]:0");
  EXPECT_NE(six.register_as("six"), "");
  // Connected to the address it asked: an answer from another one would not reach it.
  RawDevice four(Address::v4(0x7F000507, server->listening()[1].port()), "127.0.0.1:0");
  EXPECT_NE(four.register_as("four"), "");
  EXPECT_EQ(list_all(*server, {}, 10), (std::vector<std::string>{"four", "six"}));
}

TEST(Server, peers_that_were_seen_once_cannot_keep_newcomers_out) {
  ServerConfig config = small(1);
  config.max_links = 32;
  const auto server = start(config);
  const Address at = server->listening()[0];
  std::vector<RawDevice> residents;
  for (int i = 0; i < 8; ++i) {
    residents.emplace_back(at);
    ASSERT_NE(residents.back().register_as("resident-" + std::to_string(i)), "");
  }
  // As from spoofed addresses: a message each, three times as many as there are links.
  std::vector<RawDevice> strangers;
  for (int i = 0; i < 96; ++i) {
    strangers.emplace_back(at);
    strangers.back().request(Code::kGet, {".well-known", "core"});
    ASSERT_TRUE(strangers.back().has_mail(10'000)) << "stranger " << i;
  }
  RawDevice newcomer(at);
  EXPECT_NE(newcomer.register_as("newcomer"), "");
  EXPECT_EQ(statistics(*server).links_exhausted, 0U);
  // Whoever is registered has kept its link.
  for (std::size_t i = 0; i < residents.size(); ++i) {
    std::promise<Outcome> outcome;
    ASSERT_TRUE(server->perform("resident-" + std::to_string(i), read("/3/0/0"),
                                [&](Outcome o) { outcome.set_value(std::move(o)); }));
    residents[i].answer(residents[i].receive().view(), Code::kContent, "x");
    EXPECT_TRUE(outcome.get_future().get().success());
  }
}

TEST(Server, an_update_from_another_address_is_passed_on_to_the_shard_of_its_location) {
  const auto server = start(small(2));
  const Address at = server->listening()[0];
  for (unsigned home = 0; home < 2; ++home) {
    const std::string endpoint = home == 0 ? "a" : "b";
    RawDevice before = RawDevice::at_shard(at, home, 2);
    const std::string location = before.register_as(endpoint);
    RawDevice after = RawDevice::at_shard(at, 1 - home, 2);
    after.request(Code::kGet, {".well-known", "core"});
    EXPECT_EQ(after.receive().view().code(), Code::kContent) << "any shard knows that";
    EXPECT_EQ(after.update(location), Code::kChanged);
    EXPECT_EQ(find(*server, endpoint)->address, after.address());
    // What follows on the new link goes the same way: the answer of an operation finds it.
    std::promise<Outcome> outcome;
    ASSERT_TRUE(
        server->perform(endpoint, read("/3/0/0"), [&](Outcome o) { outcome.set_value(std::move(o)); }));
    after.answer(after.receive().view(), Code::kContent, "x");
    EXPECT_TRUE(outcome.get_future().get().success());
    EXPECT_EQ(statistics(*server).forwarded, 2U * (home + 1));
  }
}

TEST(Server, an_endpoint_that_registers_at_another_shard_is_forgotten_at_the_first) {
  const auto server = start(small(2));
  const Address at = server->listening()[0];
  RawDevice first = RawDevice::at_shard(at, 0, 2);
  RawDevice second = RawDevice::at_shard(at, 1, 2);
  for (int round = 0; round < 20; ++round) {
    RawDevice& device = round % 2 == 0 ? first : second;
    const std::string location = device.register_as("a");
    ASSERT_NE(location, "");
    EXPECT_EQ(device.update(location), Code::kChanged);
    EXPECT_EQ(list_all(*server, {}, 10), std::vector<std::string>{"a"});
    EXPECT_EQ(find(*server, "a")->address, device.address());
  }
}

TEST(Server, lists_the_devices_of_all_shards_in_pages) {
  const auto server = start(small(3));
  std::vector<std::string> names;
  std::vector<RawDevice> devices;
  for (int i = 10; i < 40; ++i) {
    names.push_back("d" + std::to_string(i));
    devices.emplace_back(server->listening()[0]);
    ASSERT_NE(devices.back().register_as(names.back()), "");
  }
  EXPECT_EQ(list_all(*server, {}, 1000), names);
  EXPECT_EQ(list_all(*server, {}, 4), names);
  EXPECT_EQ(list_all(*server, {.endpoint_contains = "d1", .object = {}}, 3).size(), 10U);
  EXPECT_EQ(list_all(*server, {.endpoint_contains = {}, .object = lwm2m::ObjectId{77}}, 3).size(), 0U);
  EXPECT_FALSE(server->list({}, std::uint64_t{3} << 32, 1, [](const DevicePage&) {}));
}

TEST(Server, an_operation_brings_the_answer_of_the_device) {
  const auto server = start(small(2));
  RawDevice device(server->listening()[0]);
  ASSERT_NE(device.register_as("a"), "");
  std::promise<Outcome> outcome;
  ASSERT_TRUE(server->perform("a", read("/3/0/0"), [&](Outcome o) { outcome.set_value(std::move(o)); }));
  device.answer(device.receive().view(), Code::kContent, "Linnet");
  const Outcome done = outcome.get_future().get();
  EXPECT_TRUE(done.success());
  EXPECT_EQ(as_text(done.payload), "Linnet");
  EXPECT_EQ(done.path, *lwm2m::Path::parse("/3/0/0"));
}

TEST(Server, an_operation_on_an_unknown_device_says_so) {
  const auto server = start(small(3));
  std::promise<Outcome> outcome;
  ASSERT_TRUE(server->perform("nobody", read("/3/0"), [&](Outcome o) { outcome.set_value(std::move(o)); }));
  EXPECT_EQ(outcome.get_future().get().failure, Errc::kNotFound);
}

TEST(Server, a_subscriber_sees_what_happens_and_a_slow_one_what_it_missed) {
  const auto server = start(small(1));
  std::counting_semaphore<> woken(0);
  const auto all = server->subscribe("", 100, [&] { woken.release(); });
  const auto slow = server->subscribe("", 1, [] {});
  const auto other = server->subscribe("b", 100, [] {});
  RawDevice device(server->listening()[0]);
  const std::string location = device.register_as("a");
  EXPECT_EQ(device.update(location), Code::kChanged);
  std::vector<Event::Kind> kinds;
  while (kinds.size() < 2) {
    woken.acquire();
    while (const auto event = all->take()) {
      EXPECT_EQ(event->endpoint, "a");
      kinds.push_back(event->kind);
    }
  }
  EXPECT_EQ(kinds, (std::vector{Event::Kind::kRegistered, Event::Kind::kUpdated}));
  (void)statistics(*server);  // behind the events
  EXPECT_EQ(slow->take()->kind, Event::Kind::kRegistered);
  EXPECT_FALSE(slow->take());
  EXPECT_EQ(slow->dropped(), 1U);
  EXPECT_FALSE(other->take());
}

TEST(Server, a_stop_while_busy_calls_every_handler_once) {
  const auto server = start(small(2));
  RawDevice device(server->listening()[0]);
  ASSERT_NE(device.register_as("a"), "");
  std::atomic<int> called = 0;
  std::atomic<int> closed = 0;
  std::atomic<int> accepted = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const auto taken = server->perform("a", read("/3/0/0"), [&](const Outcome& outcome) {
          ++called;
          if (outcome.failure == Errc::kClosed) ++closed;
        });
        if (taken) ++accepted;
        if (!taken && taken.error().code == Errc::kClosed) return;
      }
    });
  }
  (void)device.receive();  // an operation is under way, and nobody answers it
  server->stop();
  callers.clear();
  EXPECT_EQ(called, accepted);
  EXPECT_GT(closed, 0);
  EXPECT_FALSE(server->find("a", [](const std::optional<Device>&) {}));
}

TEST(Server, a_port_in_use_is_an_error_with_several_workers_too) {
  const auto first = start(small(2));
  ServerConfig config = small(2);
  config.listen = first->listening();
  const auto second = Server::start(config, kModels);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("in use"));
}

class DurableServer : public ::testing::Test {
 protected:
  DurableServer() {
    std::string name = ::testing::TempDir() + "linnet-net-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~DurableServer() override { std::filesystem::remove_all(folder_); }

  ServerConfig durable(unsigned shards) const {
    ServerConfig config = small(shards);
    config.open_store = [folder = folder_](store::StoreListener& listener, store::ShardIndex count) {
      store::SqliteStoreConfig sqlite;
      sqlite.folder = folder;
      sqlite.shards = count;
      return store::open_sqlite_store(sqlite, listener);
    };
    return config;
  }

  std::filesystem::path folder_;
};

TEST_F(DurableServer, a_restart_is_not_noticed_even_with_fewer_workers) {
  std::vector<std::string> locations;
  {
    const auto server = start(durable(3));
    for (unsigned shard = 0; shard < 3; ++shard) {
      RawDevice device = RawDevice::at_shard(server->listening()[0], shard, 3);
      locations.push_back(device.register_as("d" + std::to_string(shard)));
      ASSERT_NE(locations.back(), "");
    }
  }
  const auto server = start(durable(1));
  EXPECT_EQ(server->restored(), 3U);
  EXPECT_EQ(server->shards(), 3U) << "locations name their shards";
  for (const std::string& location : locations) {
    EXPECT_EQ(RawDevice(server->listening()[0]).update(location), Code::kChanged);
  }
}

TEST_F(DurableServer, a_device_is_reached_after_a_restart_before_it_has_spoken) {
  // Of three shards, so that it is likely to arrive at another one than it is served by.
  std::vector<RawDevice> devices;
  ServerConfig config = durable(3);
  {
    const auto server = start(config);
    config.listen = server->listening();
    for (unsigned i = 0; i < 3; ++i) {
      devices.push_back(RawDevice::at_shard(config.listen[0], i, 3));
      const std::string location = devices.back().register_as("d" + std::to_string(i));
      devices[i] = RawDevice::at_shard(config.listen[0], (i + 1) % 3, 3);
      ASSERT_EQ(devices[i].update(location), Code::kChanged);
    }
  }
  const auto server = start(config);
  for (unsigned i = 0; i < 3; ++i) {
    std::promise<Outcome> outcome;
    ASSERT_TRUE(server->perform("d" + std::to_string(i), read("/3/0/0"),
                                [&](Outcome o) { outcome.set_value(std::move(o)); }));
    devices[i].answer(devices[i].receive().view(), Code::kContent, "here");
    EXPECT_EQ(as_text(outcome.get_future().get().payload), "here");
  }
}

TEST_F(DurableServer, a_deregistered_or_removed_device_does_not_come_back) {
  {
    const auto server = start(durable(1));
    RawDevice device(server->listening()[0]);
    const std::string gone = device.register_as("gone");
    ASSERT_NE(device.register_as("removed"), "");
    ASSERT_NE(device.register_as("stays"), "");
    device.request(Code::kDelete, {"rd", gone});
    EXPECT_EQ(device.receive().view().code(), Code::kDeleted);
    std::promise<Result<void>> removed;
    ASSERT_TRUE(server->remove("removed", [&](Result<void> done) { removed.set_value(done); }));
    EXPECT_TRUE(removed.get_future().get());
  }
  const auto server = start(durable(1));
  EXPECT_EQ(list_all(*server, {}, 10), std::vector<std::string>{"stays"});
}

server::Operation observe(const char* path) {
  server::Operation operation = read(path);
  operation.kind = server::OperationKind::kObserve;
  return operation;
}

/// Behind a NAT a device does not know that it comes from elsewhere, and the kernel takes it to another
/// shard.
TEST(Server, OP_5_a_notification_from_another_address_finds_the_shard_of_its_observation) {
  const auto server = start(small(2));
  const Address at = server->listening()[0];
  for (unsigned home = 0; home < 2; ++home) {
    const std::string endpoint = home == 0 ? "a" : "b";
    RawDevice before = RawDevice::at_shard(at, home, 2);
    ASSERT_NE(before.register_as(endpoint), "");
    std::promise<Outcome> outcome;
    ASSERT_TRUE(
        server->perform(endpoint, observe("/3/0/9"), [&](Outcome o) { outcome.set_value(std::move(o)); }));
    const RawMessage asked = before.receive();
    before.answer(asked.view(), Code::kContent, "80", 1);
    ASSERT_TRUE(outcome.get_future().get().observation);
    std::binary_semaphore woken{0};
    const auto events = server->subscribe(endpoint, 16, [&] { woken.release(); });
    RawDevice after = RawDevice::at_shard(at, 1 - home, 2);
    EXPECT_EQ(after.notify(asked.view().token(), 2, "79"), coap::Type::kAcknowledgement);
    woken.acquire();
    EXPECT_EQ(find(*server, endpoint)->address, after.address());
    // A token that nobody gave is nobody's, whatever shard it names.
    const std::array<std::uint8_t, 8> forged{static_cast<std::uint8_t>(1 - home), 0, 0, 0, 1, 2, 3, 4};
    RawDevice stranger = RawDevice::at_shard(at, home, 2);
    EXPECT_EQ(stranger.notify(coap::Token(forged), 2, "78"), coap::Type::kReset);
  }
}

TEST_F(DurableServer, OP_5_an_observation_goes_on_after_a_restart) {
  ServerConfig config = durable(2);
  std::optional<RawDevice> device;
  coap::Token token;
  {
    const auto server = start(config);
    config.listen = server->listening();
    device.emplace(config.listen[0]);
    ASSERT_NE(device->register_as("d"), "");
    std::promise<Outcome> outcome;
    ASSERT_TRUE(server->perform("d", observe("/3/0/9"), [&](Outcome o) { outcome.set_value(std::move(o)); }));
    const RawMessage asked = device->receive();
    token = asked.view().token();
    device->answer(asked.view(), Code::kContent, "80", 1);
    EXPECT_TRUE(outcome.get_future().get().observation);
  }
  {
    const auto server = start(config);
    const auto known = find(*server, "d");
    ASSERT_TRUE(known);
    ASSERT_EQ(known->observations.size(), 1U);
    EXPECT_EQ(known->observations[0].path, *lwm2m::Path::parse("/3/0/9"));
    std::binary_semaphore woken{0};
    const auto events = server->subscribe("d", 16, [&] { woken.release(); });
    EXPECT_EQ(device->notify(token, 1, "79"), coap::Type::kAcknowledgement);
    woken.acquire();
    const auto event = events->take();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, Event::Kind::kNotified);
    EXPECT_EQ(as_text(event->payload), "79");
    // It ends with its registration, in the store too.
    ASSERT_NE(device->register_as("d"), "");
  }
  const auto server = start(config);
  EXPECT_TRUE(find(*server, "d")->observations.empty());
  EXPECT_EQ(device->notify(token, 2, "78"), coap::Type::kReset);
}

/// Answers what a store in memory does at once, but for observations only when the test says so.
class HoldingStore final : public store::RegistrationStore {
 public:
  explicit HoldingStore(store::StoreListener& listener)
      : listener_(listener), memory_(store::make_memory_store({.shards = 64}, listener)) {}

  Result<void> save(store::ShardIndex shard, store::Ticket ticket, store::RecordKey key, ByteView record,
                    UnixTime expiry) override {
    if (key.kind != store::RecordKind::kObservation) return memory_->save(shard, ticket, key, record, expiry);
    shard_ = shard;
    ticket_ = ticket;
    held.release();
    return {};
  }
  void settle(bool committed) {
    if (committed) return listener_.on_committed(shard_, {&ticket_, 1});
    listener_.on_refused(shard_, {&ticket_, 1}, store::Condition::kDiskFull);
  }
  Result<void> remove(store::ShardIndex shard, store::Ticket ticket, store::RecordKey key) override {
    return memory_->remove(shard, ticket, key);
  }
  Result<void> touch(store::ShardIndex shard, store::RecordKey key, UnixTime expiry) override {
    return memory_->touch(shard, key, expiry);
  }
  Result<void> load(store::RecordKind kind, FunctionRef<void(const store::RecordView&)> visit) override {
    return memory_->load(kind, visit);
  }
  Result<void> flush() override { return memory_->flush(); }
  void close() override { memory_->close(); }
  store::Health health() const override { return memory_->health(); }
  store::Counters counters() const override { return memory_->counters(); }

  std::binary_semaphore held{0};

 private:
  store::StoreListener& listener_;
  std::unique_ptr<store::RegistrationStore> memory_;
  store::ShardIndex shard_ = 0;
  store::Ticket ticket_ = store::kNoTicket;
};

TEST(Server, OP_5_an_observation_is_answered_when_it_is_on_disk) {
  HoldingStore* kept = nullptr;
  ServerConfig config = small(1);
  config.open_store = [&](store::StoreListener& listener, store::ShardIndex /*count*/) {
    auto opened = std::make_unique<HoldingStore>(listener);
    kept = opened.get();
    return store::OpenResult(std::move(opened));
  };
  const auto server = start(config);
  RawDevice device(server->listening()[0]);
  ASSERT_NE(device.register_as("d"), "");
  for (const bool committed : {true, false}) {
    const char* path = committed ? "/3/0/9" : "/3/0/10";
    std::promise<Outcome> outcome;
    ASSERT_TRUE(server->perform("d", observe(path), [&](Outcome o) { outcome.set_value(std::move(o)); }));
    const RawMessage asked = device.receive();
    device.answer(asked.view(), Code::kContent, "80", 1);
    kept->held.acquire();
    auto answered = outcome.get_future();
    // What comes meanwhile is taken, and shows that the answer of the device has been seen.
    EXPECT_EQ(device.notify(asked.view().token(), 2, "81"), coap::Type::kAcknowledgement);
    EXPECT_NE(answered.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    kept->settle(committed);
    const Outcome result = answered.get();
    EXPECT_EQ(result.success(), committed);
    EXPECT_EQ(result.observation.has_value(), committed);
    if (!committed) {
      EXPECT_EQ(result.failure, Errc::kIo);
      EXPECT_EQ(device.notify(asked.view().token(), 3, "82"), coap::Type::kReset);
    }
  }
  EXPECT_EQ(find(*server, "d")->observations.size(), 1U);
}

}  // namespace
}  // namespace linnet::net

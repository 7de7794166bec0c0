// SPDX-License-Identifier: Apache-2.0
// Operations for devices in queue mode over real sockets and a real store. After a restart of the server a
// device sleeps until it speaks: that is how these tests come by a sleeping one.
// Shows: OP-10
#include <gtest/gtest.h>

#include <future>
#include <semaphore>
#include <thread>

#include "linnet/net/server.hpp"
#include "raw_device.hpp"
#include "running_server.hpp"
#include "state_folder.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using server::QueuedState;

class QueueMode : public testing::Test {
 protected:
  static constexpr Millis kPatient{30'000};

  ~QueueMode() override { server.reset(); }  // in front of its folder

  void start(unsigned shards) {
    server.reset();
    ServerConfig config = test::small_server(shards);
    config.listen = {*parse_address("127.0.0.1:0")};
    config.open_store = folder_.factory();
    server = test::start(config);
  }
  /// Registers an endpoint in queue mode and starts the server again; the location.
  std::string sleeping(const std::string& endpoint, unsigned shards) {
    start(shards);
    RawDevice device = RawDevice::at_shard(server->listening()[0], 0, shards);
    std::string location = device.register_as(endpoint, {"Q"});
    start(shards);
    return location;
  }

  std::future<Result<Queued>> enqueue(const std::string& endpoint, const char* path, Millis patience = {}) {
    server::Operation operation;
    operation.path = *lwm2m::Path::parse(path);
    return ask([&](Server::QueuedHandler done) {
      return server->enqueue(endpoint, operation, {}, patience, std::move(done));
    });
  }
  std::future<Result<Queued>> find(const std::string& endpoint, server::QueuedId id, Millis patience = {}) {
    return ask([&](Server::QueuedHandler done) {
      return server->find_queued(endpoint, id, patience, std::move(done));
    });
  }
  std::vector<Queued> list(const std::string& endpoint) {
    std::promise<std::vector<Queued>> listed;
    EXPECT_TRUE(
        server->list_queued(endpoint, [&](std::vector<Queued> all) { listed.set_value(std::move(all)); }));
    return listed.get_future().get();
  }
  Result<void> cancel(const std::string& endpoint, server::QueuedId id) {
    std::promise<Result<void>> cancelled;
    EXPECT_TRUE(server->cancel_queued(endpoint, id, [&](Result<void> done) { cancelled.set_value(done); }));
    return cancelled.get_future().get();
  }
  std::optional<Device> device(const std::string& endpoint) {
    std::promise<std::optional<Device>> found;
    EXPECT_TRUE(server->find(endpoint, [&](std::optional<Device> one) { found.set_value(std::move(one)); }));
    return found.get_future().get();
  }
  /// Answers the next request; its path.
  static std::string answer_next(const RawDevice& device, std::string_view payload) {
    const RawMessage request = device.receive();
    std::string path;
    for (const coap::Option& option : request.view().options()) {
      if (option.number == coap::OptionNumber::kUriPath) path += "/" + std::string(option.text());
    }
    device.answer(request.view(), Code::kContent, payload);
    return path;
  }

  std::unique_ptr<Server> server;

 private:
  template <typename Call>
  std::future<Result<Queued>> ask(Call&& call) {
    auto promise = std::make_shared<std::promise<Result<Queued>>>();
    EXPECT_TRUE(call([promise](Result<Queued> queued) { promise->set_value(std::move(queued)); }));
    return promise->get_future();
  }
  test::StateFolder folder_;
};

TEST_F(QueueMode, a_device_that_is_awake_is_asked_at_once) {
  start(1);
  RawDevice awake(server->listening()[0]);
  awake.register_as("a", {"Q"});
  EXPECT_TRUE(device("a")->awake);
  auto queued = enqueue("a", "/3/0/9", kPatient);
  EXPECT_EQ(answer_next(awake, "87"), "/3/0/9");
  const auto done = queued.get();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->state, QueuedState::kDone);
  EXPECT_EQ(as_text(done->outcome->payload), "87");
  EXPECT_EQ(enqueue("nobody", "/3/0/9").get().error().code, Errc::kNotFound);
}

TEST_F(QueueMode, OP_10_what_was_accepted_survives_restarts_and_is_done_in_order_when_the_device_wakes) {
  const std::string location = sleeping("a", 1);
  EXPECT_FALSE(device("a")->awake);
  std::vector<server::QueuedId> ids;
  for (const char* path : {"/3/0/0", "/3/0/1", "/3/0/2"}) {
    const auto accepted = enqueue("a", path).get();
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->state, QueuedState::kWaiting);
    ids.push_back(accepted->id);
  }
  EXPECT_EQ(device("a")->queued, 3U);
  start(1);
  EXPECT_EQ(server->operations_restored(), 3U);
  EXPECT_EQ(list("a").size(), 3U);
  auto last = find("a", ids[2], kPatient);
  RawDevice awake(server->listening()[0]);
  EXPECT_EQ(awake.update(location), Code::kChanged);
  for (const char* path : {"/3/0/0", "/3/0/1", "/3/0/2"}) EXPECT_EQ(answer_next(awake, path), path);
  EXPECT_EQ(as_text(last.get()->outcome->payload), "/3/0/2");
  EXPECT_EQ(device("a")->queued, 0U);
  start(1);
  EXPECT_EQ(server->operations_restored(), 0U);
  EXPECT_EQ(find("a", ids[0]).get().error().code, Errc::kNotFound) << "results do not outlive the process";
}

TEST_F(QueueMode, OP_10_a_cancelled_operation_does_not_come_back) {
  sleeping("a", 1);
  const auto id = enqueue("a", "/3/0/0").get()->id;
  EXPECT_TRUE(cancel("a", id));
  EXPECT_EQ(find("a", id).get()->state, QueuedState::kCancelled);
  EXPECT_EQ(cancel("a", server::QueuedId{1}).error().code, Errc::kNotFound);
  start(1);
  EXPECT_TRUE(list("a").empty());
}

TEST_F(QueueMode, a_queue_follows_a_device_that_registers_at_another_shard_and_so_does_who_waits) {
  sleeping("a", 2);
  auto first = enqueue("a", "/3/0/0", kPatient);
  ASSERT_TRUE(enqueue("a", "/3/0/1").get());
  for (unsigned round = 1; round < 4; ++round) {
    // The last one answers; the others only register, and are gone.
    RawDevice awake = RawDevice::at_shard(server->listening()[0], round % 2, 2);
    ASSERT_NE(awake.register_as("a", {"Q"}), "");
    if (round < 3) continue;
    EXPECT_EQ(answer_next(awake, "first"), "/3/0/0");
    EXPECT_EQ(answer_next(awake, "second"), "/3/0/1");
  }
  EXPECT_EQ(as_text(first.get()->outcome->payload), "first");
}

TEST_F(QueueMode, who_waits_is_answered_when_the_server_stops_and_the_operation_goes_on) {
  const std::string location = sleeping("a", 1);
  auto queued = enqueue("a", "/3/0/0", kPatient);
  while (list("a").empty()) std::this_thread::yield();
  server->stop();
  const auto left = queued.get();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->state, QueuedState::kWaiting);
  start(1);
  RawDevice awake(server->listening()[0]);
  EXPECT_EQ(awake.update(location), Code::kChanged);
  EXPECT_EQ(answer_next(awake, "x"), "/3/0/0");
}

TEST_F(QueueMode, a_subscriber_sees_an_operation_queued_started_and_finished) {
  const std::string location = sleeping("a", 1);
  std::counting_semaphore<> woken(0);
  const auto events = server->subscribe("a", 100, [&] { woken.release(); });
  const auto id = enqueue("a", "/3/0/0").get()->id;
  RawDevice awake(server->listening()[0]);
  awake.update(location);
  answer_next(awake, "x");
  std::vector<Event::Kind> kinds;
  while (kinds.empty() || kinds.back() != Event::Kind::kOperationFinished) {
    woken.acquire();
    while (const auto event = events->take()) {
      if (!event->queued) continue;
      EXPECT_EQ(event->endpoint, "a");
      EXPECT_EQ(event->queued->id, id);
      kinds.push_back(event->kind);
    }
  }
  EXPECT_EQ(kinds, (std::vector{Event::Kind::kOperationQueued, Event::Kind::kOperationStarted,
                                Event::Kind::kOperationFinished}));
}

}  // namespace
}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// Devices over TCP (RFC 8323, TS 6.8.2).
// Shows: TR-2
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <future>
#include <map>

#include "linnet/net/server.hpp"
#include "raw_stream.hpp"
#include "running_server.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // its header comes with clang alone
#endif

namespace linnet::net {
namespace {

using coap::Code;
using test::find;
using test::perform;
using test::small_server;
using test::start;
using test::statistics;
using Bytes = RawStream::Bytes;

ServerConfig small(unsigned shards) {
  ServerConfig config = small_server(shards);
  config.listen_tcp = {*parse_address("127.0.0.1:0")};
  return config;
}

TEST(Stream, device_registers_is_managed_and_deregisters_over_one_connection) {
  const auto server = start(small(1));
  RawStream device(server->listening_tcp()[0]);
  const Bytes csm = device.receive();
  ASSERT_FALSE(csm.empty());
  EXPECT_EQ(RawStream::view(csm).code(), Code::kCsm);
  const std::string location = device.register_as("a");
  ASSERT_EQ(location.size(), server::RegistrationId::kTextSize);

  auto outcome = perform(*server, "a", server::OperationKind::kRead, "/3/0/0");
  const Bytes read = device.next();
  EXPECT_EQ(RawStream::view(read).code(), Code::kGet);
  device.answer(RawStream::view(read), Code::kContent, "linnet");
  EXPECT_EQ(outcome.get().code, Code::kContent);

  EXPECT_EQ(device.update(location), Code::kChanged);
  device.request(Code::kDelete, {"rd", location});
  EXPECT_EQ(RawStream::view(device.next()).code(), Code::kDeleted);
  EXPECT_FALSE(find(*server, "a"));
}

TEST(Stream, notifications_come_without_acknowledgements) {
  const auto server = start(small(1));
  RawStream device(server->listening_tcp()[0]);
  ASSERT_NE(device.register_as("a"), "");
  std::promise<void> woken;
  const auto events = server->subscribe("a", 16, [&] { woken.set_value(); });
  auto outcome = perform(*server, "a", server::OperationKind::kObserve, "/3/0/9");
  const Bytes observe = device.next();
  device.answer(RawStream::view(observe), Code::kContent, "1", 1);
  EXPECT_EQ(outcome.get().code, Code::kContent);
  device.answer(RawStream::view(observe), Code::kContent, "2", 7);
  device.answer(RawStream::view(observe), Code::kContent, "3", 3);  // later, whatever its number
  device.send(Bytes{0x01, 0xE2, 0x42});
  EXPECT_EQ(device.next(), (Bytes{0x01, 0xE3, 0x42})) << "nothing but the Pong";
  EXPECT_EQ(statistics(*server).engine.notified, 2U);
}

TEST(Stream, registration_outlives_its_connection_and_moves_to_the_next) {
  const auto server = start(small(1));
  std::string location;
  std::future<Outcome> under_way;
  {
    RawStream device(server->listening_tcp()[0]);
    location = device.register_as("a");
    auto observed = perform(*server, "a", server::OperationKind::kObserve, "/3/0/9");
    device.answer(RawStream::view(device.next()), Code::kContent, "1", 1);
    EXPECT_EQ(observed.get().code, Code::kContent);
    under_way = perform(*server, "a", server::OperationKind::kRead, "/3/0/0");
    ASSERT_FALSE(device.next().empty());
  }
  EXPECT_EQ(under_way.get().failure, Errc::kClosed);
  EXPECT_EQ(perform(*server, "a", server::OperationKind::kRead, "/3/0/0").get().failure, Errc::kClosed);
  const auto kept = find(*server, "a");
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->observations.empty()) << "they end with their connection (RFC 8323 §7.4)";

  RawStream again(server->listening_tcp()[0]);
  EXPECT_EQ(again.update(location), Code::kChanged);
  auto outcome = perform(*server, "a", server::OperationKind::kRead, "/3/0/0");
  again.answer(RawStream::view(again.next()), Code::kContent, "linnet");
  EXPECT_EQ(outcome.get().code, Code::kContent);
}

TEST(Stream, connection_moves_to_the_worker_that_has_its_registration) {
  const auto server = start(small(4));
  const Address address = server->listening_tcp()[0];
  std::map<std::string, std::string> locations;
  for (int i = 0; i < 16; ++i) {
    const std::string name = "d" + std::to_string(i);
    RawStream device(address);
    locations[name] = device.register_as(name);
  }
  for (const auto& [name, location] : locations) {
    RawStream device(address);
    EXPECT_EQ(device.update(location), Code::kChanged) << name;
    auto outcome = perform(*server, name, server::OperationKind::kRead, "/3/0/0");
    device.answer(RawStream::view(device.next()), Code::kContent, "here");
    EXPECT_EQ(outcome.get().code, Code::kContent) << name;
  }
  EXPECT_GT(statistics(*server).forwarded, 0U);
}

TEST(Stream, peers_that_break_the_rules_are_told_and_closed) {
  const auto server = start(small(1));
  const std::vector<Bytes> wrong{{0x01, 0x01, 0x42},        // a request in front of the CSM
                                 {0x00, 0xE1, 0x09, 0x01},  // a reserved token length
                                 {0x00, 0xE1, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0x01},  // four gigabytes
                                 {0x10, 0xE1, 0x30},  // a critical option in a CSM
                                 {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1', '.', '1'}};
  for (const Bytes& bytes : wrong) {
    RawStream peer(server->listening_tcp()[0], false);
    peer.send(bytes);
    const Bytes reply = peer.next();
    if (!reply.empty()) {
      EXPECT_EQ(RawStream::view(reply).code(), Code::kAbort);
    }
    EXPECT_TRUE(peer.closed());
  }
  EXPECT_EQ(statistics(*server).streams.dropped, wrong.size());
}

TEST(Stream, silent_slow_and_idle_peers_are_given_up) {
  ServerConfig config = small(1);
  config.streams.session.csm_timeout = Millis(1);
  config.streams.session.frame_timeout = Millis(1);
  config.streams.stranger_timeout = Millis(1);
  const auto server = start(config);
  RawStream mute(server->listening_tcp()[0], false);
  RawStream slow(server->listening_tcp()[0]);
  slow.send(Bytes{0xD0, 0x10, 0x02});
  RawStream stranger(server->listening_tcp()[0]);
  EXPECT_TRUE(mute.closed());
  EXPECT_TRUE(slow.closed());
  EXPECT_TRUE(stranger.closed());
}

TEST(Stream, peer_that_answers_no_ping_is_given_up_and_a_registered_one_that_does_is_kept) {
  ServerConfig config = small(1);
  config.streams.session.idle_timeout = Millis(1);
  config.streams.session.pong_timeout = Millis(1);
  const auto server = start(config);
  RawStream device(server->listening_tcp()[0]);
  ASSERT_NE(device.register_as("a"), "");
  EXPECT_EQ(RawStream::view(device.next()).code(), Code::kPing);
  EXPECT_TRUE(device.closed());
  EXPECT_TRUE(find(*server, "a"));
}

TEST(Stream, peer_that_takes_nothing_is_bounded_and_given_up) {
  ServerConfig config = small(1);
  config.streams.max_unsent = 4096;
  const auto server = start(config);
  RawStream peer(server->listening_tcp()[0]);
  // Pings whose Pongs nobody reads: the kernel's buffers fill first.
  Bytes pings;
  for (int i = 0; i < 1000; ++i) pings.insert(pings.end(), {0x08, 0xE2, 1, 2, 3, 4, 5, 6, 7, 8});
  for (int i = 0; i < 10'000 && statistics(*server).streams.dropped == 0; ++i) {
    if (!peer.try_send(pings)) break;
  }
  EXPECT_EQ(statistics(*server).connections, 0U);
}

TEST(Stream, connections_beyond_the_limit_are_refused) {
  ServerConfig config = small(1);
  config.streams.max_connections = 2;
  const auto server = start(config);
  RawStream first(server->listening_tcp()[0]);
  RawStream second(server->listening_tcp()[0]);
  ASSERT_NE(first.register_as("a"), "");
  ASSERT_NE(second.register_as("b"), "");
  RawStream third(server->listening_tcp()[0]);
  EXPECT_TRUE(third.closed());
  EXPECT_EQ(statistics(*server).streams.refused, 1U);
}

/// What the process holds; under a sanitizer, whose own bytes around each piece are not ours, what it asked
/// for.
std::size_t held_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
#endif
}

TEST(Stream, idle_connection_costs_less_than_4_kB) {
  constexpr std::size_t kConnections = 2000;
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  ServerConfig config = small(1);
  config.max_links = 2 * kConnections;
  const auto server = start(config);
  std::deque<RawStream> peers;  // with their own costs, which count too
  const auto connect_to = [&](std::size_t count) {
    while (peers.size() < count)
      EXPECT_FALSE(peers.emplace_back(server->listening_tcp()[0]).receive().empty());
  };
  connect_to(200);
  const std::size_t before = held_bytes();
  connect_to(200 + kConnections);
  EXPECT_EQ(statistics(*server).connections, 200 + kConnections);
  EXPECT_LT((held_bytes() - before) / kConnections, 4096U);
}

TEST(Stream, server_that_stops_releases_its_connections) {
  auto server = start(small(2));
  RawStream device(server->listening_tcp()[0]);
  ASSERT_NE(device.register_as("a"), "");
  server->stop();
  EXPECT_EQ(RawStream::view(device.next()).code(), Code::kRelease);
  EXPECT_TRUE(device.closed());
}

}  // namespace
}  // namespace linnet::net

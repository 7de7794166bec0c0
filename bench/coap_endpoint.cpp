// SPDX-License-Identifier: Apache-2.0
// The way of a small GET through an endpoint, from received bytes to sent bytes, over many peers.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "linnet/coap/endpoint.hpp"

namespace {

using namespace linnet;

class Numbers final : public Random {
 public:
  std::uint32_t next() noexcept override { return state_ = state_ * 1664525U + 1013904223U; }

 private:
  std::uint32_t state_ = 1;
};

class Sink final : public coap::Links, public coap::Handler {
 public:
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t) noexcept override { return buffer_; }
  void send(coap::LinkId, std::size_t size) noexcept override { sent += size; }

  coap::Reply on_request(const coap::IncomingRequest&, coap::DeferredId, ByteSpan,
                         Instant) noexcept override {
    coap::Reply reply;
    reply.code = coap::Code::kContent;
    reply.payload = as_bytes("22.3 C");
    return reply;
  }
  void on_response(coap::RequestId, const coap::IncomingResponse&, Instant) noexcept override {}
  void on_failure(coap::RequestId, Errc, Instant) noexcept override {}
  bool on_notification(const coap::IncomingResponse&, Instant) noexcept override { return true; }
  void on_notification_outcome(coap::LinkId, const coap::Token&, coap::NotificationOutcome,
                               Instant) noexcept override {
    ++outcomes;
  }

  std::uint64_t sent = 0;
  std::uint64_t outcomes = 0;

 private:
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 1152> buffer_{};
};

/// An endpoint over memory that the system gives as zero pages.
struct World {
  explicit World(std::uint32_t peers) {
    coap::EndpointConfig config;
    config.max_peers = peers;
    config.max_exchanges = 65536;
    config.recent_notifications = 0;
    size = coap::Endpoint::memory_needed(config);
    memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    Arena arena({static_cast<std::byte*>(memory), size}, Arena::Content::kZeros);
    if (!endpoint.init(config, arena, sink, sink, numbers)) std::abort();
  }
  ~World() { munmap(memory, size); }

  Sink sink;
  Numbers numbers;
  coap::Endpoint endpoint;
  void* memory;
  std::size_t size;
};

std::array<std::uint8_t, 20> small_get() {
  std::array<std::uint8_t, 20> datagram{0x44, 0x01, 0, 0, 1, 2, 3, 4, 0xBB};
  constexpr std::string_view kPath = "temperature";
  std::copy(kPath.begin(), kPath.end(), datagram.begin() + 9);
  return datagram;
}

void confirmable_get(benchmark::State& state) {
  const auto peers = static_cast<std::uint32_t>(state.range(0));
  World world(peers);
  std::array<std::uint8_t, 20> datagram = small_get();
  Instant now{Millis(1)};
  // A batch of 64 as a socket gives it: every peer in an order that no cache foresees.
  constexpr std::size_t kBatch = 64;
  std::array<coap::LinkId, kBatch> links{};
  Numbers order;
  std::uint16_t id = 0;
  for (std::uint32_t peer = 0; peer < peers; ++peer) {
    world.endpoint.receive(coap::LinkId{peer}, datagram, now);  // its memory is there
  }
  for (auto _ : state) {
    for (coap::LinkId& link : links) {
      link = coap::LinkId{static_cast<std::uint32_t>(std::uint64_t{order.next()} * peers >> 32)};
      world.endpoint.prefetch(link);
    }
    for (const coap::LinkId link : links) {
      ++id;
      datagram[2] = static_cast<std::uint8_t>(id >> 8);
      datagram[3] = static_cast<std::uint8_t>(id);
      world.endpoint.receive(link, datagram, now);
    }
    now += Millis(1);
  }
  benchmark::DoNotOptimize(world.sink.sent);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(confirmable_get)->Arg(1)->Arg(10'000)->Arg(1'000'000);

/// A confirmable notification out and its acknowledgement in, with thousands of others waiting.
void confirmable_notification(benchmark::State& state) {
  const auto waiting = static_cast<std::uint32_t>(state.range(0));
  World world(100'000);
  const Instant now{Millis(1)};
  coap::Notification notification;
  notification.confirmable = true;
  notification.payload = as_bytes("22.3 C");
  for (std::uint32_t i = 1; i <= waiting; ++i) {
    if (!world.endpoint.notify(coap::LinkId{i}, notification, now)) std::abort();
  }
  std::array<std::uint8_t, 4> acknowledgement{0x60, 0, 0, 0};
  std::uint16_t id = 0;
  bool known = false;
  for (auto _ : state) {
    if (!world.endpoint.notify(coap::LinkId{0}, notification, now)) std::abort();
    // The first Message ID is drawn; it is found by trying.
    do {
      acknowledgement[2] = static_cast<std::uint8_t>(id >> 8);
      acknowledgement[3] = static_cast<std::uint8_t>(id);
      world.endpoint.receive(coap::LinkId{0}, acknowledgement, now);
      ++id;
    } while (!known && world.sink.outcomes == 0);
    known = true;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(confirmable_notification)->Arg(0)->Arg(60'000);

}  // namespace

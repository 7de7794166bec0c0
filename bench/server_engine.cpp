// SPDX-License-Identifier: Apache-2.0
// The management engine without sockets: what one datagram costs, over few and over a million links,
// and what a registered device takes in memory. Links are visited in an order without locality, 32 at
// a time with a look ahead, as net does it.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "linnet/coap/message.hpp"
#include "linnet/server/engine.hpp"

namespace {

using namespace linnet;
using namespace linnet::server;

constexpr std::size_t kBatch = 32;
constexpr std::uint64_t kStride = 7'368'787;  // prime: visits every link before it comes back

class Mixer final : public Random {
 public:
  std::uint32_t next() noexcept override {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::uint32_t>(state_ >> 16U);
  }

 private:
  std::uint64_t state_ = 88172645463325252U;
};

class Sink final : public coap::Links, public LinkDirectory, public Models {
 public:
  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId /*link*/, std::size_t /*size*/) noexcept override { return buffer; }
  void send(coap::LinkId /*link*/, std::size_t sent) noexcept override {
    size = sent;
    ++count;
  }
  std::optional<coap::LinkId> open(ByteView /*address*/) noexcept override { return std::nullopt; }
  std::size_t address(coap::LinkId /*link*/, ByteSpan /*out*/) noexcept override { return 0; }
  const lwm2m::ObjectModel* find(lwm2m::ObjectId /*object*/,
                                 lwm2m::Version /*version*/) const noexcept override {
    return nullptr;
  }

  std::array<std::uint8_t, 2048> buffer{};
  std::size_t size = 0;
  std::uint64_t count = 0;

 private:
  coap::LinkTraits traits_;
};

class Counter final : public Listener {
 public:
  void on_registered(const Registration& registration, Instant /*now*/) noexcept override {
    last = registration.id;
  }
  void on_updated(const Registration& /*registration*/, UpdateChanges /*changes*/,
                  Instant /*now*/) noexcept override {}
  void on_ended(const Registration& /*registration*/, EndReason /*why*/, Instant /*now*/) noexcept override {}
  void on_result(OperationId /*id*/, const OperationResult& result, Instant /*now*/) noexcept override {
    observed += result.observation ? 1U : 0U;
  }
  void on_notified(const Notified& /*notified*/, Instant /*now*/) noexcept override { ++notified; }
  void on_observation_ended(ObservationId /*id*/, RegistrationId /*registration*/,
                            const Observed& /*observed*/, ObservationEnd /*why*/,
                            Instant /*now*/) noexcept override {}

  RegistrationId last;
  std::uint64_t observed = 0, notified = 0;
};

struct Datagram {
  std::array<std::uint8_t, 256> bytes{};
  std::size_t size = 0;
  void id(std::uint16_t value) noexcept {
    bytes[2] = static_cast<std::uint8_t>(value >> 8U);
    bytes[3] = static_cast<std::uint8_t>(value);
  }
  [[nodiscard]] ByteView view() const noexcept { return ByteView(bytes).first(size); }
};

constexpr std::array<std::uint8_t, 4> kToken{1, 2, 3, 4};
constexpr std::string_view kObjects = "</1/0>,</3/0>,</4/0>,</5/0>,</3303/0>";

std::size_t resident() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// N devices, one a link, registered.
class Fleet {
 public:
  explicit Fleet(std::uint32_t devices) : devices_(devices) {
    const std::size_t before = resident();
    EngineConfig config;
    config.max_registrations = devices;
    config.max_observations = devices;
    config.endpoint.max_peers = devices;
    if (!engine.init(config, sink, sink, random, sink, counter)) std::abort();
    ids.reserve(devices);
    const std::size_t ready = resident();
    for (std::uint32_t i = 0; i < devices; ++i) {
      engine.receive(coap::LinkId{i}, registering(i).view(), now);
      ids.push_back(counter.last);
    }
    if (engine.statistics().registrations != devices) std::abort();
    const std::size_t after = resident() - ids.capacity() * sizeof(RegistrationId);
    std::printf("%u devices: %.0f bytes each, %.0f of them tables that are there from the start\n", devices,
                static_cast<double>(after - before) / devices, static_cast<double>(ready - before) / devices);
  }

  [[nodiscard]] coap::LinkId link() noexcept {
    next_ = (next_ + kStride) % devices_;
    return coap::LinkId{static_cast<std::uint32_t>(next_)};
  }
  std::uint16_t id() noexcept { return static_cast<std::uint16_t>(++id_); }

  Datagram registering(std::uint32_t device) {
    const std::string name = "ep=urn:imei:35" + std::to_string(1'000'000'000'000U + device);
    Datagram datagram;
    coap::MessageWriter out(datagram.bytes, coap::Type::kConfirmable, coap::Code::kPost,
                            coap::MessageId{id()}, coap::Token(kToken));
    out.option(coap::OptionNumber::kUriPath, "rd");
    out.option(coap::OptionNumber::kContentFormat, 40U);
    for (const std::string_view query : {std::string_view("lwm2m=1.1"), std::string_view("lt=86400"),
                                         std::string_view("b=U"), std::string_view(name)}) {
      out.option(coap::OptionNumber::kUriQuery, query);
    }
    out.payload(as_bytes(kObjects));
    datagram.size = out.finish().value_or(0);
    return datagram;
  }

  Sink sink;
  Mixer random;
  Counter counter;
  Engine engine;
  Instant now{Seconds{1000}};
  std::vector<RegistrationId> ids;

 private:
  std::uint32_t devices_;
  std::uint64_t next_ = 0;
  std::uint32_t id_ = 0;
};

Fleet& fleet(const benchmark::State& state) {
  static std::unique_ptr<Fleet> current;
  static std::int64_t size = 0;
  if (size != state.range(0)) {
    current.reset();
    current = std::make_unique<Fleet>(static_cast<std::uint32_t>(state.range(0)));
    size = state.range(0);
  }
  return *current;
}

/// Runs batches of datagrams that `make(link)` writes; each must be answered.
template <typename Make>
void run(benchmark::State& state, Fleet& fleet, Make&& make) {
  std::array<coap::LinkId, kBatch> links;
  std::array<Datagram, kBatch> datagrams;
  std::uint64_t handled = 0;
  const std::uint64_t before = fleet.sink.count;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      links[i] = fleet.link();
      make(links[i], datagrams[i]);
      fleet.engine.prefetch(links[i]);
    }
    fleet.now += Millis{1};
    for (std::size_t i = 0; i < kBatch; ++i) fleet.engine.receive(links[i], datagrams[i].view(), fleet.now);
    fleet.engine.step(fleet.now);
    handled += kBatch;
  }
  if (fleet.sink.count - before < handled) state.SkipWithError("not every datagram was answered");
  state.SetItemsProcessed(static_cast<std::int64_t>(handled));
}

Datagram simple(coap::Code code, std::initializer_list<std::string_view> path) {
  Datagram datagram;
  coap::MessageWriter out(datagram.bytes, coap::Type::kConfirmable, code, coap::MessageId{0},
                          coap::Token(kToken));
  for (const std::string_view segment : path) out.option(coap::OptionNumber::kUriPath, segment);
  datagram.size = out.finish().value_or(0);
  return datagram;
}

void get(benchmark::State& state) {
  Fleet& devices = fleet(state);
  const Datagram message = simple(coap::Code::kGet, {".well-known", "core"});
  run(state, devices, [&](coap::LinkId, Datagram& datagram) {
    datagram = message;
    datagram.id(devices.id());
  });
}

void update(benchmark::State& state) {
  Fleet& devices = fleet(state);
  const Datagram message = simple(coap::Code::kPost, {"rd", "XXXXXXXX"});
  run(state, devices, [&](coap::LinkId link, Datagram& datagram) {
    datagram = message;
    datagram.id(devices.id());
    const auto text = devices.ids[coap::index(link)].text();
    std::copy(text.begin(), text.end(),
              datagram.bytes.begin() + static_cast<std::ptrdiff_t>(datagram.size - text.size()));
  });
}

void register_again(benchmark::State& state) {
  Fleet& devices = fleet(state);
  run(state, devices,
      [&](coap::LinkId link, Datagram& datagram) { datagram = devices.registering(coap::index(link)); });
  // The locations are others now.
  for (std::uint32_t i = 0; i < devices.ids.size(); ++i) {
    devices.ids[i] = devices.engine.registration_of(coap::LinkId{i}).value_or(RegistrationId{});
  }
}

/// Observes as many devices as there is time for, then has them notify.
void notify(benchmark::State& state) {
  constexpr std::uint32_t kObserved = 8192;
  Fleet& devices = fleet(state);
  std::vector<Datagram> notifications(kObserved);
  std::vector<coap::LinkId> links(kObserved);
  for (std::uint32_t i = 0; i < kObserved; ++i) {
    links[i] = devices.link();
    const RegistrationId device = *devices.engine.registration_of(links[i]);
    if (const auto left = devices.engine.find_observation(device, lwm2m::Path(3303, 0, 5700))) {
      static_cast<void>(devices.engine.forget_observation(*left, devices.now));  // of the run before
    }
    Operation operation;
    operation.kind = OperationKind::kObserve;
    operation.path = lwm2m::Path(3303, 0, 5700);
    if (!devices.engine.perform(device, operation, devices.now)) continue;
    const auto asked = coap::Message::decode(ByteView(devices.sink.buffer).first(devices.sink.size));
    const auto write = [&](Datagram& datagram, coap::Type type, coap::MessageId id, std::uint32_t sequence) {
      coap::MessageWriter out(datagram.bytes, type, coap::Code::kContent, id, asked->token());
      out.option(coap::OptionNumber::kObserve, sequence);
      out.option(coap::OptionNumber::kContentFormat, 0U);
      out.payload(as_bytes("21.5"));
      datagram.size = out.finish().value_or(0);
    };
    write(notifications[i], coap::Type::kAcknowledgement, asked->message_id(), 1);
    devices.engine.receive(links[i], notifications[i].view(), devices.now);
    write(notifications[i], coap::Type::kConfirmable, coap::MessageId{0}, 0x010000);
  }
  const std::uint64_t before = devices.counter.notified;
  std::uint64_t handled = 0;
  std::uint32_t sequence = 0x010000;
  for (auto _ : state) {
    const std::uint32_t first = static_cast<std::uint32_t>(handled % kObserved);
    if (first == 0) ++sequence;
    devices.now += Millis{1};
    for (std::uint32_t i = 0; i < kBatch; ++i) devices.engine.prefetch(links[(first + i) % kObserved]);
    for (std::uint32_t i = 0; i < kBatch; ++i) {
      Datagram& datagram = notifications[(first + i) % kObserved];
      datagram.id(devices.id());
      // The three bytes of Observe stand behind header, token and the option's first byte.
      const std::size_t at = 4 + (datagram.bytes[0] & 15U) + 1;
      datagram.bytes[at] = static_cast<std::uint8_t>(sequence >> 16U);
      datagram.bytes[at + 1] = static_cast<std::uint8_t>(sequence >> 8U);
      datagram.bytes[at + 2] = static_cast<std::uint8_t>(sequence);
      devices.engine.receive(links[(first + i) % kObserved], datagram.view(), devices.now);
    }
    handled += kBatch;
  }
  if (devices.counter.notified - before < handled / 2) state.SkipWithError("notifications were dropped");
  state.SetItemsProcessed(static_cast<std::int64_t>(handled));
}

BENCHMARK(get)->Arg(10'000);
BENCHMARK(update)->Arg(10'000);
BENCHMARK(register_again)->Arg(10'000);
BENCHMARK(notify)->Arg(10'000);
BENCHMARK(get)->Arg(1'000'000);
BENCHMARK(update)->Arg(1'000'000);
BENCHMARK(register_again)->Arg(1'000'000);
BENCHMARK(notify)->Arg(1'000'000);

}  // namespace

BENCHMARK_MAIN();

// SPDX-License-Identifier: Apache-2.0
// The bootstrap engine from outside: datagrams from several links, devices that answer what they are
// asked in any way, time, links that go; and its records, read from any bytes. The input is a script of
// commands, each a byte and what it needs.
#include <array>
#include <cstdlib>
#include <map>
#include <vector>

#include "linnet/server/bootstrap_engine.hpp"
#include "linnet/server/bootstrap_record.hpp"

namespace {

using namespace linnet;
using namespace linnet::server;
using lwm2m::Path;
using lwm2m::Value;

constexpr std::uint32_t kLinks = 4;

class Counter final : public Random {
 public:
  std::uint32_t next() noexcept override { return state_ += 0x9E3779B9U; }

 private:
  std::uint32_t state_ = 0;
};

class Sink final : public coap::Links {
 public:
  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId /*link*/, std::size_t size) noexcept override {
    return size <= buffer_.size() ? ByteSpan(buffer_) : ByteSpan{};
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    last[coap::index(link)].assign(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  }

  std::array<std::vector<std::uint8_t>, kLinks> last;  // the last datagram to each link

 private:
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 2048> buffer_{};
};

/// Every session that begins ends once, with its result or by the next one of the same device.
class Checker final : public BootstrapListener {
 public:
  void on_started(std::string_view endpoint, std::string_view /*configuration*/, Instant) noexcept override {
    ++open[std::string(endpoint)];
  }
  void on_finished(const BootstrapResult& result, Instant /*now*/) noexcept override {
    const auto at = open.find(result.endpoint);
    if (at == open.end()) std::abort();
    open.erase(at);
    const auto record = encode_record(result);
    if (!record || !decode_result(result.endpoint, *record)) std::abort();
  }
  void on_unknown(std::string_view /*endpoint*/, Instant /*now*/) noexcept override {}

  std::map<std::string, int> open;
};

BootstrapConfiguration some_configuration() {
  BootstrapConfiguration configuration;
  configuration.name = "all";
  configuration.endpoints = {"*"};
  configuration.discover = {Path()};
  configuration.read = {Path(1), Path(2)};
  configuration.deletions = {Path(2)};
  configuration.unbootstrap = {1, 2};
  configuration.writes.push_back({Path(0, 1),
                                  {{Path(0, 1, 0), OwnedValue(Value::string("coap://{endpoint}"))},
                                   {Path(0, 1, 1), OwnedValue(Value::boolean(false))},
                                   {Path(0, 1, 10), OwnedValue(Value::integer(1))}}});
  configuration.writes.push_back(
      {Path(1, 0),
       {{Path(1, 0, 0), OwnedValue(Value::integer(1))}, {Path(1, 0, 1), OwnedValue(Value::integer(60))}}});
  configuration.writes.push_back({Path(2, 0), {{Path(2, 0, 2, 1), OwnedValue(Value::integer(31))}}});
  return configuration;
}

void read_records(ByteView bytes) {
  if (const auto configuration = decode_configuration("x", bytes)) {
    const auto again = encode_record(*configuration);
    if (again && !equal(*again, bytes)) std::abort();
  }
  if (const auto result = decode_result("x", bytes)) {
    if (!encode_record(*result)) std::abort();
  }
}

/// What the device on `link` says to the last request that it got.
std::vector<std::uint8_t> response(const std::vector<std::uint8_t>& request, std::uint8_t code,
                                   std::uint16_t format, ByteView payload) {
  const auto message = coap::Message::decode(request);
  if (!message || !coap::is_request(message->code())) return {};
  std::vector<std::uint8_t> bytes(payload.size() + 64);
  coap::MessageWriter out(bytes, coap::Type::kAcknowledgement, coap::Code{code}, message->message_id(),
                          message->token());
  out.option(coap::OptionNumber::kContentFormat, std::uint32_t{format});
  out.payload(payload);
  const auto size = out.finish();
  if (!size) return {};
  bytes.resize(*size);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_records({data, size});
  Counter random;
  Sink links;
  Checker checker;
  BootstrapEngineConfig config;
  config.max_sessions = 3;
  config.endpoint.max_peers = kLinks;
  config.endpoint.max_exchanges = 4;
  config.endpoint.max_transfers = 2;
  config.endpoint.max_body = 2048;
  BootstrapEngine engine;
  if (!engine.init(config, links, random, checker)) std::abort();
  engine.configurations().put(std::make_shared<const BootstrapConfiguration>(some_configuration()));

  Instant now{Seconds{1000}};
  ByteReader in({data, size});
  while (!in.empty()) {
    const std::uint8_t command = *in.u8();
    const coap::LinkId link{(command >> 4U) % kLinks};
    switch (command % 6) {
      case 0: {  // a datagram
        const auto length = in.u8();
        const auto bytes = in.bytes(std::min<std::size_t>(length.value_or(0), in.remaining()));
        engine.receive(link, *bytes, now);
        break;
      }
      case 1: {  // an answer to what was asked
        const auto code = in.u8();
        const auto format = in.uint(2);
        const auto length = in.u8();
        const auto bytes = in.bytes(std::min<std::size_t>(length.value_or(0), in.remaining()));
        const auto said = response(links.last[coap::index(link)], code.value_or(0x44),
                                   static_cast<std::uint16_t>(format.value_or(0)), *bytes);
        engine.receive(link, said, now);
        break;
      }
      case 2: now += Millis{in.uint(2).value_or(1)}; break;
      case 3: engine.step(now); break;
      case 4: engine.drop(link, now); break;
      default: {  // what most devices do
        const auto& request = links.last[coap::index(link)];
        const bool get = request.size() > 1 && request[1] == 1;
        engine.receive(link, response(request, get ? 0x45 : 0x44, 40, {}), now);
        engine.step(now);
        break;
      }
    }
    const auto statistics = engine.statistics();
    if (statistics.sessions > config.max_sessions || checker.open.size() != statistics.sessions) std::abort();
    if (statistics.started !=
        statistics.finished + statistics.failed + statistics.replaced + statistics.sessions)
      std::abort();
  }
  // Nothing waits for ever.
  for (int i = 0; i < 1000 && engine.statistics().sessions != 0; ++i) {
    const Instant next = engine.step(now);
    if (next == kNever) break;
    now = std::max(now, next);
  }
  if (engine.statistics().sessions != 0) std::abort();
  return 0;
}

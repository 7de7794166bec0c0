// SPDX-License-Identifier: Apache-2.0
// A device engine beside a scripted server: the test writes the server's messages and reads the
// device's, byte by byte, under a virtual clock.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "linnet/client/engine.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "linnet/client/typed_object.hpp"
#include "linnet/coap/message.hpp"
#include "linnet/lwm2m/codec.hpp"
#include "tests/support/dice.hpp"

namespace linnet::client::test {

using coap::Code;
using coap::OptionNumber;
using coap::Type;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

inline constexpr ShortServerId kServer = 101;
inline constexpr coap::LinkId kLink{0};

/// A resource of every kind, as servers may create it.
struct Probe {
  bool flag = false;
  std::int32_t number = 7;
  std::uint32_t unsigned_number = 0;
  double temperature = 20;
  Text<16> label{"probe"};
  Bytes<8> blob;
  UnixTime when{};
  lwm2m::Objlnk link{};
  Multiple<std::int32_t, 4> many;
  std::optional<std::int32_t> optional;
  std::string arguments;
  std::int32_t secret = 1;

  Result<void> run(std::string_view text) {
    arguments = text;
    return {};
  }

  static constexpr ObjectId kId = 33000;
  static constexpr auto resources() noexcept {
    return std::array{resource<&Probe::flag>(0, Operations::kRW),
                      resource<&Probe::number>(1, Operations::kRW, Presence::kMandatory, in_range<0, 100>),
                      resource<&Probe::temperature>(2, Operations::kRW),
                      resource<&Probe::label>(3, Operations::kRW),
                      resource<&Probe::blob>(4, Operations::kRW),
                      resource<&Probe::when>(5, Operations::kRW),
                      resource<&Probe::link>(6, Operations::kRW),
                      resource<&Probe::many>(7, Operations::kRW),
                      resource<&Probe::optional>(8, Operations::kRW),
                      command<&Probe::run>(9),
                      resource<&Probe::secret>(10, Operations::kR),
                      resource<&Probe::secret>(11, Operations::kW),
                      resource<&Probe::unsigned_number>(12, Operations::kRW)};
  }
};
using ProbeObject = Instances<Probe, 3, Creation::kByServers>;

/// A copy of one message.
struct Seen {
  std::vector<std::uint8_t> bytes;
  Type type{};
  Code code{};
  std::uint16_t id = 0;
  coap::Token token;
  std::string path, query, location;
  std::optional<std::uint32_t> format, observe;
  std::string payload;

  explicit Seen(ByteView datagram) : bytes(datagram.begin(), datagram.end()) {
    const auto message = coap::Message::decode(bytes);
    EXPECT_TRUE(message.has_value());
    if (!message) return;
    type = message->type();
    code = message->code();
    id = static_cast<std::uint16_t>(message->message_id());
    token = message->token();
    payload = as_text(message->payload());
    format = message->options().find_uint(OptionNumber::kContentFormat);
    observe = message->options().find_uint(OptionNumber::kObserve);
    for (const coap::Option& option : message->options()) {
      if (option.number == OptionNumber::kUriPath) path += "/" + std::string(option.text());
      if (option.number == OptionNumber::kLocationPath) location += "/" + std::string(option.text());
      if (option.number == OptionNumber::kUriQuery)
        query += (query.empty() ? "" : "&") + std::string(option.text());
    }
  }
};

class Wire final : public coap::Links {
 public:
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    buffer_.assign(size, 0);
    return buffer_;
  }
  void send(coap::LinkId, std::size_t size) noexcept override {
    out.emplace_back(ByteView(buffer_).first(size));
  }

  std::deque<Seen> out;

 private:
  coap::LinkTraits traits_;
  std::vector<std::uint8_t> buffer_;
};

class Log final : public Listener {
 public:
  void on_event(const Event& event) noexcept override {
    types.push_back(event.type);
    paths.push_back(text(event.path));
    last_response = event.response;
    last_text = event.text;
  }
  static std::string text(const Path& path) {
    std::array<std::uint8_t, Path::kMaxText> buffer{};
    ByteWriter out(buffer);
    path.write(out);
    return std::string(as_text(out.written()));
  }
  [[nodiscard]] std::size_t count(EventType type) const {
    return static_cast<std::size_t>(std::ranges::count(types, type));
  }

  std::vector<EventType> types;
  std::vector<std::string> paths;
  Code last_response{};
  std::string last_text;
};

class Board final : public Platform {
 public:
  std::optional<UnixTime> unix_time() noexcept override { return UnixTime{1'700'000'000}; }
  bool reboot() noexcept override { return ++reboots > 0; }
  int reboots = 0;
};

/// What a request of the server carries beside its path.
struct Ask {
  std::vector<std::string> query{};
  std::optional<std::uint32_t> format{};
  std::optional<std::uint32_t> accept{};
  std::optional<std::uint32_t> observe{};
  std::optional<std::uint32_t> block1{};
  std::string echo{};
  std::string payload{};
  std::uint8_t token = 0x11;
  Type type = Type::kConfirmable;
};

class DeviceTest : public ::testing::Test {
 protected:
  void start() {
    config.endpoint = "device";
    if (config.codecs.empty()) config.codecs = lwm2m::all_codecs();
    account = servers.add(0);
    account->short_server_id = kServer;
    device.add(0)->platform = &board;
    device.get(0)->manufacturer = "linnet";
    probes.add(0);
    memory.resize(Engine::memory_needed(config));
    Arena arena(memory);
    ASSERT_TRUE(engine.init(config, arena, wire, dice, objects, &log).has_value());
    ASSERT_TRUE(engine.connect(kServer, kLink).has_value());
    engine.step(now);
  }

  /// The next message of the device; fails where there is none.
  Seen take() {
    if (wire.out.empty()) {
      ADD_FAILURE() << "the device sent nothing";
      return Seen(std::array<std::uint8_t, 4>{0x60, 0, 0, 0});
    }
    Seen seen = wire.out.front();
    wire.out.pop_front();
    return seen;
  }

  void deliver(ByteView datagram) {
    engine.receive(speaker, datagram, now);
    engine.step(now);
  }

  /// Acknowledges `request` with a piggybacked response.
  void respond(const Seen& request, Code code, std::vector<std::string> location = {}) {
    std::array<std::uint8_t, 256> buffer{};
    coap::MessageWriter writer(buffer, Type::kAcknowledgement, code, coap::MessageId{request.id},
                               request.token);
    for (const std::string& segment : location)
      writer.option(OptionNumber::kLocationPath, std::string_view(segment));
    deliver(ByteView(buffer).first(writer.finish().value()));
  }

  void registered() {
    start();
    respond(take(), Code::kCreated, {"rd", "5a3f"});
    ASSERT_EQ(engine.state(kServer), RegistrationState::kRegistered);
    wire.out.clear();
  }

  /// Sends a request of the server and takes the answer.
  Seen ask(Code method, std::string_view path, const Ask& what = {}) {
    send(method, path, what);
    return take();
  }
  void send(Code method, std::string_view path, const Ask& what = {}) {
    std::array<std::uint8_t, 1500> buffer{};
    const coap::Token token(ByteView(&what.token, 1));
    coap::MessageWriter writer(buffer, what.type, method, coap::MessageId{next_id++}, token);
    if (what.observe) writer.option(OptionNumber::kObserve, *what.observe);
    for (std::size_t at = 0; at < path.size();) {
      const std::size_t end = std::min(path.find('/', at + 1), path.size());
      if (end > at + 1) writer.option(OptionNumber::kUriPath, path.substr(at + 1, end - at - 1));
      at = end;
    }
    if (what.format) writer.option(OptionNumber::kContentFormat, *what.format);
    for (const std::string& query : what.query)
      writer.option(OptionNumber::kUriQuery, std::string_view(query));
    if (what.accept) writer.option(OptionNumber::kAccept, *what.accept);
    if (what.block1) writer.option(OptionNumber::kBlock1, *what.block1);
    if (!what.echo.empty()) writer.option(OptionNumber::kEcho, std::string_view(what.echo));
    writer.payload(as_bytes(what.payload));
    deliver(ByteView(buffer).first(writer.finish().value()));
  }

  void reset(const Seen& message) {
    const std::array<std::uint8_t, 4> bytes{0x70, 0, static_cast<std::uint8_t>(message.id >> 8),
                                            static_cast<std::uint8_t>(message.id)};
    deliver(bytes);
  }
  void acknowledge(const Seen& message) {
    const std::array<std::uint8_t, 4> bytes{0x60, 0, static_cast<std::uint8_t>(message.id >> 8),
                                            static_cast<std::uint8_t>(message.id)};
    deliver(bytes);
  }

  /// Lets time pass, waking the engine whenever it asked for it.
  void pass(Millis span) {
    const Instant end = now + span;
    for (;;) {
      const Instant next = std::max(engine.next_deadline(), now);
      if (next > end) break;
      now = next;
      engine.step(now);
    }
    now = end;
    engine.step(now);
  }

  Config config;
  Wire wire;
  testing::Dice dice;
  Log log;
  Board board;
  ServerObject<2> servers;
  DeviceObject device;
  ProbeObject probes;
  ServerInstance* account = nullptr;
  coap::LinkId speaker = kLink;  ///< whose messages the device gets
  std::vector<Object*> objects{&servers, &device, &probes};
  std::vector<std::byte> memory;
  Engine engine;
  Instant now{1000s};
  std::uint16_t next_id = 0x4000;
};

}  // namespace linnet::client::test

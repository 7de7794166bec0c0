// SPDX-License-Identifier: Apache-2.0
// A device engine that asks for its links itself, beside several scripted servers: the test plays the
// Connector and the servers, under a virtual clock.
#pragma once

#include "linnet/client/objects/security.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {

/// What was sent over which link.
struct Sent {
  coap::LinkId link{};
  Seen message;
};

class Net final : public coap::Links {
 public:
  const coap::LinkTraits& traits(coap::LinkId) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId, std::size_t size) noexcept override {
    buffer_.assign(size, 0);
    return buffer_;
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    out.push_back({link, Seen(ByteView(buffer_).first(size))});
  }

  std::deque<Sent> out;

 private:
  coap::LinkTraits traits_;
  std::vector<std::uint8_t> buffer_;
};

/// Keeps what it was asked; the test answers.
class Switchboard final : public Connector {
 public:
  struct Call {
    ShortServerId server = 0;
    InstanceId security = kMaxId;
    lwm2m::Binding transport;
  };
  void open(ShortServerId server, InstanceId security, lwm2m::Binding transport) noexcept override {
    calls.push_back({server, security, transport});
  }
  void close(coap::LinkId link) noexcept override { closed.push_back(index(link)); }

  std::deque<Call> calls;
  std::vector<std::uint32_t> closed;
};

class ManagedDevice : public ::testing::Test {
 public:
  ManagedDevice() {
    config.endpoint = "device";
    config.codecs = lwm2m::all_codecs();
    config.max_servers = 4;
    config.coap.max_peers = 8;
    config.connector = &switchboard;
    device.add(0)->platform = &board;
    probes.add(0);
  }

  ServerInstance& add_account(ShortServerId id) {
    const InstanceId at =
        servers.next_instance(0) == kMaxId ? InstanceId{0} : static_cast<InstanceId>(id % 10);
    security.add(at)->short_server_id = id;
    ServerInstance& server = *servers.add(at);
    server.short_server_id = id;
    return server;
  }

  void start() {
    memory.resize(Engine::memory_needed(config));
    Arena arena(memory);
    ASSERT_TRUE(engine.init(config, arena, net, dice, objects, &log).has_value());
    engine.step(now);
  }

  void settle() {
    for (int i = 0; i < 64 && engine.next_deadline() <= now; ++i) engine.step(now);
  }

  /// The next link that the engine asks for is there, with this number. Returns the server.
  ShortServerId connect(std::uint32_t link, Session session = Session::kNew) {
    if (switchboard.calls.empty()) {
      ADD_FAILURE() << "no link is wanted";
      return 0;
    }
    const ShortServerId server = switchboard.calls.front().server;
    switchboard.calls.pop_front();
    EXPECT_TRUE(engine.connect(server, coap::LinkId{link}, session).has_value());
    settle();
    return server;
  }
  ShortServerId refuse(Errc why = Errc::kTimeout) {
    if (switchboard.calls.empty()) {
      ADD_FAILURE() << "no link is wanted";
      return 0;
    }
    const ShortServerId server = switchboard.calls.front().server;
    switchboard.calls.pop_front();
    engine.unreachable(server, why);
    settle();
    return server;
  }

  /// The next message of the device; fails where there is none.
  Sent take() {
    if (net.out.empty()) {
      ADD_FAILURE() << "the device sent nothing";
      return {coap::kNoLink, Seen(std::array<std::uint8_t, 4>{0x60, 0, 0, 0})};
    }
    Sent sent = net.out.front();
    net.out.pop_front();
    return sent;
  }
  void respond(const Sent& request, Code code, std::vector<std::string> location = {}) {
    std::array<std::uint8_t, 256> buffer{};
    coap::MessageWriter writer(buffer, Type::kAcknowledgement, code, coap::MessageId{request.message.id},
                               request.message.token);
    for (const std::string& segment : location)
      writer.option(OptionNumber::kLocationPath, std::string_view(segment));
    engine.receive(request.link, ByteView(buffer).first(writer.finish().value()), now);
    settle();
  }
  /// The next link is wanted, given, and the Register over it accepted.
  ShortServerId accept(std::uint32_t link) {
    const ShortServerId server = connect(link);
    const Sent request = take();
    EXPECT_EQ(request.message.path, "/rd");
    EXPECT_EQ(index(request.link), link);
    respond(request, Code::kCreated, {"rd", std::to_string(link)});
    EXPECT_EQ(engine.state(server), RegistrationState::kRegistered);
    return server;
  }
  /// A request, with a text as its payload where there is one.
  Sent ask(std::uint32_t link, Code method, std::vector<std::string> path, std::string_view text = {},
           std::string_view query = {}, std::optional<std::uint32_t> accept = {},
           std::optional<std::uint32_t> observe = {}) {
    std::array<std::uint8_t, 256> buffer{};
    const std::array<std::uint8_t, 1> token{0x11};
    coap::MessageWriter writer(buffer, Type::kConfirmable, method, coap::MessageId{next_id++},
                               coap::Token(token));
    if (observe) writer.option(OptionNumber::kObserve, *observe);
    for (const std::string& segment : path) writer.option(OptionNumber::kUriPath, std::string_view(segment));
    if (!text.empty()) writer.option(OptionNumber::kContentFormat, std::uint32_t{0});
    if (!query.empty()) writer.option(OptionNumber::kUriQuery, query);
    if (accept) writer.option(OptionNumber::kAccept, *accept);
    writer.payload(as_bytes(text));
    engine.receive(coap::LinkId{link}, ByteView(buffer).first(writer.finish().value()), now);
    settle();
    return take();
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
    settle();
  }

  Config config;
  Net net;
  Switchboard switchboard;
  testing::Dice dice;
  Log log;
  Board board;
  SecurityObject<5> security;
  ServerObject<5> servers;
  DeviceObject device;
  ProbeObject probes;
  std::vector<Object*> objects{&security, &servers, &device, &probes};
  std::vector<std::byte> memory;
  Engine engine;
  Instant now{1000s};
  std::uint16_t next_id = 0x4000;
};

}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Whatever a server asks for that has an effect must be fresh, where the device wants it so (TS 5.7): every
// operation of the tables 6.4.4-1 and 6.4.2-1.
// Shows: SE-10
#include "linnet/client/objects/security.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

using coap::Freshness;

struct Operation {
  const char* name;
  Code method;
  const char* path;
  Ask what{};
  bool effect = false;
  Code done{};
};

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << operation.name;
}

constexpr std::uint32_t kText = 0, kLinks = 40, kSenmlJson = 110;

const Operation kOperations[] = {
    {"Read", Code::kGet, "/3/0/0", {}, false, Code::kContent},
    {"Discover", Code::kGet, "/3/0", {.accept = kLinks}, false, Code::kContent},
    {"Observe", Code::kGet, "/33000/0/1", {.observe = 0}, false, Code::kContent},
    {"Read-Composite",
     Code::kFetch,
     "",
     {.format = kSenmlJson, .payload = R"([{"n":"/3/0/0"}])"},
     false,
     Code::kContent},
    {"Write of a resource",
     Code::kPut,
     "/33000/0/1",
     {.format = kText, .payload = "8"},
     true,
     Code::kChanged},
    {"Write, partial",
     Code::kPost,
     "/33000/0",
     {.format = kSenmlJson, .payload = R"([{"n":"/33000/0/1","v":9}])"},
     true,
     Code::kChanged},
    {"Write-Attributes", Code::kPut, "/33000/0/1", {.query = {"pmin=10"}}, true, Code::kChanged},
    {"Execute", Code::kPost, "/33000/0/9", {}, true, Code::kChanged},
    {"Create",
     Code::kPost,
     "/33000",
     {.format = kSenmlJson, .payload = R"([{"n":"/33000/1/1","v":5}])"},
     true,
     Code::kCreated},
    {"Write-Composite",
     Code::kIPatch,
     "",
     {.format = kSenmlJson, .payload = R"([{"n":"/33000/0/1","v":6}])"},
     true,
     Code::kChanged},
    {"Delete", Code::kDelete, "/33000/1", {}, true, Code::kDeleted},
};

const Operation kBootstrapOperations[] = {
    {"Bootstrap-Discover", Code::kGet, "", {.accept = kLinks}, false, Code::kContent},
    {"Bootstrap-Read", Code::kGet, "/1", {.accept = kSenmlJson}, false, Code::kContent},
    {"Bootstrap-Write", Code::kPut, "/1/0/1", {.format = kText, .payload = "60"}, true, Code::kChanged},
    {"Bootstrap-Delete", Code::kDelete, "/33000/0", {}, true, Code::kDeleted},
    {"Bootstrap-Finish", Code::kPost, "/bs", {}, true, Code::kChanged},
};

class FreshnessTest : public DeviceTest {
 protected:
  static std::string echo_of(const Seen& answer) {
    const auto message = coap::Message::decode(answer.bytes);
    const auto echo = message->options().find(OptionNumber::kEcho);
    return echo ? std::string(as_text(echo->value)) : "";
  }
  /// As `ask`, with this Echo value.
  Seen ask_with(const Operation& operation, const std::string& echo) {
    Ask what = operation.what;
    what.echo = echo;
    wire.out.clear();
    Seen answer = ask(operation.method, operation.path, what);
    while (answer.type != Type::kAcknowledgement && !wire.out.empty()) answer = take();  // a notification
    return answer;
  }
  /// Nothing happens before the challenge is answered, and then what was asked for.
  void check_challenged(const Operation& operation) {
    const std::size_t events = log.types.size();
    const Seen challenge = ask_with(operation, "");
    EXPECT_EQ(challenge.code, Code::kUnauthorized) << operation;
    const std::string echo = echo_of(challenge);
    EXPECT_FALSE(echo.empty()) << operation;
    EXPECT_EQ(log.types.size(), events) << operation;
    std::string forged = echo;
    forged.back() = static_cast<char>(forged.back() ^ 1);
    EXPECT_EQ(ask_with(operation, forged).code, Code::kUnauthorized) << operation;
    EXPECT_EQ(log.types.size(), events) << operation;
    EXPECT_EQ(ask_with(operation, echo).code, operation.done) << operation;
  }
  void bootstrapping(Freshness freshness) {
    config.coap.freshness = freshness;
    config.coap.max_peers = 2;
    config.endpoint = "device";
    config.codecs = lwm2m::all_codecs();
    objects = {&security, &servers, &device, &probes};
    SecurityInstance* bootstrap = security.add(0);
    bootstrap->uri.assign("coap://bs.example");
    bootstrap->bootstrap_server = true;
    SecurityInstance* management = security.add(1);
    management->uri.assign("coap://server.example");
    management->short_server_id = kServer;
    servers.add(0)->short_server_id = kServer;
    device.add(0)->platform = &board;
    probes.add(0);
    memory.resize(Engine::memory_needed(config));
    Arena arena(memory);
    ASSERT_TRUE(engine.init(config, arena, wire, dice, objects, &log).has_value());
    ASSERT_TRUE(engine.connect(kBootstrapServer, kLink).has_value());
    ASSERT_TRUE(engine.bootstrap());
    pass(1s);
    respond(take(), Code::kChanged);
    ASSERT_EQ(engine.bootstrap_state(), BootstrapState::kRunning);
    wire.out.clear();
  }

  SecurityObject<2> security;
};

TEST_F(FreshnessTest, always_what_has_an_effect_is_challenged_each_time_and_what_reads_is_not) {
  config.coap.freshness = Freshness::kAlways;
  registered();
  for (const Operation& operation : kOperations) {
    if (operation.effect) {
      check_challenged(operation);
    } else {
      EXPECT_EQ(ask_with(operation, "").code, operation.done) << operation;
    }
  }
}

TEST_F(FreshnessTest, first_each_operation_is_challenged_until_a_challenge_was_answered) {
  config.coap.freshness = Freshness::kFirst;
  registered();
  for (const Operation& operation : kOperations) {
    if (!operation.effect) continue;
    EXPECT_EQ(ask_with(operation, "").code, Code::kUnauthorized) << operation;
  }
  check_challenged(kOperations[4]);
  for (const Operation& operation : kOperations)
    EXPECT_EQ(ask_with(operation, "").code, operation.done) << operation;
}

TEST_F(FreshnessTest, off_nothing_is_challenged) {
  registered();
  for (const Operation& operation : kOperations)
    EXPECT_EQ(ask_with(operation, "").code, operation.done) << operation;
}

TEST_F(FreshnessTest, always_the_bootstrap_server_is_challenged_too) {
  bootstrapping(Freshness::kAlways);
  for (const Operation& operation : kBootstrapOperations) {
    if (operation.effect) {
      check_challenged(operation);
    } else {
      EXPECT_EQ(ask_with(operation, "").code, operation.done) << operation;
    }
  }
}

TEST_F(FreshnessTest, first_the_bootstrap_server_is_challenged_once) {
  bootstrapping(Freshness::kFirst);
  check_challenged(kBootstrapOperations[2]);
  for (const Operation& operation : kBootstrapOperations)
    EXPECT_EQ(ask_with(operation, "").code, operation.done) << operation;
}

}  // namespace
}  // namespace linnet::client::test

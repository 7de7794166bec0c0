// SPDX-License-Identifier: Apache-2.0
// Bootstrap, cases 0 and 4 to 9.
#include "account_pack.hpp"
#include "role.hpp"

namespace linnet::conformance {

using client::BootstrapState;
using server::test::path_of;
using std::chrono_literals::operator""s;

/// What the cases write: instance 5 of object 0 and of object 1 for server 123, in SenML CBOR.
constexpr client::ShortServerId kWritten = 123;
constexpr client::InstanceId kWrittenAccount = 5;

class Bootstrap : public Case {
 protected:
  void SetUp() override {
    using lwm2m::Value;
    configuration.deletions = {path_of("/")};
    configuration.writes = {server::test::security_account("/0/5", uri_of(kPlace), kWritten),
                            server::test::server_instance("/1/5", kWritten)};
    auto& account = configuration.writes[0].records;
    auto& settings = configuration.writes[1].records;
    if (secured()) {
      account[2].value = server::OwnedValue(Value::integer(Account::kPsk));
      account[3].value = server::OwnedValue(Value::opaque(as_bytes(kIdentity)));
      account[5].value = server::OwnedValue(Value::opaque(kKey));
    }
    if (over_stream()) settings[3].value = server::OwnedValue(Value::string("T"));
    device.bootstrap_account = true;
  }
  /// The same as a device gets it.
  [[nodiscard]] std::string security_pack() const {
    const std::string mode = hex(secured() ? "a2 00 6132 02 00" : "a2 00 6132 02 03");
    const std::string identity = opaque(secured() ? as_bytes(kIdentity) : ByteView{});
    const std::string key = opaque(secured() ? ByteView(kKey) : ByteView{});
    return account_pack(7, uri_of(kPlace),
                        mode + hex("a2 00 6133") + identity + hex("a2 00 6134 08 40   a2 00 6135") + key, "");
  }

  /// The device has no server yet; its Bootstrap-Request is on its way.
  void start_empty() {
    device.account = false;
    start();
    start_bootstrap_server();
  }
  void start_bootstrap_server() {
    bootstrap.start(configuration);
    ASSERT_TRUE(bootstrap.ready);
  }

  void request() {
    peer = Peer::kBootstrapServer;
    tell({}, post("/bs").query("ep=" + std::string(kEndpoint)).query("pct=112"), changed());
  }
  void write_accounts() {
    follows(put("/0/5").payload(kSenmlCbor, security_pack()), changed());
    follows(as_carried(put("/1/5").payload(kSenmlCbor, kServerPack)), changed());
  }
  void finish(const Message& response) {
    follows(post("/bs"), response);
    if (!has_server()) return;
    ASSERT_EQ(bootstrap.listener.results.size(), 1U);
    EXPECT_EQ(bootstrap.listener.results[0].success(), response.code == changed().code);
  }
  /// The device turns to the server that was written.
  void register_there() {
    peer = Peer::kServer;
    if (secured()) secure_with_psk(kWrittenAccount);
    Message message = register_message("</1/5>,</3>;ver=1.1,</3/0>");
    message.options[2].second = "lt=300";
    tell([&] { ASSERT_TRUE(device.engine.connect(kWritten, coap::LinkId{0})); }, message,
         registered_answer());
    if (has_device()) {
      EXPECT_EQ(device.engine.state(kWritten), client::RegistrationState::kRegistered);
    }
    if (has_server()) {
      EXPECT_TRUE(server.engine.find(kEndpoint));
    }
  }

  static constexpr std::string_view kPlace = "192.0.2.3:5683";
  server::BootstrapConfiguration configuration;
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Bootstrap, kEverywhere, name_of);

TEST_P(Bootstrap, Int0_client_initiated_bootstrap) {
  start_empty();
  request();
  follows(remove(""), deleted());
  write_accounts();
  finish(changed());
  register_there();
}

TEST_P(Bootstrap, Int4_bootstrap_delete) {
  configuration.deletions = {path_of("/1/0"), path_of("/")};
  device.account = false;
  start();
  start_bootstrap_server();
  if (has_device()) {
    device.servers.add(0)->short_server_id = 77;  // an instance without its account
    device.security.add(3)->uri.assign("coap://192.0.2.4");
  }
  request();
  follows(remove("/1/0"), deleted());
  if (has_device()) {
    EXPECT_FALSE(device.servers.exists(0));
    EXPECT_TRUE(device.security.exists(3));
  }
  follows(remove(""), deleted());
  if (has_device()) {
    EXPECT_FALSE(device.security.exists(3));
    EXPECT_TRUE(device.security.exists(kBootstrapAccount));
    EXPECT_TRUE(device.device.exists(0));
  }
  write_accounts();
  finish(changed());
}

TEST_P(Bootstrap, Int5_server_initiated_bootstrap) {
  registered();
  start_bootstrap_server();
  ask(post("/1/0/9"), changed());
  request();
  follows(remove(""), deleted());
  write_accounts();
  finish(changed());
  register_there();
}

TEST_P(Bootstrap, Int6_bootstrap_sequence) {
  // With a usable account it registers and does not bootstrap.
  registered();
  start_bootstrap_server();
  if (has_device()) {
    EXPECT_EQ(device.engine.bootstrap_state(), BootstrapState::kIdle);
  }
  pass_quietly(3600s);
  // Once it has none it does.
  if (has_device()) {
    device.security.drop(0);
    device.servers.drop(0);
  }
  request();
  follows(remove(""), deleted());
  write_accounts();
  finish(changed());
  register_there();
}

TEST_P(Bootstrap, Int7_fallback_to_bootstrap) {
  start();
  start_bootstrap_server();
  if (has_device()) {
    device.servers.get(0)->retry_count = 1;
    device.servers.get(0)->sequence_count = 0;
  }
  server.listener.refused = kEndpoint;
  server.listener.refusal = answer(4, 3).code;
  tell({}, register_message(), answer(4, 3));
  request();
  follows(remove(""), deleted());
  write_accounts();
  finish(changed());
  server.listener.refused.clear();
  register_there();
}

TEST_P(Bootstrap, Int8_bootstrap_read) {
  configuration.read = {path_of("/1"), path_of("/2")};
  configuration.deletions = {path_of("/1")};
  device.account = false;
  start();
  start_bootstrap_server();
  if (has_device()) {
    device.servers.add(0)->short_server_id = 77;
  }
  request();
  const std::string before = hex(R"(84 a3 21 65 2f312f302f 00 6130 02 184d   a2 00 6131 02 1a00015180
                                    a2 00 6136 04 f5   a2 00 6137 03 6155)");
  follows(get("/1").accept(kSenmlCbor), content(kSenmlCbor, before));
  follows(get("/2").accept(kSenmlCbor), answer(4, 4));
  // Our server is never configured to read another object; a device refuses it.
  if (!has_server()) follows(get("/3").accept(kSenmlCbor), answer(4, 5));
  follows(remove("/1"), deleted());
  write_accounts();
  finish(changed());
}

TEST_P(Bootstrap, Int9_bootstrap_and_configuration_consistency) {
  // An account without its Server instance, which our server would not let anybody enter.
  configuration.writes.pop_back();
  registered();
  start_bootstrap_server();
  ask(post("/1/0/9"), changed());
  request();
  follows(remove(""), deleted());
  follows(put("/0/5").payload(kSenmlCbor, security_pack()), changed());
  finish(answer(4, 6));
  if (!has_device()) return;
  EXPECT_EQ(device.security.get(0)->uri.view(), uri_of("192.0.2.1"));
  EXPECT_FALSE(device.security.exists(5));
  EXPECT_EQ(device.servers.get(0)->short_server_id, kAccount);
}

}  // namespace linnet::conformance

// SPDX-License-Identifier: Apache-2.0
// Shows: SE-6, SE-8, OP-1
// OSCORE is independent of what carries it (TS 5.5.1): over TCP, and inside DTLS and TLS, with the management
// and with the bootstrap server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "protected_device.hpp"

namespace linnet::net {
namespace {

using coap::Code;
using oscore::FirstUse;
using test::context_for;
using test::enter;
using test::perform;
using test::ProtectedDevice;
using test::small_server;
using test::start;
using test::StateFolder;
using test::statistics;
using test::Wire;

enum class Transport { kTcp, kDtls, kTls };
struct Case {
  Transport transport;
  unsigned shards;
  FirstUse first_use;
};

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  constexpr const char* kNames[] = {"tcp", "dtls", "tls"};
  return kNames[static_cast<std::size_t>(info.param.transport)] + ("_" + std::to_string(info.param.shards)) +
         (info.param.first_use == FirstUse::kStored ? "_stored" : "_rederived");
}

class OscoreTransports : public ::testing::TestWithParam<Case> {
 protected:
  /// dev-one proves itself by the context "dev" and, inside DTLS and TLS, by its pre-shared key.
  void boot() {
    config_ = small_server(GetParam().shards);
    const std::vector<Address> any = {*parse_address("127.0.0.1:0")};
    switch (GetParam().transport) {
      case Transport::kTcp: config_.listen_tcp = config_.bootstrap.listen_tcp = any; break;
      case Transport::kDtls: config_.dtls.listen = config_.bootstrap.listen_dtls = any; break;
      case Transport::kTls: config_.listen_tls = config_.bootstrap.listen_tls = any; break;
    }
    config_.allow_nosec = false;
    config_.open_store = folder_.factory();
    server_ = start(config_);
    enter(*server_, context_for("dev-one", "dev"));
    for (server::CredentialChange& change : test::devices()) enter(*server_, std::move(change));
  }
  /// At the same place.
  void restart() {
    config_.listen_tcp = server_->listening_tcp();
    config_.dtls.listen = server_->listening_dtls();
    config_.listen_tls = server_->listening_tls();
    server_.reset();
    server_ = start(config_);
  }

  [[nodiscard]] std::unique_ptr<Wire> connect(const Address& address, const std::string& identity = "one") {
    switch (GetParam().transport) {
      case Transport::kTcp: return std::make_unique<test::StreamWire>(std::make_unique<RawStream>(address));
      case Transport::kDtls: return std::make_unique<test::DtlsWire>(address, identity);
      case Transport::kTls: break;
    }
    return std::make_unique<test::StreamWire>(std::make_unique<test::SecuredStream>(address, identity));
  }
  [[nodiscard]] const Address& management() const {
    switch (GetParam().transport) {
      case Transport::kTcp: return server_->listening_tcp()[0];
      case Transport::kDtls: return server_->listening_dtls()[0];
      case Transport::kTls: break;
    }
    return server_->listening_tls()[0];
  }
  [[nodiscard]] const Address& bootstrap() const {
    const BootstrapServerConfig& config = server_->bootstrap()->config();
    switch (GetParam().transport) {
      case Transport::kTcp: return config.listen_tcp[0];
      case Transport::kDtls: return config.listen_dtls[0];
      case Transport::kTls: break;
    }
    return config.listen_tls[0];
  }
  [[nodiscard]] bool has_session() const {
    return GetParam().transport == Transport::kDtls || GetParam().transport == Transport::kTls;
  }
  void check_read(ProtectedDevice& device) {
    device.contexts_of_requests.clear();
    auto outcome = perform(*server_, "dev-one", server::OperationKind::kRead, "/3/0/0");
    while (outcome.wait_for(Millis(0)) != std::future_status::ready) device.exchange(20);
    EXPECT_EQ(as_text(outcome.get().payload), device.served);
    EXPECT_THAT(device.contexts_of_requests, ::testing::Each(::testing::Ne(0U))) << "asked in the clear";
    EXPECT_FALSE(device.contexts_of_requests.empty());
  }

  StateFolder folder_;
  ServerConfig config_;
  std::unique_ptr<Server> server_;
};

INSTANTIATE_TEST_SUITE_P(Wires, OscoreTransports,
                         ::testing::Values(Case{Transport::kTcp, 1, FirstUse::kRederive},
                                           Case{Transport::kTcp, 3, FirstUse::kStored},
                                           Case{Transport::kDtls, 1, FirstUse::kRederive},
                                           Case{Transport::kDtls, 3, FirstUse::kStored},
                                           Case{Transport::kTls, 1, FirstUse::kRederive},
                                           Case{Transport::kTls, 3, FirstUse::kStored}),
                         name_of);

TEST_P(OscoreTransports, a_device_registers_is_read_and_comes_back_over_another_connection) {
  boot();
  ProtectedDevice device(connect(management()), GetParam().first_use);
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  check_read(device);
  EXPECT_EQ(device.request(Code::kPost, {"rd", device.location}), Code::kChanged);
  // At whatever shard that begins.
  for (int i = 0; i < 4; ++i) {
    device.reconnect(connect(management()));
    EXPECT_EQ(device.request(Code::kPost, {"rd", device.location}), Code::kChanged);
    check_read(device);
  }
  EXPECT_EQ(device.request(Code::kDelete, {"rd", device.location}), Code::kDeleted);
}

TEST_P(OscoreTransports, values_larger_than_a_message_come_through) {
  boot();
  ProtectedDevice device(connect(management()), GetParam().first_use);
  device.served.assign(1900, 'v');
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  check_read(device);
}

TEST_P(OscoreTransports, a_server_that_was_started_again_goes_on_with_the_context) {
  boot();
  ProtectedDevice device(connect(management()), GetParam().first_use);
  ASSERT_EQ(device.register_as("dev-one"), Code::kCreated);
  check_read(device);
  restart();
  // An association is kept, a connection is not: its device speaks first.
  if (GetParam().transport == Transport::kDtls) return check_read(device);
  device.reconnect(connect(management()));
  EXPECT_EQ(device.request(Code::kPost, {"rd", device.location}), Code::kChanged);
  check_read(device);
}

// TS 5.2.6, 5.5.5: where a session and a context prove something, both prove this name.
TEST_P(OscoreTransports, the_context_and_the_session_prove_the_same_name) {
  boot();
  ProtectedDevice device(connect(management(), "two"), GetParam().first_use);
  EXPECT_EQ(device.register_as("dev-two"), Code::kBadRequest);
  EXPECT_EQ(device.register_as("dev-one"), has_session() ? Code::kBadRequest : Code::kCreated);
}

TEST_P(OscoreTransports, a_session_of_the_bootstrap_server_is_protected) {
  boot();
  server::BootstrapConfiguration configuration;
  configuration.name = "all";
  configuration.endpoints = {"*"};
  configuration.deletions = {lwm2m::Path(1)};
  std::promise<ConfigurationOutcome> done;
  ASSERT_TRUE(server_->bootstrap()->put(
      configuration, [&](ConfigurationOutcome outcome) { done.set_value(std::move(outcome)); }));
  ASSERT_FALSE(done.get_future().get().failure);
  ProtectedDevice device(connect(bootstrap()), GetParam().first_use);
  ASSERT_EQ(device.request(Code::kPost, {"bs"}, {"ep=dev-one", "pct=112"}), Code::kChanged);
  for (int i = 0; i < 500 && device.methods_of_requests.size() < 2; ++i) device.exchange(20);
  EXPECT_THAT(device.methods_of_requests, ::testing::ElementsAre(Code::kDelete, Code::kPost));
  EXPECT_THAT(device.contexts_of_requests, ::testing::Each(::testing::Ne(0U))) << "asked in the clear";
  // What was answered last is through when the next request is.
  EXPECT_EQ(device.request(Code::kGet, {"nothing"}), Code::kNotFound);
  EXPECT_EQ(statistics(*server_).bootstrap.finished, 1U);
}

// An account of its own for each: what is proved at the bootstrap server is proved by this name alone.
TEST_P(OscoreTransports, the_bootstrap_server_holds_the_name_against_the_context) {
  boot();
  ProtectedDevice device(connect(bootstrap()), GetParam().first_use);
  EXPECT_EQ(device.request(Code::kPost, {"bs"}, {"ep=dev-two", "pct=112"}), Code::kBadRequest);
  EXPECT_EQ(statistics(*server_).bootstrap.started, 0U);
}

}  // namespace
}  // namespace linnet::net

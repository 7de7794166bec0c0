// SPDX-License-Identifier: Apache-2.0
// Accounts that a smartcard brings (Core 1.1 §6.1.4.2, appendix G): one transaction, checked like a Finish.
// Shows: OP-8
#include "linnet/client/provision.hpp"

#include "account_fixture.hpp"

namespace linnet::client::test {
namespace {

std::string tlv(unsigned kind, unsigned id, const std::string& value) {
  std::string out{static_cast<char>(kind | (value.size() < 8 ? value.size() : 0x08)), static_cast<char>(id)};
  if (value.size() >= 8) out += static_cast<char>(value.size());
  return out + value;
}
std::string resource(unsigned id, const std::string& value) {
  return tlv(0xC0, id, value);
}
std::string byte(unsigned value) {
  return {static_cast<char>(value)};
}

std::string security_tlv(unsigned instance, const std::string& uri, bool bootstrap,
                         const std::string& more = "") {
  return tlv(0, instance,
             resource(0, uri) + resource(1, byte(bootstrap ? 1 : 0)) + resource(2, byte(3)) + more);
}
std::string server_tlv(unsigned instance, unsigned id) {
  return tlv(
      0, instance,
      resource(0, byte(0) + byte(id)) + resource(1, "\x01\x2C") + resource(6, byte(1)) + resource(7, "U"));
}
std::string ssid(unsigned id) {
  return resource(10, byte(0) + byte(id));
}

class Provision : public AccountTest {
 protected:
  void begin() {
    init_engine();
    speaker = kLink;
  }
  Errc provision(const std::vector<std::pair<ObjectId, std::string>>& brought,
                 std::optional<lwm2m::Version> version = {}) {
    std::vector<ProvisionedObject> all;
    for (const auto& [id, bytes] : brought) all.push_back({id, version, as_bytes(bytes)});
    const auto done = engine.provision(all);
    return done ? Errc{} : done.error().code;
  }
  /// The new account of server kNew, as instance 5.
  Errc provision_account() {
    return provision(
        {{0, security_tlv(5, "coap://new.example", false, ssid(kNew))}, {1, server_tlv(5, kNew)}});
  }
  void register_with_new() {
    ASSERT_TRUE(engine.connect(kNew, kLink).has_value());
    engine.step(now);
    const Seen request = take();
    EXPECT_EQ(request.path, "/rd");
    EXPECT_NE(request.query.find("lt=300"), std::string::npos);
    respond(request, Code::kCreated, {"rd", "1"});
    EXPECT_EQ(engine.state(kNew), RegistrationState::kRegistered);
  }
};

TEST_F(Provision, accounts_of_a_card_are_registered_with) {
  begin();
  engine.step(now);
  EXPECT_TRUE(wire.out.empty());
  EXPECT_EQ(provision_account(), Errc{});
  EXPECT_EQ(security.get(5)->uri.view(), "coap://new.example");
  register_with_new();
}

TEST_F(Provision, they_take_the_place_of_all_but_the_bootstrap_account) {
  add_account(0, kServer);
  add_bootstrap_account(1);
  begin();
  ASSERT_TRUE(engine.connect(kServer, kLink).has_value());
  engine.step(now);
  respond(take(), Code::kCreated, {"rd", "1"});
  EXPECT_EQ(provision_account(), Errc{});
  EXPECT_FALSE(security.exists(0));
  EXPECT_FALSE(servers.exists(0));
  EXPECT_TRUE(security.exists(1));
  EXPECT_TRUE(security.exists(5));
  engine.step(now);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kOffline);
  register_with_new();
}

TEST_F(Provision, a_bootstrap_account_of_the_card_is_the_only_one) {
  add_bootstrap_account(1);
  begin();
  EXPECT_EQ(provision({{0, security_tlv(2, "coap://card.example", true)}}), Errc{});
  EXPECT_FALSE(security.exists(1));
  ASSERT_TRUE(engine.connect(kBootstrapServer, kBsLink).has_value());
  engine.step(now);
  const Seen request = take();
  EXPECT_EQ(request.path, "/bs");
}

TEST_F(Provision, what_is_inconsistent_or_broken_changes_nothing) {
  add_account(0, kServer);
  add_bootstrap_account(1);
  begin();
  const std::string good = security_tlv(5, "coap://new.example", false, ssid(kNew));
  EXPECT_EQ(provision({{0, good}}), Errc::kNotAllowed);                           // no Server instance
  EXPECT_EQ(provision({{1, server_tlv(5, kNew)}}), Errc::kNotAllowed);            // no Security instance
  EXPECT_EQ(provision({{0, good}, {1, server_tlv(5, 202)}}), Errc::kNotAllowed);  // of another server
  EXPECT_EQ(provision({{0, good.substr(0, good.size() - 1)}, {1, server_tlv(5, kNew)}}), Errc::kMalformed);
  EXPECT_EQ(provision({{0, good + good.substr(0, 3)}, {1, server_tlv(5, kNew)}}), Errc::kMalformed);
  EXPECT_EQ(provision({{0, good}, {1, server_tlv(5, kNew)}}, lwm2m::Version{2, 0}), Errc::kUnsupported);
  // A link of object 0 that leads nowhere.
  const std::string dangling =
      security_tlv(5, "coap://new.example", false, ssid(kNew) + resource(17, std::string("\0\x15\0\x01", 4)));
  EXPECT_EQ(provision({{0, dangling}, {1, server_tlv(5, kNew)}}), Errc::kNotAllowed);
  EXPECT_EQ(security.get(0)->uri.view(), "coap://old.example");
  EXPECT_EQ(servers.get(0)->short_server_id, kServer);
  EXPECT_TRUE(security.exists(1));
  EXPECT_FALSE(security.exists(5));
  EXPECT_FALSE(servers.exists(5));
}

TEST_F(Provision, a_card_of_nothing_is_refused) {
  begin();
  EXPECT_EQ(provision({}), Errc::kNotAllowed);
  // With the bootstrap account that is there it says that there is no other.
  EXPECT_EQ(provision({{4711, "whatever"}}), Errc::kNotAllowed);
}

TEST_F(Provision, objects_that_the_device_does_not_have_are_passed_over) {
  begin();
  EXPECT_EQ(provision({{0, security_tlv(5, "coap://new.example", false, ssid(kNew))},
                       {11, tlv(0, 0, resource(0, "apn"))},
                       {1, server_tlv(5, kNew)}}),
            Errc{});
}

TEST_F(Provision, waits_for_a_bootstrap_server_that_is_at_work) {
  add_bootstrap_account(1);
  begin();
  ASSERT_TRUE(engine.connect(kBootstrapServer, kBsLink).has_value());
  engine.step(now);
  speaker = kBsLink;
  const Seen request = take();
  EXPECT_EQ(provision_account(), Errc::kBusy);
  respond(request, Code::kChanged);
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kRunning);
  EXPECT_EQ(provision_account(), Errc::kBusy);
  const std::array<InstanceId, 1> accounts{1};
  EXPECT_EQ(engine.withdraw(accounts).error().code, Errc::kBusy);
}

TEST_F(Provision, a_waiting_bootstrap_is_given_up_for_the_accounts_of_a_card) {
  add_bootstrap_account(1);
  security.get(1)->hold_off = 100;
  begin();
  engine.step(now);
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kWaiting);
  EXPECT_EQ(provision_account(), Errc{});
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kIdle);
}

TEST_F(Provision, what_a_card_brought_goes_with_it) {
  begin();
  const std::string context =
      tlv(0, 1, resource(0, std::string(16, 's')) + resource(1, "a") + resource(2, "b"));
  ASSERT_EQ(provision({{0, security_tlv(5, "coap://new.example", false,
                                        ssid(kNew) + resource(17, std::string("\0\x15\0\x01", 4)))},
                       {1, server_tlv(5, kNew)},
                       {21, context}}),
            Errc{});
  ASSERT_TRUE(oscore.exists(1));
  const std::array<InstanceId, 2> accounts{5, 9};  // one that is there, and one that has gone
  ASSERT_TRUE(engine.withdraw(accounts));
  EXPECT_FALSE(security.exists(5));
  EXPECT_FALSE(servers.exists(5));
  EXPECT_FALSE(oscore.exists(1));
  engine.step(now);
  EXPECT_EQ(engine.state(kNew), RegistrationState::kOffline);
  EXPECT_TRUE(wire.out.empty());
}

TEST_F(Provision, without_the_card_the_bootstrap_server_is_asked) {
  add_bootstrap_account(1);
  begin();
  ASSERT_EQ(provision_account(), Errc{});
  register_with_new();
  const std::array<InstanceId, 1> accounts{5};
  ASSERT_TRUE(engine.withdraw(accounts));
  ASSERT_TRUE(engine.connect(kBootstrapServer, kBsLink).has_value());
  engine.step(now);
  EXPECT_EQ(take().path, "/bs");
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// What objects 0, 1 and 21 say about servers (digest §4).
#include "linnet/client/accounts.hpp"

#include <gtest/gtest.h>

#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"

namespace linnet::client {
namespace {

class Accounts : public ::testing::Test {
 protected:
  void add(InstanceId instance, ShortServerId server) { servers.add(instance)->short_server_id = server; }
  void secure(InstanceId instance, ShortServerId server, bool bootstrap = false) {
    SecurityInstance& row = *security.add(instance);
    row.bootstrap_server = bootstrap;
    if (server != 0) row.short_server_id = server;
  }

  SecurityObject<4> security;
  ServerObject<4> servers;
  std::array<Object*, 2> objects{&security, &servers};
  ObjectTree tree{objects};
};

TEST_F(Accounts, Usable_ones_have_a_Security_instance_of_the_same_Short_Server_ID) {
  secure(0, 0, true);
  secure(1, 7);
  secure(2, 5, true);
  add(0, 5);
  add(3, 7);
  const Account account = next_account(tree);
  EXPECT_EQ(account.id, 7);
  EXPECT_EQ(account.server, 3);
  EXPECT_EQ(find_security_instance(tree, account.id), 1);
  EXPECT_EQ(next_account(tree, 4).id, 0);
  EXPECT_EQ(find_bootstrap_account(tree), 0);
  EXPECT_EQ(find_security_instance(tree, 5), kMaxId) << "it is the bootstrap server's";
  EXPECT_EQ(find_server_instance(tree, 5), 0);
}

TEST_F(Accounts, Without_object_0_every_Server_instance_is_usable) {
  add(2, 9);
  const ObjectTree bare(std::span<Object* const>(objects).subspan(1));
  EXPECT_EQ(next_account(bare).id, 9);
  EXPECT_EQ(find_security_instance(bare, 9), kMaxId);
  EXPECT_EQ(find_bootstrap_account(bare), kMaxId);
}

TEST_F(Accounts, Settings_have_the_defaults_of_what_is_absent) {
  add(1, 9);
  ServerSettings settings = read_settings(tree, 9);
  EXPECT_EQ(settings.instance, 1);
  EXPECT_EQ(settings.retry_count, 5U);
  EXPECT_EQ(settings.disable_timeout, 86'400U);
  servers.get(1)->retry_count = 2;
  servers.get(1)->disable_timeout = 60;
  settings = read_settings(tree, 9);
  EXPECT_EQ(settings.retry_count, 2U);
  EXPECT_EQ(settings.disable_timeout, 60U);
  EXPECT_EQ(read_settings(tree, 10).instance, kMaxId);
}

// Shows: OB-1
TEST(AccountObjects, Object_1_has_every_resource_of_version_1_1) {
  const ServerObject<1> object;
  ASSERT_EQ(object.definition().resources.size(), 24U);
  for (ResourceId i = 0; i < 24; ++i) EXPECT_EQ(object.definition().resources[i].id, i);
  EXPECT_EQ(object.definition().find(21)->operations, Operations::kRW);
  EXPECT_EQ(object.definition().find(16)->operations, Operations::kNone);
  EXPECT_EQ(object.definition().find(9)->operations, Operations::kE);
}

TEST(AccountObjects, Values_out_of_the_range_of_their_resource_are_not_taken) {
  ServerObject<1> servers;
  SecurityObject<1> security;
  servers.add(0);
  security.add(0);
  EXPECT_TRUE(servers.validate(Path(1, 0, 22), Value::string("T")).has_value());
  EXPECT_FALSE(servers.validate(Path(1, 0, 22), Value::string("UT")).has_value());
  EXPECT_FALSE(servers.validate(Path(1, 0, 22), Value::string("Q")).has_value());
  EXPECT_FALSE(servers.validate(Path(1, 0, 11), Value::unsigned_integer(256)).has_value());
  EXPECT_FALSE(security.validate(Path(0, 0, 13), Value::unsigned_integer(4)).has_value());
  EXPECT_FALSE(security.validate(Path(0, 0, 10), Value::integer(65535)).has_value());
  EXPECT_TRUE(security.validate(Path(0, 0, 12), Value::integer(0)).has_value());
}

// Shows: OB-2
TEST(AccountObjects, Object_21_keeps_a_whole_context) {
  OscoreObject<1> oscore;
  oscore.add(0);
  const std::array<std::uint8_t, 16> secret{1, 0xFF};
  ASSERT_TRUE(oscore.write(Path(21, 0, 0), Value::opaque(secret)).has_value());
  EXPECT_TRUE(equal(oscore.read(Path(21, 0, 0))->as_opaque(), secret));
  EXPECT_FALSE(oscore.has(0, *oscore.definition().find(6)));
  EXPECT_EQ(oscore.definition().resources.size(), 7U);
}

}  // namespace
}  // namespace linnet::client

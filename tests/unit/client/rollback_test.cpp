// SPDX-License-Identifier: Apache-2.0
// Shows: OP-3
// What is kept before a change comes back: as bytes where an object lies in memory as it is, value by value
// where it does not.
#include "linnet/client/rollback.hpp"

#include <gtest/gtest.h>

#include <array>

#include "fragile_object.hpp"
#include "linnet/client/objects/connectivity_statistics.hpp"
#include "linnet/client/objects/security.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

class RollbackTest : public ::testing::Test {
 protected:
  std::array<std::uint8_t, 2048> buffer{};
  SecurityObject<2> security;
  ConnectivityStatisticsObject statistics;
  ProbeObject probes;  // a std::string is among it
  FragileObject fragile;
  std::array<Object*, 4> objects{&security, &statistics, &probes, &fragile};
  ObjectTree tree{objects};
};

TEST_F(RollbackTest, Objects_of_both_kinds_are_as_they_were) {
  security.add(1)->uri.assign("coap://server.example");
  security.get(1)->identity.assign(as_bytes(std::string_view("identity")));
  probes.add(0)->optional = 3;
  fragile.instances[4] = {{0, {{0, 10}}}, {2, {{1, 5}}}};
  const auto before = fragile.instances;
  const Path period(7, 0, 8);
  ASSERT_TRUE(statistics.write(period, Value::integer(60)).has_value());

  Rollback rollback(buffer);
  for (const Object* object : objects)
    ASSERT_TRUE(rollback.keep(tree, Path(object->id())).has_value()) << object->id();
  security.get(1)->uri.assign("coap://other.example");
  security.get(1)->identity = {};
  security.add(0);
  probes.get(0)->optional.reset();
  probes.add(1);
  fragile.instances.clear();
  fragile.instances[0] = {{0, {{0, 1}}}};
  ASSERT_TRUE(statistics.write(period, Value::integer(5)).has_value());

  rollback.undo(tree);
  EXPECT_EQ(security.get(0), nullptr);
  EXPECT_EQ(security.get(1)->uri.view(), "coap://server.example");
  EXPECT_EQ(as_text(security.get(1)->identity.view()), "identity");
  EXPECT_EQ(probes.get(1), nullptr);
  EXPECT_EQ(probes.get(0)->optional, 3);
  EXPECT_EQ(fragile.instances, before);
  EXPECT_EQ(statistics.read(period)->as_integer(), 60);
}

TEST_F(RollbackTest, An_instance_that_went_comes_back) {
  security.add(0)->short_server_id = 5;
  security.add(1)->short_server_id = 6;
  Rollback rollback(buffer);
  ASSERT_TRUE(rollback.keep(tree, Path(0, 1)).has_value());
  security.drop(0);
  security.drop(1);
  security.add(7);
  rollback.undo(tree);
  EXPECT_EQ(security.get(7), nullptr);
  EXPECT_EQ(security.get(0)->short_server_id, 5);
  EXPECT_EQ(security.get(1)->short_server_id, 6);
}

TEST_F(RollbackTest, Bytes_are_kept_once_and_only_of_instances_that_are_there) {
  security.add(0);
  Rollback rollback(ByteSpan(buffer).first(2 + 2 * sizeof(InstanceId) + sizeof(*security.get(0))));
  EXPECT_TRUE(rollback.keep(tree, Path(0, 0, 0)).has_value());
  EXPECT_TRUE(rollback.keep(tree, Path(0, 0, 1)).has_value());
}

TEST_F(RollbackTest, Values_are_kept_where_bytes_would_not_fit) {
  security.add(0)->uri.assign("coap://server.example");
  Rollback rollback(ByteSpan(buffer).first(100));
  ASSERT_TRUE(rollback.keep(tree, Path(0)).has_value());
  security.get(0)->uri.assign("coap://other.example");
  rollback.undo(tree);
  EXPECT_EQ(security.get(0)->uri.view(), "coap://server.example");
}

TEST_F(RollbackTest, What_does_not_fit_is_refused_and_the_rest_stays_kept) {
  fragile.instances[0] = {{0, {{0, 10}}}};
  security.add(0)->uri.assign("coap://server.example");
  Rollback rollback(ByteSpan(buffer).first(30));
  ASSERT_TRUE(rollback.keep(tree, Path(33001)).has_value());
  EXPECT_EQ(rollback.keep(tree, Path(0)).error().code, Errc::kNoSpace);
  fragile.instances.clear();
  security.get(0)->uri.assign("coap://other.example");
  rollback.undo(tree);
  EXPECT_TRUE(fragile.instances.contains(0));
  EXPECT_EQ(security.get(0)->uri.view(), "coap://other.example");
}

}  // namespace
}  // namespace linnet::client::test

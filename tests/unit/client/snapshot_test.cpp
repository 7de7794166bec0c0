// SPDX-License-Identifier: Apache-2.0
// Values kept as bytes and put back.
#include "linnet/client/snapshot.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "fragile_object.hpp"
#include "linnet/client/objects/security.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

class SnapshotTest : public ::testing::Test {
 protected:
  std::string kept(std::initializer_list<Path> paths) {
    Snapshot snapshot(buffer);
    for (const Path& path : paths) EXPECT_TRUE(snapshot.add(tree, path).has_value());
    return std::string(as_text(snapshot.bytes()));
  }
  Result<void> put_back(std::string_view snapshot) { return restore(tree, as_bytes(snapshot)); }

  std::array<std::uint8_t, 1024> buffer{};
  SecurityObject<2> security;
  ServerObject<2> servers;
  ProbeObject probes;
  FragileObject fragile;
  std::array<Object*, 4> objects{&security, &servers, &probes, &fragile};
  ObjectTree tree{objects};
};

TEST_F(SnapshotTest, The_form_of_an_instance_is_what_the_header_says) {
  fragile.instances[7] = {{0, {{0, -3}}}, {2, {{1, 200}, {4, 5}}}};
  EXPECT_EQ(
      kept({Path(33001, 7)}),
      std::string("\x01\x12\xE9\x81\x02\x07\x20\x07\x32\x00\x05\x40\x02\x52\x01\x90\x03\x52\x04\x0A", 20));
}

TEST_F(SnapshotTest, What_is_not_there_is_kept_as_not_there) {
  EXPECT_EQ(kept({Path(33001)}), "\x01\x11\xE9\x81\x02");
  EXPECT_EQ(kept({Path(33001, 7)}), "\x01\x12\xE9\x81\x02\x07");
  fragile.instances[7] = {{0, {{0, 1}}}};
  EXPECT_EQ(kept({Path(33001, 7, 2, 9)}), "\x01\x13\xE9\x81\x02\x07\x02");
}

TEST_F(SnapshotTest, Every_data_type_comes_back) {
  Probe& probe = *probes.add(0);
  probe.flag = true;
  probe.number = 99;
  probe.unsigned_number = 0xFFFFFFFF;
  probe.temperature = -1e-300;
  probe.label = Text<16>("a label");
  probe.blob.assign(as_bytes(std::string_view("\x00\xFF\x80", 3)));
  probe.when = UnixTime{-5'000'000'000};
  probe.link = {65535, 3};
  probe.many.set(1, INT32_MIN);
  probe.many.set(3, INT32_MAX);
  probe.optional = -7;
  probe.secret = 42;
  const std::string snapshot = kept({Path(33000)});
  probes.drop(0);
  probes.add(2);
  ASSERT_TRUE(put_back(snapshot).has_value());
  EXPECT_EQ(probes.get(2), nullptr);
  const Probe* back = probes.get(0);
  ASSERT_NE(back, nullptr);
  EXPECT_TRUE(back->flag);
  EXPECT_EQ(back->number, 99);
  EXPECT_EQ(back->unsigned_number, 0xFFFFFFFF);
  EXPECT_EQ(back->temperature, -1e-300);
  EXPECT_EQ(back->label.view(), "a label");
  EXPECT_EQ(as_text(back->blob.view()), std::string_view("\x00\xFF\x80", 3));
  EXPECT_EQ(back->when.seconds, -5'000'000'000);
  EXPECT_EQ(back->link, (lwm2m::Objlnk{65535, 3}));
  EXPECT_EQ(back->many, probe.many);
  EXPECT_FALSE(back->many.has(0));
  EXPECT_EQ(back->many[3], INT32_MAX);
  EXPECT_EQ(back->optional, -7);
  EXPECT_EQ(back->secret, 42);
}

TEST_F(SnapshotTest, Accounts_come_back_with_what_no_server_may_see) {
  SecurityInstance& account = *security.add(1);
  account.uri.assign("coap://server.example");
  account.secret_key.assign(as_bytes(std::string_view("key")));
  account.short_server_id = 101;
  servers.add(0)->retry_count = 3;
  const std::string snapshot = kept({Path()});
  security.drop(1);
  security.add(0);
  servers.get(0)->retry_count.reset();
  ASSERT_TRUE(put_back(snapshot).has_value());
  EXPECT_EQ(security.get(0), nullptr);
  ASSERT_NE(security.get(1), nullptr);
  EXPECT_EQ(security.get(1)->uri.view(), "coap://server.example");
  EXPECT_EQ(as_text(security.get(1)->secret_key.view()), "key");
  EXPECT_EQ(servers.get(0)->retry_count, 3U);
}

TEST_F(SnapshotTest, Instances_that_are_too_many_go_before_others_come) {
  fragile.instances[1] = fragile.instances[2] = fragile.instances[3] = {{0, {{0, 5}}}};
  const std::string snapshot = kept({Path(33001)});
  fragile.instances.clear();
  fragile.instances[7] = fragile.instances[8] = fragile.instances[9] = {{0, {{0, 6}}}};
  ASSERT_TRUE(put_back(snapshot).has_value());
  EXPECT_EQ(fragile.instances.size(), 3U);
  EXPECT_EQ(fragile.instances.at(3).at(0).at(0), 5);
}

TEST_F(SnapshotTest, A_section_leaves_alone_what_it_does_not_name) {
  fragile.instances[1] = {{0, {{0, 5}}}, {1, {{0, 6}}}};
  fragile.instances[2] = {{0, {{0, 7}}}};
  const std::string instance = kept({Path(33001, 1)});
  const std::string resource = kept({Path(33001, 1, 2)});
  fragile.instances[2][0][0] = 8;
  fragile.instances[1][0][0] = 9;
  fragile.instances[1][2][0] = 10;
  ASSERT_TRUE(put_back(resource).has_value());
  EXPECT_FALSE(fragile.instances[1].contains(2));
  EXPECT_EQ(fragile.instances[1][0][0], 9);
  ASSERT_TRUE(put_back(instance).has_value());
  EXPECT_EQ(fragile.instances[1][0][0], 5);
  EXPECT_EQ(fragile.instances[2][0][0], 8);
}

TEST_F(SnapshotTest, What_is_as_it_was_is_neither_erased_nor_written) {
  fragile.instances[1] = {{0, {{0, 5}}}, {1, {{0, 6}}}, {2, {{0, 1}, {1, 2}}}};
  const std::string snapshot = kept({Path(33001)});
  ASSERT_TRUE(put_back(snapshot).has_value());
  EXPECT_EQ(fragile.writes + fragile.erasures, 0);
  fragile.instances[1][2][1] = 3;
  ASSERT_TRUE(put_back(snapshot).has_value());
  EXPECT_EQ(fragile.writes, 2);
  EXPECT_EQ(fragile.erasures, 1);
}

TEST_F(SnapshotTest, An_object_that_refuses_does_not_keep_the_others_from_their_values) {
  fragile.instances[1] = {{0, {{0, 5}}}, {1, {{0, 6}}}};
  const std::string snapshot = kept({Path(33001)});
  fragile.instances[1] = {{0, {{0, 1}}}, {1, {{0, 2}}}};
  fragile.refuse_after = 0;
  EXPECT_EQ(put_back(snapshot).error().code, Errc::kIo);
  EXPECT_EQ(fragile.instances[1][1][0], 6);
}

TEST_F(SnapshotTest, Where_it_does_not_fit_the_section_is_not_there) {
  fragile.instances[1] = {{0, {{0, 5}}}};
  std::array<std::uint8_t, 10> small{};
  Snapshot snapshot(small);
  ASSERT_TRUE(snapshot.add(tree, Path(33001, 1, 4)).has_value());
  EXPECT_EQ(snapshot.add(tree, Path(33001)).error().code, Errc::kNoSpace);
  EXPECT_EQ(snapshot.bytes().size(), 7U);
  EXPECT_TRUE(restore(tree, snapshot.bytes()).has_value());
}

TEST_F(SnapshotTest, What_this_device_does_not_know_is_passed_over) {
  fragile.instances[1] = {{0, {{0, 5}}}, {1, {{0, 6}}}};
  // Object 9 is not there, nor resource 100; resource 1 is no String.
  const std::string snapshot(
      "\x01\x11\x09\x20\x00\x32\x00\x02\x11\xE9\x81\x02\x20\x01\x32\x00\x08\x31\x01\x01x\x32\x64\x02", 24);
  ASSERT_TRUE(put_back(snapshot).has_value());
  EXPECT_EQ(fragile.instances[1][0][0], 4);
  EXPECT_EQ(fragile.instances[1][1][0], 6);
}

TEST_F(SnapshotTest, Bytes_that_are_no_snapshot_change_nothing) {
  fragile.instances[1] = {{0, {{0, 5}}}, {2, {{0, 1}, {1, 2}}}};
  probes.add(0)->label = Text<16>("x");
  const std::string good = kept({Path(33000), Path(33001)});
  for (std::size_t size = 0; size < good.size(); ++size) {
    fragile.instances[1] = {{0, {{0, 6}}}};
    probes.add(0);
    if (put_back(std::string_view(good).substr(0, size))) continue;  // cut between two items
    EXPECT_EQ(fragile.instances[1], (FragileObject::Instance{{0, {{0, 6}}}})) << size;
    EXPECT_NE(probes.get(0), nullptr);
  }
  fragile.instances[1] = {{0, {{0, 6}}}};
  const std::string_view bad[]{
      "",
      "\x02",
      "\x01\x15\x01",
      "\x01\x10",
      "\x01\x20\x01",
      {"\x01\x11\xE9\x81\x02\x32\x00\x02", 8},
      {"\x01\x11\xE9\x81\x02\x20\x01\x32\x01\x02\x32\x00\x02", 13},  // resources that descend
      {"\x01\x11\xE9\x81\x02\x20\x01\x20\x01", 9},                   // an instance twice
      {"\x01\x12\xE9\x81\x02\x01\x20\x02", 8},                       // another instance than the section's
      {"\x01\x11\xE9\x81\x02\x20\x01\x52\x00\x02", 10},              // an element without a resource
      {"\x01\x11\xE9\x81\x02\x20\x01\x3A\x00\x02", 10},              // a type that is none
      {"\x01\x11\xE9\x81\x02\x20\x01\x31\x00\x7F", 10},              // a text that is cut
      "\x01\x11\xFF\xFF\x03",                                        // 65535
      "\x01\x11\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"};
  for (const std::string_view bytes : bad) EXPECT_FALSE(put_back(bytes).has_value());
  EXPECT_EQ(fragile.instances[1][0][0], 6);
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// One test for each rule of access control (digest §7, TS 5.2.5, tables 6.7-3 and 6.7-4).
// Shows: OP-13
#include "linnet/client/objects/access_control.hpp"

#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kLinks = 40, kSenmlJson = 110, kTlv = 11542;
constexpr ShortServerId kOther = 102;
constexpr coap::LinkId kOtherLink{1};

/// Two servers, 101 and 102, both registered; instance 0 of the probe is the device's own.
class AccessRules : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &rights, &device, &probes};
    config.max_servers = 2;
    config.coap.max_peers = 2;
    start();
    respond(take(), Code::kCreated, {"rd", "1"});
  }

  void second_server() {
    servers.add(1)->short_server_id = kOther;
    ASSERT_TRUE(engine.connect(kOther, kOtherLink).has_value());
    engine.step(now);
    while (!wire.out.empty()) {
      const Seen message = take();
      if (message.path == "/rd") {
        speaker = message.query.empty() ? speaker : kOtherLink;
        respond(message, Code::kCreated, {"rd", "2"});
        speaker = kLink;
      } else {
        respond(message, Code::kChanged);
      }
    }
    ASSERT_EQ(engine.state(kOther), RegistrationState::kRegistered);
    answer_updates();
  }

  /// The device tells both servers of new instances.
  void answer_updates() {
    for (std::size_t i = 0; i < wire.out.size();) {
      const Seen message = wire.out[i];
      if (message.path != "/rd/1" && message.path != "/rd/2") {
        ++i;
        continue;
      }
      wire.out.erase(wire.out.begin() + static_cast<std::ptrdiff_t>(i));
      const coap::LinkId before = std::exchange(speaker, message.path == "/rd/1" ? kLink : kOtherLink);
      respond(message, Code::kChanged);
      speaker = before;
      i = 0;
    }
  }

  Seen ask_as(ShortServerId server, Code method, std::string_view path, const Ask& what = {}) {
    speaker = server == kServer ? kLink : kOtherLink;
    send(method, path, what);
    answer_updates();
    speaker = kLink;
    return take();
  }
  Code code_as(ShortServerId server, Code method, std::string_view path, const Ask& what = {}) {
    return ask_as(server, method, path, what).code;
  }

  /// The instance of object 2 that stands for the target; null where there is none.
  AccessControlInstance<3>* entry(ObjectId object, InstanceId instance) {
    for (InstanceId i = rights.next_instance(0); i != kMaxId; i = rights.next_instance(i + 1)) {
      auto* at = rights.get(i);
      if (at->object.value == object && at->instance.value == instance) return at;
    }
    return nullptr;
  }
  std::string entry_path(ObjectId object, InstanceId instance) {
    for (InstanceId i = rights.next_instance(0); i != kMaxId; i = rights.next_instance(i + 1)) {
      if (rights.get(i) == entry(object, instance)) return "/2/" + std::to_string(i);
    }
    return "/2/none";
  }
  void let_create() {
    auto* at = rights.add(7);
    at->object = {33000};
    at->instance = {kMaxId};
    at->acl.set(kServer, 16);
    engine.step(now);
    answer_updates();
  }

  AccessControlObject<8, 3> rights;
};

TEST_F(AccessRules, with_one_server_nothing_of_it_is_in_the_way) {
  EXPECT_EQ(rights.next_instance(0), kMaxId);
  EXPECT_EQ(ask(Code::kGet, "/33000/0/1").code, Code::kContent);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = kText, .payload = "5"}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kTlv, .payload = "\xC1\x01\x07"}).code, Code::kCreated);
  EXPECT_EQ(rights.next_instance(0), kMaxId);
  answer_updates();
  EXPECT_EQ(ask(Code::kDelete, "/33000/1").code, Code::kDeleted);
}

TEST_F(AccessRules, what_was_there_belongs_to_the_server_that_was_alone) {
  second_server();
  ASSERT_NE(entry(33000, 0), nullptr);
  EXPECT_EQ(entry(33000, 0)->owner.value, kServer);
  EXPECT_EQ(entry(3, 0)->owner.value, kServer);
  EXPECT_EQ(entry(2, 0), nullptr);
  EXPECT_EQ(code_as(kServer, Code::kGet, "/33000/0/1"), Code::kContent);
  EXPECT_EQ(code_as(kOther, Code::kGet, "/33000/0/1"), Code::kUnauthorized);
}

TEST_F(AccessRules, each_server_owns_its_own_account) {
  second_server();
  EXPECT_EQ(entry(1, 0)->owner.value, kServer);
  EXPECT_EQ(entry(1, 1)->owner.value, kOther);
  EXPECT_EQ(code_as(kOther, Code::kPut, "/1/1/1", {.format = kText, .payload = "60"}), Code::kChanged);
  EXPECT_EQ(code_as(kOther, Code::kPut, "/1/0/1", {.format = kText, .payload = "60"}), Code::kUnauthorized);
  EXPECT_EQ(code_as(kServer, Code::kPost, "/1/1/8"), Code::kUnauthorized);
}

TEST_F(AccessRules, what_the_device_makes_itself_has_its_own_rights_for_everyone) {
  second_server();
  probes.add(1);
  engine.step(now);
  answer_updates();
  ASSERT_NE(entry(33000, 1), nullptr);
  EXPECT_EQ(entry(33000, 1)->owner.value, kMaxId);
  EXPECT_EQ(entry(33000, 1)->acl.rights(0), 1);
  for (const ShortServerId server : {kServer, kOther}) {
    EXPECT_EQ(code_as(server, Code::kGet, "/33000/1/1"), Code::kContent);
    EXPECT_EQ(code_as(server, Code::kPut, "/33000/1/1", {.format = kText, .payload = "5"}),
              Code::kUnauthorized);
  }
}

TEST_F(AccessRules, Int_1100_the_owner_without_an_entry_has_all_rights) {
  second_server();
  EXPECT_EQ(code_as(kServer, Code::kGet, "/33000/0"), Code::kContent);
  EXPECT_EQ(code_as(kServer, Code::kGet, "/33000/0", {.accept = kLinks}), Code::kContent);
  EXPECT_EQ(code_as(kServer, Code::kPut, "/33000/0", {.query = {"pmin=1"}}), Code::kChanged);
  EXPECT_EQ(code_as(kServer, Code::kPut, "/33000/0/1", {.format = kText, .payload = "5"}), Code::kChanged);
  EXPECT_EQ(code_as(kServer, Code::kPost, "/33000/0/9"), Code::kChanged);
  EXPECT_EQ(code_as(kServer, Code::kDelete, "/33000/0"), Code::kDeleted);
}

TEST_F(AccessRules, an_entry_of_the_owner_limits_it) {
  second_server();
  entry(33000, 0)->acl.set(kServer, 1);
  EXPECT_EQ(code_as(kServer, Code::kGet, "/33000/0/1"), Code::kContent);
  EXPECT_EQ(code_as(kServer, Code::kPost, "/33000/0/9"), Code::kUnauthorized);
}

/// One row for each operation: the bit that allows it, and that no other bit does.
TEST_F(AccessRules, table_6_7_3_each_operation_asks_for_its_right_and_gets_4_01_without_it) {
  second_server();
  const std::string many = R"([{"n":"/33000/0/7/1","v":3}])";
  const Ask write{.format = kText, .payload = "5"}, partial{.format = kTlv, .payload = "\xC1\x01\x06"};
  const struct {
    Code method;
    const char* path;
    Ask what;
    int right;
    Code allowed;
  } rows[]{{Code::kGet, "/33000/0/1", {}, 1, Code::kContent},
           {Code::kGet, "/33000/0", {}, 1, Code::kContent},
           {Code::kGet, "/33000", {}, 1, Code::kContent},
           {Code::kGet, "/33000/0/1", {.observe = 0}, 1, Code::kContent},
           {Code::kGet, "/33000/0/1", {.observe = 1}, 1, Code::kContent},
           {Code::kGet, "/33000", {.accept = kLinks}, 1, Code::kContent},
           {Code::kGet, "/33000/0", {.accept = kLinks}, 1, Code::kContent},
           {Code::kGet, "/33000/0/1", {.accept = kLinks}, 1, Code::kContent},
           {Code::kPut, "/33000/0/1", {.query = {"pmin=1"}}, 1, Code::kChanged},
           {Code::kPut, "/33000", {.query = {"pmin=1"}}, 1, Code::kChanged},
           {Code::kPut, "/33000/0/1", write, 2, Code::kChanged},
           {Code::kPost, "/33000/0", partial, 2, Code::kChanged},
           {Code::kPut, "/33000/0", partial, 2, Code::kChanged},
           {Code::kPost, "/33000/0/7", {.format = kSenmlJson, .payload = many}, 2, Code::kChanged},
           {Code::kPost, "/33000/0/9", {}, 4, Code::kChanged},
           {Code::kDelete, "/33000/0", {}, 8, Code::kDeleted}};
  for (const auto& row : rows) {
    probes.get(0)->many.set(0, 1);
    entry(33000, 0)->acl.set(kOther, static_cast<std::uint16_t>(31 & ~row.right));
    EXPECT_EQ(code_as(kOther, row.method, row.path, row.what), Code::kUnauthorized) << row.path << row.right;
    entry(33000, 0)->acl.set(kOther, static_cast<std::uint16_t>(row.right));
    EXPECT_EQ(code_as(kOther, row.method, row.path, row.what), row.allowed) << row.path << row.right;
  }
}

TEST_F(AccessRules, the_default_entry_stands_for_those_without_one) {
  second_server();
  entry(33000, 0)->acl.set(0, 1);
  EXPECT_EQ(code_as(kOther, Code::kGet, "/33000/0/1"), Code::kContent);
  EXPECT_EQ(code_as(kOther, Code::kPost, "/33000/0/9"), Code::kUnauthorized);
  entry(33000, 0)->acl.set(kOther, 4);
  EXPECT_EQ(code_as(kOther, Code::kGet, "/33000/0/1"), Code::kUnauthorized);
  EXPECT_EQ(code_as(kOther, Code::kPost, "/33000/0/9"), Code::kChanged);
}

TEST_F(AccessRules, what_is_not_there_stays_4_04) {
  second_server();
  EXPECT_EQ(code_as(kOther, Code::kGet, "/33000/5"), Code::kNotFound);
  EXPECT_EQ(code_as(kOther, Code::kGet, "/9999"), Code::kNotFound);
  EXPECT_EQ(code_as(kOther, Code::kDelete, "/33000/5"), Code::kNotFound);
}

TEST_F(AccessRules, reading_an_object_shows_the_permitted_instances_only) {
  second_server();
  probes.add(1);
  engine.step(now);
  answer_updates();
  const Seen values = ask_as(kOther, Code::kGet, "/33000", {.accept = kSenmlJson});
  EXPECT_EQ(values.payload.find("/33000/0"), std::string::npos) << values.payload;
  EXPECT_NE(values.payload.find("/33000/1"), std::string::npos) << values.payload;
  const Seen links = ask_as(kOther, Code::kGet, "/33000", {.accept = kLinks});
  EXPECT_EQ(links.payload.find("</33000/0>"), std::string::npos) << links.payload;
  EXPECT_NE(links.payload.find("</33000/1>"), std::string::npos) << links.payload;
  const Seen all = ask_as(kServer, Code::kGet, "/33000", {.accept = kSenmlJson});
  EXPECT_NE(all.payload.find("/33000/0"), std::string::npos) << all.payload;
}

TEST_F(AccessRules, Read_Composite_leaves_out_what_may_not_be_read) {
  second_server();
  probes.add(1);
  engine.step(now);
  answer_updates();
  const Ask both{.format = kSenmlJson,
                 .accept = kSenmlJson,
                 .payload = R"([{"n":"/33000/0/1"},{"n":"/33000/1/1"},{"n":"/33000"}])"};
  const Seen seen = ask_as(kOther, Code::kFetch, "/", both);
  EXPECT_EQ(seen.code, Code::kContent);
  EXPECT_EQ(seen.payload.find("/33000/0"), std::string::npos) << seen.payload;
  EXPECT_NE(seen.payload.find("/33000/1"), std::string::npos) << seen.payload;
  const Seen none =
      ask_as(kOther, Code::kFetch, "/", {.format = kSenmlJson, .payload = R"([{"n":"/33000/0"}])"});
  EXPECT_EQ(none.code, Code::kContent);
  EXPECT_EQ(none.payload, "[]");
  const Seen root = ask_as(kOther, Code::kFetch, "/", {.format = kSenmlJson, .payload = R"([{"n":"/"}])"});
  EXPECT_EQ(root.payload.find("/33000/0"), std::string::npos) << root.payload;
}

TEST_F(AccessRules, Write_Composite_is_4_01_as_a_whole_where_one_path_may_not_be_written) {
  second_server();
  probes.add(1);
  engine.step(now);
  answer_updates();
  entry(33000, 1)->acl.set(kOther, 2);
  const Ask both{.format = kSenmlJson, .payload = R"([{"n":"/33000/1/1","v":5},{"n":"/33000/0/1","v":5}])"};
  EXPECT_EQ(code_as(kOther, Code::kIPatch, "/", both), Code::kUnauthorized);
  EXPECT_EQ(probes.get(1)->number, 7);
  const Ask one{.format = kSenmlJson, .payload = R"([{"n":"/33000/1/1","v":5}])"};
  EXPECT_EQ(code_as(kOther, Code::kIPatch, "/", one), Code::kChanged);
}

TEST_F(AccessRules, Create_asks_for_its_right_at_the_object_and_makes_the_creator_the_owner) {
  second_server();
  const Ask create{.format = kTlv, .payload = "\xC1\x01\x07"};
  EXPECT_EQ(code_as(kServer, Code::kPost, "/33000", create), Code::kUnauthorized);
  let_create();
  EXPECT_EQ(code_as(kOther, Code::kPost, "/33000", create), Code::kUnauthorized);
  EXPECT_EQ(code_as(kServer, Code::kPost, "/33000", create), Code::kCreated);
  ASSERT_NE(entry(33000, 1), nullptr);
  EXPECT_EQ(entry(33000, 1)->owner.value, kServer);
  EXPECT_EQ(entry(33000, 1)->acl.next(0), kMaxId);
  EXPECT_EQ(code_as(kOther, Code::kGet, "/33000/1"), Code::kUnauthorized);
  EXPECT_EQ(code_as(kServer, Code::kPut, "/33000/1/1", {.format = kText, .payload = "5"}), Code::kChanged);
}

TEST_F(AccessRules, deleting_an_instance_removes_its_entry) {
  second_server();
  EXPECT_EQ(code_as(kServer, Code::kDelete, "/33000/0"), Code::kDeleted);
  EXPECT_EQ(entry(33000, 0), nullptr);
  probes.add(1);
  engine.step(now);
  answer_updates();
  ASSERT_NE(entry(33000, 1), nullptr);
  probes.drop(1);
  engine.step(now);
  answer_updates();
  EXPECT_EQ(entry(33000, 1), nullptr);
}

TEST_F(AccessRules, without_room_for_an_entry_nothing_is_created) {
  second_server();
  let_create();
  while (rights.add(20) != nullptr || rights.add(21) != nullptr || rights.add(22) != nullptr) {
  }
  for (const InstanceId i : {InstanceId{20}, InstanceId{21}, InstanceId{22}}) {
    if (auto* at = rights.get(i); at != nullptr) at->object = {3}, at->instance = {0};
  }
  EXPECT_EQ(code_as(kServer, Code::kPost, "/33000", {.format = kTlv, .payload = "\xC1\x01\x07"}),
            Code::kInternalServerError);
  EXPECT_FALSE(probes.exists(1));
}

TEST_F(AccessRules, an_ACL_without_room_refuses_the_whole_Write) {
  second_server();
  const std::string path = entry_path(33000, 0) + "/2";
  std::string acl = "[{\"bn\":\"" + path + "/\"";
  for (const char* server : {"0", "102", "103", "104"}) {
    acl += (acl.back() == '}' ? ",{" : ",") + ("\"n\":\"" + std::string(server)) + "\",\"v\":1}";
  }
  EXPECT_EQ(code_as(kServer, Code::kPut, path, {.format = kSenmlJson, .payload = acl + "]"}),
            Code::kInternalServerError);
  EXPECT_EQ(entry(33000, 0)->acl.next(0), kMaxId);
}

TEST_F(AccessRules, everyone_reads_object_2_and_only_the_owner_writes_it) {
  second_server();
  const std::string path = entry_path(33000, 0);
  EXPECT_EQ(ask_as(kOther, Code::kGet, path + "/3", {.accept = kText}).payload, "101");
  EXPECT_EQ(code_as(kOther, Code::kGet, "/2"), Code::kContent);
  EXPECT_EQ(code_as(kOther, Code::kPut, path + "/3", {.format = kText, .payload = "102"}),
            Code::kUnauthorized);
  const Ask acl{.format = kSenmlJson, .payload = "[{\"n\":\"" + path + "/2/102\",\"v\":1}]"};
  EXPECT_EQ(code_as(kServer, Code::kPut, path + "/2", acl), Code::kChanged);
  EXPECT_EQ(code_as(kOther, Code::kGet, "/33000/0/1"), Code::kContent);
  EXPECT_EQ(code_as(kServer, Code::kPut, path + "/3", {.format = kText, .payload = "102"}), Code::kChanged);
  EXPECT_EQ(code_as(kServer, Code::kPut, path + "/3", {.format = kText, .payload = "101"}),
            Code::kUnauthorized);
  EXPECT_EQ(code_as(kServer, Code::kPut, path + "/0", {.format = kText, .payload = "4"}),
            Code::kUnauthorized);
}

TEST_F(AccessRules, no_server_creates_or_deletes_in_object_2) {
  second_server();
  EXPECT_EQ(code_as(kServer, Code::kDelete, entry_path(33000, 0)), Code::kUnauthorized);
  EXPECT_EQ(code_as(kServer, Code::kPost, "/2", {.format = kTlv, .payload = "\xC1\x00\x03"}),
            Code::kUnauthorized);
}

TEST_F(AccessRules, an_observation_ends_with_its_right) {
  second_server();
  entry(33000, 0)->acl.set(kOther, 1);
  EXPECT_EQ(ask_as(kOther, Code::kGet, "/33000/0/1", {.observe = 0, .token = 0x77}).observe, 0U);
  EXPECT_EQ(code_as(kServer, Code::kPut, entry_path(33000, 0) + "/2/102", {.format = kText, .payload = "0"}),
            Code::kChanged);
  const Seen end = take();
  EXPECT_EQ(end.code, Code::kUnauthorized);
  EXPECT_EQ(end.token, coap::Token(std::array<std::uint8_t, 1>{0x77}));
  EXPECT_FALSE(end.observe.has_value());
  speaker = kOtherLink;
  acknowledge(end);
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(AccessRules, Int_221_objects_0_and_21_stay_closed_to_the_owner_of_everything) {
  second_server();
  for (const char* path : {"/0", "/0/0", "/0/0/0", "/21", "/21/0/0"}) {
    EXPECT_EQ(code_as(kServer, Code::kGet, path), Code::kUnauthorized) << path;
    EXPECT_EQ(code_as(kServer, Code::kPut, path, {.query = {"pmin=1"}}), Code::kUnauthorized) << path;
  }
}

}  // namespace
}  // namespace linnet::client::test

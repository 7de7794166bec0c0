// SPDX-License-Identifier: Apache-2.0
// Shows: OP-3
// A request that a handler refuses half way leaves everything as it was (Core 1.1 §6.3.3).
#include "fragile_object.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kSenmlJson = 110;

class Transaction : public DeviceTest {
 protected:
  void SetUp() override {
    objects.push_back(&fragile);
    fragile.instances = kBefore;
    registered();
  }

  /// Lets each value of the request be the one that is refused, then none; `values` as written in
  /// between. A refused one leaves all as it was and tells nobody.
  void every_refusal(Code method, std::string_view path, const std::string& payload, int values) {
    for (int i = 0; i < values; ++i) {
      fragile.refuse_after = i;
      EXPECT_EQ(ask(method, path, {.format = kSenmlJson, .payload = payload}).code,
                Code::kInternalServerError)
          << i;
      EXPECT_FALSE(fragile.refuse_after.has_value()) << i;
      EXPECT_EQ(fragile.instances, kBefore) << i;
      EXPECT_EQ(log.count(EventType::kWritten) + log.count(EventType::kCreated), 0U) << i;
      while (!wire.out.empty()) respond(take(), Code::kChanged);  // the Update after an instance came
    }
    const Code code = ask(method, path, {.format = kSenmlJson, .payload = payload}).code;
    EXPECT_TRUE(coap::is_success(code)) << static_cast<int>(code);
    EXPECT_NE(fragile.instances, kBefore);
    EXPECT_EQ(log.count(EventType::kWritten), static_cast<std::size_t>(values));
  }

  const std::map<InstanceId, FragileObject::Instance> kBefore{
      {0, {{0, {{0, 10}}}, {1, {{0, 11}}}, {2, {{0, 20}, {5, 25}}}, {3, {{0, 30}}}, {4, {{0, 40}}}}}};
  FragileObject fragile;
};

TEST_F(Transaction, Write_partial_of_an_instance) {
  every_refusal(
      Code::kPost, "/33001/0",
      R"([{"bn":"/33001/0/","n":"0","v":1},{"n":"1","v":2},{"n":"2/0","v":3},{"n":"2/7","v":4},{"n":"3","v":5}])",
      5);
}

TEST_F(Transaction, Write_replace_of_an_instance) {
  every_refusal(Code::kPut, "/33001/0", R"([{"bn":"/33001/0/","n":"0","v":1},{"n":"2/7","v":4}])", 2);
}

TEST_F(Transaction, Write_replace_of_a_multiple_resource) {
  every_refusal(Code::kPut, "/33001/0/2", R"([{"bn":"/33001/0/2/","n":"1","v":1},{"n":"2","v":4}])", 2);
}

TEST_F(Transaction, Write_replace_of_a_multiple_resource_by_one_value) {
  every_refusal(Code::kPut, "/33001/0/2", R"([{"bn":"/33001/0/2/","n":"1","v":1}])", 1);
}

TEST_F(Transaction, Write_of_one_value) {
  every_refusal(Code::kPut, "/33001/0/0", R"([{"n":"/33001/0/0","v":1}])", 1);
}

TEST_F(Transaction, Create) {
  every_refusal(Code::kPost, "/33001",
                R"([{"bn":"/33001/2/","n":"0","v":1},{"n":"1","v":2},{"n":"2/0","v":3},{"n":"4","v":3}])", 4);
  EXPECT_EQ(log.count(EventType::kCreated), 1U);
}

TEST_F(Transaction, Events_come_in_the_order_of_the_payload_after_the_instance) {
  ask(Code::kPost, "/33001",
      {.format = kSenmlJson, .payload = R"([{"bn":"/33001/2/","n":"0","v":1},{"n":"2/3","v":2}])"});
  const std::vector<std::string> expected{"/33001/2", "/33001/2/0", "/33001/2/2/3"};
  EXPECT_EQ(std::vector(log.paths.end() - 3, log.paths.end()), expected);
}

class SmallTransaction : public Transaction {
 protected:
  void SetUp() override {
    config.max_rollback = 16;
    Transaction::SetUp();
  }
};

TEST_F(SmallTransaction, What_could_not_be_undone_is_refused_and_changes_nothing) {
  const Ask replace{.format = kSenmlJson, .payload = R"([{"bn":"/33001/0/","n":"0","v":1}])"};
  EXPECT_EQ(ask(Code::kPut, "/33001/0", replace).code, Code::kInternalServerError);
  EXPECT_EQ(fragile.instances, kBefore);
  EXPECT_EQ(fragile.writes + fragile.erasures, 0);
}

TEST_F(SmallTransaction, One_value_needs_no_room) {
  const Ask one{.format = kSenmlJson, .payload = R"([{"n":"/33001/0/0","v":1}])"};
  EXPECT_EQ(ask(Code::kPut, "/33001/0/0", one).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kPost, "/33001/0", one).code, Code::kChanged);
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Shows: OP-5
// Observe-Composite and Cancel-Composite (TS 6.4.5, digest §8, ETS 304, 305, 308, 309, 310).
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kSenmlJson = 110, kSenmlCbor = 112;

class ObserveComposite : public DeviceTest {
 protected:
  void SetUp() override { registered(); }

  Seen fetch(std::uint32_t observe, const std::string& payload, std::uint8_t token = 0x21,
             std::uint32_t accept = kSenmlJson) {
    return ask(
        Code::kFetch, "/",
        {.format = kSenmlJson, .accept = accept, .observe = observe, .payload = payload, .token = token});
  }
  Seen observe(const std::string& payload, std::uint8_t token = 0x21) { return fetch(0, payload, token); }
  void attributes(std::string_view path, std::vector<std::string> query) {
    ASSERT_EQ(ask(Code::kPut, path, {.query = std::move(query)}).code, Code::kChanged);
  }
  void temperature(double value) {
    probes.set<&Probe::temperature>(0, value);
    engine.step(now);
  }
  std::vector<std::string> notified() {
    std::vector<std::string> values;
    for (; !wire.out.empty(); wire.out.pop_front()) {
      if (wire.out.front().path.empty()) values.push_back(wire.out.front().payload);
    }
    return values;
  }
  using Values = std::vector<std::string>;

  const std::string kTwo = R"([{"n":"/33000/0/2"},{"n":"/1/0/1"}])";
};

TEST_F(ObserveComposite, Int_304_a_notification_carries_all_paths) {
  const Seen first = observe(kTwo);
  EXPECT_EQ(first.code, Code::kContent);
  EXPECT_EQ(first.format, kSenmlJson);
  ASSERT_TRUE(first.observe.has_value());
  EXPECT_EQ(first.payload, R"([{"n":"/33000/0/2","v":20},{"n":"/1/0/1","v":86400}])");
  temperature(21);
  const Seen notification = take();
  EXPECT_EQ(notification.code, Code::kContent);
  EXPECT_EQ(notification.type, Type::kNonConfirmable);
  EXPECT_EQ(notification.token, coap::Token(std::array<std::uint8_t, 1>{0x21}));
  EXPECT_EQ(notification.observe, *first.observe + 1);
  EXPECT_EQ(notification.format, kSenmlJson);
  EXPECT_EQ(notification.payload, R"([{"n":"/33000/0/2","v":21},{"n":"/1/0/1","v":86400}])");
  EXPECT_EQ(engine.observations(), 1U);
  EXPECT_EQ(log.count(EventType::kObserved), 1U);
}

TEST_F(ObserveComposite, Int_310_a_change_of_any_path_notifies_all) {
  observe(kTwo);
  EXPECT_EQ(ask(Code::kPut, "/1/0/1", {.format = 0, .payload = "600"}).code, Code::kChanged);
  EXPECT_EQ(notified(), Values{R"([{"n":"/33000/0/2","v":20},{"n":"/1/0/1","v":600}])"});
  probes.set<&Probe::label>(0, std::string_view("other"));
  engine.step(now);
  EXPECT_TRUE(notified().empty());
}

TEST_F(ObserveComposite, Int_308_309_instances_come_and_go_with_the_next_notification) {
  observe(R"([{"n":"/33000/2/1"},{"n":"/33000/0/1"}])");
  probes.add(2)->number = 9;
  engine.step(now);
  EXPECT_EQ(notified(), Values{R"([{"n":"/33000/2/1","v":9},{"n":"/33000/0/1","v":7}])"});
  probes.set<&Probe::number>(2, 10);
  engine.step(now);
  EXPECT_EQ(notified(), Values{R"([{"n":"/33000/2/1","v":10},{"n":"/33000/0/1","v":7}])"});
  probes.drop(2);
  engine.step(now);
  EXPECT_EQ(notified(), Values{R"([{"n":"/33000/0/1","v":7}])"});
  probes.drop(0);
  engine.step(now);
  EXPECT_EQ(notified(), Values{"[]"});
  EXPECT_EQ(engine.observations(), 1U);
}

TEST_F(ObserveComposite, Int_308_309_a_server_that_creates_and_deletes_hears_of_it) {
  observe(R"([{"n":"/33000"}])");
  ask(Code::kPost, "/33000", {.format = kSenmlJson, .payload = R"([{"n":"/33000/2/1","v":9}])"});
  auto values = notified();
  ASSERT_EQ(values.size(), 1U);
  EXPECT_NE(values[0].find("/33000/2/"), std::string::npos) << values[0];
  wire.out.clear();
  send(Code::kDelete, "/33000/2");
  values = notified();
  ASSERT_EQ(values.size(), 2U);  // the answer, and the notification
  EXPECT_EQ(values[1].find("/33000/2/"), std::string::npos) << values[1];
}

TEST_F(ObserveComposite, Int_305_Observe_1_with_the_same_paths_ends_it) {
  observe(kTwo);
  EXPECT_EQ(fetch(1, R"([{"n":"/33000/0/2"}])", 0x33).code, Code::kContent);
  EXPECT_EQ(fetch(1, R"([{"n":"/33000/0/2"},{"n":"/1/0/2"}])", 0x33).code, Code::kContent);
  EXPECT_EQ(engine.observations(), 1U);
  const Seen answer = fetch(1, R"([{"n":"/1/0/1"},{"n":"/33000/0/2"}])", 0x33);
  EXPECT_EQ(answer.code, Code::kContent);
  EXPECT_FALSE(answer.observe.has_value());
  EXPECT_EQ(answer.payload, R"([{"n":"/1/0/1","v":86400},{"n":"/33000/0/2","v":20}])");
  EXPECT_EQ(engine.observations(), 0U);
  EXPECT_EQ(log.count(EventType::kCancelled), 1U);
  temperature(21);
  EXPECT_TRUE(notified().empty());
}

TEST_F(ObserveComposite, Int_305_Observe_1_with_the_token_ends_it) {
  observe(kTwo);
  fetch(1, R"([{"n":"/33000/0/2"}])", 0x21);
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(ObserveComposite, Reset_ends_it) {
  observe(kTwo);
  temperature(21);
  reset(take());
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(ObserveComposite, Attributes_are_those_of_each_path) {
  attributes("/33000/0/2", {"gt=30", "pmin=10"});
  attributes("/33000/0/1", {"pmax=100"});
  observe(R"([{"n":"/33000/0/2"},{"n":"/33000/0/1"}])");
  temperature(25);
  EXPECT_TRUE(notified().empty());
  probes.set<&Probe::number>(0, 8);  // has no pmin
  engine.step(now);
  EXPECT_EQ(notified(), Values{R"([{"bn":"/33000/0/","n":"2","v":25},{"n":"1","v":8}])"});
  temperature(31);
  pass(9s + 999ms);
  EXPECT_TRUE(notified().empty());
  pass(1ms);
  EXPECT_EQ(notified(), Values{R"([{"bn":"/33000/0/","n":"2","v":31},{"n":"1","v":8}])"});
  pass(99s);
  EXPECT_TRUE(notified().empty());
  pass(1s);
  EXPECT_EQ(notified(), Values{R"([{"bn":"/33000/0/","n":"2","v":31},{"n":"1","v":8}])"});
}

TEST_F(ObserveComposite, The_format_of_Accept_is_kept) {
  fetch(0, kTwo, 0x21, kSenmlCbor);
  temperature(21);
  EXPECT_EQ(take().format, kSenmlCbor);
}

TEST_F(ObserveComposite, The_same_paths_with_another_token_are_another_observation) {
  observe(kTwo);
  const Seen second = observe(R"([{"n":"/1/0/1"},{"n":"/33000/0/2"}])", 0x22);
  EXPECT_TRUE(second.observe.has_value());
  EXPECT_EQ(engine.observations(), 2U);
  observe(kTwo, 0x22);
  EXPECT_EQ(engine.observations(), 2U);
  // A token that none has ends all of these paths.
  fetch(1, kTwo, 0x23);
  EXPECT_EQ(engine.observations(), 0U);
}

TEST_F(ObserveComposite, Where_there_is_no_room_the_same_paths_with_another_token_take_the_place) {
  observe(kTwo);
  for (std::uint8_t token = 0x30; engine.observations() < config.max_observations; ++token) {
    ask(Code::kGet, "/33000/0/2", {.accept = 0, .observe = 0, .token = token});
  }
  const Seen second = observe(R"([{"n":"/1/0/1"},{"n":"/33000/0/2"}])", 0x22);
  EXPECT_TRUE(second.observe.has_value());
  EXPECT_EQ(engine.observations(), config.max_observations);
  EXPECT_FALSE(observe(R"([{"n":"/1/0/2"}])", 0x23).observe.has_value());
}

TEST_F(ObserveComposite, Errors_are_those_of_Read_Composite_and_observe_nothing) {
  EXPECT_EQ(observe("[{").code, Code::kBadRequest);
  EXPECT_EQ(fetch(0, kTwo, 0x21, 0).code, Code::kNotAcceptable);
  EXPECT_EQ(ask(Code::kFetch, "/", {.format = 0, .observe = 0, .payload = kTwo}).code,
            Code::kUnsupportedContentFormat);
  EXPECT_FALSE(observe("[]").observe.has_value());
  EXPECT_EQ(engine.observations(), 0U);
}

class FewPaths : public ObserveComposite {
 protected:
  void SetUp() override {
    config.max_composite_paths = 3;
    ObserveComposite::SetUp();
  }
};

TEST_F(FewPaths, Beyond_the_last_path_the_answer_has_no_Observe) {
  const std::string three = R"([{"n":"/33000/0/2"},{"n":"/33000/0/3"},{"n":"/1/0/1"}])";
  EXPECT_TRUE(observe(three, 0x21).observe.has_value());
  const Seen refused = observe(R"([{"n":"/33000/0/2"},{"n":"/33000/0/4"},{"n":"/1/0/1"}])", 0x22);
  EXPECT_EQ(refused.code, Code::kContent);
  EXPECT_FALSE(refused.observe.has_value());
  EXPECT_TRUE(observe(kTwo, 0x23).observe.has_value());
  fetch(1, three, 0x21);
  EXPECT_TRUE(observe(R"([{"n":"/33000/0/2"},{"n":"/33000/0/4"},{"n":"/1/0/1"}])", 0x24).observe.has_value());
  EXPECT_EQ(engine.observations(), 2U);
}

}  // namespace
}  // namespace linnet::client::test

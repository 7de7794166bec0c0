// SPDX-License-Identifier: Apache-2.0
// Shows: OP-5
// Send at the device (TS 6.4.5, table 6.7-4, ETS 306, 307, 311).
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

class Sending : public DeviceTest {
 protected:
  void SetUp() override {
    config.send_format = lwm2m::ContentFormat::kSenmlJson;
    registered();
    account->mute_send = false;
  }
  Result<SendId> put(std::initializer_list<Path> paths, std::optional<double> time = {}) {
    const auto id = engine.send(kServer, std::vector<Path>(paths), time);
    engine.step(now);
    return id;
  }
  std::vector<Seen> packs() {
    std::vector<Seen> seen;
    for (; !wire.out.empty(); wire.out.pop_front()) {
      if (wire.out.front().path == "/dp") seen.push_back(wire.out.front());
    }
    return seen;
  }
};

TEST_F(Sending, Int_306_values_of_now_go_to_dp_confirmably) {
  ASSERT_TRUE(put({Path(33000, 0, 2), Path(3, 0, 0)}).has_value());
  const Seen pack = take();
  EXPECT_EQ(pack.code, Code::kPost);
  EXPECT_EQ(pack.type, Type::kConfirmable);
  EXPECT_EQ(pack.path, "/dp");
  EXPECT_EQ(pack.format, 110U);
  EXPECT_EQ(pack.payload, R"([{"n":"/33000/0/2","v":20},{"n":"/3/0/0","vs":"linnet"}])");
  EXPECT_EQ(log.count(EventType::kSent), 0U);
  respond(pack, Code::kChanged);
  EXPECT_EQ(log.count(EventType::kSent), 1U);
  pass(600s);
  EXPECT_TRUE(packs().empty());
}

TEST_F(Sending, Int_311_several_values_with_times_of_their_own) {
  const std::array<lwm2m::Record, 2> records{
      lwm2m::Record{Path(33000, 0, 2), Value::number(21.5), 1'700'000'000},
      lwm2m::Record{Path(33000, 0, 2), Value::number(22), 1'700'000'060}};
  ASSERT_TRUE(engine.send(kServer, records).has_value());
  engine.step(now);
  EXPECT_EQ(take().payload, R"([{"bn":"/33000/0/2","bt":1.7e9,"v":21.5},{"t":60,"v":22}])");
}

TEST_F(Sending, The_time_of_values_of_now_is_sent_where_it_is_given) {
  ASSERT_TRUE(put({Path(33000, 0, 1)}, 1'700'000'000).has_value());
  EXPECT_EQ(take().payload, R"([{"n":"/33000/0/1","t":1.7e9,"v":7}])");
}

TEST_F(Sending, Int_307_nothing_is_sent_while_Mute_Send_is_true_or_absent) {
  account->mute_send = true;
  EXPECT_EQ(put({Path(33000, 0, 2)}).error().code, Errc::kNotAllowed);
  account->mute_send.reset();
  EXPECT_EQ(put({Path(33000, 0, 2)}).error().code, Errc::kNotAllowed);
  EXPECT_TRUE(wire.out.empty());
  EXPECT_EQ(ask(Code::kPut, "/1/0/23", {.format = 0, .payload = "0"}).code, Code::kChanged);
  ASSERT_TRUE(put({Path(33000, 0, 2)}).has_value());
  EXPECT_EQ(take().path, "/dp");
}

TEST_F(Sending, A_pack_that_waits_is_held_while_Mute_Send_is_true) {
  ASSERT_TRUE(put({Path(33000, 0, 1)}).has_value());
  const Seen first = take();
  ASSERT_TRUE(put({Path(33000, 0, 2)}).has_value());
  account->mute_send = true;
  respond(first, Code::kChanged);
  EXPECT_TRUE(packs().empty());
  ask(Code::kPut, "/1/0/23", {.format = 0, .payload = "0"});
  EXPECT_EQ(packs().size(), 1U);
}

TEST_F(Sending, One_is_under_way_at_a_time_and_the_oldest_goes_first) {
  for (ResourceId resource = 1; resource <= 3; ++resource)
    ASSERT_TRUE(put({Path(33000, 0, resource)}).has_value());
  for (const char* name : {"/33000/0/1", "/33000/0/2", "/33000/0/3"}) {
    const Seen pack = take();
    EXPECT_TRUE(wire.out.empty());
    EXPECT_NE(pack.payload.find(name), std::string::npos) << pack.payload;
    respond(pack, Code::kChanged);
  }
  EXPECT_EQ(log.count(EventType::kSent), 3U);
}

TEST_F(Sending, What_the_server_refuses_is_given_up_and_the_next_one_follows) {
  for (const Code refusal : {Code::kBadRequest, Code::kNotFound}) {
    ASSERT_TRUE(put({Path(33000, 0, 1)}).has_value());
    respond(take(), refusal);
    EXPECT_EQ(log.last_response, refusal);
  }
  EXPECT_EQ(log.count(EventType::kSendFailed), 2U);
  pass(600s);
  EXPECT_TRUE(packs().empty());
}

TEST_F(Sending, What_the_server_cannot_take_now_is_sent_again) {
  ASSERT_TRUE(put({Path(33000, 0, 1)}).has_value());
  const Seen first = take();
  respond(first, Code::kServiceUnavailable);
  pass(59s);
  EXPECT_TRUE(packs().empty());
  pass(1s);
  const Seen again = take();
  EXPECT_EQ(again.payload, first.payload);
  respond(again, Code::kChanged);
  EXPECT_EQ(log.count(EventType::kSent), 1U);
  EXPECT_EQ(log.count(EventType::kSendFailed), 0U);
}

TEST_F(Sending, Without_an_answer_the_registration_is_looked_at_and_the_pack_sent_again) {
  ASSERT_TRUE(put({Path(33000, 0, 1)}).has_value());
  const Seen first = take();
  pass(94s);
  const auto update = std::ranges::find(wire.out, "/rd/5a3f", &Seen::path);
  ASSERT_NE(update, wire.out.end());
  const Seen copy = *update;
  wire.out.clear();
  respond(copy, Code::kChanged);
  const Seen again = take();
  EXPECT_EQ(again.payload, first.payload);
  EXPECT_NE(again.id, first.id);
  respond(again, Code::kChanged);
  EXPECT_EQ(log.count(EventType::kSent), 1U);
}

TEST_F(Sending, What_is_sent_while_offline_waits_with_the_values_of_its_time) {
  engine.set_online(false);
  engine.step(now);
  ASSERT_TRUE(put({Path(33000, 0, 2)}, 1'700'000'000).has_value());
  probes.set<&Probe::temperature>(0, 30.0);
  ASSERT_TRUE(put({Path(33000, 0, 2)}, 1'700'000'060).has_value());
  pass(60s);
  EXPECT_TRUE(wire.out.empty());
  engine.set_online(true);
  engine.step(now);
  respond(take(), Code::kChanged);
  Seen pack = take();
  EXPECT_EQ(pack.payload, R"([{"n":"/33000/0/2","t":1.7e9,"v":20}])");
  respond(pack, Code::kChanged);
  EXPECT_EQ(take().payload, R"([{"n":"/33000/0/2","t":1700000060,"v":30}])");
}

TEST_F(Sending, What_cannot_be_sent_is_refused_here) {
  EXPECT_EQ(put({Path()}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(put({Path(0)}).error().code, Errc::kUnauthorized);
  EXPECT_EQ(put({Path(21, 0)}).error().code, Errc::kUnauthorized);
  EXPECT_EQ(put({Path(33000, 9)}).error().code, Errc::kNotFound);
  EXPECT_EQ(put({Path(33000, 0, 7)}).error().code, Errc::kNotFound);  // no value
  EXPECT_EQ(put({Path(33000, 0, 11)}).error().code, Errc::kNotAllowed);
  EXPECT_EQ(put({}).error().code, Errc::kNotFound);
  EXPECT_EQ(engine.send(77, std::array{Path(3)}).error().code, Errc::kNotFound);
  const std::array<lwm2m::Record, 1> unknown{lwm2m::Record{Path(77, 0, 0), Value::integer(1), {}}};
  EXPECT_EQ(engine.send(kServer, unknown).error().code, Errc::kNotFound);
  EXPECT_TRUE(wire.out.empty());
}

class SmallQueue : public Sending {
 protected:
  void SetUp() override {
    config.max_send = 140;
    Sending::SetUp();
  }
};

TEST_F(SmallQueue, When_it_is_full_the_new_pack_is_refused) {
  std::size_t taken = 0;
  while (put({Path(33000, 0, 1)}).has_value()) ++taken;
  EXPECT_EQ(taken, 2U);
  EXPECT_EQ(put({Path(33000, 0, 1)}).error().code, Errc::kNoSpace);
  respond(take(), Code::kChanged);
  EXPECT_TRUE(put({Path(33000, 0, 1)}).has_value());
  for (int i = 0; i < 2; ++i) respond(take(), Code::kChanged);
  EXPECT_EQ(log.count(EventType::kSent), 3U);
}

class SendingToAll : public Sending {
 protected:
  void SetUp() override {
    config.max_servers = 2;
    other = servers.add(InstanceId{1});
    other->short_server_id = 102;
    other->mute_send = false;
    Sending::SetUp();
    ASSERT_TRUE(engine.connect(102, coap::LinkId{1}).has_value());
    engine.step(now);
    wire.out.clear();
  }
  ServerInstance* other = nullptr;
};

TEST_F(SendingToAll, Each_server_that_does_not_mute_it_gets_the_pack) {
  ASSERT_TRUE(engine.send(kEveryServer, std::array{Path(33000, 0, 10)}).has_value());
  engine.step(now);
  ASSERT_EQ(packs().size(), 1U);  // the other one has not registered us yet
  account->mute_send = other->mute_send = true;
  EXPECT_EQ(engine.send(kEveryServer, std::array{Path(33000, 0, 10)}).error().code, Errc::kNotAllowed);
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Read-Composite and Write-Composite at the device (TS 6.4.4, tables 6.4.4-1 and 6.7-3).
#include "fragile_object.hpp"
#include "linnet/client/objects/security.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kSenmlJson = 110, kSenmlCbor = 112, kTlv = 11542;

class Composite : public DeviceTest {
 protected:
  void SetUp() override {
    security.add(0)->uri.assign("coap://secret");
    security.get(0)->short_server_id = kServer;
    objects.insert(objects.begin(), &security);
    objects.push_back(&fragile);
    fragile.instances = kBefore;
    registered();
  }
  Seen fetch(const std::string& payload, Ask what = {}) {
    what.payload = payload;
    if (!what.format) what.format = kSenmlJson;
    return ask(Code::kFetch, "/", what);
  }
  Seen patch(const std::string& payload, std::uint32_t format = kSenmlJson) {
    return ask(Code::kIPatch, "/", {.format = format, .payload = payload});
  }

  const std::map<InstanceId, FragileObject::Instance> kBefore{
      {0, {{0, {{0, 10}}}, {1, {{0, 11}}}, {2, {{0, 20}, {5, 25}}}, {3, {{0, 30}}}}}};
  SecurityObject<1> security;
  FragileObject fragile;
};

TEST_F(Composite, OP_4_read_gives_objects_instances_resources_and_resource_instances) {
  const Seen answer =
      fetch(R"([{"n":"/33001"},{"n":"/3/0/0"},{"n":"/33001/0"},{"n":"/33001/0/2"},{"n":"/33001/0/2/5"}])");
  EXPECT_EQ(answer.code, Code::kContent);
  EXPECT_EQ(answer.format, kSenmlJson);
  EXPECT_EQ(answer.payload,
            R"([{"bn":"/33001/0/","n":"0","v":10},{"n":"1","v":11},{"n":"2/0","v":20},{"n":"2/5","v":25},)"
            R"({"bn":"/3/0/","n":"0","vs":"linnet"},)"
            R"({"bn":"/33001/0/","n":"0","v":10},{"n":"1","v":11},{"n":"2/0","v":20},{"n":"2/5","v":25},)"
            R"({"n":"2/0","v":20},{"n":"2/5","v":25},{"n":"2/5","v":25}])");
}

TEST_F(Composite, OP_4_read_speaks_SenML_CBOR) {
  // [{0: "/33001/0/0"}, {0: "/33001/0/1"}]
  const std::string asked("\x82\xA1\x00\x6A/33001/0/0\xA1\x00\x6A/33001/0/1", 27);
  const Seen answer = fetch(asked, {.format = kSenmlCbor});
  EXPECT_EQ(answer.format, kSenmlCbor);
  EXPECT_EQ(answer.payload,
            std::string("\x82\xA3\x21\x69/33001/0/\x00\x61\x30\x02\x0A\xA2\x00\x61\x31\x02\x0B", 24));
}

TEST_F(Composite, OP_4_read_answers_in_the_format_of_Accept) {
  const Seen answer = fetch(R"([{"n":"/33001/0/0"}])", {.accept = kSenmlCbor});
  EXPECT_EQ(answer.format, kSenmlCbor);
  EXPECT_EQ(answer.payload, std::string("\x81\xA2\x00\x6A/33001/0/0\x02\x0A", 16));
}

TEST_F(Composite, OP_4_read_leaves_out_what_is_not_there_or_not_readable) {
  EXPECT_EQ(fetch(R"([{"n":"/33001/0/0"},{"n":"/33001/0/3"},{"n":"/33001/0/6"},{"n":"/33001/9"},{"n":"/77"},)"
                  R"({"n":"/0/0"},{"n":"/21"},{"n":"/33001/0/2/1"},{"n":"/33001/0/99"}])")
                .payload,
            R"([{"n":"/33001/0/0","v":10}])");
}

TEST_F(Composite, OP_4_read_of_nothing_readable_is_an_empty_pack) {
  const Seen answer = fetch(R"([{"n":"/33001/0/3"},{"n":"/0"}])");
  EXPECT_EQ(answer.code, Code::kContent);
  EXPECT_EQ(answer.payload, "[]");
  EXPECT_EQ(fetch("[]").payload, "[]");
}

TEST_F(Composite, OP_4_read_of_the_root_path_is_everything_but_objects_0_and_21) {
  const std::string all = fetch(R"([{"n":"/"}])").payload;
  for (const char* name : {"/1/0/", "/3/0/", "/33000/0/", "/33001/0/"})
    EXPECT_NE(all.find(name), all.npos) << name;
  EXPECT_EQ(all.find("secret"), all.npos);
}

TEST_F(Composite, OP_4_read_errors) {
  const std::string good = R"([{"n":"/3/0/0"}])";
  EXPECT_EQ(ask(Code::kFetch, "/", {.payload = good}).code, Code::kBadRequest);  // no format
  EXPECT_EQ(fetch("").code, Code::kBadRequest);
  EXPECT_EQ(fetch("[{").code, Code::kBadRequest);
  EXPECT_EQ(fetch(R"([{"n":"3/0/0"}])").code, Code::kBadRequest);
  EXPECT_EQ(fetch(R"([{"n":"/3/0/0","v":1}])").code, Code::kBadRequest);
  EXPECT_EQ(fetch(good, {.format = kTlv}).code, Code::kUnsupportedContentFormat);
  EXPECT_EQ(fetch(good, {.format = kText}).code, Code::kUnsupportedContentFormat);
  EXPECT_EQ(fetch(good, {.accept = kTlv}).code, Code::kNotAcceptable);
  EXPECT_EQ(fetch(good, {.accept = 9999}).code, Code::kNotAcceptable);
  EXPECT_EQ(ask(Code::kFetch, "/3/0", {.format = kSenmlJson, .payload = good}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kFetch, "/0", {.format = kSenmlJson, .payload = good}).code, Code::kUnauthorized);
}

TEST_F(Composite, OP_4_write_sets_resources_of_several_objects) {
  EXPECT_EQ(patch(R"([{"n":"/1/0/2","v":5},{"n":"/1/0/6","vb":false},{"n":"/3/0/14","vs":"+01:00"},)"
                  R"({"n":"/33001/0/2/5","v":1},{"n":"/33001/0/2/6","v":2}])")
                .code,
            Code::kChanged);
  EXPECT_EQ(account->default_pmin, 5);
  EXPECT_FALSE(account->notification_storing);
  const FragileObject::Resource many{{0, 20}, {5, 1}, {6, 2}};
  EXPECT_EQ(fragile.instances[0][2], many);
  EXPECT_EQ(log.count(EventType::kWritten), 5U);
}

TEST_F(Composite, OP_4_write_speaks_SenML_CBOR) {
  EXPECT_EQ(patch(std::string("\x81\xA2\x00\x6A/33001/0/0\x02\x18\x63", 17), kSenmlCbor).code,
            Code::kChanged);
  EXPECT_EQ(fragile.instances[0][0][0], 99);
}

TEST_F(Composite, OP_4_write_is_all_or_nothing_whichever_value_is_refused) {
  const std::string payload =
      R"([{"n":"/33000/0/1","v":50},{"n":"/33001/0/0","v":1},{"n":"/33001/0/2/0","v":2},)"
      R"({"n":"/33001/0/2/9","v":3},{"n":"/33000/0/3","vs":"new"},{"n":"/33001/0/1","v":4}])";
  for (int i = 0; i < 4; ++i) {
    fragile.refuse_after = i;
    EXPECT_EQ(patch(payload).code, Code::kInternalServerError) << i;
    EXPECT_EQ(fragile.instances, kBefore) << i;
    EXPECT_EQ(probes.get(0)->number, 7) << i;
    EXPECT_EQ(probes.get(0)->label.view(), "probe") << i;
    EXPECT_EQ(log.count(EventType::kWritten), 0U);
  }
  EXPECT_EQ(patch(payload).code, Code::kChanged);
  EXPECT_EQ(probes.get(0)->number, 50);
  EXPECT_EQ(log.count(EventType::kWritten), 6U);
}

TEST_F(Composite, OP_4_write_errors_change_nothing) {
  struct {
    const char* record;
    Code code;
  } const refused[]{{R"({"n":"/33001/0/0","vs":"x"})", Code::kBadRequest},
                    {R"({"n":"/33000/0/1","v":500})", Code::kBadRequest},
                    {R"({"n":"/33001/0/0/0","v":1})", Code::kBadRequest},
                    {R"({"n":"/33001/0/2","v":1})", Code::kBadRequest},
                    {R"({"n":"/33001/0/0"})", Code::kBadRequest},
                    {R"({"n":"/33001/0","v":1})", Code::kBadRequest},
                    {R"({"n":"/","v":1})", Code::kBadRequest},
                    {R"({"n":"/0/0/0","vs":"x"})", Code::kUnauthorized},
                    {R"({"n":"/21/0/0","vs":"x"})", Code::kUnauthorized},
                    {R"({"n":"/33001/9/0","v":1})", Code::kNotFound},
                    {R"({"n":"/33001/0/99","v":1})", Code::kNotFound},
                    {R"({"n":"/99/0/0","v":1})", Code::kNotFound},
                    {R"({"n":"/33001/0/4","v":1})", Code::kMethodNotAllowed},
                    {R"({"n":"/33001/0/6","v":1})", Code::kMethodNotAllowed},
                    {R"({"n":"/33001/0/5","v":1})", Code::kMethodNotAllowed}};
  for (const auto& row : refused) {
    const std::string payload = std::string(R"([{"n":"/33001/0/1","v":77},)") + row.record + "]";
    EXPECT_EQ(patch(payload).code, row.code) << row.record;
  }
  const std::string good = R"([{"n":"/33001/0/0","v":1}])";
  EXPECT_EQ(ask(Code::kIPatch, "/", {.payload = good}).code, Code::kBadRequest);  // no format
  EXPECT_EQ(patch(good, kTlv).code, Code::kUnsupportedContentFormat);
  EXPECT_EQ(patch("[{").code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kIPatch, "/33001/0", {.format = kSenmlJson, .payload = good}).code,
            Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kPatch, "/", {.format = kSenmlJson, .payload = good}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(fragile.instances, kBefore);
}

TEST_F(Composite, A_write_is_told_to_observers) {
  ask(Code::kGet, "/33001/0/0", {.accept = kText, .observe = 0, .token = 0x21});
  patch(R"([{"n":"/33001/0/0","v":12},{"n":"/33001/0/1","v":1}])");
  EXPECT_EQ(take().payload, "12");
}

}  // namespace
}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Shows: OP-4, OP-5
#include "linnet/api/composite_call.hpp"

#include <gmock/gmock.h>

namespace linnet::api {
namespace {

using lwm2m::ContentFormat;
using lwm2m::Path;
using server::OperationKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

OrProblem<CompositeCall> route(const std::string& method, const std::vector<std::string>& behind = {}) {
  HttpRequest request;
  request.method = method;
  request.path = {"api", "v1", "devices", "ep", "composite"};
  request.path.insert(request.path.end(), behind.begin(), behind.end());
  return CompositeCall::route("ep", std::move(request));
}

OrProblem<OwnedOperation> make(const std::string& method, const std::vector<std::string>& behind,
                               std::map<std::string, std::string> query, const std::string& body = {},
                               const net::Device& device = {}) {
  static const auto models = registry::ModelRegistry::embedded();
  auto call = route(method, behind);
  if (!call) return std::unexpected(call.error());
  call->request.query = std::move(query);
  call->request.body = body;
  return make_operation(*call, device, *models, {Seconds(120), Seconds(600)});
}
OrProblem<OwnedOperation> read(const std::string& paths) {
  return make("GET", {}, {{"paths", paths}});
}
OrProblem<OwnedOperation> write(const std::string& body) {
  return make("PATCH", {}, {{"format", "110"}}, body);
}
std::string payload_of(const OwnedOperation& operation) {
  return {operation.payload.begin(), operation.payload.end()};
}

TEST(CompositeCall, IsTheOperationOfItsMethodAndRoute) {
  EXPECT_EQ(route("GET")->kind, OperationKind::kReadComposite);
  EXPECT_EQ(route("PATCH")->kind, OperationKind::kWriteComposite);
  EXPECT_EQ(route("PUT", {"observe"})->kind, OperationKind::kObserveComposite);
  EXPECT_EQ(route("DELETE", {"observe"})->kind, OperationKind::kCancelObserveComposite);
  EXPECT_EQ(route("POST").error().allow, "GET, PATCH");
  EXPECT_EQ(route("GET", {"observe"}).error().allow, "PUT, DELETE");
  EXPECT_EQ(route("GET", {"observe"}).error().status, 405U);
  EXPECT_EQ(route("GET", {"read"}).error().status, 404U);
  EXPECT_EQ(route("PUT", {"observe", "x"}).error().status, 404U);
}

TEST(CompositeCall, NamesPathsInOrderAndOnce) {
  const auto operation = read("/3303/0/5700,3/0/9,Device/0/Battery Level,/6,Light Control/0/On/Off");
  ASSERT_TRUE(operation) << operation.error().detail;
  EXPECT_THAT(operation->paths,
              ElementsAre(Path(3, 0, 9), Path(6), Path(3303, 0, 5700), Path(3311, 0, 5850)));
  EXPECT_EQ(operation->path, Path());
  EXPECT_EQ(operation->format, ContentFormat::kSenmlCbor);
  EXPECT_EQ(operation->timeout, Seconds(120));
}

TEST(CompositeCall, ReadsAllOfADeviceAndObservesNotAll) {
  EXPECT_THAT(read("/")->paths, ElementsAre(Path()));
  EXPECT_EQ(make("PUT", {"observe"}, {{"paths", "/"}}).error().status, 400U);
}

TEST(CompositeCall, WithoutUsablePathsIs400) {
  EXPECT_EQ(make("GET", {}, {}).error().status, 400U);
  for (const char* paths : {"", ",", "/3/0,", "/3/0/9/1/2", "/3/x", "/70000"}) {
    ASSERT_FALSE(read(paths)) << paths;
    EXPECT_EQ(read(paths).error().status, 400U) << paths;
  }
  std::string many = "/0";
  for (int i = 1; i < 65; ++i) many += ",/" + std::to_string(i);
  EXPECT_THAT(read(many).error().detail, HasSubstr("64"));
}

TEST(CompositeCall, WritesValuesOfSeveralObjectsInOrder) {
  const auto operation = write(
      R"({"values": {"/3/0/15": "CET", "/1/0/1": 300, "LwM2M Server/0/Disable Timeout": "60", "/16/0": {"0": {"3": "sn"}}}})");
  ASSERT_TRUE(operation) << operation.error().detail;
  EXPECT_EQ(payload_of(*operation),
            R"([{"n":"/1/0/1","v":300},{"n":"/1/0/5","v":60},{"n":"/3/0/15","vs":"CET"},)"
            R"({"n":"/16/0/0/3","vs":"sn"}])");
  EXPECT_EQ(operation->format, ContentFormat::kSenmlJson);
}

TEST(CompositeCall, WithUnusableValuesIs400) {
  for (const char* body :
       {"", "[]", "{}", R"({"values": {}})", R"({"values": [1]})", R"({"values": {"/1": {"0": 1}}})",
        R"({"values": {"/1/0/1": "x"}})", R"({"values": {"/1/0/1": 1, "LwM2M Server/0/Lifetime": 2}})",
        R"({"values": {"/1/0/1": 1, "/1/0": {"1": 2}}})", R"({"values": {"x": 1}})", R"({"value": 1})"}) {
    ASSERT_FALSE(write(body)) << body;
    EXPECT_EQ(write(body).error().status, 400U) << body;
  }
}

TEST(CompositeCall, IsCarriedOutInSenML) {
  EXPECT_EQ(make("GET", {}, {{"paths", "/3"}, {"format", "110"}})->format, ContentFormat::kSenmlJson);
  EXPECT_EQ(make("GET", {}, {{"paths", "/3"}, {"format", "application/senml+cbor"}})->format,
            ContentFormat::kSenmlCbor);
  EXPECT_EQ(make("GET", {}, {{"paths", "/3"}, {"format", "11542"}}).error().status, 400U);
}

TEST(CompositeCall, OnADeviceThatTakesNoneIs409) {
  net::Device device;
  device.endpoint = "old";
  device.formats.version = lwm2m::LwM2mVersion::k1_0;
  for (const auto& format : {std::map<std::string, std::string>{}, {{"format", "110"}}}) {
    auto query = format;
    query["paths"] = "/3";
    const auto refused = make("GET", {}, query, {}, device);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 409U);
    EXPECT_THAT(refused.error().detail, HasSubstr("old"));
  }
  device.formats.version = lwm2m::LwM2mVersion::k1_1;
  device.formats.registered.insert(ContentFormat::kTlv);
  EXPECT_EQ(make("GET", {}, {{"paths", "/3"}}, {}, device).error().status, 409U);
  device.formats.registered.insert(ContentFormat::kSenmlJson);
  EXPECT_EQ(make("GET", {}, {{"paths", "/3"}}, {}, device)->format, ContentFormat::kSenmlJson);
}

}  // namespace
}  // namespace linnet::api

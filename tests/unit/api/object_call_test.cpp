// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/object_call.hpp"

#include <gmock/gmock.h>

namespace linnet::api {
namespace {

using lwm2m::ContentFormat;
using lwm2m::Path;
using server::OperationKind;
using ::testing::HasSubstr;

OrProblem<ObjectCall> route(const std::string& method, std::vector<std::string> path) {
  HttpRequest request;
  request.method = method;
  request.path = {"api", "v1", "devices", "ep", "objects"};
  request.path.insert(request.path.end(), path.begin(), path.end());
  return ObjectCall::route("ep", std::move(request));
}

/// What becomes of a request to a device that has said nothing about itself.
OrProblem<OwnedOperation> make(const std::string& method, std::vector<std::string> path,
                               const std::string& body = {}, std::map<std::string, std::string> query = {}) {
  static const auto models = registry::ModelRegistry::embedded();
  auto call = route(method, std::move(path));
  if (!call) return std::unexpected(call.error());
  call->request.body = body;
  call->request.query = std::move(query);
  return make_operation(*call, net::Device{}, *models, {Seconds(120), Seconds(600)});
}

TEST(ObjectCall, IsTheOperationOfItsMethodActionAndDepth) {
  struct Row {
    const char* method;
    std::vector<std::string> path;
    OperationKind kind;
  };
  for (const Row& row :
       {Row{"GET", {"3"}, OperationKind::kRead}, Row{"GET", {"3", "0", "11", "0"}, OperationKind::kRead},
        Row{"PUT", {"3", "0"}, OperationKind::kWriteReplace},
        Row{"PUT", {"3", "0", "11", "0"}, OperationKind::kWriteReplace},
        Row{"POST", {"3"}, OperationKind::kCreate}, Row{"POST", {"3", "0"}, OperationKind::kWriteUpdate},
        Row{"DELETE", {"3", "0"}, OperationKind::kDelete},
        Row{"GET", {"3", "discover"}, OperationKind::kDiscover},
        Row{"PUT", {"3", "0", "attributes"}, OperationKind::kWriteAttributes},
        Row{"POST", {"3", "0", "4", "execute"}, OperationKind::kExecute},
        Row{"PUT", {"3", "observe"}, OperationKind::kObserve},
        Row{"DELETE", {"3", "0", "1", "observe"}, OperationKind::kCancelObserve}}) {
    const auto call = route(row.method, row.path);
    ASSERT_TRUE(call) << row.method << " " << row.path.back();
    EXPECT_EQ(call->kind, row.kind) << row.method << " " << row.path.back();
  }
}

TEST(ObjectCall, WithAnotherMethodIs405WithThoseThatAre) {
  const auto put = route("PUT", {"3"});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().status, 405U);
  EXPECT_EQ(put.error().allow, "GET, POST");
  EXPECT_EQ(route("POST", {"3", "0", "1"}).error().allow, "GET, PUT");
}

TEST(ObjectCall, AtADepthWithoutOperationsIs400) {
  EXPECT_EQ(route("GET", {"3", "0", "0", "0", "0"}).error().status, 400U);
  EXPECT_EQ(route("POST", {"3", "0", "execute"}).error().status, 400U);
}

TEST(ObjectCall, ResolvesNames) {
  EXPECT_EQ(make("GET", {"Temperature", "0", "Sensor Value"})->path, Path(3303, 0, 5700));
  EXPECT_EQ(make("GET", {"TEMPERATURE", "0", "sensor value"})->path, Path(3303, 0, 5700));
  EXPECT_EQ(make("GET", {"3311", "0", "On/Off"})->path, Path(3311, 0, 5850));
  EXPECT_EQ(make("GET", {"32000", "0", "1"})->path, Path(32'000, 0, 1));
  EXPECT_FALSE(make("GET", {"32000", "0", "name"}));
  EXPECT_FALSE(make("GET", {"Temperature", "first"}));
  EXPECT_FALSE(make("GET", {"3303", "0", "5700", "Sensor Value"}));
}

TEST(ObjectCall, ReadsTimeAndFormat) {
  const auto operation = make("GET", {"3"}, {}, {{"timeout", "600"}, {"format", "11542"}});
  EXPECT_EQ(operation->timeout, Seconds(600));
  EXPECT_EQ(operation->format, ContentFormat::kTlv);
  EXPECT_EQ(make("GET", {"3"}, {}, {{"format", "application/senml+cbor"}})->format,
            ContentFormat::kSenmlCbor);
  EXPECT_EQ(make("GET", {"3"})->timeout, Seconds(120));
  for (const char* const timeout : {"0", "601", "-1", "1s", "", "99999999999999999999"})
    EXPECT_FALSE(make("GET", {"3"}, {}, {{"timeout", timeout}})) << timeout;
  EXPECT_FALSE(make("GET", {"3"}, {}, {{"format", "1"}}));
}

TEST(ObjectCall, WriteOnAnInstanceNeedsValues) {
  for (const char* const body : {"", "{}", R"({"value": 1})", "[]", "null"}) {
    EXPECT_FALSE(make("PUT", {"1", "0"}, body)) << body;
    EXPECT_FALSE(make("POST", {"1", "0"}, body)) << body;
  }
  EXPECT_TRUE(make("PUT", {"1", "0"}, R"({"values": {}})"));
}

TEST(ObjectCall, CreateNamesItsInstanceInThePayload) {
  const auto named = make("POST", {"3303"}, R"({"instance": 7, "values": {"5700": 1}})",
                          {{"format", "application/senml+json"}});
  ASSERT_TRUE(named);
  EXPECT_EQ(named->path, Path(3303));
  EXPECT_THAT(std::string(as_text(named->payload)), HasSubstr("/3303/7/"));
  EXPECT_FALSE(make("POST", {"3303"}, R"({"instance": 65535, "values": {}})"));
  EXPECT_FALSE(make("POST", {"3303"}, R"({"instance": "1", "values": {}})"));
}

TEST(ObjectCall, AttributesSetAndUnset) {
  const auto operation = make("PUT", {"3303", "0", "attributes"}, R"({"pmin": 5, "st": null})");
  ASSERT_TRUE(operation);
  EXPECT_EQ(operation->attributes.size(), 2U);
  for (const char* const body :
       {"", "{}", R"({"pmin": "5"})", R"({"x": 5})", R"({"pmin": -1})", R"({"pmin&pmax": 1})"})
    EXPECT_FALSE(make("PUT", {"3303", "0", "attributes"}, body)) << body;
}

TEST(ObjectCall, ABodyIsBoundInDepth) {
  std::string deep = R"({"value": )";
  deep += std::string(500'000, '[') + std::string(500'000, ']') + "}";
  const auto operation = make("PUT", {"1", "0", "1"}, deep);
  ASSERT_FALSE(operation);
  EXPECT_EQ(operation.error().status, 400U);
  EXPECT_THAT(operation.error().detail, HasSubstr("nested"));
}

TEST(ObjectCall, ABodyOfBytesIsTheValueOfAResourceAsItIs) {
  static const auto models = registry::ModelRegistry::embedded();
  auto call = route("PUT", {"5", "0", "0"});
  ASSERT_TRUE(call);
  call->request.body = std::string("\0{\xFF", 3);
  call->request.content_type = "application/octet-stream";
  const auto operation = make_operation(*call, net::Device{}, *models, {Seconds(120), Seconds(600)});
  ASSERT_TRUE(operation);
  EXPECT_EQ(operation->format, ContentFormat::kOpaque);
  EXPECT_EQ(operation->payload, (std::vector<std::uint8_t>{0, '{', 0xFF}));

  auto instance = route("PUT", {"5", "0"});
  instance->request.content_type = "application/octet-stream";
  const auto refused = make_operation(*instance, net::Device{}, *models, {Seconds(120), Seconds(600)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 400U);
}

}  // namespace
}  // namespace linnet::api

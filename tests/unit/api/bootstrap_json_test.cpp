// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/bootstrap_json.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "linnet/api/values.hpp"

namespace linnet::api {
namespace {

using Json = nlohmann::json;
using lwm2m::Path;
using lwm2m::Value;
using server::BootstrapConfiguration;
using ::testing::HasSubstr;

const registry::ModelRegistry& models() {
  static const auto kModels = registry::ModelRegistry::embedded();
  return *kModels;
}

Json fleet() {
  return Json::parse(R"({
    "endpoints": ["urn:*"], "discover": ["/"], "read": ["/2"], "delete": ["/0", "/LwM2M Server"],
    "write": {
      "/0/1": {"LWM2M Server URI": "coap://{endpoint}.example", "Security Mode": 3, "Short Server ID": 101},
      "/LwM2M Server/0": {"0": 101, "lifetime": 300, "6": true, "Binding": "U"},
      "/2/0": {"0": 3, "1": 0, "ACL": {"101": 31}, "3": 101},
      "/3/0/UTC Offset": "+01:00"}})");
}

OrProblem<BootstrapConfiguration> read(const Json& body, const BootstrapConfiguration* before = nullptr) {
  return read_configuration("fleet", body, models(), before);
}

std::string refusal(const Json& body) {
  const auto configuration = read(body);
  return configuration ? "" : configuration.error().detail;
}

TEST(BootstrapJson, IsAConfigurationByNamesAndNumbers) {
  const auto configuration = read(fleet());
  ASSERT_TRUE(configuration) << configuration.error().detail;
  EXPECT_EQ(configuration->name, "fleet");
  EXPECT_EQ(configuration->deletions, (std::vector<Path>{Path(0), Path(1)}));
  EXPECT_EQ(configuration->discover, std::vector<Path>{Path()});
  ASSERT_EQ(configuration->writes.size(), 4U);
  EXPECT_EQ(configuration->writes[0].path, Path(0, 1));
  EXPECT_EQ(configuration->writes[1].path, Path(1, 0));
  EXPECT_EQ(configuration->writes[2].records[2].path, Path(2, 0, 2, 101));
  EXPECT_EQ(configuration->writes[3].path, Path(3, 0, 14));
  EXPECT_EQ(configuration->writes[3].records[0].value.view(), Value::string("+01:00"));
  // What an account without keys does not say.
  EXPECT_EQ(configuration->writes[0].records[1].value.view(), Value::boolean(false));
  EXPECT_EQ(configuration->writes[0].records[5].value.view(), Value::opaque({}));
}

TEST(BootstrapJson, WhatIsShownIsTheSameConfigurationAgain) {
  const Json shown = configuration_json(*read(fleet()), models());
  EXPECT_EQ(shown["write"]["/1/0"]["Lifetime"], 300);
  EXPECT_EQ(shown["write"]["/2/0"]["ACL"]["101"], 31);
  EXPECT_EQ(shown["write"]["/3/0/14"], "+01:00");
  EXPECT_EQ(shown["write"]["/0/1"]["Secret Key"], (Json{{"set", false}}));
  const auto again = read(shown);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(configuration_json(*again, models()), shown);
}

// Shows: SE-12
TEST(BootstrapJson, AccountsToBeForgottenAreShortServerIds) {
  Json body = Json::parse(R"({"endpoints": ["urn:*"], "unbootstrap": [7, 65534]})");
  const auto configuration = read(body);
  ASSERT_TRUE(configuration) << configuration.error().detail;
  EXPECT_THAT(configuration->unbootstrap, testing::ElementsAre(7, 65534));
  EXPECT_EQ(configuration_json(*configuration, models())["unbootstrap"], Json::array({7, 65534}));
  for (const char* wrong : {"7", "[\"7\"]", "[-1]", "[7.5]", "[65535]", "[4294967303]", "{\"7\": true}"}) {
    body["unbootstrap"] = Json::parse(wrong);
    EXPECT_THAT(refusal(body), HasSubstr("is a list of short server ids")) << wrong;
  }
  body["unbootstrap"] = Json::parse("[0]");
  EXPECT_THAT(refusal(body), HasSubstr("unbootstrap: 0 must be 1 to 65534"));
}

TEST(BootstrapJson, AnOpaqueIsBase64TextOrHexAndASecretStays) {
  Json body = fleet();
  body["endpoints"] = {"urn:1"};
  Json& account = body["write"]["/0/1"];
  account["LWM2M Server URI"] = "coaps://a";
  account["Security Mode"] = 0;
  account["3"] = {{"text", "{endpoint}"}};
  account["5"] = {{"hex", "00fF10"}};
  const auto first = read(body);
  ASSERT_TRUE(first) << first.error().detail;
  const std::array<std::uint8_t, 3> key{0x00, 0xFF, 0x10};
  EXPECT_EQ(first->writes[0].records[5].value.view(), Value::opaque(key));
  EXPECT_EQ(first->writes[0].records[3].value.view(), Value::opaque(as_bytes("{endpoint}")));

  const Json shown = configuration_json(*first, models());
  EXPECT_EQ(shown["write"]["/0/1"]["Secret Key"], (Json{{"set", true}}));
  EXPECT_EQ(shown.dump().find("AP8Q"), std::string::npos);
  const auto kept = read(shown, &*first);
  ASSERT_TRUE(kept) << kept.error().detail;
  EXPECT_EQ(kept->writes[0].records[5].value.view(), Value::opaque(key));
  EXPECT_THAT(refusal(shown), HasSubstr("no secret to keep"));

  account["5"] = {{"hex", "00f"}};
  EXPECT_THAT(refusal(body), HasSubstr("pairs of hexadecimal digits"));
  account["5"] = {{"hex", "zz"}};
  EXPECT_THAT(refusal(body), HasSubstr("pairs of hexadecimal digits"));
  account["5"] = "AP8Q";
  account["10"] = {{"set", true}};
  account.erase("Short Server ID");
  EXPECT_THAT(refusal(body), HasSubstr("this is none"));
}

TEST(BootstrapJson, SaysWhatIsWrong) {
  const auto with = [](const char* part, const Json& value) {
    Json body = fleet();
    body[part] = value;
    return refusal(body);
  };
  EXPECT_THAT(refusal(Json::array()), HasSubstr("JSON object"));
  EXPECT_THAT(with("name", "other"), HasSubstr("another name"));
  EXPECT_THAT(with("remove", Json::array()), HasSubstr("'remove' is no part"));
  EXPECT_THAT(with("delete", Json{1}), HasSubstr("list of strings"));
  EXPECT_THAT(with("delete", Json{"/Nothing"}), HasSubstr("'Nothing' is neither"));
  EXPECT_THAT(with("delete", Json{"/1/2/3/4/5"}), HasSubstr("too deep"));
  EXPECT_THAT(with("write", Json::array()), HasSubstr("from path to values"));
  EXPECT_THAT(with("write", Json{{"/0", Json::object()}}), HasSubstr("an instance or a resource"));
  EXPECT_THAT(with("write", Json{{"/42000/0", Json::object()}}), HasSubstr("no model"));
  EXPECT_THAT(with("write", Json{{"/1/0", 5}}), HasSubstr("from resource to value"));
  EXPECT_THAT(with("write", Json{{"/1/0", {{"Speed", 5}}}}), HasSubstr("'Speed' is no resource"));
  EXPECT_THAT(with("write", Json{{"/1/0", {{"1", 5}, {"Lifetime", 5}}}}), HasSubstr("given twice"));
  EXPECT_THAT(with("write", Json{{"/1/0/0", 65535}}), HasSubstr("in the range 1..65534"));
  EXPECT_THAT(with("endpoints", Json::array()), HasSubstr("endpoints must name"));
}

TEST(BootstrapJson, AResultSaysHowItEnded) {
  server::BootstrapResult result;
  result.endpoint = "urn:1";
  result.configuration = "fleet";
  result.at = UnixTime{0};
  result.took = Millis{1500};
  result.code = coap::Code::kChanged;
  result.written = 2;
  const std::string links = R"(lwm2m="1.0",</0/1>,</1/0>;ssid=7)";
  result.answers.push_back({{server::BootstrapVerb::kDiscover, {}},
                            coap::Code::kContent,
                            lwm2m::ContentFormat::kLinkFormat,
                            {links.begin(), links.end()}});
  Json json = result_json(result, models());
  EXPECT_EQ(json["result"], "finished");
  EXPECT_EQ(json["time"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(json["seconds"], 1.5);
  EXPECT_EQ(json["answers"][0]["links"][1]["path"], "/1/0");
  EXPECT_EQ(json["answers"][0]["links"][1]["attributes"]["ssid"], "7");

  result.ending = server::BootstrapResult::Ending::kFailed;
  result.failure = Errc::kTimeout;
  result.step = {server::BootstrapVerb::kWrite, Path(0, 1)};
  json = result_json(result, models());
  EXPECT_EQ(json["result"], "failed");
  EXPECT_EQ(json["operation"], "Write");
  EXPECT_EQ(json["path"], "/0/1");
  EXPECT_TRUE(json["reason"].is_string());
  EXPECT_FALSE(json.contains("code"));
}

}  // namespace
}  // namespace linnet::api

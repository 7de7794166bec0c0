// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/problem.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace linnet::api {
namespace {

using coap::Code;

TEST(Problem, IsADocumentOfRfc7807) {
  const HttpResponse response = to_response({502, "The device refused", "detail", "4.29"});
  EXPECT_EQ(response.status, 502U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(nlohmann::json::parse(response.body),
            nlohmann::json::parse(R"({"type": "about:blank", "title": "The device refused", "status": 502,
                                      "detail": "detail", "coap": "4.29"})"));
}

TEST(Problem, SaysNothingThatIsNoUtf8) {
  const HttpResponse response = to_response(unknown_device("\xFF\xFE"));
  EXPECT_TRUE(nlohmann::json::accept(response.body));
}

TEST(Problem, NamesTheMethodsOfA405) {
  EXPECT_EQ(to_response({405, "Method not allowed", "", "", "GET, PUT"}).allow, "GET, PUT");
}

TEST(Problem, OfADeviceHasTheStatusOfItsCode) {
  const auto status = [](Code code) { return device_refused(code, "/3/0").status; };
  EXPECT_EQ(status(Code::kBadRequest), 400U);
  EXPECT_EQ(status(Code::kUnauthorized), 403U);
  EXPECT_EQ(status(Code::kForbidden), 403U);
  EXPECT_EQ(status(Code::kNotFound), 404U);
  EXPECT_EQ(status(Code::kMethodNotAllowed), 405U);
  EXPECT_EQ(status(Code::kNotAcceptable), 415U);
  EXPECT_EQ(status(Code::kUnsupportedContentFormat), 415U);
  EXPECT_EQ(status(Code::kTooManyRequests), 502U);
  EXPECT_EQ(status(Code::kInternalServerError), 502U);
  EXPECT_EQ(status(static_cast<Code>(0xBF)), 502U);  // 5.31, which nobody has defined
  EXPECT_EQ(device_refused(Code::kTooManyRequests, "/3/0").coap, "4.29");
  EXPECT_EQ(device_refused(static_cast<Code>(0xBF), "/3/0").coap, "5.31");
}

TEST(Problem, OfAnOperationSaysWhyThereIsNoAnswer) {
  const auto status = [](Errc why) { return no_answer(why, "ep", "/3/0").status; };
  EXPECT_EQ(status(Errc::kNotFound), 404U);
  EXPECT_EQ(status(Errc::kInvalidArgument), 400U);
  EXPECT_EQ(status(Errc::kExists), 409U);
  EXPECT_EQ(status(Errc::kTooLarge), 413U);
  EXPECT_EQ(status(Errc::kBusy), 429U);
  EXPECT_EQ(status(Errc::kReset), 502U);
  EXPECT_EQ(status(Errc::kMalformed), 502U);
  EXPECT_EQ(status(Errc::kClosed), 503U);
  EXPECT_EQ(status(Errc::kTimeout), 504U);
  EXPECT_EQ(not_taken(Errc::kClosed).status, 503U);
  EXPECT_EQ(not_taken(Errc::kBusy).status, 503U);
}

}  // namespace
}  // namespace linnet::api

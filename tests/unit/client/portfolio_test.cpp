// SPDX-License-Identifier: Apache-2.0
// Object 16: GetAuthData, and what becomes of the data.
// Shows: OB-3
#include "linnet/client/objects/portfolio.hpp"

#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kTlv = 11542;

class Signer final : public PortfolioService {
 public:
  Result<void> get_auth_data(InstanceId instance, std::string_view arguments) noexcept override {
    asked.push_back(std::to_string(instance) + ":" + std::string(arguments));
    return answer;
  }
  std::vector<std::string> asked;
  Result<void> answer;
};

class PortfolioTest : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &device, &portfolio, &probes};
    portfolio.add(0)->identity = {PortfolioInstance::Identity("354823")};
    registered();
  }
  std::string status() { return ask(Code::kGet, "/16/0/3", {.accept = kText}).payload; }
  Code execute(std::string arguments = "") {
    return ask(Code::kPost, "/16/0/1", {.payload = std::move(arguments)}).code;
  }
  bool finish(std::initializer_list<std::string_view> texts) {
    std::vector<ByteView> pieces;
    for (const std::string_view text : texts) pieces.push_back(as_bytes(text));
    return portfolio.finish(0, pieces);
  }

  Signer signer;
  PortfolioObject<2> portfolio;
};

TEST_F(PortfolioTest, without_a_service_GetAuthData_is_not_allowed) {
  EXPECT_EQ(execute(), Code::kMethodNotAllowed);
  EXPECT_EQ(status(), "0");
}

TEST_F(PortfolioTest, AuthData_is_there_until_a_server_has_got_it) {
  portfolio.provide(signer);
  EXPECT_EQ(execute("0='1'"), Code::kChanged);
  EXPECT_EQ(signer.asked, std::vector<std::string>{"0:0='1'"});
  EXPECT_EQ(status(), "0");
  EXPECT_EQ(ask(Code::kGet, "/16/0/2", {.accept = kTlv}).code, Code::kNotFound);
  ASSERT_TRUE(finish({"sig", "key"}));
  EXPECT_EQ(status(), "1");
  const Seen data = ask(Code::kGet, "/16/0/2", {.accept = kTlv});
  EXPECT_EQ(data.payload, std::string_view("\x88\x02\x0a\x43\x00sig\x43\x01key", 13));
  EXPECT_EQ(status(), "0");
  EXPECT_EQ(ask(Code::kGet, "/16/0/2", {.accept = kTlv}).code, Code::kNotFound);
}

TEST_F(PortfolioTest, a_notification_returns_AuthData_too) {
  portfolio.provide(signer);
  execute();
  ask(Code::kGet, "/16/0", {.accept = kTlv, .observe = 0});
  ASSERT_TRUE(finish({"sig"}));
  engine.step(now);
  EXPECT_NE(take().payload.find("sig"), std::string::npos);
  engine.step(now);
  EXPECT_EQ(take().payload.find("sig"), std::string::npos);
  EXPECT_EQ(status(), "0");
}

TEST_F(PortfolioTest, an_error_is_shown_and_the_next_GetAuthData_resets_it) {
  portfolio.provide(signer);
  execute();
  portfolio.abort(0);
  EXPECT_EQ(status(), "2");
  execute();
  EXPECT_EQ(status(), "0");
  signer.answer = fail(Errc::kInvalidArgument);
  EXPECT_EQ(execute("7"), Code::kBadRequest);
  EXPECT_EQ(status(), "2");
}

TEST_F(PortfolioTest, data_that_has_no_room_is_refused_whole) {
  portfolio.provide(signer);
  EXPECT_FALSE(finish({"1", "2", "3", "4", "5"}));
  EXPECT_FALSE(finish({"1", std::string(PortfolioInstance::AuthData::kCapacity + 1, 'x')}));
  EXPECT_FALSE(portfolio.finish(1, {}));
  EXPECT_EQ(status(), "0");
}

}  // namespace
}  // namespace linnet::client::test

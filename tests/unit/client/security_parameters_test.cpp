// SPDX-License-Identifier: Apache-2.0
// What object 0 says about a secured server (TS 5.2.8), and what is done about alerts (table 5.2.9-1).
#include "linnet/client/security_parameters.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "linnet/client/alerts.hpp"
#include "linnet/client/objects/security.hpp"

namespace linnet::client {
namespace {

using ::testing::ElementsAre;

class Security : public ::testing::Test {
 protected:
  using Object0 = SecurityObject<2, kAmpleSecuritySizes>;
  BasicSecurityInstance<kAmpleSecuritySizes>& add(std::string_view uri, SecurityMode mode) {
    if (object.get(0) == nullptr) object.add(0);
    auto& row = *object.get(0);
    row.uri.assign(uri);
    row.mode = static_cast<std::int8_t>(mode);
    return row;
  }
  auto& psk(std::string_view uri = "coaps://lwm2m.example") {
    auto& row = add(uri, SecurityMode::kPsk);
    row.identity.assign(as_bytes("device-1"));
    row.secret_key.assign(as_bytes("0123456789abcdef"));
    return row;
  }
  Result<SecurityParameters> read() { return read_security(tree, 0, room); }

  Object0 object;
  std::array<Object*, 1> objects{&object};
  ObjectTree tree{objects};
  std::array<std::uint8_t, 4096> room{};
};

TEST_F(Security, A_pre_shared_key_is_an_identity_a_key_and_where_to) {
  psk("coaps://[2001:db8::1]:5690");
  const auto read = this->read();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->mode, SecurityMode::kPsk);
  EXPECT_EQ(read->host, "2001:db8::1");
  EXPECT_EQ(read->port, 5690);
  EXPECT_EQ(as_text(read->identity), "device-1");
  EXPECT_EQ(as_text(read->secret_key), "0123456789abcdef");
  EXPECT_EQ(read->reference_identifier(), "2001:db8::1");
  EXPECT_TRUE(read->secured());
  EXPECT_FALSE(read->stream());
  EXPECT_FALSE(read->usage);
  EXPECT_TRUE(read->ciphersuites().empty());
}

TEST_F(Security, Identities_have_up_to_128_bytes_and_keys_up_to_64) {
  auto& row = psk();
  row.identity.assign(as_bytes(std::string(128, 'i')));
  row.secret_key.assign(as_bytes(std::string(64, 'k')));
  EXPECT_TRUE(read());
  row.identity.assign(as_bytes(std::string(129, 'i')));
  EXPECT_EQ(read().error().code, Errc::kInvalidArgument);
  row.identity.assign(as_bytes("i"));
  row.secret_key.assign(as_bytes(std::string(65, 'k')));
  EXPECT_EQ(read().error().code, Errc::kInvalidArgument);
}

TEST_F(Security, Certificates_have_a_usage_a_name_and_suites) {
  auto& row = add("coaps+tcp://192.0.2.7", SecurityMode::kCertificate);
  row.identity.assign(as_bytes("certificate"));
  row.server_public_key.assign(as_bytes("anchor"));
  row.secret_key.assign(as_bytes("key"));
  row.sni.emplace("lwm2m.example");
  row.certificate_usage = 2;
  row.matching_type = 1;
  row.ciphersuites = {0xC0AE, 0xC023};
  const auto read = this->read();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->stream());
  EXPECT_EQ(read->port, 5684);
  EXPECT_EQ(read->reference_identifier(), "lwm2m.example");
  EXPECT_EQ(read->usage, CertificateUsage::kTrustAnchor);
  EXPECT_EQ(read->matching, MatchingType::kSha256);
  EXPECT_THAT(read->ciphersuites(), ElementsAre(0xC0AE, 0xC023));
}

TEST_F(Security, A_mode_that_does_not_fit_its_URI_is_refused) {
  add("coaps://lwm2m.example", SecurityMode::kNoSec);
  EXPECT_EQ(read().error().code, Errc::kInvalidArgument);
  psk("coap://lwm2m.example");
  EXPECT_EQ(read().error().code, Errc::kInvalidArgument);
  add("coap://lwm2m.example", SecurityMode::kNoSec);
  EXPECT_TRUE(read());
}

TEST_F(Security, What_a_mode_needs_must_be_there) {
  psk().secret_key.assign({});
  EXPECT_EQ(read().error().code, Errc::kInvalidArgument);
  auto& row = psk();
  row.mode = static_cast<std::int8_t>(SecurityMode::kRawPublicKey);
  EXPECT_EQ(read().error().code, Errc::kInvalidArgument) << "the server's key";
  row.server_public_key.assign(as_bytes("key"));
  EXPECT_TRUE(read());
  row.mode = static_cast<std::int8_t>(SecurityMode::kEst);
  row.identity.assign({});
  row.secret_key.assign({});
  EXPECT_TRUE(read()) << "the device makes its own key";
  row.server_public_key.assign({});
  EXPECT_EQ(read().error().code, Errc::kInvalidArgument) << "the server's certificate";
}

TEST_F(Security, What_is_no_account_or_does_not_fit_is_an_error) {
  EXPECT_EQ(read().error().code, Errc::kNotFound);
  psk("http://lwm2m.example");
  EXPECT_EQ(read().error().code, Errc::kUnsupported);
  psk();
  for (std::size_t size = 0; size < 60; ++size) {
    const auto read = read_security(tree, 0, ByteSpan(room).first(size));
    if (!read) {
      EXPECT_EQ(read.error().code, Errc::kNoSpace) << size;
    }
  }
}

TEST(Alerts, Are_handled_as_table_5_2_9_1_says) {
  struct Row {
    std::uint8_t code;
    AlertHandling handling;
  };
  using enum AlertHandling;
  constexpr Row kTable[]{
      {0, kRetry},   {10, kRetry}, {20, kRetry}, {21, kRetry},  {22, kRetry},   {30, kIgnore}, {40, kRetry},
      {41, kIgnore}, {42, kFail},  {43, kFail},  {44, kFail},   {45, kFail},    {46, kFail},   {47, kRetry},
      {48, kFail},   {49, kFail},  {50, kRetry}, {51, kRetry},  {60, kIgnore},  {70, kRetry},  {71, kRetry},
      {80, kRetry},  {86, kRetry}, {90, kRetry}, {100, kRetry}, {110, kIgnore}, {111, kRetry}, {112, kFail},
      {113, kFail},  {114, kFail}, {115, kFail}};
  for (unsigned code = 0; code < 256; ++code) {
    const auto* const row = std::ranges::find(kTable, code, &Row::code);
    EXPECT_EQ(handling_of(static_cast<Alert>(code)), row != std::end(kTable) ? row->handling : kRetry)
        << code;
  }
}

}  // namespace
}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
// Shows: SE-5, SE-6
// Who may register under which endpoint name (TS 5.2.6, 5.3).
#include "linnet/server/admission.hpp"

#include <gtest/gtest.h>

namespace linnet::server {
namespace {

constexpr auto kBadRequest = static_cast<std::uint8_t>(coap::Code::kBadRequest);
constexpr auto kForbidden = static_cast<std::uint8_t>(coap::Code::kForbidden);

Credentials::Shared one_device() {
  const Credential credential{.endpoint = "secured",
                              .mode = CredentialMode::kPreSharedKey,
                              .identity = {1},
                              .key = {2},
                              .oscore = {}};
  return Credentials::none()->apply(std::vector<CredentialChange>{{.put = credential}}).value();
}

TEST(Admission, an_identity_is_good_for_its_own_endpoint_name_alone) {
  const auto credentials = one_device();
  for (const bool nosec : {true, false}) {
    EXPECT_TRUE(admit(LinkIdentity::kSame, "secured", *credentials, nosec));
    EXPECT_EQ(admit(LinkIdentity::kOther, "secured", *credentials, nosec).error().response, kBadRequest);
    EXPECT_EQ(admit(LinkIdentity::kOther, "free", *credentials, nosec).error().response, kBadRequest);
  }
}

TEST(Admission, without_protection_a_name_with_credentials_is_refused_and_others_where_nosec_is_off) {
  const auto credentials = one_device();
  EXPECT_EQ(admit(LinkIdentity::kNone, "secured", *credentials, true).error().response, kForbidden);
  EXPECT_EQ(admit(LinkIdentity::kNone, "secured", *credentials, false).error().response, kForbidden);
  EXPECT_TRUE(admit(LinkIdentity::kNone, "free", *credentials, true));
  EXPECT_EQ(admit(LinkIdentity::kNone, "free", *credentials, false).error().response, kForbidden);
}

}  // namespace
}  // namespace linnet::server

// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/http.hpp"

#include <gtest/gtest.h>

namespace linnet::api {
namespace {

std::string decoded(std::string_view text) {
  std::string out = "stale";
  return percent_decode(text, out) ? out : "(broken)";
}

TEST(PercentDecode, TakesEscapesOfEitherCase) {
  EXPECT_EQ(decoded("urn%3adev%3A1"), "urn:dev:1");
  EXPECT_EQ(decoded("a%2Fb%00"), std::string("a/b\0", 4));
  EXPECT_EQ(decoded("%C3%A4"), "\xC3\xA4");
  EXPECT_EQ(decoded(""), "");
}

TEST(PercentDecode, LeavesPlusAlone) {
  EXPECT_EQ(decoded("application/senml+json"), "application/senml+json");
}

TEST(PercentDecode, RefusesBrokenEscapes) {
  for (const char* const text : {"%", "%4", "a%", "%zz", "%4g", "%%41", "%-1"})
    EXPECT_EQ(decoded(text), "(broken)") << text;
}

}  // namespace
}  // namespace linnet::api

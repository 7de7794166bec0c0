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

TEST(LocalOrigin, IsAPageOfThisMachineOnly) {
  for (const char* const own : {"http://localhost", "http://localhost:3000", "https://127.0.0.1:8443",
                                "http://127.1.2.3", "http://[::1]", "http://[::1]:8080"})
    EXPECT_TRUE(is_local_origin(own)) << own;
  for (const char* const other : {"", "null", "http://", "http://evil.example",
                                  "http://localhost.evil.example", "http://127.0.0.1.evil.example",
                                  "http://evil.example:127", "http://[::2]", "http://[::1", "localhost"})
    EXPECT_FALSE(is_local_origin(other)) << other;
}

}  // namespace
}  // namespace linnet::api

// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/path_names.hpp"

#include <gmock/gmock.h>

namespace linnet::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PathNames, AreTheSegments) {
  EXPECT_THAT(path_names("/3303/0/5700"), ElementsAre("3303", "0", "5700"));
  EXPECT_THAT(path_names("3/0/11/1"), ElementsAre("3", "0", "11", "1"));
  EXPECT_THAT(path_names("Temperature"), ElementsAre("Temperature"));
  EXPECT_THAT(path_names("/3/0/"), ElementsAre("3", "0"));
  EXPECT_THAT(path_names("/"), IsEmpty());
  EXPECT_THAT(path_names(""), IsEmpty());
}

TEST(PathNames, OfResourcesMayHoldSlashes) {
  EXPECT_THAT(path_names("Light Control/0/On/Off"), ElementsAre("Light Control", "0", "On/Off"));
  EXPECT_THAT(path_names("/3311/0/On/Off/2"), ElementsAre("3311", "0", "On/Off", "2"));
}

TEST(PathNames, KeepWhatIsNoPath) {
  EXPECT_THAT(path_names("//3"), ElementsAre("", "3"));
  EXPECT_THAT(path_names("3/0/1/2/3"), ElementsAre("3", "0", "1/2", "3"));
}

}  // namespace
}  // namespace linnet::registry

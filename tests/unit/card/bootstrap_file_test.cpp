// SPDX-License-Identifier: Apache-2.0
// EF(LwM2M_Bootstrap) (Core 1.1, appendix G.3.4).
// Shows: SE-13
#include "linnet/card/bootstrap_file.hpp"

#include <gtest/gtest.h>

#include "card_double.hpp"

namespace linnet::card::test {
namespace {

std::vector<StoredObject> objects_of(const Bytes& file, Errc expected = {}) {
  std::vector<StoredObject> out;
  const auto done = for_each_object(file, [&](const StoredObject& object) -> Result<void> {
    out.push_back(object);
    return {};
  });
  EXPECT_EQ(done ? Errc{} : done.error().code, expected);
  return out;
}

// As a card of an operator has it: one object with an implicit version.
TEST(BootstrapFile, is_a_number_a_size_and_objects_with_their_instances) {
  const Bytes file = hex("0001 0036 0000 00 0031") +
                     hex("08002EC80025636F61703A2F2F6C657368616E2E65636C6970736570726F6A"
                         "6563742E696F3A353738") +
                     Bytes(60, 0);
  const auto objects = objects_of(file);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].id, 0);
  EXPECT_FALSE(objects[0].version);
  EXPECT_EQ(objects[0].instances.size(), 0x31U);
  EXPECT_EQ(objects[0].instances[0], 0x08);
  EXPECT_EQ(*bootstrap_file_size(file), 4U + 0x36U);
}

TEST(BootstrapFile, says_other_versions_in_two_bytes) {
  const Bytes file = hex("0002 000E 0015 0205 0001 AA 0001 00 0002 BBCC FFFF");
  const auto objects = objects_of(file);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].version, (lwm2m::Version{2, 5}));
  EXPECT_EQ(objects[1].id, 1);
  EXPECT_FALSE(objects[1].version);
  EXPECT_TRUE(equal(objects[1].instances, hex("BBCC")));
}

TEST(BootstrapFile, may_be_empty) {
  EXPECT_TRUE(objects_of(hex("0000 0000")).empty());
}

TEST(BootstrapFile, hands_nothing_over_of_a_file_that_does_not_fit_together) {
  EXPECT_TRUE(objects_of({}, Errc::kTruncated).empty());
  EXPECT_TRUE(objects_of(hex("0001 00"), Errc::kTruncated).empty());
  EXPECT_TRUE(objects_of(hex("0001 0006 0000 00 0001"), Errc::kTruncated).empty());  // cut short
  EXPECT_TRUE(objects_of(hex("0002 000C 0000 00 0001 AA 0001 00 0002 BB"), Errc::kTruncated).empty());
  EXPECT_TRUE(objects_of(hex("0002 0006 0000 00 0001 AA"), Errc::kTruncated).empty());    // one too few
  EXPECT_TRUE(objects_of(hex("0001 0007 0000 00 0001 AABB"), Errc::kMalformed).empty());  // more than it says
  EXPECT_TRUE(objects_of(hex("0001 0005 FFFF 00 0000"), Errc::kMalformed).empty());       // no object
  EXPECT_TRUE(objects_of(hex("0001 FFFF") + Bytes(0xFFFF, 0), Errc::kTooLarge).empty());  // above 32 kB
}

}  // namespace
}  // namespace linnet::card::test

// SPDX-License-Identifier: Apache-2.0
// The directories of PKCS#15 on the way to the bootstrap data (Core 1.1, appendix G.3).
// Shows: SE-13
#include "linnet/card/pkcs15.hpp"

#include <gtest/gtest.h>

#include "card_double.hpp"

namespace linnet::card::test {
namespace {

std::vector<Bytes> directories_of(const Bytes& odf, Errc expected = {}) {
  std::vector<Bytes> out;
  const auto done = for_each_data_directory(odf, [&](ByteView path) -> Result<void> {
    out.emplace_back(path.begin(), path.end());
    return {};
  });
  EXPECT_EQ(done ? Errc{} : done.error().code, expected);
  return out;
}

Errc fault_of(const Bytes& dodf) {
  const auto found = find_bootstrap_object(dodf);
  return found ? Errc{} : found.error().code;
}

TEST(Pkcs15, application_is_the_one_of_its_template) {
  const Bytes record = hex("61 15 4F 0E A000000063504B43532D3135 0102 51 03 7F5000 FF FF");
  const auto found = find_application(record);
  ASSERT_TRUE(found);
  EXPECT_TRUE(equal(*found, hex("A000000063504B43532D3135 0102")));
  EXPECT_FALSE(find_application(hex("61 08 4F 06 A00000008710")));
  EXPECT_FALSE(find_application(hex("61 10 4F 0E A000000063504B43532D31")));
  EXPECT_FALSE(find_application(Bytes(8, 0xFF)));
  EXPECT_FALSE(find_application({}));
}

TEST(Pkcs15, object_directory_names_data_directories_in_order) {
  EXPECT_EQ(
      directories_of(hex("A0 06 30 04 04 02 4401  A7 06 30 04 04 02 6430  A7 08 30 06 04 04 3F006431 FFFF")),
      (std::vector{hex("6430"), hex("3F006431")}));
  EXPECT_TRUE(directories_of(hex("A7 02 A0 00 00")).empty());  // objects, not a path
  EXPECT_TRUE(directories_of(hex("A7 06 30 04 04 02 64"), Errc::kTruncated).empty());
  EXPECT_TRUE(directories_of(hex("A7 05 30 03 04 01 64"), Errc::kMalformed).empty());  // half an identifier
  EXPECT_TRUE(directories_of(hex("A7 80 30 00 00 00"), Errc::kMalformed).empty());     // indefinite length
}

// As the Core has it: an opaque data object whose applicationOID is 2.23.43.9.1.
/// The path that the directory has for the bootstrap data, and where they begin.
std::pair<Bytes, unsigned> found_in(const Bytes& dodf) {
  const auto found = find_bootstrap_object(dodf);
  if (!found) return {};
  return {Bytes(found->path.begin(), found->path.end()), found->offset};
}

// As the Core has it: an opaque data object whose applicationOID is 2.23.43.9.1.
TEST(Pkcs15, bootstrap_data_are_the_object_of_their_application_oid) {
  const Bytes other = hex("301A 3000 300A 0C026F6B 0604672B0902 A10A 3008 04026431 02020100");
  const Bytes ours = hex("301A 3000 300A 0C026F6B 0604672B0901 A10A 3008 04026432 02020100");
  EXPECT_EQ(found_in(other + ours + hex("00")), std::pair(hex("6432"), 0x100U));
  EXPECT_EQ(fault_of(other), Errc::kNotFound);
}

// As cards of operators have it: an object that is an identifier itself, with its tag and length inside
// twice.
TEST(Pkcs15, bootstrap_data_are_found_as_an_oid_object_too) {
  EXPECT_EQ(
      found_in(hex(
          "A127 3000 3011 0C0F4C774D324D20426F6F747374726170 A110 300E 0606 0604672B0901 3004 0402 6432")),
      std::pair(hex("6432"), 0U));
  EXPECT_EQ(found_in(hex("A114 3000 3000 A10E 300C 0604672B0901 3004 0402 6433")),
            std::pair(hex("6433"), 0U));
}

TEST(Pkcs15, what_is_broken_is_not_found) {
  EXPECT_EQ(fault_of({}), Errc::kNotFound);
  EXPECT_EQ(fault_of(hex("30")), Errc::kTruncated);
  EXPECT_EQ(fault_of(hex("30 02 30 05")), Errc::kNotFound);
  EXPECT_EQ(fault_of(hex("30 14 3000 3006 0604672B0901 A108 3006 0404 7FFF64")), Errc::kTruncated);
  EXPECT_EQ(fault_of(hex("30 12 3000 3006 0604672B0901 A106 3004 0202 6432")), Errc::kNotFound);  // no path
}

TEST(Ber, tags_and_lengths_of_several_bytes) {
  const Bytes kept = hex("7F49 81 02 AABB 5F2D 82 0001 CC");
  ByteReader in(kept);
  const auto first = next_element(in);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->tag, 0x7F49U);
  EXPECT_TRUE(equal(first->value, hex("AABB")));
  const auto second = next_element(in);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->tag, 0x5F2DU);
  EXPECT_TRUE(in.empty());
  const Bytes long_tag = hex("7F 81 81 81 01 00");
  ByteReader too_long(long_tag);
  EXPECT_EQ(next_element(too_long).error().code, Errc::kMalformed);
}

}  // namespace
}  // namespace linnet::card::test

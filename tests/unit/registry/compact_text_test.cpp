// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/compact_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace linnet::registry {
namespace {

using lwm2m::DataType;
using lwm2m::Operations;

constexpr std::string_view kExample =
    "object 65000 2.1 *! Tank Gauge\n"
    "0 R! float Level\tm\t0..12\n"
    "1 RW* string Label\n"
    "2 E none Reset\n"
    "7 - uint Serial\t\t1..99\n"
    "8 W! opaque Key\tB\n"
    "object 65001 1.0 - Lamp\n"
    "65534 RW*! bool On\n";

TEST(CompactText, reads_objects_and_their_resources) {
  const auto set = read_compact_text(kExample, "x");
  ASSERT_TRUE(set) << set.error().to_string();
  ASSERT_EQ(set->objects.size(), 2U);
  const lwm2m::ObjectModel& gauge = set->objects[0];
  EXPECT_EQ(gauge.id, 65000);
  EXPECT_EQ(gauge.version, (lwm2m::Version{2, 1}));
  EXPECT_EQ(gauge.name, "Tank Gauge");
  EXPECT_TRUE(gauge.multiple);
  EXPECT_TRUE(gauge.mandatory);
  ASSERT_EQ(gauge.resources.size(), 5U);
  const lwm2m::ResourceModel& level = gauge.resources[0];
  EXPECT_EQ(level.name, "Level");
  EXPECT_EQ(level.type, DataType::kFloat);
  EXPECT_EQ(level.operations, Operations::kR);
  EXPECT_EQ(level.units, "m");
  EXPECT_EQ(level.range, "0..12");
  EXPECT_TRUE(level.mandatory);
  EXPECT_FALSE(level.multiple);
  EXPECT_TRUE(gauge.resources[1].multiple);
  EXPECT_TRUE(executable(gauge.find(2)->operations));
  EXPECT_EQ(gauge.find(7)->operations, Operations::kNone);
  EXPECT_EQ(gauge.find(7)->units, "");
  EXPECT_EQ(gauge.find(7)->range, "1..99");
  EXPECT_EQ(gauge.find(8)->units, "B");
  EXPECT_EQ(gauge.find(3), nullptr);
  EXPECT_FALSE(set->objects[1].multiple);
  EXPECT_EQ(set->objects[1].resources.size(), 1U);
}

TEST(CompactText, is_written_as_it_is_read) {
  const auto set = read_compact_text(kExample, "x");
  std::string text;
  for (const lwm2m::ObjectModel& object : set->objects) append_compact_text(text, object);
  EXPECT_EQ(text, kExample);
}

TEST(CompactText, blank_lines_and_comments_count_as_lines_only) {
  const auto set = read_compact_text("# ours\n\nobject 1 1.0 - A\n# more\n0 R int B", "x");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->objects[0].resources.size(), 1U);
  EXPECT_EQ(read_compact_text("# ours\n\nobject 1 1.0 ? A\n", "x").error().line, 3U);
}

TEST(CompactText, a_bad_line_is_refused_with_its_number) {
  for (const char* line :
       {"0 R int", "0 R int ", "0 X int A", "0 R number A", "65535 R int A", "x R int A", "00 R int A",
        "0 R!* int A", "object 65535 1.0 - A", "object 1 1 - A", "object 1 1.0 - ", "object 1 1.0 x A",
        "object", "3 R int A\n3 R int B", "4 R int A\n3 R int B"}) {
    const auto set = read_compact_text("object 9 1.0 - Nine\n" + std::string(line) + "\n", "own.txt");
    ASSERT_FALSE(set) << line;
    EXPECT_EQ(set.error().file, "own.txt");
    EXPECT_EQ(set.error().line, std::string_view(line).find('\n') == std::string_view::npos ? 2U : 3U)
        << line;
    EXPECT_FALSE(set.error().reason.empty());
  }
  EXPECT_EQ(read_compact_text("0 R int A\n", "x").error().reason, "a resource stands before any object");
}

TEST(CompactText, names_units_ranges_and_resources_are_bounded) {
  const std::string object = "object 9 1.0 - ";
  EXPECT_TRUE(read_compact_text(object + std::string(kMaxNameBytes, 'a'), "x"));
  EXPECT_FALSE(read_compact_text(object + std::string(kMaxNameBytes + 1, 'a'), "x"));
  EXPECT_FALSE(read_compact_text(object + "A\n0 R int B\t" + std::string(kMaxUnitsBytes + 1, 'u'), "x"));
  EXPECT_FALSE(read_compact_text(object + "A\n0 R int B\t\t" + std::string(kMaxRangeBytes + 1, 'r'), "x"));
  std::string many = object + "A\n";
  for (std::size_t i = 0; i < kMaxResourcesPerObject; ++i) many += std::to_string(i) + " R int B\n";
  EXPECT_TRUE(read_compact_text(many, "x"));
  EXPECT_FALSE(read_compact_text(many + "60000 R int B\n", "x"));
}

}  // namespace
}  // namespace linnet::registry

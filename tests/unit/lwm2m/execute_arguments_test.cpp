// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/execute_arguments.hpp"

#include <gmock/gmock.h>

#include <array>
#include <vector>

namespace linnet::lwm2m {
namespace {

using ::testing::ElementsAre;

Result<std::vector<ExecuteArgument>> read(std::string_view text) {
  std::vector<ExecuteArgument> all;
  ExecuteArgumentReader reader(text);
  for (;;) {
    const auto argument = reader.next();
    if (!argument) return std::unexpected(argument.error());
    if (!*argument) return all;
    all.push_back(**argument);
  }
}

TEST(ExecuteArguments, OP_3_reads_digits_with_and_without_values) {
  EXPECT_THAT(*read("0='a',1,2='b'"), ElementsAre(ExecuteArgument{0, "a"}, ExecuteArgument{1, std::nullopt},
                                                  ExecuteArgument{2, "b"}));
  EXPECT_THAT(*read("5"), ElementsAre(ExecuteArgument{5, std::nullopt}));
  EXPECT_THAT(*read("9='http://h/x?a=1,2'"), ElementsAre(ExecuteArgument{9, "http://h/x?a=1,2"}));
  EXPECT_THAT(*read("2=''"), ElementsAre(ExecuteArgument{2, ""}));
  EXPECT_THAT(*read(""), ElementsAre());
}

TEST(ExecuteArguments, OP_11_the_trigger_may_quote_its_transport_twice) {
  EXPECT_THAT(*read("0=\"U\""), ElementsAre(ExecuteArgument{0, "U"}));
}

TEST(ExecuteArguments, OP_3_what_does_not_read_is_a_bad_request) {
  for (const char* text : {"a", "10", "0,0", "0='a',0", "0=a", "0='a'1", "0 ,1", "0='\n'", ",0", "0='a\""}) {
    EXPECT_EQ(read(text).error().response, 0x80) << text;
  }
  for (const char* text : {"0,", "0=", "0='", "0='a"}) {
    EXPECT_EQ(read(text).error(), (Error{Errc::kTruncated, 0x80})) << text;
  }
}

TEST(ExecuteArguments, are_written_with_commas_between_them) {
  std::array<std::uint8_t, 32> room;
  ByteWriter out(room);
  EXPECT_TRUE(write_execute_argument(out, {0, "a"}, true));
  EXPECT_TRUE(write_execute_argument(out, {1, std::nullopt}, false));
  EXPECT_TRUE(write_execute_argument(out, {2, ""}, false));
  EXPECT_EQ(as_text(out.written()), "0='a',1,2=''");
}

TEST(ExecuteArguments, what_the_grammar_has_not_is_not_written) {
  std::array<std::uint8_t, 32> room;
  ByteWriter out(room);
  for (const ExecuteArgument& argument :
       {ExecuteArgument{10, "a"}, ExecuteArgument{0, "a b"}, ExecuteArgument{0, "'"},
        ExecuteArgument{0, "\\"}, ExecuteArgument{0, "\xC3\xA4"}}) {
    EXPECT_EQ(write_execute_argument(out, argument, true).error().code, Errc::kInvalidArgument);
  }
  EXPECT_EQ(out.size(), 0U);
}

}  // namespace
}  // namespace linnet::lwm2m

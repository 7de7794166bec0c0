// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/ddf.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace linnet::registry {
namespace {

// One element a line: the tests name the line they break.
constexpr std::string_view kGauge =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                       // 1
    "<LWM2M>\n"                                                                          // 2
    "<Object ObjectType=\"MODefinition\">\n"                                             // 3
    "<Name>Tank  Gauge</Name>\n"                                                         // 4
    "<Description1><![CDATA[What <it> does & more]]></Description1>\n"                   // 5
    "<ObjectID>33000</ObjectID>\n"                                                       // 6
    "<ObjectURN>urn:oma:lwm2m:x:33000:1.1</ObjectURN>\n"                                 // 7
    "<LWM2MVersion>1.1</LWM2MVersion>\n"                                                 // 8
    "<ObjectVersion>1.1</ObjectVersion>\n"                                               // 9
    "<MultipleInstances>Multiple</MultipleInstances>\n"                                  // 10
    "<Mandatory>Optional</Mandatory>\n"                                                  // 11
    "<Resources>\n"                                                                      // 12
    "<Item ID=\"7\"><Name>Serial</Name><Operations>RW</Operations>\n"                    // 13
    "<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>\n"     // 14
    "<Type>Unsigned Integer</Type><RangeEnumeration/><Units/><Description/></Item>\n"    // 15
    "<Item ID=\"0\"><Name> Level\n </Name><Operations>R</Operations>\n"                  // 16, 17
    "<MultipleInstances>Multiple</MultipleInstances><Mandatory>Mandatory</Mandatory>\n"  // 18
    "<Type>Float</Type><RangeEnumeration>0..12</RangeEnumeration>\n"                     // 19
    "<Units>m</Units><Description>How high</Description></Item>\n"                       // 20
    "<Item ID=\"2\"><Name>Reset</Name><Operations>E</Operations>\n"                      // 21
    "<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>\n"     // 22
    "<Type></Type></Item>\n"                                                             // 23
    "</Resources><Description2></Description2>\n"                                        // 24
    "</Object>\n"                                                                        // 25
    "</LWM2M>\n";                                                                        // 26

/// The example with the first `from` replaced.
std::string with(std::string_view from, std::string_view to) {
  std::string xml(kGauge);
  xml.replace(xml.find(from), from.size(), to);
  return xml;
}

LoadError error_of(const std::string& xml) {
  auto text = read_ddf(xml, "vendor.xml");
  EXPECT_FALSE(text) << *text;
  return text ? LoadError{} : text.error();
}

TEST(Ddf, OB_4_becomes_compact_text_without_its_descriptions) {
  EXPECT_EQ(read_ddf(kGauge, "vendor.xml").value(),
            "object 33000 1.1 * Tank Gauge\n"
            "0 R*! float Level\tm\t0..12\n"
            "2 E none Reset\n"
            "7 RW uint Serial\n");
}

TEST(Ddf, every_type_of_both_schema_versions_is_known) {
  for (const auto& [type, word] :
       {std::pair("String", "string"), std::pair("Integer", "int"), std::pair("Float", "float"),
        std::pair("Boolean", "bool"), std::pair("Opaque", "opaque"), std::pair("Time", "time"),
        std::pair("Objlnk", "objlnk"), std::pair("Unsigned Integer", "uint"), std::pair("Corelnk", "corelnk"),
        std::pair("", "none")}) {
    const auto text = read_ddf(with("<Type>Float<", std::string("<Type>") + type + "<"), "x");
    EXPECT_NE(text.value().find(std::string("0 R*! ") + word + " Level"), std::string::npos) << type;
  }
}

TEST(Ddf, the_version_is_the_objects_or_the_urns_or_1_0) {
  const std::string silent = with("<ObjectVersion>1.1</ObjectVersion>", "");
  EXPECT_EQ(read_ddf(silent, "x")->substr(0, 16), "object 33000 1.1");
  std::string neither = silent;
  neither.replace(neither.find(":33000:1.1"), 10, ":33000");
  EXPECT_EQ(read_ddf(neither, "x")->substr(0, 16), "object 33000 1.0");
  const LoadError error = error_of(with("<ObjectVersion>1.1", "<ObjectVersion>1.2"));
  EXPECT_EQ(error.line, 9U);
  EXPECT_EQ(error_of(with("<ObjectVersion>1.1", "<ObjectVersion>one")).line, 9U);
}

TEST(Ddf, OB_4_a_bad_file_is_refused_with_file_line_and_reason) {
  const LoadError error = error_of(with("<Type>Float", "<Type>Strin"));
  EXPECT_EQ(error.to_string(), "vendor.xml:19: <Type> is \"Strin\", which is unknown");
}

TEST(Ddf, OB_4_what_breaks_a_rule_is_refused_at_its_line) {
  struct Case {
    std::string_view from;
    std::string_view to;
    std::size_t line;
  };
  for (const auto& [from, to, line] :
       {Case{"33000</ObjectID>", "65535</ObjectID>", 6}, Case{"33000<", "-1<", 6},
        Case{"ID=\"7\"", "ID=\"65535\"", 13}, Case{"ID=\"7\"", "ID=\"x\"", 13}, Case{"ID=\"7\"", "", 13},
        Case{"ID=\"7\"", "ID=\"2\"", 21}, Case{"<Operations>E<", "<Operations>X<", 21},
        Case{"<Operations>RW</Operations>", "", 13}, Case{">Multiple<", ">Many<", 10},
        Case{">Mandatory<", ">Must<", 18}, Case{"<Name>Reset</Name>", "", 21},
        Case{"<Name>Reset</Name>", "<Name> </Name>", 21}, Case{"<Type>Float</Type>", "", 16},
        Case{"<ObjectID>33000</ObjectID>", "", 3}, Case{"MODefinition", "Other", 3},
        Case{"Level", "\xFF", 16}, Case{"Level", "a&#1;b", 16}, Case{"</Operations>\n", "</Operation>\n", 13},
        Case{"<Units>m</Units>", "<Units>m</units>", 20}}) {
    EXPECT_EQ(error_of(with(from, to)).line, line) << from << " -> " << to;
  }
}

TEST(Ddf, OB_4_a_file_without_objects_or_resources_is_refused) {
  EXPECT_EQ(error_of("<LWM2M></LWM2M>").reason, "no <Object> in <LWM2M>");
  EXPECT_EQ(error_of("<units/>").reason, "the root element is not <LWM2M>");
  EXPECT_EQ(error_of("\n\n<LWM2M>").line, 3U);
  EXPECT_FALSE(read_ddf("", "x"));
  std::string empty(kGauge);
  const std::size_t first = empty.find("<Item");
  empty.erase(first, empty.rfind("</Resources>") - first);
  EXPECT_EQ(error_of(empty).reason, "no <Item> in <Resources>");
}

TEST(Ddf, OB_4_the_same_object_twice_is_refused_and_another_version_is_not) {
  const std::string_view all = kGauge;
  const std::size_t begin = all.find("<Object ");
  const std::string object(all.substr(begin, all.find("</LWM2M>") - begin));
  EXPECT_EQ(error_of("<LWM2M>\n" + object + object + "</LWM2M>").line, 25U);
  std::string other = object;
  other.replace(other.find(":1.1"), 4, ":1.2");
  other.replace(other.find("<ObjectVersion>1.1"), 18, "<ObjectVersion>1.2");
  EXPECT_TRUE(read_ddf("<LWM2M>" + object + other + "</LWM2M>", "x"));
}

TEST(Ddf, what_is_too_large_is_refused) {
  EXPECT_FALSE(read_ddf(std::string(kMaxDdfBytes + 1, ' '), "x"));
  EXPECT_EQ(error_of(with("Level", std::string(200, 'a'))).line, 16U);
  EXPECT_EQ(error_of(with("<Units>m", "<Units>" + std::string(65, 'a'))).line, 20U);
  EXPECT_EQ(error_of(with("0..12", std::string(1025, '1'))).line, 19U);
}

TEST(Ddf, entities_are_not_expanded_and_depth_does_no_harm) {
  const std::string bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
  std::string xml(kGauge.substr(kGauge.find("<LWM2M>")));
  xml.replace(xml.find("Serial"), 6, "&b;");
  EXPECT_NE(read_ddf(bomb + xml, "x").value().find("&b;"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_FALSE(read_ddf(deep, "x"));
  for (int i = 0; i < 100000; ++i) deep += "</a>";
  EXPECT_FALSE(read_ddf(deep, "x"));
}

TEST(Ddf, a_range_that_is_a_sentence_is_left_out) {
  const auto text = read_ddf(with("0..12", "The values that a tank has"), "x");
  EXPECT_NE(text.value().find("0 R*! float Level\tm\n"), std::string::npos);
}

TEST(Ddf, companion_lists_are_told_from_definitions) {
  EXPECT_TRUE(is_companion_ddf("<units/>"));
  EXPECT_TRUE(is_companion_ddf("<LWM2M><Object ObjectType=\"CommonResources\"/></LWM2M>"));
  EXPECT_FALSE(is_companion_ddf(kGauge));
  EXPECT_FALSE(is_companion_ddf("<LWM2M"));
}

}  // namespace
}  // namespace linnet::registry

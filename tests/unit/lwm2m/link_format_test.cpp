// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/link_format.hpp"

#include <gmock/gmock.h>

#include <array>
#include <string>
#include <vector>

namespace linnet::lwm2m {
namespace {

using ::testing::ElementsAre;

/// Every link as `target|name=value|...`, a quoted value in quotes.
Result<std::vector<std::string>> read_all(std::string_view text) {
  std::vector<std::string> all;
  LinkReader reader(text);
  for (;;) {
    const auto link = reader.next();
    if (!link) return std::unexpected(link.error());
    if (!*link) return all;
    std::string line((*link)->target);
    LinkAttributes attributes = (*link)->attributes();
    while (const auto attribute = attributes.next()) {
      line += "|" + std::string(attribute->name) + "=";
      const std::string value(attribute->value);
      line += attribute->quoted ? "\"" + value + "\"" : value;
    }
    all.push_back(line);
  }
}

Error error_of(std::string_view text) {
  return read_all(text).error();
}

TEST(LinkFormat, an_empty_list_has_no_links) {
  EXPECT_THAT(*read_all(""), ElementsAre());
  EXPECT_THAT(*read_all(" \r\n"), ElementsAre());
}

TEST(LinkFormat, reads_the_examples_of_rfc_6690_section_5) {
  EXPECT_THAT(
      *read_all("</sensors>;ct=40;title=\"Sensor Index\",</sensors/temp>;rt=\"temperature-c\";if=\"sensor\","
                "<http://www.example.com/sensors/t123>;anchor=\"/sensors/temp\";rel=\"describedby\""),
      ElementsAre("/sensors|ct=40|title=\"Sensor Index\"", "/sensors/temp|rt=\"temperature-c\"|if=\"sensor\"",
                  "http://www.example.com/sensors/t123|anchor=\"/sensors/temp\"|rel=\"describedby\""));
}

TEST(LinkFormat, commas_and_semicolons_in_quotes_end_nothing) {
  EXPECT_THAT(*read_all("</a,b;c>;t=\"x,</y>;z\",</d>"), ElementsAre("/a,b;c|t=\"x,</y>;z\"", "/d"));
}

TEST(LinkFormat, an_attribute_may_have_no_value) {
  EXPECT_THAT(*read_all("</3/0/7>;obs;dim=2"), ElementsAre("/3/0/7|obs=|dim=2"));
}

TEST(LinkFormat, takes_blanks_as_the_transport_document_has_them) {
  EXPECT_THAT(*read_all("</lwm2m>;rt=\"oma.lwm2m\", </lwm2m /1/0> ,\r\n\t</lwm2m /5> ; ver = 1.1"),
              ElementsAre("/lwm2m|rt=\"oma.lwm2m\"", "/lwm2m /1/0", "/lwm2m /5|ver=1.1"));
}

TEST(LinkFormat, escapes_are_resolved_on_demand) {
  LinkReader reader("</>;t=\"a\\\"b\\\\c\"");
  const auto link = reader.next();
  const auto attribute = (*link)->find("t");
  EXPECT_EQ(attribute->value, "a\\\"b\\\\c");
  std::array<std::uint8_t, 5> room;
  EXPECT_EQ(*attribute->unescape(room), "a\"b\\c");
  EXPECT_EQ(attribute->unescape(std::span(room).first(4)).error().code, Errc::kNoSpace);
}

TEST(LinkFormat, the_first_attribute_of_a_name_counts) {
  LinkReader reader("</3>;ver=1.1;ver=1.2");
  EXPECT_EQ((*reader.next())->find("ver")->value, "1.1");
}

TEST(LinkFormat, what_is_no_link_list_is_a_bad_request) {
  for (const char* text : {"x", "</1/0></2/0>", "</1>,,</2>", "</1>;", "</1>;=3", "</1>;a=\x01", "</1>;a=b c",
                           "</1>x", "<a\x02>", "</1>;a=\"\x01\""}) {
    EXPECT_EQ(error_of(text).response, 0x80) << text;
  }
  for (const char* text : {"<", "</1", "</1>,", "</1>;a=\"b", "</1>;a=\"b\\", "</1>;a=", "</1>;"}) {
    EXPECT_EQ(error_of(text), (Error{Errc::kTruncated, 0x80})) << text;
  }
}

TEST(LinkFormat, the_attributes_of_a_link_are_bounded) {
  std::string text = "</1>";
  for (std::size_t i = 0; i < kMaxLinkAttributes; ++i) text += ";a";
  EXPECT_TRUE(read_all(text));
  EXPECT_EQ(error_of(text + ";a"), (Error{Errc::kTooLarge, 0x80}));
}

TEST(LinkWriter, writes_what_a_discover_answer_needs) {
  std::array<std::uint8_t, 128> room;
  ByteWriter out(room);
  LinkWriter links(out);
  links.link(Path(3));
  links.attribute("ver", Version{1, 1});
  links.link(Path(3, 0, 6));
  links.attribute("dim", 8U);
  links.link(Path(3, 0));
  links.attribute("obs");
  links.link("/x");
  links.quoted("uri", "a\"b\\");
  links.attribute("lwm2m", "1.1");
  EXPECT_EQ(as_text(out.written()),
            "</3>;ver=1.1,</3/0/6>;dim=8,</3/0>;obs,</x>;uri=\"a\\\"b\\\\\";lwm2m=1.1");
}

TEST(LinkWriter, the_root_is_a_slash_or_its_prefix) {
  std::array<std::uint8_t, 32> room;
  ByteWriter out(room);
  LinkWriter links(out);
  links.link(Path());
  LinkWriter below(out, "/lwm2m");
  below.link(Path());
  below.link(Path(3, 0));
  EXPECT_EQ(as_text(out.written()), "</></lwm2m>,</lwm2m/3/0>");
}

TEST(LinkWriter, a_full_buffer_is_told_at_the_end) {
  std::array<std::uint8_t, 5> room;
  ByteWriter out(room);
  LinkWriter links(out);
  links.link(Path(3, 0));
  EXPECT_EQ(out.finish().error().code, Errc::kNoSpace);
}

}  // namespace
}  // namespace linnet::lwm2m

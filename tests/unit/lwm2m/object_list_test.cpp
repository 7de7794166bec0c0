// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/object_list.hpp"

#include <gmock/gmock.h>

#include <array>
#include <string>
#include <vector>

namespace linnet::lwm2m {
namespace {

using ::testing::ElementsAre;

std::string to_text(const ObjectListEntry& entry) {
  std::array<std::uint8_t, 40> room;
  ByteWriter out(room);
  entry.path().write(out);
  if (entry.version) {
    out.text(" v");
    entry.version->write(out);
  }
  return std::string(as_text(out.written()));
}

struct List {
  ObjectListRoot root;
  std::vector<std::string> entries;
};

Result<List> read(std::string_view text) {
  List list;
  const auto root = read_object_list(text, [&](const ObjectListEntry& entry) -> Result<void> {
    list.entries.push_back(to_text(entry));
    return {};
  });
  if (!root) return std::unexpected(root.error());
  list.root = *root;
  return list;
}

std::vector<std::uint8_t> compact(std::string_view text) {
  std::array<ObjectListEntry, 32> scratch;
  std::vector<std::uint8_t> out(256);
  out.resize(compact_object_list(text, scratch, out).value());
  return out;
}

TEST(ObjectList, reads_objects_instances_and_versions) {
  const auto list = read("</1/0>,</3/0>,</5>,</3303>;ver=1.1,</3303/0>,</3303/1>,</4>;ver=\"1.2\"");
  EXPECT_EQ(list->root.alternate_path, "");
  EXPECT_TRUE(list->root.formats.empty());
  EXPECT_THAT(list->entries,
              ElementsAre("/1/0", "/3/0", "/5", "/3303 v1.1", "/3303/0", "/3303/1", "/4 v1.2"));
}

TEST(ObjectList, OP_6_the_transport_documents_example_is_read_as_rooted_at_lwm2m) {
  const auto list = read(
      "</lwm2m>;rt=\"oma.lwm2m\", </lwm2m /1/0>, </lwm2m /1/1>, </lwm2m /2/0>, </lwm2m /2/1>, </lwm2m /2/2>, "
      "</lwm2m /2/3>, </lwm2m /2/4>, </lwm2m /3/0>, </lwm2m /4/0>, </lwm2m /5>");
  EXPECT_EQ(list->root.alternate_path, "/lwm2m");
  EXPECT_THAT(list->entries,
              ElementsAre("/1/0", "/1/1", "/2/0", "/2/1", "/2/2", "/2/3", "/2/4", "/3/0", "/4/0", "/5"));
}

TEST(ObjectList, OP_6_the_root_may_stand_anywhere_and_only_what_is_below_it_counts) {
  const auto list = read("</sensors>,</3/0>,</a/b/3/0>,</a/b/>;rt=\"x oma.lwm2m\"");
  EXPECT_EQ(list->root.alternate_path, "/a/b");
  EXPECT_THAT(list->entries, ElementsAre("/3/0"));
}

TEST(ObjectList, OP_6_an_alternate_path_with_an_empty_segment_is_a_bad_request) {
  for (const auto* text : {"<//>;rt=oma.lwm2m", "<//////>;rt=oma.lwm2m,</3/0>", "</a//b>;rt=oma.lwm2m"}) {
    EXPECT_EQ(read(text).error().code, Errc::kMalformed) << text;
  }
}

TEST(ObjectList, OP_6_an_alternate_path_with_a_number_in_it_is_a_bad_request) {
  for (const char* text : {"</1>;rt=\"oma.lwm2m\"", "</a/12>;rt=oma.lwm2m", "</12/a>;rt=oma.lwm2m",
                           "<a>;rt=\"oma.lwm2m\"", "</a b>;rt=\"oma.lwm2m\""}) {
    EXPECT_EQ(read(text).error(), (Error{Errc::kMalformed, 0x80})) << text;
  }
  EXPECT_EQ(read("</v1>;rt=oma.lwm2m,</v1/3/0>")->root.alternate_path, "/v1");
  EXPECT_EQ(read("</" + std::string(kMaxAlternatePath, 'a') + ">;rt=oma.lwm2m").error().code,
            Errc::kTooLarge);
}

TEST(ObjectList, reads_the_content_formats_with_and_without_resource_type) {
  for (const char* text :
       {"</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 99\",</3/0>", "</>;ct=\"60 110 112 11542\",</3/0>"}) {
    const auto list = read(text);
    EXPECT_TRUE(list->root.formats.contains(ContentFormat::kCbor));
    EXPECT_TRUE(list->root.formats.contains(ContentFormat::kSenmlJson));
    EXPECT_TRUE(list->root.formats.contains(ContentFormat::kSenmlCbor));
    EXPECT_TRUE(list->root.formats.contains(ContentFormat::kTlv));
    EXPECT_FALSE(list->root.formats.contains(ContentFormat::kJson));
    EXPECT_FALSE(list->root.formats.contains(ContentFormat{99}));
    EXPECT_THAT(list->entries, ElementsAre("/3/0"));
  }
  EXPECT_TRUE(read("</>;rt=oma.lwm2m;ct=110")->root.formats.contains(ContentFormat::kSenmlJson));
}

TEST(ObjectList, security_and_oscore_are_never_listed) {
  EXPECT_THAT(read("</0/0>,</1/0>,</21/0>,</0>,</21>")->entries, ElementsAre("/1/0"));
}

TEST(ObjectList, other_resources_of_the_device_are_passed_over) {
  EXPECT_THAT(read("</.well-known/core>,</3/0>,</3/0/1>,<coap://h/4/0>,</5/x>")->entries,
              ElementsAre("/3/0"));
}

TEST(ObjectList, identifiers_out_of_range_are_a_bad_request) {
  for (const char* text : {"</65535>", "</3/65535>", "</70000/0>", "</03/0>", "</3/>", "</1/2/3/4/5>",
                           "</3>;ver=1", "</3>;ver=\"1.01\"", "</3/0>;ver"}) {
    EXPECT_EQ(read(text).error(), (Error{Errc::kMalformed, 0x80})) << text;
  }
}

TEST(ObjectList, stops_with_the_error_of_the_visitor) {
  const auto result =
      read_object_list("</3/0>", [](const ObjectListEntry&) -> Result<void> { return fail(Errc::kBusy); });
  EXPECT_EQ(result.error().code, Errc::kBusy);
}

TEST(CompactObjectList, equal_lists_have_equal_bytes_however_they_are_written) {
  const auto bytes =
      compact("</>;rt=\"oma.lwm2m\";ct=\"110 60\",</1/0>,</3/0>,</3303>;ver=1.1,</3303/0>,</3303/1>");
  EXPECT_EQ(bytes, compact("</3303/1>, </3303/0>,</3303/0>;ver=\"1.1\",</3>;ver=1.0,</3/0>,</1/0>,</0/0>,"
                           "</>;ct=\"60 110\";rt=oma.lwm2m"));
  const std::vector<std::uint8_t> expected{0,                           // no alternate path
                                           0x00, 0x18,                  // CBOR and SenML JSON
                                           1,    2,    0,               // object 1: instance 0
                                           2,    2,    0,               // object 3: instance 0
                                           0xE4, 0x19, 5, 1, 1, 0, 1};  // object 3303 1.1: instances 0, 1
  EXPECT_EQ(bytes, expected);
}

TEST(CompactObjectList, different_lists_have_different_bytes) {
  const auto bytes = compact("</3/0>");
  for (const char* text : {"</3>", "</3/1>", "</3/0>,</4>", "</3/0>,</3/1>", "</3>;ver=1.1,</3/0>",
                           "</a>;rt=oma.lwm2m,</a/3/0>", "</>;ct=60,</3/0>", ""}) {
    EXPECT_NE(bytes, compact(text)) << text;
  }
}

TEST(CompactObjectList, gives_back_what_went_in) {
  const auto bytes = compact(
      "</lwm2m>;rt=\"oma.lwm2m\";ct=112,</lwm2m/5>,</lwm2m/65534/65534>,</lwm2m/65534/0>,</lwm2m/3/"
      "0>;ver=1.2");
  const CompactObjectList list(bytes);
  EXPECT_EQ(list.root()->alternate_path, "/lwm2m");
  EXPECT_TRUE(list.root()->formats.contains(ContentFormat::kSenmlCbor));
  std::vector<std::string> entries;
  EXPECT_TRUE(list.for_each([&](const ObjectListEntry& entry) -> Result<void> {
    entries.push_back(to_text(entry));
    return {};
  }));
  EXPECT_THAT(entries, ElementsAre("/3 v1.2", "/3/0", "/5 v1.0", "/65534 v1.0", "/65534/0", "/65534/65534"));
  EXPECT_EQ(list.version_of(3), (Version{1, 2}));
  EXPECT_EQ(list.version_of(4), std::nullopt);
  EXPECT_TRUE(list.contains(5));
  EXPECT_FALSE(list.contains(5, 0));
  EXPECT_TRUE(list.contains(65534, 65534));
  EXPECT_FALSE(list.contains(65534, 1));
}

TEST(CompactObjectList, too_little_room_is_an_error) {
  std::array<ObjectListEntry, 1> one;
  std::array<std::uint8_t, 64> out;
  EXPECT_EQ(compact_object_list("</3/0>,</4/0>", one, out).error().code, Errc::kNoSpace);
  std::array<ObjectListEntry, 2> two;
  EXPECT_TRUE(compact_object_list("</3/0>,</4/0>", two, out));
  EXPECT_EQ(compact_object_list("</3/0>,</4/0>", two, std::span(out).first(8)).error().code, Errc::kNoSpace);
}

TEST(CompactObjectList, damaged_bytes_end_with_an_error) {
  const auto whole = compact("</a>;rt=oma.lwm2m,</a/3>;ver=1.1,</a/3/0>,</a/3/7>");
  const auto ignore = [](const ObjectListEntry&) -> Result<void> { return {}; };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const CompactObjectList cut(ByteView(whole).first(size));
    const bool at_the_end_of_the_root = size == 5;
    EXPECT_EQ(cut.for_each(ignore).has_value(), at_the_end_of_the_root) << size;
  }
  const std::vector<std::uint8_t> repeated{0, 0, 0, 3, 4, 1, 0};  // instance 1 and again 1
  EXPECT_EQ(CompactObjectList(repeated).for_each(ignore).error().code, Errc::kMalformed);
  const std::vector<std::uint8_t> beyond{0, 0, 0, 0xFF, 0xFF, 0x7F, 0};
  EXPECT_EQ(CompactObjectList(beyond).for_each(ignore).error().code, Errc::kMalformed);
}

TEST(ObjectListRoot, names_the_formats_in_the_order_of_their_numbers) {
  std::array<std::uint8_t, 128> room;
  ByteWriter out(room);
  LinkWriter links(out);
  FormatSet formats;
  for (const auto format : {ContentFormat::kSenmlCbor, ContentFormat::kCbor, ContentFormat::kSenmlJson})
    formats.insert(format);
  write_root(links, formats);
  links.link(Path(1, 0));
  EXPECT_EQ(as_text(out.written()), "</>;rt=\"oma.lwm2m\";ct=\"60 110 112\",</1/0>");
}

TEST(ObjectListRoot, names_a_single_format_as_a_token) {
  std::array<std::uint8_t, 128> room;
  ByteWriter out(room);
  LinkWriter links(out);
  FormatSet formats;
  formats.insert(ContentFormat::kTlv);
  write_root(links, formats);
  EXPECT_EQ(as_text(out.written()), "</>;rt=\"oma.lwm2m\";ct=11542");
}

TEST(ObjectListRoot, OP_6_has_an_alternate_path_and_is_left_out_where_there_is_nothing_to_tell) {
  std::array<std::uint8_t, 128> room;
  ByteWriter out(room);
  LinkWriter rooted(out, "/lwm2m");
  write_root(rooted, {});
  rooted.link(Path(3, 0));
  EXPECT_EQ(as_text(out.written()), "</lwm2m>;rt=\"oma.lwm2m\",</lwm2m/3/0>");
  out.truncate(0);
  LinkWriter plain(out);
  write_root(plain, {});
  plain.link(Path(3, 0));
  EXPECT_EQ(as_text(out.written()), "</3/0>");
}

}  // namespace
}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/attributes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <string>

namespace linnet::lwm2m {
namespace {

Attributes attributes_of(std::initializer_list<std::string_view> queries) {
  Attributes attributes;
  for (const std::string_view query : queries) attributes.apply(parse_attribute_write(query).value());
  return attributes;
}

TEST(Attributes, OP_3_a_query_sets_and_a_query_without_value_unsets) {
  Attributes attributes =
      attributes_of({"pmin=1", "pmax=4294967295", "gt=45", "lt=-0.5", "st=1e1", "epmin=2", "epmax=3"});
  const auto values = [&] {
    std::array<std::optional<double>, kAttributeNames.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = attributes.get(kAttributeNames[i]);
    return all;
  };
  using Values = std::array<std::optional<double>, kAttributeNames.size()>;
  EXPECT_EQ(values(), (Values{1, 4294967295.0, 2, 3, 45, -0.5, 10}));
  for (const std::string_view query : {"pmin", "gt", "epmax"})
    attributes.apply(*parse_attribute_write(query));
  EXPECT_EQ(values(), (Values{std::nullopt, 4294967295.0, 2, std::nullopt, std::nullopt, -0.5, 10}));
  EXPECT_EQ(attributes, attributes_of({"pmax=4294967295", "epmin=2", "lt=-0.5", "st=10"}));
}

TEST(Attributes, OP_3_what_does_not_read_is_a_bad_request) {
  for (const char* query :
       {"", "=1", "pmin=", "pmin=-1", "pmin=1.5", "pmin=4294967296", "gt=", "gt=x", "gt=nan", "gt=inf",
        "gt=1e999", "gt=4 ", "st=-1", "dim=3", "ver=1.1", "PMIN=1", "unknown"}) {
    const auto write = parse_attribute_write(query);
    ASSERT_FALSE(write) << query;
    EXPECT_EQ(write.error(), (Error{Errc::kMalformed, 0x80})) << query;
  }
}

TEST(Attributes, OP_3_a_level_must_be_consistent) {
  EXPECT_TRUE(attributes_of({"lt=20", "gt=85", "st=10"}).check());
  EXPECT_TRUE(attributes_of({"pmin=10", "pmax=10", "epmin=5", "epmax=5"}).check());
  EXPECT_TRUE(attributes_of({"lt=10", "st=100"}).check());
  for (const auto& inconsistent :
       {attributes_of({"lt=20", "gt=20"}), attributes_of({"lt=21", "gt=20"}),
        attributes_of({"lt=20", "gt=40", "st=10"}), attributes_of({"pmin=11", "pmax=10"}),
        attributes_of({"epmin=2", "epmax=1"})}) {
    EXPECT_EQ(inconsistent.check().error(), (Error{Errc::kInvalidArgument, 0x80}));
  }
}

TEST(Attributes, a_nearer_level_overrides_a_farther_one) {
  Attributes resource = attributes_of({"pmin=1", "gt=45"});
  const Attributes object = attributes_of({"pmin=10", "pmax=60", "gt=50", "st=2"});
  resource.inherit(object);
  EXPECT_EQ(resource, attributes_of({"pmin=1", "pmax=60", "gt=45", "st=2"}));
}

TEST(Attributes, a_pmax_below_pmin_that_was_inherited_is_ignored) {
  Attributes merged = attributes_of({"pmin=100", "epmin=9"});
  merged.inherit(attributes_of({"pmax=60", "epmax=8"}));
  merged.drop_contradictions();
  EXPECT_EQ(merged, attributes_of({"pmin=100", "epmin=9"}));
  Attributes equal = attributes_of({"pmin=60", "pmax=60"});
  equal.drop_contradictions();
  EXPECT_EQ(equal, attributes_of({"pmin=60", "pmax=60"}));
}

TEST(Attributes, are_written_into_a_discover_answer_and_read_back) {
  std::array<std::uint8_t, 128> room;
  ByteWriter out(room);
  LinkWriter links(out);
  const Attributes attributes = attributes_of({"pmin=10", "pmax=60", "gt=4.2", "lt=-3", "st=0.5"});
  links.link(Path(3303, 0, 5700));
  write_attributes(links, attributes);
  EXPECT_EQ(as_text(out.written()), "</3303/0/5700>;pmin=10;pmax=60;gt=4.2;lt=-3;st=0.5");
  LinkReader reader(as_text(out.written()));
  EXPECT_EQ(read_attributes(**reader.next()), attributes);
}

TEST(Attributes, of_a_link_that_do_not_read_are_left_out) {
  LinkReader reader("</3/0>;dim=3;pmin=x;pmax=\"60\";ver=1.1;pmax=70");
  EXPECT_EQ(read_attributes(**reader.next()), attributes_of({"pmax=60"}));
}

TEST(Attributes, a_write_is_one_uri_query) {
  std::array<std::uint8_t, 64> room;
  ByteWriter out(room);
  write_attribute_query(out, {AttributeName::kPmin, 10.0});
  out.u8('&');
  write_attribute_query(out, {AttributeName::kGt, 4.25});
  out.u8('&');
  write_attribute_query(out, {AttributeName::kEpmax, std::nullopt});
  EXPECT_EQ(as_text(out.written()), "pmin=10&gt=4.25&epmax");
}

bool notifies_from(const Attributes& attributes, double old_value, double new_value) {
  return notifies(attributes, {old_value, new_value, old_value});
}

TEST(Notify, OP_5_the_transport_documents_example_with_gt_and_st) {
  const Attributes attributes = attributes_of({"gt=45", "st=10"});
  EXPECT_TRUE(notifies_from(attributes, 45, 50));
  EXPECT_TRUE(notifies_from(attributes, 38, 49));
  EXPECT_FALSE(notifies_from(attributes, 48, 42));
}

TEST(Notify, OP_5_the_transport_documents_example_with_lt_gt_and_st) {
  const Attributes attributes = attributes_of({"lt=20", "gt=85", "st=10"});
  EXPECT_TRUE(notifies_from(attributes, 75, 90));
  EXPECT_TRUE(notifies_from(attributes, 50, 10));
  EXPECT_TRUE(notifies_from(attributes, 87, 99));
  EXPECT_FALSE(notifies_from(attributes, 17, 24));
}

TEST(Notify, OP_5_gt_is_crossed_upwards_only_and_lt_downwards_only) {
  const Attributes gt = attributes_of({"gt=45"});
  EXPECT_TRUE(notifies_from(gt, 45, 45.5));
  EXPECT_FALSE(notifies_from(gt, 44, 45));
  EXPECT_FALSE(notifies_from(gt, 46, 47));
  EXPECT_FALSE(notifies_from(gt, 50, 40));
  const Attributes lt = attributes_of({"lt=20"});
  EXPECT_TRUE(notifies_from(lt, 20, 19));
  EXPECT_FALSE(notifies_from(lt, 21, 20));
  EXPECT_FALSE(notifies_from(lt, 19, 18));
  EXPECT_FALSE(notifies_from(lt, 10, 30));
}

TEST(Notify, OP_5_st_counts_from_the_value_notified_last) {
  const Attributes st = attributes_of({"st=10"});
  EXPECT_FALSE(notifies(st, {18, 19, 10}));
  EXPECT_TRUE(notifies(st, {19, 20, 10}));
  EXPECT_TRUE(notifies(st, {5, 0, 10}));
  EXPECT_FALSE(notifies(attributes_of({"st=0"}), {5, 5, 5}));
}

TEST(Notify, OP_5_without_thresholds_any_change_counts) {
  EXPECT_TRUE(notifies(attributes_of({"pmin=1"}), {5, 6, 5}));
  EXPECT_FALSE(notifies(attributes_of({"pmin=1"}), {5, 5, 5}));
}

}  // namespace
}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// Bootstrap configurations and results as records of the store.
#include "linnet/server/bootstrap_record.hpp"

#include "tests/unit/server/bootstrap_fixture.hpp"

namespace linnet::server::test {
namespace {

using lwm2m::Value;

BootstrapConfiguration of_every_type() {
  auto configuration = simple_configuration();
  configuration.endpoints = {"urn:dev:1", "urn:*"};
  configuration.discover = {path_of("/"), path_of("/3")};
  configuration.read = {path_of("/2/0")};
  configuration.unbootstrap = {1, 65534};
  const Bytes bytes{0, 1, 255};
  configuration.writes.push_back(writing("/42/0", {{"0", Value()},
                                                   {"1", Value::string("text")},
                                                   {"2", Value::integer(-1)},
                                                   {"3", Value::unsigned_integer(UINT64_MAX)},
                                                   {"4", Value::number(-0.5)},
                                                   {"5", Value::boolean(true)},
                                                   {"6", Value::opaque(bytes)},
                                                   {"7", Value::time(1'700'000'000)},
                                                   {"8", Value::objlnk({10, 65535})},
                                                   {"9/7", Value::corelnk("</3>")}}));
  return configuration;
}

BootstrapResult some_result() {
  BootstrapResult result;
  result.endpoint = "urn:dev:1";
  result.configuration = "fleet";
  result.ending = BootstrapResult::Ending::kRefused;
  result.step = {BootstrapVerb::kWrite, path_of("/0/1")};
  result.code = coap::Code::kBadRequest;
  result.at = UnixTime{1'700'000'000};
  result.took = Millis{1234};
  result.written = 3;
  result.unchanged = 1;
  result.answers = {
      {{BootstrapVerb::kDiscover, {}}, coap::Code::kContent, lwm2m::ContentFormat::kLinkFormat, {1, 2}},
      {{BootstrapVerb::kDelete, path_of("/2")}, coap::Code::kNotFound, std::nullopt, {}}};
  return result;
}

TEST(BootstrapRecord, brings_a_configuration_back) {
  const auto before = of_every_type();
  const auto record = encode_record(before);
  ASSERT_TRUE(record);
  const auto after = decode_configuration("fleet", *record);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->name, before.name);
  EXPECT_EQ(after->endpoints, before.endpoints);
  EXPECT_EQ(after->discover, before.discover);
  EXPECT_EQ(after->read, before.read);
  EXPECT_EQ(after->deletions, before.deletions);
  EXPECT_EQ(after->unbootstrap, before.unbootstrap);
  ASSERT_EQ(after->writes.size(), before.writes.size());
  for (std::size_t i = 0; i < before.writes.size(); ++i) {
    EXPECT_EQ(after->writes[i].path, before.writes[i].path);
    ASSERT_EQ(after->writes[i].records.size(), before.writes[i].records.size());
    for (std::size_t j = 0; j < before.writes[i].records.size(); ++j) {
      EXPECT_EQ(after->writes[i].records[j].path, before.writes[i].records[j].path);
      EXPECT_EQ(after->writes[i].records[j].value.view(), before.writes[i].records[j].value.view());
    }
  }
}

// Records of before accounts could be forgotten stay what they are.
TEST(BootstrapRecord, of_a_configuration_that_forgets_nothing_says_nothing_of_it) {
  auto configuration = simple_configuration();
  const auto without = encode_record(configuration);
  configuration.unbootstrap = {7};
  const auto with = encode_record(configuration);
  ASSERT_TRUE(without && with);
  EXPECT_EQ(with->size(), without->size() + 4);
  EXPECT_THAT(decode_configuration("fleet", *without)->unbootstrap, testing::IsEmpty());
  EXPECT_THAT(decode_configuration("fleet", *with)->unbootstrap, testing::ElementsAre(7));
}

TEST(BootstrapRecord, brings_a_result_back) {
  const auto before = some_result();
  const auto record = encode_record(before);
  ASSERT_TRUE(record);
  const auto after = decode_result("urn:dev:1", *record);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->endpoint, before.endpoint);
  EXPECT_EQ(after->configuration, before.configuration);
  EXPECT_EQ(after->ending, before.ending);
  EXPECT_EQ(after->step, before.step);
  EXPECT_EQ(after->code, before.code);
  EXPECT_EQ(after->at, before.at);
  EXPECT_EQ(after->took, before.took);
  EXPECT_EQ(after->written, before.written);
  EXPECT_EQ(after->unchanged, before.unchanged);
  ASSERT_EQ(after->answers.size(), 2U);
  EXPECT_EQ(after->answers[0].step, before.answers[0].step);
  EXPECT_EQ(after->answers[0].format, before.answers[0].format);
  EXPECT_EQ(after->answers[0].payload, before.answers[0].payload);
  EXPECT_EQ(after->answers[1].code, before.answers[1].code);
  EXPECT_FALSE(after->answers[1].format);
}

TEST(BootstrapRecord, notices_damage_of_every_byte_and_every_cut) {
  for (auto record : {*encode_record(of_every_type()), *encode_record(some_result())}) {
    for (std::size_t i = 0; i < record.size(); ++i) {
      record[i] ^= 0x10;
      EXPECT_FALSE(decode_configuration("x", record)) << i;
      EXPECT_FALSE(decode_result("x", record)) << i;
      record[i] ^= 0x10;
      EXPECT_FALSE(decode_configuration("x", ByteView(record).first(i))) << i;
      EXPECT_FALSE(decode_result("x", ByteView(record).first(i))) << i;
    }
  }
}

}  // namespace
}  // namespace linnet::server::test

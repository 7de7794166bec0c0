// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/queued_record.hpp"

#include <gtest/gtest.h>

#include "linnet/server/record_fields.hpp"

namespace linnet::server {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(QueuedRecordTest, has_the_form_that_is_written_down) {
  const std::array attributes{lwm2m::AttributeWrite{lwm2m::AttributeName::kGt, 1.0}};
  QueuedRecord record;
  record.id = QueuedId{0x0102030405060708};
  record.endpoint = "ep";
  record.sent = true;
  record.operation.kind = OperationKind::kWriteAttributes;
  record.operation.path = lwm2m::Path(3303, 0);
  record.operation.timeout = Millis{258};
  record.operation.attributes = attributes;
  Bytes out;
  ASSERT_TRUE(encode_queued(record, out));
  const Bytes expected = {'Q', 1, 1, 2, 3, 4,    5,    6,    7,    8,    2,    'e',  'p',  1, 4, 0, 0,
                          0,   0, 1, 2, 2, 0x0C, 0xE7, 0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
                          0,   0, 0, 0, 1, 4,    1,    0x3F, 0xF0, 0,    0,    0,    0,    0, 0};
  ASSERT_EQ(out.size(), expected.size() + 4);
  EXPECT_EQ(Bytes(out.begin(), out.end() - 4), expected);
}

TEST(QueuedRecordTest, gives_back_all_of_an_operation) {
  const Bytes payload = {1, 2, 3};
  QueuedRecord record;
  record.id = QueuedId{7};
  record.endpoint = "urn:dev:1";
  record.unanswered = Unanswered::kFail;
  record.operation.kind = OperationKind::kCreate;
  record.operation.path = lwm2m::Path(16);
  record.operation.format = lwm2m::ContentFormat::kTlv;
  record.operation.payload = payload;
  record.operation.instance = lwm2m::Path(16, 2);
  Bytes out;
  ASSERT_TRUE(encode_queued(record, out));
  const auto again = decode_queued(out, 4);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, record.id);
  EXPECT_EQ(again->endpoint, record.endpoint);
  EXPECT_FALSE(again->sent);
  EXPECT_EQ(again->unanswered, Unanswered::kFail);
  const Operation operation = again->operation.view();
  EXPECT_EQ(operation.path, record.operation.path);
  EXPECT_EQ(operation.format, record.operation.format);
  EXPECT_EQ(Bytes(operation.payload.begin(), operation.payload.end()), payload);
  EXPECT_EQ(operation.instance, record.operation.instance);

  const std::array paths{lwm2m::Path(3), lwm2m::Path(3303, 0, 5700)};
  record.operation = {};
  record.operation.kind = OperationKind::kReadComposite;
  record.operation.paths = paths;
  ASSERT_TRUE(encode_queued(record, out));
  const auto composite = decode_queued(out, 4);
  ASSERT_TRUE(composite);
  ASSERT_EQ(composite->operation.view().paths.size(), 2U);
  EXPECT_EQ(composite->operation.view().paths[1], paths[1]);
  EXPECT_EQ(decode_queued(out, 1).error().code, Errc::kMalformed);

  record.operation = {};
  record.operation.kind = OperationKind::kExecute;
  record.operation.path = lwm2m::Path(3, 0, 4);
  record.operation.arguments = "0='a'";
  ASSERT_TRUE(encode_queued(record, out));
  EXPECT_EQ(decode_queued(out, 4)->operation.view().arguments, "0='a'");
}

TEST(QueuedRecordTest, an_operation_that_cannot_be_and_a_kind_that_is_not_known_are_refused) {
  QueuedRecord record;
  record.endpoint = "ep";
  record.operation.kind = OperationKind::kExecute;
  record.operation.path = lwm2m::Path(3);
  Bytes out;
  ASSERT_TRUE(encode_queued(record, out));
  EXPECT_EQ(decode_queued(out, 4).error().code, Errc::kMalformed);
  record.operation.kind = static_cast<OperationKind>(99);
  ASSERT_TRUE(encode_queued(record, out));
  EXPECT_EQ(decode_queued(out, 4).error().code, Errc::kUnsupported);
}

}  // namespace
}  // namespace linnet::server

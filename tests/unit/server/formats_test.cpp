// SPDX-License-Identifier: Apache-2.0
// The format spoken with a device: digest §3, "Default choice of format".
#include "linnet/server/formats.hpp"

#include <gtest/gtest.h>

namespace linnet::server {
namespace {

using lwm2m::ContentFormat;
using lwm2m::DataType;
using lwm2m::LwM2mVersion;
using lwm2m::Path;

DeviceFormats device(LwM2mVersion version, std::initializer_list<ContentFormat> formats = {}) {
  DeviceFormats device;
  device.version = version;
  for (const ContentFormat format : formats) device.registered.insert(format);
  return device;
}

const lwm2m::ResourceModel kInteger{9, "", DataType::kInteger, lwm2m::Operations::kR, false, false, "", ""};
const lwm2m::ResourceModel kString{0, "", DataType::kString, lwm2m::Operations::kR, false, false, "", ""};
const lwm2m::ResourceModel kOpaque{0, "", DataType::kOpaque, lwm2m::Operations::kW, false, false, "", ""};
const lwm2m::ResourceModel kMany{11, "", DataType::kInteger, lwm2m::Operations::kR, true, false, "", ""};

TEST(ReadFormatTest, OP_14_a_1_0_device_is_asked_for_tlv_and_chooses_for_one_value) {
  const DeviceFormats old = device(LwM2mVersion::k1_0);
  EXPECT_EQ(read_format(old, Path(3, 0), nullptr), ContentFormat::kTlv);
  EXPECT_EQ(read_format(old, Path(3), nullptr), ContentFormat::kTlv);
  EXPECT_EQ(read_format(old, Path(3, 0, 11), &kMany), ContentFormat::kTlv);
  EXPECT_EQ(read_format(old, Path(3, 0, 9), &kInteger), std::nullopt);
  EXPECT_EQ(read_format(old, Path(3, 0, 9), nullptr), std::nullopt);
}

TEST(ReadFormatTest, OP_14_a_1_1_device_is_asked_for_what_it_registered_smallest_first) {
  const DeviceFormats all =
      device(LwM2mVersion::k1_1, {ContentFormat::kText, ContentFormat::kOpaque, ContentFormat::kCbor,
                                  ContentFormat::kSenmlJson, ContentFormat::kSenmlCbor, ContentFormat::kTlv});
  EXPECT_EQ(read_format(all, Path(3, 0), nullptr), ContentFormat::kSenmlCbor);
  EXPECT_EQ(read_format(all, Path(3, 0, 11), &kMany), ContentFormat::kSenmlCbor);
  EXPECT_EQ(read_format(all, Path(3, 0, 99), nullptr), ContentFormat::kSenmlCbor);
  EXPECT_EQ(read_format(all, Path(3, 0, 9), &kInteger), ContentFormat::kCbor);
  EXPECT_EQ(read_format(all, Path(3, 0, 11, 1), &kMany), ContentFormat::kCbor);
  EXPECT_EQ(read_format(all, Path(3, 0, 0), &kString), ContentFormat::kText);
  EXPECT_EQ(read_format(all, Path(5, 0, 0), &kOpaque), ContentFormat::kOpaque);
  EXPECT_EQ(read_format(device(LwM2mVersion::k1_1, {ContentFormat::kSenmlJson}), Path(3, 0, 9), &kInteger),
            ContentFormat::kSenmlJson);
}

TEST(ReadFormatTest, OP_14_a_1_1_device_that_registered_none_chooses) {
  const DeviceFormats quiet = device(LwM2mVersion::k1_1);
  EXPECT_EQ(read_format(quiet, Path(3, 0), nullptr), std::nullopt);
  EXPECT_EQ(read_format(quiet, Path(3, 0, 9), &kInteger), std::nullopt);
}

TEST(WriteFormatTest, OP_14_one_value_in_its_own_form_and_several_in_one_that_holds_them) {
  const DeviceFormats old = device(LwM2mVersion::k1_0);
  EXPECT_EQ(write_format(old, Path(1, 0, 1), DataType::kInteger, false), ContentFormat::kText);
  EXPECT_EQ(write_format(old, Path(5, 0, 0), DataType::kOpaque, false), ContentFormat::kOpaque);
  EXPECT_EQ(write_format(old, Path(1, 0), DataType::kNone, false), ContentFormat::kTlv);
  EXPECT_EQ(write_format(old, Path(3, 0, 11), DataType::kInteger, true), ContentFormat::kTlv);

  const DeviceFormats quiet = device(LwM2mVersion::k1_1);
  EXPECT_EQ(write_format(quiet, Path(1, 0, 1), DataType::kInteger, false), ContentFormat::kText);
  EXPECT_EQ(write_format(quiet, Path(1, 0), DataType::kNone, false), ContentFormat::kSenmlCbor);

  const DeviceFormats senml = device(LwM2mVersion::k1_1, {ContentFormat::kSenmlJson, ContentFormat::kCbor});
  EXPECT_EQ(write_format(senml, Path(1, 0, 1), DataType::kInteger, false), ContentFormat::kCbor);
  EXPECT_EQ(write_format(senml, Path(1, 0, 1), DataType::kString, false), ContentFormat::kCbor);
  EXPECT_EQ(write_format(senml, Path(1, 0), DataType::kNone, false), ContentFormat::kSenmlJson);
}

TEST(DecodePayloadTest, uses_the_types_of_the_model) {
  const std::array resources{kInteger};
  const lwm2m::ObjectModel model{3, {1, 0}, "Device", false, true, resources};
  const std::array<std::uint8_t, 3> tlv{0xC1, 9, 100};
  std::array<std::uint8_t, 64> scratch{};
  std::vector<lwm2m::Value> values;
  const auto keep = [&](const lwm2m::Record& record) -> Result<void> {
    EXPECT_EQ(record.path, Path(3, 0, 9));
    values.push_back(record.value);
    return {};
  };
  const auto known = [&model](lwm2m::ObjectId object) { return object == model.id ? &model : nullptr; };
  const auto unknown = [](lwm2m::ObjectId) -> const lwm2m::ObjectModel* { return nullptr; };
  ASSERT_TRUE(decode_payload(ContentFormat::kTlv, Path(3, 0), tlv, known, scratch, keep));
  ASSERT_TRUE(decode_payload(ContentFormat::kTlv, Path(3, 0), tlv, unknown, scratch, keep));
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].type(), DataType::kInteger);
  EXPECT_EQ(values[0].as_integer(), 100);
  EXPECT_EQ(values[1].type(), DataType::kOpaque);
}

}  // namespace
}  // namespace linnet::server

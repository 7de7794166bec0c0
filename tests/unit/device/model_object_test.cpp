// SPDX-License-Identifier: Apache-2.0
#include "model_object.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace linnet::device {
namespace {

using lwm2m::DataType;
using lwm2m::kMaxId;
using lwm2m::Operations;
using lwm2m::Path;
using lwm2m::Value;

constexpr std::array kTankResources{
    lwm2m::ResourceModel{0, "Level", DataType::kFloat, Operations::kR, false, true, "Cel", "10..90"},
    lwm2m::ResourceModel{1, "Labels", DataType::kString, Operations::kRW, true, true, "", ""},
    lwm2m::ResourceModel{2, "Mode", DataType::kInteger, Operations::kRW, false, true, "", "3..5"},
    lwm2m::ResourceModel{3, "Reset", DataType::kNone, Operations::kE, false, false, "", ""},
    lwm2m::ResourceModel{4, "Note", DataType::kString, Operations::kRW, false, false, "", "0..4 bytes"},
};
constexpr lwm2m::ObjectModel kTank{33000, {1, 1}, "Tank", true, false, kTankResources};
constexpr lwm2m::ObjectModel kSingle{33001, {1, 0}, "Single", false, true, kTankResources};

class ModelObjectTest : public testing::Test {
 protected:
  const client::ResourceDefinition& row(lwm2m::ResourceId id) { return *tank.definition().find(id); }

  ModelObject tank{kTank, UnixTime{1000}};
};

TEST_F(ModelObjectTest, an_instance_begins_with_mandatory_values_inside_their_ranges) {
  ASSERT_TRUE(tank.add(0));
  EXPECT_EQ(tank.read(Path(33000, 0, 0)), Value::number(20));
  EXPECT_EQ(tank.read(Path(33000, 0, 2)), Value::integer(3));
  EXPECT_TRUE(tank.has(0, row(1)));
  EXPECT_EQ(tank.next_resource_instance(0, 1, 0), kMaxId);
  EXPECT_TRUE(tank.has(0, row(3)));
  EXPECT_FALSE(tank.has(0, row(4)));
}

TEST_F(ModelObjectTest, values_outlive_what_they_were_written_from) {
  ASSERT_TRUE(tank.add(0));
  std::string text = "left";
  ASSERT_TRUE(tank.write(Path(33000, 0, 1, 5), Value::string(text)));
  text = "gone";
  EXPECT_EQ(tank.read(Path(33000, 0, 1, 5))->as_string(), "left");
  EXPECT_EQ(tank.next_resource_instance(0, 1, 0), 5);
}

TEST_F(ModelObjectTest, ranges_bound_what_is_written) {
  ASSERT_TRUE(tank.add(0));
  EXPECT_TRUE(tank.validate(Path(33000, 0, 2), Value::integer(5)));
  EXPECT_FALSE(tank.validate(Path(33000, 0, 2), Value::integer(6)));
  EXPECT_TRUE(tank.validate(Path(33000, 0, 4), Value::string("four")));
  EXPECT_FALSE(tank.validate(Path(33000, 0, 4), Value::string("five!")));
  const std::string large(ModelObject::kMaxValue + 1, 'x');
  EXPECT_EQ(tank.validate(Path(33000, 0, 1, 0), Value::string(large)).error().code, Errc::kTooLarge);
  EXPECT_FALSE(tank.validate(Path(33000, 0, 1, ModelObject::kMaxResourceInstances), Value::string("")));
}

TEST_F(ModelObjectTest, erasing_takes_optional_values_and_resets_mandatory_ones) {
  ASSERT_TRUE(tank.add(0));
  ASSERT_TRUE(tank.write(Path(33000, 0, 4), Value::string("note")));
  ASSERT_TRUE(tank.write(Path(33000, 0, 1, 0), Value::string("one")));
  ASSERT_TRUE(tank.write(Path(33000, 0, 2), Value::integer(5)));
  for (const std::uint16_t id : std::array<std::uint16_t, 3>{1, 2, 4}) tank.erase(Path(33000, 0, id));
  EXPECT_FALSE(tank.has(0, row(4)));
  EXPECT_TRUE(tank.has(0, row(1)));
  EXPECT_EQ(tank.next_resource_instance(0, 1, 0), kMaxId);
  EXPECT_EQ(tank.read(Path(33000, 0, 2)), Value::integer(3));
}

TEST_F(ModelObjectTest, servers_create_and_delete_where_there_may_be_several) {
  EXPECT_TRUE(tank.can_create(7));
  ASSERT_TRUE(tank.create(7));
  EXPECT_EQ(tank.can_create(7).error().code, Errc::kExists);
  EXPECT_EQ(tank.next_instance(0), 7);
  EXPECT_TRUE(tank.can_remove(7));
  EXPECT_TRUE(tank.remove(7));
  EXPECT_EQ(tank.next_instance(0), kMaxId);

  ModelObject single(kSingle, UnixTime{});
  ASSERT_TRUE(single.add(0));
  EXPECT_EQ(single.can_create(1).error().code, Errc::kNotAllowed);
  EXPECT_EQ(single.can_remove(0).error().code, Errc::kNotAllowed);
  EXPECT_EQ(single.add(1).error().code, Errc::kNotAllowed);
}

TEST_F(ModelObjectTest, the_device_itself_drops_optional_values_only) {
  ASSERT_TRUE(tank.add(0));
  ASSERT_TRUE(tank.write(Path(33000, 0, 4), Value::string("note")));
  EXPECT_TRUE(tank.drop_value(Path(33000, 0, 4)));
  EXPECT_EQ(tank.drop_value(Path(33000, 0, 4)).error().code, Errc::kNotFound);
  EXPECT_EQ(tank.drop_value(Path(33000, 0, 2)).error().code, Errc::kNotAllowed);
  ASSERT_TRUE(tank.write(Path(33000, 0, 1, 3), Value::string("x")));
  EXPECT_TRUE(tank.drop_value(Path(33000, 0, 1, 3)));
  EXPECT_EQ(tank.drop(1).error().code, Errc::kNotFound);
  EXPECT_TRUE(tank.drop(0));
  EXPECT_EQ(tank.free_instance(), 0);
}

TEST_F(ModelObjectTest, the_number_of_instances_is_bounded) {
  for (std::size_t i = 0; i < ModelObject::kMaxInstances; ++i) {
    ASSERT_TRUE(tank.add(static_cast<lwm2m::InstanceId>(i)));
  }
  EXPECT_EQ(tank.can_create(ModelObject::kMaxInstances).error().code, Errc::kNoSpace);
  EXPECT_EQ(tank.add(ModelObject::kMaxInstances).error().code, Errc::kNoSpace);
}

}  // namespace
}  // namespace linnet::device

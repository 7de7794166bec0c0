// SPDX-License-Identifier: Apache-2.0
#include "simulation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace linnet::device {
namespace {

using lwm2m::DataType;
using lwm2m::Value;

Simulation simulation(std::string_view text) {
  auto parsed = Simulation::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return *std::move(parsed);
}

Instant at(std::int64_t seconds) {
  return Instant(Seconds(seconds));
}

TEST(Simulation, sine_goes_through_its_quarters) {
  Simulation sine = simulation("3303/0/5700=sine:20,5,60");
  EXPECT_EQ(sine.path(), lwm2m::Path(3303, 0, 5700));
  EXPECT_EQ(sine.sample(at(0)), 20);
  EXPECT_EQ(sine.sample(at(5)), 22.5);
  EXPECT_EQ(sine.sample(at(15)), 25);
  EXPECT_EQ(sine.sample(at(45)), 15);
  EXPECT_EQ(sine.sample(at(60)), 20);
}

TEST(Simulation, square_and_ramp_begin_again_each_period) {
  Simulation square = simulation("/3342/0/5500=square:0,1,10");
  EXPECT_EQ(square.sample(at(4)), 0);
  EXPECT_EQ(square.sample(at(5)), 1);
  EXPECT_EQ(square.sample(at(10)), 0);
  Simulation ramp = simulation("3/0/9=ramp:100,0,200");
  EXPECT_EQ(ramp.sample(at(0)), 100);
  EXPECT_EQ(ramp.sample(at(150)), 25);
  EXPECT_EQ(ramp.sample(at(200)), 100);
}

TEST(Simulation, a_value_stays_for_its_interval) {
  Simulation ramp = simulation("3/0/9=ramp:0,100,100@10");
  EXPECT_EQ(ramp.sample(at(19)), 10);
  EXPECT_EQ(ramp.next(), at(20));
  EXPECT_EQ(ramp.sample(at(20)), 20);
}

TEST(Simulation, a_walk_is_the_same_whether_its_time_flows_or_jumps) {
  Simulation flowing = simulation("3304/0/5700=walk:50,2,40,60,7");
  Simulation jumping = flowing;
  double value = 0;
  bool moved = false;
  for (int second = 0; second <= 1000; ++second) {
    value = flowing.sample(at(second));
    EXPECT_GE(value, 40);
    EXPECT_LE(value, 60);
    moved = moved || value != 50;
  }
  EXPECT_TRUE(moved);
  EXPECT_EQ(jumping.sample(at(1000)), value);
}

TEST(Simulation, seeds_give_different_walks) {
  Simulation a = simulation("3304/0/5700=walk:50,2,0,100,1");
  Simulation b = simulation("3304/0/5700=walk:50,2,0,100,2");
  EXPECT_NE(a.sample(at(10)), b.sample(at(10)));
}

TEST(Simulation, a_constant_is_kept_as_text_and_never_due) {
  Simulation constant = simulation("3303/0/5701=constant:a@b:c,d");
  EXPECT_EQ(constant.constant(), "a@b:c,d");
  (void)constant.sample(at(0));
  EXPECT_EQ(constant.next(), kNever);
}

TEST(Simulation, refuses_what_it_cannot_follow) {
  for (const std::string_view text :
       {"", "=", "3303/0/5700", "3303/0=sine:1,2,3", "3303/0/5700=", "3303/0/5700=cosine:1,2,3",
        "3303/0/5700=sine", "3303/0/5700=sine:1,2", "3303/0/5700=sine:1,2,3,4", "3303/0/5700=sine:1,2,x",
        "3303/0/5700=sine:1,2,0", "3303/0/5700=sine:1,2,inf", "3303/0/5700=sine:nan,2,3",
        "3303/0/5700=sine:1,2,3@", "3303/0/5700=sine:1,2,3@0", "3303/0/5700=sine:1,2,3@1e9",
        "3303/0/5700=walk:5,1,6,9,1", "3303/0/5700=walk:5,-1,0,9,1", "3303/0/5700=walk:5,1,0,9,-1"}) {
    const auto parsed = Simulation::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_FALSE(parsed.error().text.empty()) << text;
  }
}

TEST(Simulation, a_number_becomes_the_resource_s_type) {
  std::string text;
  EXPECT_EQ(simulated_value(2.5, DataType::kFloat, text), Value::number(2.5));
  EXPECT_EQ(simulated_value(2.6, DataType::kInteger, text), Value::integer(3));
  EXPECT_EQ(simulated_value(1, DataType::kBoolean, text), Value::boolean(true));
  EXPECT_EQ(simulated_value(0.5, DataType::kString, text), Value::string("0.5"));
  EXPECT_FALSE(simulated_value(-1, DataType::kUnsigned, text));
  EXPECT_FALSE(simulated_value(1e300, DataType::kInteger, text));
  EXPECT_FALSE(simulated_value(1, DataType::kOpaque, text));
}

}  // namespace
}  // namespace linnet::device

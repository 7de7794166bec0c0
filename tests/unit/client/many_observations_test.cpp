// SPDX-License-Identifier: Apache-2.0
// Ten thousand observations on one device: what sleeps costs nothing, a change costs those it concerns.
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

/// Counts what the engine asks of it.
class CountingObject final : public Object {
 public:
  static constexpr ObjectId kId = 33002;
  static constexpr InstanceId kInstances = 40;
  static constexpr std::size_t kSize = 250;
  static constexpr auto kResources = [] {
    std::array<ResourceDefinition, kSize> rows{};
    for (ResourceId i = 0; i < kSize; ++i) {
      rows[i] = ResourceDefinition{i, lwm2m::DataType::kInteger, Operations::kR, false, true};
    }
    return rows;
  }();
  static constexpr ObjectDefinition kDefinition{kId, lwm2m::kDefaultObjectVersion, kResources};
  CountingObject() noexcept : Object(kDefinition) {}

  InstanceId next_instance(InstanceId from) const noexcept override {
    ++asked;
    return from < kInstances ? from : kMaxId;
  }
  Result<Value> read(const Path& path) noexcept override {
    ++asked;
    return Value::integer(path.instance() == moved ? 1 : 0);
  }

  mutable std::size_t asked = 0;
  InstanceId moved = kMaxId;  ///< its values are 1, all others 0
};

class ManyObservations : public DeviceTest {
 protected:
  void SetUp() override {
    config.max_observations = 10'000;
    config.max_attributes = 2;
    objects.push_back(&counting);
    registered();
    for (InstanceId i = 0; i < CountingObject::kInstances; ++i) {
      for (std::size_t r = 0; r < CountingObject::kSize; ++r) {
        observe("/33002/" + std::to_string(i) + "/" + std::to_string(r));
      }
    }
    ASSERT_EQ(engine.observations(), 10'000U);
    ASSERT_EQ(observe("/3/0/0").observe, std::nullopt);
    counting.asked = 0;
  }
  Seen observe(std::string_view path) {
    std::array<std::uint8_t, 64> buffer{};
    const std::array<std::uint8_t, 2> token{static_cast<std::uint8_t>(next_id >> 8),
                                            static_cast<std::uint8_t>(next_id)};
    coap::MessageWriter writer(buffer, Type::kConfirmable, Code::kGet, coap::MessageId{next_id++},
                               coap::Token(token));
    writer.option(OptionNumber::kObserve, std::uint32_t{0});
    for (std::size_t at = 0; at < path.size();) {
      const std::size_t end = std::min(path.find('/', at + 1), path.size());
      writer.option(OptionNumber::kUriPath, path.substr(at + 1, end - at - 1));
      at = end;
    }
    deliver(ByteView(buffer).first(writer.finish().value()));
    return take();
  }

  CountingObject counting;
};

TEST_F(ManyObservations, What_sleeps_costs_nothing_and_a_change_costs_those_it_concerns) {
  for (int i = 0; i < 1000; ++i) engine.step(now += 1ms);
  EXPECT_EQ(counting.asked, 0U);
  EXPECT_GT(engine.next_deadline(), now + 60s);

  counting.moved = 21;
  engine.changed(Path(33002, 21, 100));
  engine.step(now);
  EXPECT_EQ(take().payload, "1");
  EXPECT_TRUE(wire.out.empty());
  EXPECT_LT(counting.asked, 20U);

  counting.moved = 17;
  engine.changed(Path(33002, 17));
  engine.step(now);
  EXPECT_EQ(wire.out.size(), CountingObject::kSize);
  EXPECT_LT(counting.asked, 20 * CountingObject::kSize);

  engine.register_now();
  EXPECT_EQ(engine.observations(), 0U);
  counting.asked = 0;
  engine.changed(Path(33002));
  engine.step(now);
  // The object list of the Register: whether there are any, each once, and the end.
  EXPECT_EQ(counting.asked, CountingObject::kInstances + 2U);
}

}  // namespace
}  // namespace linnet::client::test

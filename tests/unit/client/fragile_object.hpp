// SPDX-License-Identifier: Apache-2.0
// An object whose handlers can be told to refuse: what is all or nothing shows with it.
#pragma once

#include <map>
#include <optional>

#include "linnet/client/object.hpp"

namespace linnet::client::test {

class FragileObject final : public Object {
 public:
  using Resource = std::map<InstanceId, std::int64_t>;
  using Instance = std::map<ResourceId, Resource>;

  static constexpr ObjectId kId = 33001;
  static constexpr ResourceDefinition kResources[]{
      {0, lwm2m::DataType::kInteger, Operations::kRW, false, true},
      {1, lwm2m::DataType::kInteger, Operations::kRW, false, false},
      {2, lwm2m::DataType::kInteger, Operations::kRW, true, false},
      {3, lwm2m::DataType::kInteger, Operations::kW, false, false},
      {4, lwm2m::DataType::kInteger, Operations::kR, false, false},
      {5, lwm2m::DataType::kInteger, Operations::kNone, false, false},
      {6, lwm2m::DataType::kNone, Operations::kE, false, false}};
  static constexpr ObjectDefinition kDefinition{kId, lwm2m::kDefaultObjectVersion, kResources};

  FragileObject() noexcept : Object(kDefinition) {}

  std::map<InstanceId, Instance> instances;
  /// So many writes succeed, and the next one, once, is refused.
  std::optional<int> refuse_after;
  int writes = 0;
  int erasures = 0;

  [[nodiscard]] InstanceId next_instance(InstanceId from) const noexcept override {
    return next(instances, from);
  }
  [[nodiscard]] bool has(InstanceId instance, const ResourceDefinition& resource) const noexcept override {
    return lwm2m::executable(resource.operations) || instances.at(instance).contains(resource.id);
  }
  [[nodiscard]] InstanceId next_resource_instance(InstanceId instance, ResourceId resource,
                                                  InstanceId from) const noexcept override {
    const auto& resources = instances.at(instance);
    return resources.contains(resource) ? next(resources.at(resource), from) : kMaxId;
  }
  [[nodiscard]] Result<Value> read(const Path& path) noexcept override {
    const auto& resources = instances.at(path.instance());
    const auto at = resources.find(path.resource());
    if (at == resources.end() || !at->second.contains(element(path))) return fail(Errc::kNotFound);
    return Value::integer(at->second.at(element(path)));
  }
  Result<void> write(const Path& path, const Value& value) noexcept override {
    if (refuse_after && (*refuse_after)-- == 0) {
      refuse_after.reset();
      return fail(Errc::kIo);
    }
    ++writes;
    instances.at(path.instance())[path.resource()][element(path)] = value.as_integer();
    return {};
  }
  void erase(const Path& resource) noexcept override {
    ++erasures;
    instances.at(resource.instance()).erase(resource.resource());
  }
  [[nodiscard]] Result<void> can_create(InstanceId) const noexcept override { return {}; }
  [[nodiscard]] Result<void> can_remove(InstanceId) const noexcept override { return {}; }
  Result<void> create(InstanceId instance) noexcept override {
    if (instances.size() == kMaxInstances) return fail(Errc::kNoSpace);
    instances[instance][0][0] = 0;
    return {};
  }
  Result<void> remove(InstanceId instance) noexcept override {
    instances.erase(instance);
    return {};
  }

 private:
  static constexpr std::size_t kMaxInstances = 3;

  static InstanceId element(const Path& path) {
    return path.depth() == 4 ? path.resource_instance() : InstanceId{0};
  }
  template <typename Map>
  static InstanceId next(const Map& map, InstanceId from) {
    const auto at = map.lower_bound(from);
    return at == map.end() ? kMaxId : at->first;
  }
};

}  // namespace linnet::client::test

// SPDX-License-Identifier: Apache-2.0
// Any object of the registry as an object of the device: its values live in maps, its shape and
// ranges come from the object's model.
#pragma once

#include <map>
#include <vector>

#include "linnet/api/values.hpp"
#include "linnet/client/object.hpp"
#include "linnet/lwm2m/object_model.hpp"
#include "linnet/registry/value_range.hpp"
#include "refusal.hpp"

namespace linnet::device {

/// The table of an object and what belongs to each row. A base, because Object refers to it.
class ModelDefinition {
 protected:
  explicit ModelDefinition(const lwm2m::ObjectModel& model);
  [[nodiscard]] const registry::ValueRange& range(lwm2m::ResourceId resource) const noexcept;

  std::vector<client::ResourceDefinition> rows_;
  std::vector<registry::ValueRange> ranges_;  ///< one for each row
  client::ObjectDefinition table_;
};

/// Every instance has the mandatory resources and the executable ones; other resources appear when
/// they are written. A server creates and deletes instances where the model allows several.
class ModelObject final : private ModelDefinition, public client::Object {
 public:
  static constexpr std::size_t kMaxInstances = 1000;
  static constexpr std::size_t kMaxResourceInstances = 1000;
  static constexpr std::size_t kMaxValue = 64 * 1024;  ///< bytes of a text or an opaque value

  /// `model` must outlive this and have at most client::kMaxResources resources. `now` is the first
  /// value of times.
  ModelObject(const lwm2m::ObjectModel& model, UnixTime now);

  [[nodiscard]] const lwm2m::ObjectModel& model() const noexcept { return model_; }

  // At the device itself.
  OrRefusal<void> add(lwm2m::InstanceId instance);
  OrRefusal<void> drop(lwm2m::InstanceId instance);
  /// An optional resource or an instance of a multiple one goes.
  OrRefusal<void> drop_value(const lwm2m::Path& path);
  [[nodiscard]] lwm2m::InstanceId free_instance() const noexcept;

  [[nodiscard]] lwm2m::InstanceId next_instance(lwm2m::InstanceId from) const noexcept override;
  [[nodiscard]] bool has(lwm2m::InstanceId instance,
                         const client::ResourceDefinition& resource) const noexcept override;
  [[nodiscard]] lwm2m::InstanceId next_resource_instance(lwm2m::InstanceId instance,
                                                         lwm2m::ResourceId resource,
                                                         lwm2m::InstanceId from) const noexcept override;
  [[nodiscard]] Result<lwm2m::Value> read(const lwm2m::Path& path) noexcept override;
  [[nodiscard]] Result<void> validate(const lwm2m::Path& path,
                                      const lwm2m::Value& value) const noexcept override;
  Result<void> write(const lwm2m::Path& path, const lwm2m::Value& value) noexcept override;
  void erase(const lwm2m::Path& resource) noexcept override;
  Result<void> execute(const lwm2m::Path& path, std::string_view arguments) noexcept override;
  [[nodiscard]] Result<void> can_create(lwm2m::InstanceId instance) const noexcept override;
  [[nodiscard]] Result<void> can_remove(lwm2m::InstanceId instance) const noexcept override;
  Result<void> create(lwm2m::InstanceId instance) noexcept override;
  Result<void> remove(lwm2m::InstanceId instance) noexcept override;

 private:
  /// By instance of the resource; a single one has 0.
  using Resource = std::map<lwm2m::InstanceId, api::OwnedValue>;
  using Resources = std::map<lwm2m::ResourceId, Resource>;

  [[nodiscard]] const Resource* find(lwm2m::InstanceId instance, lwm2m::ResourceId resource) const noexcept;
  [[nodiscard]] api::OwnedValue initial(const lwm2m::ResourceModel& resource) const;
  [[nodiscard]] Resources initial_values() const;

  const lwm2m::ObjectModel& model_;
  UnixTime start_;
  std::map<lwm2m::InstanceId, Resources> instances_;
};

}  // namespace linnet::device

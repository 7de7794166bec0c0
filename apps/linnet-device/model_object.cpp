// SPDX-License-Identifier: Apache-2.0
#include "model_object.hpp"

#include <array>
#include <cmath>

namespace linnet::device {

using lwm2m::DataType;
using lwm2m::InstanceId;
using lwm2m::kMaxId;
using lwm2m::Path;
using lwm2m::ResourceId;
using lwm2m::ResourceModel;
using lwm2m::Value;

namespace {

/// What a sensor shows on an ordinary day, by its units.
struct Ordinary {
  std::string_view units;
  double value;
};
constexpr std::array<Ordinary, 10> kOrdinary{{{"Cel", 20},
                                              {"K", 293.15},
                                              {"/100", 50},
                                              {"%", 50},
                                              {"%RH", 50},
                                              {"V", 230},
                                              {"Pa", 101325},
                                              {"lx", 300},
                                              {"Hz", 50},
                                              {"dBm", -70}}};

double ordinary(std::string_view units) noexcept {
  const auto found = std::ranges::find(kOrdinary, units, &Ordinary::units);
  return found == kOrdinary.end() ? 0 : found->value;
}

InstanceId element_of(const Path& path) noexcept {
  return path.depth() == 4 ? path.resource_instance() : InstanceId{0};
}

template <typename Map>
InstanceId next_key(const Map& map, InstanceId from) noexcept {
  const auto at = map.lower_bound(from);
  return at == map.end() ? kMaxId : at->first;
}

}  // namespace

ModelDefinition::ModelDefinition(const lwm2m::ObjectModel& model) {
  for (const ResourceModel& resource : model.resources) {
    const bool command = lwm2m::executable(resource.operations);
    rows_.push_back(client::ResourceDefinition{resource.id, command ? DataType::kNone : resource.type,
                                               resource.operations, resource.multiple && !command,
                                               resource.mandatory});
    ranges_.push_back(registry::ValueRange::parse(resource.range, resource.type));
  }
  table_ = {model.id, model.version, rows_};
}

const registry::ValueRange& ModelDefinition::range(ResourceId resource) const noexcept {
  return ranges_[static_cast<std::size_t>(table_.find(resource) - rows_.data())];
}

ModelObject::ModelObject(const lwm2m::ObjectModel& model, UnixTime now)
    : ModelDefinition(model), Object(table_), model_(model), start_(now) {}

api::OwnedValue ModelObject::initial(const ResourceModel& resource) const {
  const double number = range(resource.id).nearest(ordinary(resource.units));
  switch (resource.type) {
    case DataType::kString: return api::OwnedValue(Value::string(""));
    case DataType::kCorelnk: return api::OwnedValue(Value::corelnk(""));
    case DataType::kOpaque: return api::OwnedValue(Value::opaque({}));
    case DataType::kInteger: return api::OwnedValue(Value::integer(std::llround(number)));
    case DataType::kUnsigned:
      return api::OwnedValue(Value::unsigned_integer(number > 0 ? static_cast<std::uint64_t>(number) : 0));
    case DataType::kFloat: return api::OwnedValue(Value::number(number));
    case DataType::kBoolean: return api::OwnedValue(Value::boolean(false));
    case DataType::kTime: return api::OwnedValue(Value::time(start_.seconds));
    case DataType::kObjlnk: return api::OwnedValue(Value::objlnk({kMaxId, kMaxId}));
    case DataType::kNone: break;
  }
  return api::OwnedValue(Value());
}

ModelObject::Resources ModelObject::initial_values() const {
  Resources resources;
  for (const ResourceModel& resource : model_.resources) {
    if (!resource.mandatory || lwm2m::executable(resource.operations)) continue;
    Resource& values = resources[resource.id];
    if (!resource.multiple) values.emplace(InstanceId{0}, initial(resource));
  }
  return resources;
}

OrRefusal<void> ModelObject::add(InstanceId instance) {
  const std::string path = api::path_text(Path(id(), instance));
  if (instance == kMaxId || instances_.size() >= kMaxInstances) {
    return refuse(Errc::kNoSpace, path + ": there are " + std::to_string(kMaxInstances) +
                                      " instances, and no room for more; delete one");
  }
  if (instances_.contains(instance)) return refuse(Errc::kExists, path + " is there already");
  if (!model_.multiple && (instance != 0 || !instances_.empty())) {
    return refuse(Errc::kNotAllowed, path + ": object " + std::to_string(id()) + " (" +
                                         std::string(model_.name) + ") has a single instance, 0");
  }
  instances_.emplace(instance, initial_values());
  instances_changed();
  return {};
}

OrRefusal<void> ModelObject::drop(InstanceId instance) {
  if (instances_.erase(instance) == 0) {
    return refuse(Errc::kNotFound, api::path_text(Path(id(), instance)) + " is not there");
  }
  instances_changed();
  return {};
}

OrRefusal<void> ModelObject::drop_value(const Path& path) {
  const std::string text = api::path_text(path);
  const auto instance = instances_.find(path.instance());
  const ResourceModel* resource = model_.find(path.resource());
  if (instance == instances_.end() || resource == nullptr || !instance->second.contains(path.resource())) {
    return refuse(Errc::kNotFound, text + " is not there");
  }
  if (path.depth() == 4) {
    if (!resource->multiple || instance->second[path.resource()].erase(path.resource_instance()) == 0) {
      return refuse(Errc::kNotFound, text + " is not there");
    }
  } else if (resource->mandatory) {
    return refuse(Errc::kNotAllowed, text + " (" + std::string(resource->name) + ") is mandatory and stays");
  } else {
    instance->second.erase(path.resource());
  }
  changed(path);
  return {};
}

InstanceId ModelObject::free_instance() const noexcept {
  InstanceId free = 0;
  while (instances_.contains(free)) ++free;
  return free;
}

const ModelObject::Resource* ModelObject::find(InstanceId instance, ResourceId resource) const noexcept {
  const auto at = instances_.find(instance);
  if (at == instances_.end()) return nullptr;
  const auto values = at->second.find(resource);
  return values == at->second.end() ? nullptr : &values->second;
}

InstanceId ModelObject::next_instance(InstanceId from) const noexcept {
  return next_key(instances_, from);
}

bool ModelObject::has(InstanceId instance, const client::ResourceDefinition& resource) const noexcept {
  return lwm2m::executable(resource.operations) || find(instance, resource.id) != nullptr;
}

InstanceId ModelObject::next_resource_instance(InstanceId instance, ResourceId resource,
                                               InstanceId from) const noexcept {
  const Resource* values = find(instance, resource);
  return values == nullptr ? kMaxId : next_key(*values, from);
}

Result<Value> ModelObject::read(const Path& path) noexcept {
  const Resource* values = find(path.instance(), path.resource());
  if (values == nullptr) return fail(Errc::kNotFound);
  const auto at = values->find(element_of(path));
  if (at == values->end()) return fail(Errc::kNotFound);
  return at->second.view();
}

Result<void> ModelObject::validate(const Path& path, const Value& value) const noexcept {
  if (value.as_string().size() > kMaxValue || value.as_opaque().size() > kMaxValue) {
    return fail(Errc::kTooLarge, static_cast<std::uint8_t>(coap::Code::kRequestEntityTooLarge));
  }
  if (element_of(path) >= kMaxResourceInstances) return fail(Errc::kInvalidArgument);
  return range(path.resource()).accepts(value) ? Result<void>() : fail(Errc::kInvalidArgument);
}

Result<void> ModelObject::write(const Path& path, const Value& value) noexcept {
  const auto at = instances_.find(path.instance());
  if (at == instances_.end()) return fail(Errc::kNotFound);
  at->second[path.resource()].insert_or_assign(element_of(path), api::OwnedValue(value));
  return {};
}

void ModelObject::erase(const Path& resource) noexcept {
  const ResourceModel* model = model_.find(resource.resource());
  const auto at = instances_.find(resource.instance());
  if (model == nullptr || at == instances_.end()) return;
  if (!model->mandatory && !model->multiple) {
    at->second.erase(resource.resource());
    return;
  }
  Resource& values = at->second[resource.resource()];
  values.clear();
  if (!model->multiple) values.emplace(InstanceId{0}, initial(*model));
}

Result<void> ModelObject::execute(const Path& /*path*/, std::string_view /*arguments*/) noexcept {
  return {};  // the event tells of it
}

Result<void> ModelObject::can_create(InstanceId instance) const noexcept {
  if (!model_.multiple && (instance != 0 || !instances_.empty())) return fail(Errc::kNotAllowed);
  if (instances_.contains(instance)) return fail(Errc::kExists);
  return instances_.size() < kMaxInstances ? Result<void>() : fail(Errc::kNoSpace);
}

Result<void> ModelObject::can_remove(InstanceId /*instance*/) const noexcept {
  return model_.multiple || !model_.mandatory ? Result<void>() : fail(Errc::kNotAllowed);
}

Result<void> ModelObject::create(InstanceId instance) noexcept {
  if (instances_.size() >= kMaxInstances) return fail(Errc::kNoSpace);
  const bool created = instances_.emplace(instance, initial_values()).second;
  return created ? Result<void>() : fail(Errc::kExists);
}

Result<void> ModelObject::remove(InstanceId instance) noexcept {
  return instances_.erase(instance) == 1 ? Result<void>() : fail(Errc::kNotFound);
}

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_check.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/registration_parameters.hpp"
#include "linnet/server/bootstrap_accounts.hpp"
#include "linnet/server/bootstrap_payload.hpp"
#include "linnet/server/bootstrap_record.hpp"

namespace linnet::server {

using lwm2m::Level;
using lwm2m::ObjectModel;
using lwm2m::Path;
using lwm2m::ResourceModel;

namespace {

constexpr Path kSecurity{0};
constexpr Path kDevice{3};
/// What is written in place of the endpoint name to see how large things become.
constexpr std::size_t kLongestName = lwm2m::kMaxEndpointName;

std::unexpected<ConfigurationFault> wrong(std::string where, std::string reason) {
  return std::unexpected(ConfigurationFault{std::move(where), std::move(reason)});
}

bool is_printable(std::string_view text) noexcept {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return lwm2m::valid_utf8(as_bytes(text)) && std::ranges::none_of(text, control);
}

CheckedConfiguration check_name(const BootstrapConfiguration& configuration) {
  const std::string& name = configuration.name;
  if (name.empty() || name.size() > kMaxConfigurationName || !is_printable(name)) {
    return wrong("name", "must be 1 to 128 bytes of text");
  }
  if (configuration.endpoints.empty()) {
    return wrong("endpoints", "must name the devices that the configuration is for");
  }
  if (configuration.endpoints.size() > kMaxConfigurationEndpoints) {
    return wrong("endpoints", "are more than 1024; a beginning and * stands for many");
  }
  std::set<std::string_view> seen;
  for (const std::string& endpoint : configuration.endpoints) {
    const std::string where = "endpoints: '" + endpoint + "'";
    if (endpoint.empty() || endpoint.size() > kLongestName || !is_printable(endpoint)) {
      return wrong(where, "must be 1 to 255 bytes of text");
    }
    if (endpoint.find('*') < endpoint.size() - 1) return wrong(where, "may have * only at its end");
    if (!seen.insert(endpoint).second) return wrong(where, "is there twice");
  }
  return {};
}

CheckedConfiguration check_questions(const BootstrapConfiguration& configuration, const Models& models) {
  for (const Path& path : configuration.discover) {
    if (path.depth() > 1) return wrong("discover: " + text_of(path), "must be / or an object");
  }
  for (const Path& path : configuration.read) {
    const bool readable = path.object() == 1 || path.object() == 2;
    if (path.depth() == 0 || path.depth() > 2 || !readable) {
      return wrong("read: " + text_of(path), "must be object 1 or 2 or an instance of it");
    }
  }
  for (const Path& path : configuration.deletions) {
    const std::string where = "delete: " + text_of(path);
    if (path.depth() > 2) return wrong(where, "must be /, an object or an instance");
    if (kDevice.contains(path)) return wrong(where, "cannot be deleted: the Device object stays");
    if (path.depth() > 0 && bootstrap_model(models, path.object()) == nullptr) {
      return wrong(where, "is an object that no model describes");
    }
  }
  return {};
}

CheckedConfiguration check_unbootstrap(const BootstrapConfiguration& configuration) {
  if (!configuration.unbootstrap.empty() && configuration.deletes(kSecurity)) {
    return wrong("unbootstrap", "names accounts that are deleted with all of object 0 anyway");
  }
  std::set<lwm2m::ShortServerId> seen;
  for (const lwm2m::ShortServerId server : configuration.unbootstrap) {
    const std::string where = "unbootstrap: " + std::to_string(server);
    if (server == 0 || server == lwm2m::kMaxId) return wrong(where, "must be 1 to 65534");
    if (!seen.insert(server).second) return wrong(where, "is there twice");
  }
  return {};
}

/// `path` names a resource or one of its instances.
CheckedConfiguration check_record(const OwnedRecord& record, const ObjectModel& model) {
  const std::string where = text_of(record.path);
  const ResourceModel* const resource = model.find(record.path.resource());
  if (resource == nullptr) {
    return wrong(
        where, "is no resource of object " + std::to_string(model.id) + " (" + std::string(model.name) + ")");
  }
  if (executable(resource->operations)) return wrong(where, "is executed, it has no value");
  const bool instance = record.path.level() == Level::kResourceInstance;
  const bool empty_array = record.value.view().none() && resource->multiple && !instance;
  if (empty_array) return {};
  if (instance != resource->multiple) {
    return wrong(where,
                 instance ? "is not a multiple resource" : "is a multiple resource: name its instances");
  }
  if (record.value.view().type() != resource->type) {
    return wrong(where, "must be of type " + std::string(lwm2m::to_string(resource->type)));
  }
  return {};
}

bool must_be_given(const ObjectModel& model, const ResourceModel& resource) noexcept {
  constexpr std::array<lwm2m::ObjectId, 4> kOnlyBootstrap{0, 1, 2, 21};
  if (!resource.mandatory || executable(resource.operations)) return false;
  // What only the device can know comes from it; of accounts and rights it knows nothing.
  return writable(resource.operations) || std::ranges::find(kOnlyBootstrap, model.id) != kOnlyBootstrap.end();
}

CheckedConfiguration check_mandatory(const BootstrapWrite& write, const ObjectModel& model) {
  for (const ResourceModel& resource : model.resources) {
    if (!must_be_given(model, resource)) continue;
    const Path wanted = write.path.child(resource.id);
    const bool given = std::ranges::any_of(
        write.records, [&](const OwnedRecord& record) { return wanted.contains(record.path); });
    if (!given) {
      return wrong(text_of(wanted), "is missing: " + std::string(resource.name) + " is mandatory");
    }
  }
  return {};
}

CheckedConfiguration check_size(const BootstrapWrite& write) {
  std::vector<std::uint8_t> room(kMaxBootstrapPayload);
  const std::string longest(kLongestName, 'x');
  for (const lwm2m::ContentFormat format : kBootstrapFormats) {
    const auto size = encode_write(write, write.path, longest, format, room);
    if (size) continue;
    const bool large = size.error().code == Errc::kNoSpace;
    return wrong(text_of(write.path), large
                                          ? "is larger than 16384 bytes"
                                          : "cannot be written as " + std::string(lwm2m::media_type(format)));
  }
  return {};
}

CheckedConfiguration check_write(const BootstrapWrite& write, const Models& models) {
  const std::string where = text_of(write.path);
  if (write.path.depth() < 2 || write.path.depth() > 3)
    return wrong(where, "must be an instance or a resource");
  const ObjectModel* const model = bootstrap_model(models, write.path.object());
  if (model == nullptr) return wrong(where, "is of an object that no model describes");
  if (!model->multiple && write.path.instance() != 0) {
    return wrong(where, "does not exist: " + std::string(model->name) + " has only instance 0");
  }
  if (write.records.empty()) return wrong(where, "has no values");
  for (std::size_t i = 0; i < write.records.size(); ++i) {
    const Path& path = write.records[i].path;
    if (path.depth() < 3 || !write.path.contains(path)) {
      return wrong(text_of(path), "does not belong to " + where);
    }
    if (i > 0 && !(write.records[i - 1].path < path)) return wrong(text_of(path), "is given twice");
    if (const auto checked = check_record(write.records[i], *model); !checked) return checked;
  }
  if (write.path.level() == Level::kInstance) {
    if (const auto checked = check_mandatory(write, *model); !checked) return checked;
  }
  return check_size(write);
}

CheckedConfiguration check_writes(const BootstrapConfiguration& configuration, const Models& models) {
  const auto& writes = configuration.writes;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Path& path = writes[i].path;
    if (i > 0 && (!(writes[i - 1].path < path) || writes[i - 1].path.contains(path))) {
      return wrong(text_of(path), "is written twice");
    }
    if (const auto checked = check_write(writes[i], models); !checked) return checked;
  }
  return {};
}

}  // namespace

const ObjectModel* bootstrap_model(const Models& models, lwm2m::ObjectId object) noexcept {
  switch (object) {
    case 0:
    case 1: return models.find(object, {1, 1});
    case 2: return models.find(object, {1, 0});
    // Before 2.0 its keys were text, in no form that two implementations agreed on.
    case 21: return models.find(object, {2, 0});
    default: return models.find(object, {1, 255});
  }
}

CheckedConfiguration check_configuration(const BootstrapConfiguration& configuration, const Models& models) {
  if (const auto checked = check_name(configuration); !checked) return checked;
  const std::size_t steps = configuration.discover.size() + configuration.read.size() +
                            configuration.deletions.size() + configuration.writes.size() +
                            configuration.unbootstrap.size();
  if (steps > kMaxConfigurationSteps) return wrong("configuration", "has more than 256 steps");
  if (configuration.deletions.empty() && configuration.writes.empty() && configuration.unbootstrap.empty()) {
    return wrong("configuration", "neither deletes nor writes anything");
  }
  if (const auto checked = check_questions(configuration, models); !checked) return checked;
  if (const auto checked = check_unbootstrap(configuration); !checked) return checked;
  if (const auto checked = check_writes(configuration, models); !checked) return checked;
  if (!encode_record(configuration)) return wrong("configuration", "is larger than 1 MiB");
  return check_accounts(configuration);
}

}  // namespace linnet::server

// SPDX-License-Identifier: Apache-2.0
// Devices: listing, one of them, its observations, forgetting it.
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"
#include "linnet/server/tenant.hpp"

namespace linnet::api {

namespace {

constexpr std::uint32_t kDefaultPage = 100;

std::string binding_text(lwm2m::Binding binding) {
  std::array<std::uint8_t, 8> text{};
  ByteWriter out(text);
  binding.write(out, lwm2m::LwM2mVersion::k1_1);
  return std::string(as_text(out.written()));
}

std::string version_text(lwm2m::Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

}  // namespace

nlohmann::json Service::device_json(const net::Device& device) const {
  const auto id = device.id.text();
  Json json{{"endpoint", device.endpoint},
            {"tenant", nullptr},
            {"location", "/rd/" + std::string(id.data(), id.size())},
            {"address", device.address ? Json(device.address->text()) : Json()},
            {"lwm2m", std::string(lwm2m::to_string(device.version))},
            {"lifetime", device.lifetime},
            {"binding", binding_text(device.binding)},
            {"queue_mode", device.binding.queue()},
            {"awake", device.awake},
            {"waiting_operations", device.queued},
            {"sms", nullptr},
            {"registered", time_text(device.registered)},
            {"updated", time_text(device.updated)},
            {"expires", time_text(device.expires)},
            {"alternate_path", "/"},
            {"formats", Json::array()},
            {"parameters", Json::object()},
            {"objects", Json::array()}};
  if (const auto tenant = server::tenant_of(device.endpoint, server_.tenants()); !tenant.empty()) {
    json["tenant"] = std::string(tenant);
  }
  device.extras().for_each([&](std::string_view name, std::string_view value) {
    if (name == "sms") {
      json["sms"] = std::string(value);
    } else {
      json["parameters"][std::string(name)] = std::string(value);
    }
  });
  const auto list = device.objects();
  if (const auto root = list.root()) {
    if (!root->alternate_path.empty()) json["alternate_path"] = std::string(root->alternate_path);
    for (const auto format : lwm2m::FormatSet::kKnown) {
      if (root->formats.contains(format)) json["formats"].push_back(std::string(lwm2m::media_type(format)));
    }
  }
  Json& objects = json["objects"];
  const auto shown = list.for_each([&](const lwm2m::ObjectListEntry& entry) -> Result<void> {
    if (entry.instance != lwm2m::kMaxId) {
      if (!objects.empty()) objects.back()["instances"].push_back(entry.instance);
      return {};
    }
    const auto version = entry.version.value_or(lwm2m::kDefaultObjectVersion);
    const lwm2m::ObjectModel* const model = models_.find(entry.object, version);
    objects.push_back({{"id", entry.object},
                       {"name", model == nullptr ? std::string() : std::string(model->name)},
                       {"version", version_text(version)},
                       {"instances", Json::array()}});
    return {};
  });
  if (!shown) json["objects"] = Json::array();
  return json;
}

void Service::list_devices(const HttpRequest& request, Answer answer) {
  const auto limit = number_of(request, "limit", kDefaultPage, net::Server::kMaxPage);
  const auto cursor = number_of(request, "cursor", 0, UINT64_MAX);
  const auto object = number_of(request, "object", lwm2m::kMaxId, lwm2m::kMaxId - 1U);
  if (!limit || *limit == 0) return refuse(std::move(answer), bad_request("limit is 1 to 1000").error());
  if (!cursor) return refuse(std::move(answer), bad_request("cursor is what the page before gave").error());
  if (!object) return refuse(std::move(answer), bad_request("object is an object id, 0 to 65534").error());

  net::DeviceFilter filter;
  if (const auto at = request.query.find("endpoint"); at != request.query.end())
    filter.endpoint_contains = at->second;
  if (const auto at = request.query.find("tenant"); at != request.query.end()) filter.tenant = at->second;
  if (*object != lwm2m::kMaxId) filter.object = static_cast<lwm2m::ObjectId>(*object);
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.list(
      filter, *cursor, static_cast<std::uint32_t>(*limit), [this, shared](net::DevicePage page) mutable {
        Answer::resume(std::move(*shared), [this, page = std::move(page)](Answer later) {
          Json devices = Json::array();
          for (const net::Device& device : page.devices) devices.push_back(device_json(device));
          later.respond(json_response({{"devices", std::move(devices)},
                                       {"cursor", page.next ? Json(std::to_string(*page.next)) : Json()}}));
        });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::show_device(const std::string& endpoint, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called =
      server_.find(endpoint, [this, shared, endpoint](std::optional<net::Device> device) mutable {
        Answer::resume(std::move(*shared), [this, endpoint, device = std::move(device)](Answer later) {
          if (!device) return refuse(std::move(later), unknown_device(endpoint));
          later.respond(json_response(device_json(*device)));
        });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::forget_device(const std::string& endpoint, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.remove(endpoint, [shared, endpoint](Result<void> removed) mutable {
    if (removed) {
      shared->respond({204, {}, {}, {}});
    } else {
      refuse(std::move(*shared), no_answer(removed.error().code, endpoint, {}));
    }
  });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::list_observations(const std::string& endpoint, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.find(endpoint, [shared, endpoint](std::optional<net::Device> device) mutable {
    if (!device) return refuse(std::move(*shared), unknown_device(endpoint));
    Json paths = Json::array();
    for (const auto& observation : device->observations) {
      paths.push_back(observation.paths.empty() ? Json{{"path", path_text(observation.path)}}
                                                : Json{{"paths", paths_json(observation.paths)}});
    }
    shared->respond(json_response({{"observations", std::move(paths)}}));
  });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

}  // namespace linnet::api

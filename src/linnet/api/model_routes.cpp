// SPDX-License-Identifier: Apache-2.0
// The object definitions that the server knows.
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/service.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;

std::string version_text(lwm2m::Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

const char* operations_text(lwm2m::Operations operations) {
  switch (operations) {
    case lwm2m::Operations::kNone: return "";
    case lwm2m::Operations::kR: return "R";
    case lwm2m::Operations::kW: return "W";
    case lwm2m::Operations::kRW: return "RW";
    case lwm2m::Operations::kE: return "E";
  }
  return "";
}

Json model_json(const lwm2m::ObjectModel& model) {
  return {{"id", model.id},
          {"version", version_text(model.version)},
          {"name", std::string(model.name)},
          {"multiple", model.multiple},
          {"mandatory", model.mandatory}};
}

}  // namespace

void Service::list_models(Answer answer) const {
  Json list = Json::array();
  for (const lwm2m::ObjectModel* const model : models_.objects()) list.push_back(model_json(*model));
  answer.respond(json_response({{"models", std::move(list)}}));
}

void Service::show_model(const std::string& name, const HttpRequest& request, Answer answer) const {
  const auto id = lwm2m::Path::parse_segment(name);
  const lwm2m::ObjectModel* model = id ? models_.newest(*id) : models_.find(name);
  if (const auto at = request.query.find("version"); at != request.query.end() && model != nullptr) {
    const auto version = lwm2m::Version::parse(at->second);
    if (!version) return refuse(std::move(answer), bad_request("version is written as 1.1").error());
    model = models_.find_exact(model->id, *version);
  }
  if (model == nullptr)
    return refuse(std::move(answer), {404, "Unknown object", name + " is not in the models"});
  Json json = model_json(*model);
  json["resources"] = Json::array();
  for (const lwm2m::ResourceModel& resource : model->resources) {
    json["resources"].push_back({{"id", resource.id},
                                 {"name", std::string(resource.name)},
                                 {"type", std::string(lwm2m::to_string(resource.type))},
                                 {"operations", operations_text(resource.operations)},
                                 {"multiple", resource.multiple},
                                 {"mandatory", resource.mandatory},
                                 {"units", std::string(resource.units)},
                                 {"range", std::string(resource.range)}});
  }
  answer.respond(json_response(json));
}

}  // namespace linnet::api

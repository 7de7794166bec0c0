// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/outcome_answer.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using server::OperationKind;

UnixTime wall_clock() {
  const auto now = std::chrono::system_clock::now();
  return {std::chrono::floor<Seconds>(now.time_since_epoch()).count()};
}

std::string name_of(const lwm2m::Path& path, const lwm2m::ObjectModel* model) {
  if (model == nullptr) return {};
  if (path.depth() < 3) return std::string(model->name);
  const auto* const resource = model->find(path.resource());
  return resource == nullptr ? std::string() : std::string(resource->name);
}

bool observes(OperationKind kind) {
  return kind == OperationKind::kObserve || kind == OperationKind::kObserveComposite;
}

HttpResponse value_response(const net::Outcome& outcome, const AskedOf& asked) {
  const auto format = outcome.format.value_or(lwm2m::ContentFormat::kText);
  auto values = values_json(format, outcome.path, outcome.payload, asked.models, wall_clock());
  if (!values) return to_response(values.error());
  Json body{{"code", code_text(outcome.code)},
            {"format", std::string(lwm2m::media_type(format))},
            {"values", *std::move(values)}};
  if (asked.paths.empty()) {
    body["path"] = path_text(outcome.path);
    body["name"] = name_of(outcome.path, asked.models(outcome.path.object()));
  } else {
    body["paths"] = paths_json(asked.paths);
  }
  if (observes(outcome.kind)) body["observation"] = outcome.observation.has_value();
  return json_response(body);
}

std::string target_text(const net::Outcome& outcome, const AskedOf& asked) {
  if (outcome.path.depth() > 0) return path_text(outcome.path);
  std::string all;
  for (const lwm2m::Path& path : asked.paths) all += (all.empty() ? "" : ", ") + path_text(path);
  return all.empty() ? "the paths of the request" : all;
}

}  // namespace

HttpResponse outcome_response(const net::Outcome& outcome, const AskedOf& asked) {
  const std::string path = target_text(outcome, asked);
  if (outcome.failure) return to_response(no_answer(*outcome.failure, asked.endpoint, path));
  if (!outcome.success()) return to_response(device_refused(outcome.code, path));
  Json body{{"code", code_text(outcome.code)}};
  switch (outcome.kind) {
    case OperationKind::kRead:
    case OperationKind::kObserve:
    case OperationKind::kReadComposite:
    case OperationKind::kObserveComposite: return value_response(outcome, asked);
    case OperationKind::kDiscover: {
      auto links = links_json(outcome.payload);
      if (!links) {
        return to_response({502, "The device's answer cannot be decoded", path + ": no list of links"});
      }
      body["links"] = *std::move(links);
      return json_response(body);
    }
    case OperationKind::kCreate:
      if (const auto created = outcome.created ? outcome.created : asked.new_instance)
        body["path"] = path_text(*created);
      return json_response(body, 201);
    default: return json_response(body);
  }
}

}  // namespace linnet::api

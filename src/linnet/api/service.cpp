// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/service.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/server/tenant.hpp"

namespace linnet::api {

namespace {

void no_route(Answer answer) {
  refuse(std::move(answer), {404, "No such route", "docs/api.md and /api/v1/openapi.json list them"});
}

}  // namespace

std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HttpResponse json_response(const nlohmann::json& body, unsigned status) {
  return {status, dump(body), "application/json", {}};
}

void refuse(Answer answer, const Problem& problem) {
  answer.respond(to_response(problem));
}

void not_allowed(Answer answer, const std::string& allow) {
  refuse(std::move(answer), {405, "Method not allowed", "this route takes " + allow, {}, allow});
}

Service::Service(ServiceConfig config, net::Server& server, const registry::ModelRegistry& models)
    : config_(std::move(config)), server_(server), models_(models) {}

void Service::handle(HttpRequest request, Answer answer) {
  const auto& path = request.path;
  const bool get = request.method == "GET";
  const auto is = [&](std::size_t index, const char* name) {
    return path.size() > index && path[index] == name;
  };

  if (path.size() == 1 && (is(0, "health") || is(0, "metrics"))) {
    if (!get) return not_allowed(std::move(answer), "GET, HEAD");
    return is(0, "health") ? health(std::move(answer)) : metrics(std::move(answer));
  }
  if (!is(0, "api") || !is(1, "v1") || path.size() < 3) return no_route(std::move(answer));
  if (is(2, "tenants") && path.size() > 4) return handle_tenant(std::move(request), std::move(answer));
  if (is(2, "devices")) return handle_devices(std::move(request), std::move(answer));
  const bool bootstrap = is(2, "bootstrap") && (is(3, "configurations") || is(3, "results"));
  if (bootstrap && path.size() <= 5) return handle_bootstrap(std::move(request), std::move(answer));

  if (is(2, "credentials") && path.size() <= 4) {
    return handle_credentials(std::move(request), std::move(answer));
  }
  if (is(2, "group") && is(3, "objects") && path.size() > 4) {
    return handle_group(std::move(request), std::move(answer));
  }

  const bool known = (path.size() == 3 &&
                      (is(2, "events") || is(2, "models") || is(2, "openapi.json") || is(2, "tenants"))) ||
                     (path.size() == 4 && is(2, "models"));
  if (!known) return no_route(std::move(answer));
  if (!get) return not_allowed(std::move(answer), "GET, HEAD");
  if (is(2, "events")) return stream_events(request, std::move(answer));
  if (is(2, "tenants")) return answer.respond(json_response({{"tenants", server_.tenants()}}));
  if (is(2, "openapi.json")) return answer.respond({200, openapi_document(), "application/json", {}});
  if (path.size() == 3) return list_models(std::move(answer));
  show_model(path[3], request, std::move(answer));
}

void Service::handle_tenant(HttpRequest request, Answer answer) {
  const std::string tenant = request.path[3];  // api v1 tenants TENANT ...
  if (!std::ranges::binary_search(server_.tenants(), tenant)) {
    return refuse(std::move(answer), {404, "No such tenant", "no address is of tenant '" + tenant + "'"});
  }
  auto& path = request.path;
  path.erase(path.begin() + 2, path.begin() + 4);
  const bool of_devices = path[2] == "devices";
  if (!of_devices && path[2] != "group" && path[2] != "events" && path[2] != "models") {
    return no_route(std::move(answer));
  }
  if (of_devices && path.size() > 3 && !server::belongs_to(path[3], tenant)) {
    return refuse(std::move(answer), unknown_device(path[3]));
  }
  request.query["tenant"] = tenant;
  request.root += "/tenants/" + percent_encode(tenant);
  handle(std::move(request), std::move(answer));
}

void Service::handle_devices(HttpRequest request, Answer answer) {
  const auto& path = request.path;  // api v1 devices ENDPOINT ...
  const bool get = request.method == "GET";
  if (path.size() == 3) {
    if (!get) return not_allowed(std::move(answer), "GET, HEAD");
    return list_devices(request, std::move(answer));
  }
  std::string endpoint = path[3];
  if (path.size() == 4) {
    if (get) return show_device(endpoint, std::move(answer));
    if (request.method == "DELETE") return forget_device(endpoint, std::move(answer));
    return not_allowed(std::move(answer), "GET, HEAD, DELETE");
  }
  if (path.size() == 5 && path[4] == "observations") {
    if (!get) return not_allowed(std::move(answer), "GET, HEAD");
    return list_observations(endpoint, std::move(answer));
  }
  if (path.size() == 5 && path[4] == "operations") {
    if (!get) return not_allowed(std::move(answer), "GET, HEAD");
    return list_operations(endpoint, std::move(answer));
  }
  if (path.size() == 6 && path[4] == "operations") {
    if (get) return show_operation(endpoint, request, std::move(answer));
    if (request.method == "DELETE") return cancel_operation(endpoint, path[5], std::move(answer));
    return not_allowed(std::move(answer), "GET, HEAD, DELETE");
  }
  if (path.size() == 5 && path[4] == "bootstrap") {
    if (request.method != "POST") return not_allowed(std::move(answer), "POST");
    return trigger_bootstrap(endpoint, std::move(request), std::move(answer));
  }
  if (path.size() >= 5 && path[4] == "composite") {
    return handle_composite(endpoint, std::move(request), std::move(answer));
  }
  if (path.size() > 5 && path[4] == "objects") {
    return handle_object(endpoint, std::move(request), std::move(answer));
  }
  no_route(std::move(answer));
}

}  // namespace linnet::api

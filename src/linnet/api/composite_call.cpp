// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/composite_call.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/values.hpp"
#include "linnet/registry/path_names.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/server/formats.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using server::OperationKind;

struct CompositeRoute {
  const char* method;
  bool observe;  ///< `observe` stands behind `composite`
  OperationKind kind;
};

constexpr std::array kRoutes{
    CompositeRoute{"GET", false, OperationKind::kReadComposite},
    CompositeRoute{"PATCH", false, OperationKind::kWriteComposite},
    CompositeRoute{"PUT", true, OperationKind::kObserveComposite},
    CompositeRoute{"DELETE", true, OperationKind::kCancelObserveComposite},
};

/// api, v1, devices, ENDPOINT, composite stand before it.
constexpr std::size_t kActionAt = 5;

OrProblem<lwm2m::Path> read_path(std::string_view text, const net::Device& device,
                                 const registry::ModelRegistry& models) {
  return resolve_path(registry::path_names(text), device, models);
}

/// `?paths=`: several, with commas between them.
OrProblem<std::vector<lwm2m::Path>> read_paths(const CompositeCall& call, const net::Device& device,
                                               const registry::ModelRegistry& models) {
  const HttpRequest& request = call.request;
  const auto at = request.query.find("paths");
  if (at == request.query.end()) return bad_request("paths names what is asked for: paths=/3/0/9,/3303/0");
  std::vector<lwm2m::Path> paths;
  std::string_view rest = at->second;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    const std::string_view text = rest.substr(0, comma);
    // All of a device can be read, but not observed.
    const bool root = text == "/" && call.kind == OperationKind::kReadComposite;
    const auto path = root ? lwm2m::Path() : read_path(text, device, models);
    if (!path) return std::unexpected(path.error());
    paths.push_back(*path);
    if (more) rest.remove_prefix(comma + 1);
  }
  std::ranges::sort(paths);
  const auto same = std::ranges::unique(paths);
  paths.erase(same.begin(), same.end());
  const std::size_t most = server::EngineConfig{}.max_composite_paths;
  if (paths.size() > most) return bad_request("at most " + std::to_string(most) + " paths at once");
  return paths;
}

/// `values` by path: of a resource or resource instance as `value` in a Write, of an instance as `values`.
OrProblem<std::vector<OwnedRecord>> read_values(const Json& body, const net::Device& device,
                                                const registry::ModelRegistry& models) {
  const DeviceModels model_of(models, device.object_list);
  const auto values = body.is_object() ? body.find("values") : body.end();
  if (values == body.end() || !values->is_object() || values->empty()) {
    return bad_request("the body needs \"values\" by path: {\"values\": {\"/1/0/1\": 300}}");
  }
  std::vector<OwnedRecord> records;
  for (const auto& [text, value] : values->items()) {
    const auto path = read_path(text, device, models);
    if (!path) return std::unexpected(path.error());
    if (path->depth() < 2) return bad_request(text + ": a whole object cannot be written");
    const Json one{{path->depth() == 2 ? "values" : "value", value}};
    auto read = read_body(one, *path, model_of(path->object()));
    if (!read) return std::unexpected(std::move(read).error());
    std::ranges::move(*read, std::back_inserter(records));
  }
  std::ranges::sort(records, {}, &OwnedRecord::path);
  const auto same = std::ranges::adjacent_find(records, {}, &OwnedRecord::path);
  if (same != records.end()) return bad_request(path_text(same->path) + " is given twice");
  return records;
}

OrProblem<lwm2m::ContentFormat> choose_format(const HttpRequest& request, const net::Device& device) {
  const auto asked = format_of(request);
  if (!asked) return std::unexpected(asked.error());
  const bool senml = *asked == lwm2m::ContentFormat::kSenmlCbor || *asked == lwm2m::ContentFormat::kSenmlJson;
  if (*asked && !senml)
    return bad_request("composite operations are carried out in SenML CBOR or SenML JSON");
  const auto possible = server::composite_format(device.formats);
  const bool of_1_0 = device.formats.version == lwm2m::LwM2mVersion::k1_0;
  if (of_1_0 || (!possible && !*asked))
    return std::unexpected(no_answer(Errc::kUnsupported, device.endpoint, {}));
  return *asked ? **asked : *possible;
}

}  // namespace

OrProblem<CompositeCall> CompositeCall::route(std::string endpoint, HttpRequest request) {
  const bool observe = request.path.size() == kActionAt + 1 && request.path.back() == "observe";
  if (request.path.size() > kActionAt && !observe) {
    return std::unexpected(Problem{404, "No such route", "docs/api.md and /api/v1/openapi.json list them"});
  }
  std::string allow;
  for (const CompositeRoute& route : kRoutes) {
    if (route.observe != observe) continue;
    if (request.method == route.method)
      return CompositeCall{route.kind, std::move(endpoint), std::move(request)};
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
  }
  return std::unexpected(Problem{405,
                                 "Method not allowed",
                                 request.method + " does nothing here; this route takes " + allow,
                                 {},
                                 allow});
}

OrProblem<OwnedOperation> make_operation(const CompositeCall& call, const net::Device& device,
                                         const registry::ModelRegistry& models, TimeoutBounds timeouts) {
  const auto timeout = timeout_of(call.request, timeouts);
  if (!timeout) return std::unexpected(timeout.error());
  const auto format = choose_format(call.request, device);
  if (!format) return std::unexpected(format.error());
  OwnedOperation operation;
  operation.kind = call.kind;
  operation.format = *format;
  operation.timeout = *timeout;
  if (call.kind != OperationKind::kWriteComposite) {
    auto paths = read_paths(call, device, models);
    if (!paths) return std::unexpected(std::move(paths).error());
    operation.paths = *std::move(paths);
    return operation;
  }
  const auto body = parse_body(call.request.body);
  if (!body) return std::unexpected(body.error());
  const auto records = read_values(*body, device, models);
  if (!records) return std::unexpected(records.error());
  auto payload = encode_records(*records, lwm2m::Path(), *format);
  if (!payload) return std::unexpected(std::move(payload).error());
  operation.payload = *std::move(payload);
  return operation;
}

}  // namespace linnet::api

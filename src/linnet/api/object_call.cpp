// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/object_call.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/request_parts.hpp"
#include "linnet/api/values.hpp"
#include "linnet/server/formats.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using server::OperationKind;

/// One row: method, word behind the path, depth of the path, and the operation that it is.
struct ObjectRoute {
  const char* method;
  const char* action;  ///< empty: none
  std::size_t min_depth;
  std::size_t max_depth;
  OperationKind kind;
};

constexpr std::array kRoutes{
    ObjectRoute{"GET", "", 1, 4, OperationKind::kRead},
    ObjectRoute{"PUT", "", 2, 4, OperationKind::kWriteReplace},
    ObjectRoute{"POST", "", 1, 1, OperationKind::kCreate},
    ObjectRoute{"POST", "", 2, 2, OperationKind::kWriteUpdate},
    ObjectRoute{"DELETE", "", 2, 2, OperationKind::kDelete},
    ObjectRoute{"GET", "discover", 1, 3, OperationKind::kDiscover},
    ObjectRoute{"PUT", "attributes", 1, 4, OperationKind::kWriteAttributes},
    ObjectRoute{"POST", "execute", 3, 3, OperationKind::kExecute},
    ObjectRoute{"PUT", "observe", 1, 4, OperationKind::kObserve},
    ObjectRoute{"DELETE", "observe", 1, 4, OperationKind::kCancelObserve},
};

constexpr std::string_view kBytes = "application/octet-stream";

bool is_action(const std::string& word) {
  return std::ranges::any_of(kRoutes, [&](const ObjectRoute& route) { return word == route.action; });
}

/// The body of Write-Attributes: numbers set, null unsets.
OrProblem<std::vector<lwm2m::AttributeWrite>> read_attributes_body(const nlohmann::json& body) {
  if (!body.is_object() || body.empty()) return bad_request("the body must name attributes: {\"pmin\": 10}");
  std::vector<lwm2m::AttributeWrite> writes;
  for (const auto& [name, value] : body.items()) {
    std::string query = name;
    if (value.is_number()) {
      query += "=" + value.dump();
    } else if (!value.is_null()) {
      return bad_request("attribute " + name + " takes a number, or null to unset it");
    }
    const auto write = lwm2m::parse_attribute_write(query);
    if (!write)
      return bad_request("'" + query + "' is no attribute of LwM2M (pmin, pmax, epmin, epmax, gt, lt, st)");
    writes.push_back(*write);
  }
  return writes;
}

const lwm2m::ResourceModel* resource_of(const OwnedOperation& operation) {
  return operation.model == nullptr || operation.path.depth() < 3
             ? nullptr
             : operation.model->find(operation.path.resource());
}

OrProblem<void> put_values(OwnedOperation& operation, const Json& body, const net::Device& device) {
  if (operation.path.depth() < 3 && !(body.is_object() && body.contains("values"))) {
    return bad_request("the body needs \"values\"");
  }
  auto records = read_body(body, operation.path, operation.model);
  if (!records) return std::unexpected(std::move(records).error());
  if (!operation.format) {
    const lwm2m::ResourceModel* const resource = resource_of(operation);
    lwm2m::DataType type = resource == nullptr ? lwm2m::DataType::kNone : resource->type;
    if (resource == nullptr && operation.path.depth() >= 3) type = records->front().value.view().type();
    const bool multiple =
        operation.path.depth() == 3 && !records->empty() && records->front().path.depth() == 4;
    operation.format = server::write_format(device.formats, operation.path, type, multiple);
  }
  auto payload = encode_records(*records, operation.path, *operation.format);
  if (!payload) return std::unexpected(std::move(payload).error());
  operation.payload = *std::move(payload);
  return {};
}

/// The lowest number that the device has not listed for an instance of this object.
lwm2m::InstanceId free_instance(const net::Device& device, lwm2m::ObjectId object) {
  lwm2m::InstanceId instance = 0;
  while (instance + 1 < lwm2m::kMaxId && device.objects().contains(object, instance)) ++instance;
  return instance;
}

OrProblem<void> put_new_instance(OwnedOperation& operation, const Json& body, const net::Device& device) {
  const Json wanted = body.is_object() ? body.value("instance", Json()) : Json();
  const bool usable = wanted.is_number_unsigned() && wanted.get<std::uint64_t>() < lwm2m::kMaxId;
  if (!wanted.is_null() && !usable) return bad_request("\"instance\" is 0 to 65534");
  // Only TLV can leave the number to the device: its resources then stand without an instance.
  const bool device_chooses =
      wanted.is_null() &&
      operation.format.value_or(lwm2m::ContentFormat::kTlv) == lwm2m::ContentFormat::kTlv &&
      device.formats.may_speak(lwm2m::ContentFormat::kTlv);
  const auto instance =
      wanted.is_null() ? free_instance(device, operation.path.object()) : wanted.get<lwm2m::InstanceId>();
  const lwm2m::Path base = operation.path.child(instance);
  const auto records = read_body(body, base, operation.model);
  if (!records) return std::unexpected(records.error());
  if (!device_chooses) operation.new_instance = base;
  if (!operation.format) {
    operation.format =
        device_chooses ? lwm2m::ContentFormat::kTlv
                       : server::write_format(device.formats, operation.path, lwm2m::DataType::kNone, false);
  }
  auto payload = encode_records(*records, device_chooses ? base : operation.path, *operation.format);
  if (!payload) return std::unexpected(std::move(payload).error());
  operation.payload = *std::move(payload);
  return {};
}

OrProblem<void> put_attributes(OwnedOperation& operation, const Json& body) {
  auto writes = read_attributes_body(body);
  if (!writes) return std::unexpected(std::move(writes).error());
  operation.attributes = *std::move(writes);
  return {};
}

OrProblem<void> put_arguments(OwnedOperation& operation, const Json& body) {
  const Json arguments = body.is_object() ? body.value("arguments", Json()) : Json();
  if (!arguments.is_null() && !arguments.is_string()) {
    return bad_request("\"arguments\" is a string such as 0='a',1");
  }
  if (arguments.is_string()) operation.arguments = arguments.get<std::string>();
  return {};
}

/// A body of bytes is the value of one Opaque resource, as it is: the way of firmware packages.
OrProblem<void> put_bytes(OwnedOperation& operation, const std::string& body) {
  if (operation.kind != OperationKind::kWriteReplace || operation.path.depth() < 3) {
    return bad_request("a body of " + std::string(kBytes) + " is written to a resource");
  }
  operation.format = lwm2m::ContentFormat::kOpaque;
  operation.payload.assign(body.begin(), body.end());
  return {};
}

/// What the body adds, operation by operation.
OrProblem<void> put_body(OwnedOperation& operation, const Json& body, const net::Device& device) {
  switch (operation.kind) {
    case OperationKind::kWriteReplace:
    case OperationKind::kWriteUpdate: return put_values(operation, body, device);
    case OperationKind::kCreate: return put_new_instance(operation, body, device);
    case OperationKind::kWriteAttributes: return put_attributes(operation, body);
    case OperationKind::kExecute: return put_arguments(operation, body);
    case OperationKind::kRead:
    case OperationKind::kObserve:
      if (!operation.format) {
        operation.format = server::read_format(device.formats, operation.path, resource_of(operation));
      }
      return {};
    default: return {};
  }
}

}  // namespace

OrProblem<ObjectCall> ObjectCall::route(std::string endpoint, HttpRequest request, std::size_t path_at) {
  ObjectCall call;
  call.names.assign(request.path.begin() + static_cast<std::ptrdiff_t>(path_at), request.path.end());
  std::string action;
  if (call.names.size() > 1 && is_action(call.names.back())) {
    action = call.names.back();
    call.names.pop_back();
  }
  std::string allow;
  bool found = false;
  for (const ObjectRoute& route : kRoutes) {
    const bool here = action == route.action && call.names.size() >= route.min_depth &&
                      call.names.size() <= route.max_depth;
    if (!here) continue;
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
    if (request.method != route.method) continue;
    call.kind = route.kind;
    found = true;
  }
  if (allow.empty()) return bad_request("there is no such operation on a path of this depth");
  if (!found) {
    return std::unexpected(Problem{405,
                                   "Method not allowed",
                                   request.method + " does nothing here; this route takes " + allow,
                                   {},
                                   allow});
  }
  call.endpoint = std::move(endpoint);
  call.request = std::move(request);
  return call;
}

OrProblem<OwnedOperation> make_operation(const ObjectCall& call, const net::Device& device,
                                         const registry::ModelRegistry& models, TimeoutBounds timeouts) {
  const auto path = resolve_path(call.names, device, models);
  if (!path) return std::unexpected(path.error());
  const auto timeout = timeout_of(call.request, timeouts);
  if (!timeout) return std::unexpected(timeout.error());
  const auto format = format_of(call.request);
  if (!format) return std::unexpected(format.error());
  const bool bytes = call.request.content_type == kBytes;
  const auto body = bytes ? OrProblem<Json>(Json()) : parse_body(call.request.body);
  if (!body) return std::unexpected(body.error());

  OwnedOperation operation;
  operation.kind = call.kind;
  operation.path = *path;
  operation.format = *format;
  operation.timeout = *timeout;
  operation.model = DeviceModels(models, device.object_list)(path->object());
  auto put = bytes ? put_bytes(operation, call.request.body) : put_body(operation, *body, device);
  if (!put) return std::unexpected(std::move(put).error());
  return operation;
}

}  // namespace linnet::api

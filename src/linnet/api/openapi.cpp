// SPDX-License-Identifier: Apache-2.0
// The OpenAPI 3.1 description of docs/api.md, built from one table of routes.
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "linnet/api/service.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;

struct Route {
  const char* path;
  const char* method;
  const char* id;
  const char* summary;
  const char* parameters;  ///< names of the query, blank-separated
  const char* body;        ///< schema of the body, empty for none
  unsigned success;
  const char* answer;  ///< schema of the answer, empty for no body
};

constexpr std::array kRoutes{
    Route{"/api/v1/devices", "get", "listDevices", "Registered devices, in pages",
          "limit cursor endpoint object tenant", "", 200, "Devices"},
    Route{"/api/v1/devices/{endpoint}", "get", "showDevice", "One device", "", "", 200, "Device"},
    Route{"/api/v1/devices/{endpoint}", "delete", "forgetDevice", "Forget a registration", "", "", 204, ""},
    Route{"/api/v1/devices/{endpoint}/observations", "get", "listObservations", "What is observed", "", "",
          200, "Observations"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}", "get", "read", "Read",
          "format timeout queue wait unanswered", "", 200, "Values"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}", "put", "write", "Write, replace",
          "format timeout queue wait unanswered", "Write", 200, "Code"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}", "post", "updateOrCreate",
          "Write, partial update (instance) or Create (object)", "format timeout queue wait unanswered",
          "Write", 200, "Code"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}", "delete", "delete", "Delete",
          "timeout queue wait unanswered", "", 200, "Code"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}/discover", "get", "discover", "Discover",
          "timeout queue wait unanswered", "", 200, "Links"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}/attributes", "put", "writeAttributes",
          "Write-Attributes", "timeout queue wait unanswered", "Attributes", 200, "Code"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}/execute", "post", "execute", "Execute",
          "timeout queue wait unanswered", "Execute", 200, "Code"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}/observe", "put", "observe", "Observe",
          "format timeout queue wait unanswered", "", 200, "Values"},
    Route{"/api/v1/devices/{endpoint}/objects/{path}/observe", "delete", "cancel", "Cancel an observation",
          "timeout queue wait unanswered", "", 200, "Code"},
    Route{"/api/v1/devices/{endpoint}/operations", "get", "listOperations",
          "Operations that wait, and results", "", "", 200, "Operations"},
    Route{"/api/v1/devices/{endpoint}/operations/{id}", "get", "showOperation",
          "A queued operation and what came of it", "wait", "", 200, "Operation"},
    Route{"/api/v1/devices/{endpoint}/operations/{id}", "delete", "cancelOperation",
          "Cancel a queued operation, or forget a result", "", "", 204, ""},
    Route{"/api/v1/devices/{endpoint}/composite", "get", "readComposite", "Read-Composite",
          "paths format timeout queue wait unanswered", "", 200, "Values"},
    Route{"/api/v1/devices/{endpoint}/composite", "patch", "writeComposite", "Write-Composite",
          "format timeout queue wait unanswered", "WriteComposite", 200, "Code"},
    Route{"/api/v1/devices/{endpoint}/composite/observe", "put", "observeComposite", "Observe-Composite",
          "paths format timeout queue wait unanswered", "", 200, "Values"},
    Route{"/api/v1/devices/{endpoint}/composite/observe", "delete", "cancelComposite",
          "Cancel a composite observation", "paths timeout queue wait unanswered", "", 200, "Code"},
    Route{"/api/v1/group/objects/{path}", "get", "groupRead", "Read from many devices; events",
          "devices endpoint object tenant all format timeout", "", 200, ""},
    Route{"/api/v1/group/objects/{path}", "put", "groupWrite", "Write on many devices; events",
          "devices endpoint object tenant all format timeout", "Write", 200, ""},
    Route{"/api/v1/group/objects/{path}/execute", "post", "groupExecute", "Execute on many devices; events",
          "devices endpoint object tenant all timeout", "Execute", 200, ""},
    Route{"/api/v1/devices/{endpoint}/bootstrap", "post", "triggerBootstrap",
          "Execute Bootstrap-Request Trigger", "timeout", "Trigger", 200, "Code"},
    Route{"/api/v1/bootstrap/configurations", "get", "listConfigurations",
          "Bootstrap configurations, in pages", "limit cursor", "", 200, "Configurations"},
    Route{"/api/v1/bootstrap/configurations/{name}", "get", "showConfiguration",
          "One bootstrap configuration", "", "", 200, "Configuration"},
    Route{"/api/v1/bootstrap/configurations/{name}", "put", "putConfiguration",
          "Add or replace a bootstrap configuration", "", "Configuration", 200, "Configuration"},
    Route{"/api/v1/bootstrap/configurations/{name}", "delete", "removeConfiguration",
          "Remove a bootstrap configuration", "", "", 204, ""},
    Route{"/api/v1/bootstrap/results", "get", "listBootstrapResults", "The last bootstrap of each device",
          "limit cursor", "", 200, "BootstrapResults"},
    Route{"/api/v1/bootstrap/results/{endpoint}", "get", "showBootstrapResult",
          "The last bootstrap of one device", "", "", 200, "BootstrapResult"},
    Route{"/api/v1/credentials", "get", "listCredentials", "Credentials without secrets, in pages",
          "limit cursor", "", 200, "Credentials"},
    Route{"/api/v1/credentials", "post", "importCredentials",
          "Enter or replace many, all or none; also as text/csv", "", "CredentialList", 200, "Changed"},
    Route{"/api/v1/credentials/{endpoint}", "get", "showCredentials", "Those of one endpoint", "", "", 200,
          "Credentials"},
    Route{"/api/v1/credentials/{endpoint}", "put", "putCredential", "Enter or replace one", "", "Credential",
          200, "Changed"},
    Route{"/api/v1/credentials/{endpoint}", "delete", "removeCredentials",
          "Remove those of an endpoint, or some of them", "mode identity", "", 200, "Changed"},
    Route{"/api/v1/events", "get", "events", "Server-sent events", "endpoint type tenant", "", 200, ""},
    Route{"/api/v1/tenants", "get", "listTenants", "Tenants; below each, its devices, group and events", "",
          "", 200, "Tenants"},
    Route{"/api/v1/models", "get", "listModels", "Object definitions", "", "", 200, "Models"},
    Route{"/api/v1/models/{id}", "get", "showModel", "One object definition", "version", "", 200, "Model"},
    Route{"/health", "get", "health", "How the server is", "", "", 200, "Health"},
    Route{"/metrics", "get", "metrics", "For Prometheus", "", "", 200, ""},
};

constexpr std::string_view kSchemas = R"json({
  "Code": {"type": "object", "required": ["code"], "properties": {
    "code": {"type": "string", "example": "2.04"}, "path": {"type": "string"}}},
  "Value": {"description": "String, number, true or false; Time as RFC 3339; Opaque as base64; Objlnk as \"10:3\"",
    "type": ["string", "number", "boolean"]},
  "Write": {"type": "object", "properties": {
    "value": {"oneOf": [{"$ref": "#/components/schemas/Value"},
      {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Value"}}]},
    "values": {"type": "object", "description": "by resource number or name"},
    "instance": {"type": "integer", "minimum": 0, "maximum": 65534}}},
  "WriteComposite": {"type": "object", "required": ["values"], "properties": {
    "values": {"type": "object", "description": "by path; of an instance an object by resource"}}},
  "Execute": {"type": "object", "properties": {"arguments": {"type": "string", "example": "0='a',1"}}},
  "Attributes": {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
  "Values": {"type": "object", "properties": {
    "code": {"type": "string"}, "format": {"type": "string"}, "path": {"type": "string"}, "name": {"type": "string"},
    "paths": {"type": "array", "description": "of a composite operation, for path and name", "items": {"type": "string"}},
    "observation": {"type": "boolean"},
    "values": {"type": "array", "items": {"type": "object", "properties": {
      "path": {"type": "string"}, "name": {"type": "string"}, "type": {"type": "string"},
      "units": {"type": "string"}, "time": {"type": "string", "format": "date-time"}, "value": {"$ref": "#/components/schemas/Value"}}}}}},
  "Links": {"type": "object", "properties": {"code": {"type": "string"}, "links": {"type": "array",
    "items": {"type": "object", "properties": {"path": {"type": "string"},
      "attributes": {"type": "object", "additionalProperties": {"type": "string"}}}}}}},
  "Device": {"type": "object", "properties": {
    "endpoint": {"type": "string"}, "location": {"type": "string"}, "address": {"type": ["string", "null"]},
    "lwm2m": {"type": "string"}, "lifetime": {"type": "integer"}, "binding": {"type": "string"},
    "queue_mode": {"type": "boolean"}, "awake": {"type": "boolean"},
    "waiting_operations": {"type": "integer"}, "sms": {"type": ["string", "null"]},
    "registered": {"type": "string", "format": "date-time"}, "updated": {"type": "string", "format": "date-time"},
    "expires": {"type": "string", "format": "date-time"}, "alternate_path": {"type": "string"},
    "formats": {"type": "array", "items": {"type": "string"}},
    "parameters": {"type": "object", "additionalProperties": {"type": "string"}},
    "objects": {"type": "array", "items": {"type": "object", "properties": {
      "id": {"type": "integer"}, "name": {"type": "string"}, "version": {"type": "string"},
      "instances": {"type": "array", "items": {"type": "integer"}}}}}}},
  "Devices": {"type": "object", "properties": {
    "devices": {"type": "array", "items": {"$ref": "#/components/schemas/Device"}},
    "cursor": {"type": ["string", "null"]}}},
  "Observations": {"type": "object", "properties": {"observations": {"type": "array",
    "items": {"type": "object", "properties": {"path": {"type": "string"},
      "paths": {"type": "array", "items": {"type": "string"}}}}}}},
  "Operation": {"type": "object", "properties": {
    "id": {"type": "string", "pattern": "^[0-9a-f]{16}$"}, "endpoint": {"type": "string"},
    "operation": {"type": "string"}, "path": {"type": "string"},
    "state": {"type": "string", "enum": ["waiting", "sent", "done", "expired", "cancelled"]},
    "reason": {"type": "string"}, "unanswered": {"type": "string", "enum": ["repeat", "fail"]},
    "attempts": {"type": "integer"}, "accepted": {"type": "string", "format": "date-time"},
    "expires": {"type": "string", "format": "date-time"},
    "result": {"type": "object", "properties": {"status": {"type": "integer"}, "body": {"type": "object"}}}}},
  "Operations": {"type": "object", "properties": {"operations": {"type": "array",
    "items": {"$ref": "#/components/schemas/Operation"}}}},
  "Trigger": {"type": "object", "properties": {"server": {"type": "integer", "minimum": 0, "maximum": 65534}}},
  "Configuration": {"type": "object", "required": ["endpoints"], "properties": {
    "name": {"type": "string"},
    "endpoints": {"type": "array", "items": {"type": "string"}},
    "discover": {"type": "array", "items": {"type": "string"}},
    "read": {"type": "array", "items": {"type": "string"}},
    "delete": {"type": "array", "items": {"type": "string"}},
    "unbootstrap": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 65534}},
    "write": {"type": "object", "description": "by path: an instance's values by resource, or one resource's value"}}},
  "Configurations": {"type": "object", "properties": {
    "configurations": {"type": "array", "items": {"$ref": "#/components/schemas/Configuration"}},
    "cursor": {"type": ["string", "null"]}}},
  "BootstrapResult": {"type": "object", "properties": {
    "endpoint": {"type": "string"}, "configuration": {"type": "string"},
    "result": {"type": "string", "enum": ["finished", "refused", "failed"]},
    "time": {"type": "string", "format": "date-time"}, "seconds": {"type": "number"},
    "written": {"type": "integer"}, "unchanged": {"type": "integer"},
    "operation": {"type": "string"}, "path": {"type": "string"}, "code": {"type": "string"},
    "reason": {"type": "string"}, "answers": {"type": "array", "items": {"type": "object"}}}},
  "BootstrapResults": {"type": "object", "properties": {
    "results": {"type": "array", "items": {"$ref": "#/components/schemas/BootstrapResult"}},
    "cursor": {"type": ["string", "null"]}}},
  "Credential": {"type": "object", "required": ["mode"], "properties": {
    "endpoint": {"type": "string"}, "mode": {"type": "string", "enum": ["psk", "rpk", "x509", "oscore"]},
    "identity": {"type": "string"}, "key": {"type": "string", "writeOnly": true, "description": "hexadecimal"}}},
  "CredentialList": {"type": "object", "properties": {
    "credentials": {"type": "array", "items": {"$ref": "#/components/schemas/Credential"}}}},
  "Credentials": {"type": "object", "properties": {
    "credentials": {"type": "array", "items": {"$ref": "#/components/schemas/Credential"}},
    "total": {"type": "integer"}, "cursor": {"type": ["string", "null"]}}},
  "Changed": {"type": "object", "properties": {"changed": {"type": "integer"}}},
  "Model": {"type": "object", "properties": {
    "id": {"type": "integer"}, "version": {"type": "string"}, "name": {"type": "string"},
    "multiple": {"type": "boolean"}, "mandatory": {"type": "boolean"},
    "resources": {"type": "array", "items": {"type": "object"}}}},
  "Models": {"type": "object", "properties": {"models": {"type": "array",
    "items": {"$ref": "#/components/schemas/Model"}}}},
  "Tenants": {"type": "object", "properties": {"tenants": {"type": "array", "items": {"type": "string"}}}},
  "Health": {"type": "object", "properties": {"status": {"type": "string", "enum": ["ok", "degraded"]}}},
  "Problem": {"type": "object", "description": "RFC 7807", "properties": {
    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
    "detail": {"type": "string"}, "coap": {"type": "string"}}}
})json";

Json parameter(std::string_view name, const char* in) {
  return {{"name", std::string(name)},
          {"in", in},
          {"required", in == std::string_view("path")},
          {"schema", {{"type", "string"}}}};
}

Json parameters_of(const Route& route) {
  Json list = Json::array();
  std::string_view path = route.path;
  for (std::size_t open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    list.push_back(parameter(path.substr(open + 1, path.find('}', open) - open - 1), "path"));
  }
  std::string_view rest = route.parameters;
  while (!rest.empty()) {
    const std::size_t blank = rest.find(' ');
    list.push_back(parameter(rest.substr(0, blank), "query"));
    rest = blank == std::string_view::npos ? std::string_view{} : rest.substr(blank + 1);
  }
  return list;
}

Json content(const char* schema) {
  return {{"application/json", {{"schema", {{"$ref", std::string("#/components/schemas/") + schema}}}}}};
}

Json operation(const Route& route) {
  Json success{{"description", "Done"}};
  if (*route.answer != '\0') success["content"] = content(route.answer);
  Json out{
      {"operationId", route.id},
      {"summary", route.summary},
      {"parameters", parameters_of(route)},
      {"responses",
       {{std::to_string(route.success), success},
        {"default",
         {{"description", "A problem"},
          {"content",
           {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}}}}}};
  if (std::string_view(route.parameters).contains("queue")) {
    out["responses"]["202"] = {{"description", "It waits for its device; Location names it"},
                               {"content", content("Operation")}};
  }
  if (*route.body != '\0') out["requestBody"] = {{"content", content(route.body)}};
  return out;
}

}  // namespace

const std::string& openapi_document() {
  static const std::string document_text = [] {
    Json document{{"openapi", "3.1.0"},
                  {"info", {{"title", "linnetd"}, {"version", "1"}}},
                  {"paths", Json::object()},
                  {"components", {{"schemas", Json::parse(kSchemas)}}}};
    for (const Route& route : kRoutes) document["paths"][route.path][route.method] = operation(route);
    return dump(document);
  }();
  return document_text;
}

}  // namespace linnet::api

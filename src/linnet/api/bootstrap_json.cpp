// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/bootstrap_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/registry_models.hpp"
#include "linnet/api/values.hpp"
#include "linnet/registry/value_range.hpp"
#include "linnet/server/bootstrap_check.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using lwm2m::DataType;
using lwm2m::ObjectModel;
using lwm2m::Path;
using lwm2m::ResourceModel;
using lwm2m::Value;
using server::BootstrapConfiguration;
using server::BootstrapResult;
using server::BootstrapWrite;

constexpr std::array<const char*, 7> kParts{"name",   "endpoints", "discover",   "read",
                                            "delete", "write",     "unbootstrap"};

/// Keys, which nobody reads back: those of accounts, and whatever an object only lets be written.
bool is_secret(const Path& path, const ResourceModel& resource) {
  constexpr std::array kKeys{std::pair{0, 5}, std::pair{0, 8}, std::pair{21, 0}};
  const std::pair<int, int> key(path.object(), path.resource());
  if (std::ranges::find(kKeys, key) != kKeys.end()) return true;
  return resource.operations == lwm2m::Operations::kW;
}

/// `/0/1`, or with names in place of numbers: `/Server/0/Lifetime`.
OrProblem<Path> parse_path(std::string_view text, const registry::ModelRegistry& registry) {
  if (const auto path = Path::parse(text)) return *path;
  const RegistryModels models(registry);
  const std::string shown = "'" + std::string(text) + "'";
  if (text.starts_with('/')) text.remove_prefix(1);
  Path path;
  const ObjectModel* model = nullptr;
  while (!text.empty()) {
    if (path.depth() == Path::kMaxDepth) return bad_request(shown + " is too deep for a path");
    const std::size_t slash = text.find('/');
    const std::string_view name = text.substr(0, slash);
    if (const auto number = Path::parse_segment(name)) {
      path = path.child(*number);
    } else if (const auto* const object = path.depth() == 0 ? registry.find(name) : nullptr) {
      path = path.child(object->id);
    } else if (const auto* const resource =
                   path.depth() == 2 && model != nullptr ? registry::find_resource(*model, text) : nullptr) {
      // A resource's name may have a slash in it: it is what is left.
      return path.child(resource->id);
    } else {
      return bad_request(shown + " is no path: '" + std::string(name) + "' is neither a number nor a name");
    }
    if (path.depth() == 1) model = server::bootstrap_model(models, path.object());
    text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash + 1);
  }
  return path;
}

OrProblem<std::vector<std::string>> strings_of(const Json& body, const char* part) {
  std::vector<std::string> list;
  const auto at = body.find(part);
  if (at == body.end()) return list;
  if (!at->is_array()) return bad_request("\"" + std::string(part) + "\" is a list of strings");
  for (const Json& item : *at) {
    if (!item.is_string()) return bad_request("\"" + std::string(part) + "\" is a list of strings");
    list.push_back(item.get<std::string>());
  }
  return list;
}

OrProblem<std::vector<Path>> paths_of(const Json& body, const char* part,
                                      const registry::ModelRegistry& models) {
  const auto texts = strings_of(body, part);
  if (!texts) return std::unexpected(texts.error());
  std::vector<Path> paths;
  for (const std::string& text : *texts) {
    const auto path = parse_path(text, models);
    if (!path) return std::unexpected(path.error());
    paths.push_back(*path);
  }
  return paths;
}

OrProblem<std::vector<lwm2m::ShortServerId>> servers_of(const Json& body, const char* part) {
  const std::string expected = "\"" + std::string(part) + "\" is a list of short server ids, 1 to 65534";
  std::vector<lwm2m::ShortServerId> servers;
  const auto at = body.find(part);
  if (at == body.end()) return servers;
  if (!at->is_array()) return bad_request(expected);
  for (const Json& item : *at) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() >= lwm2m::kMaxId)
      return bad_request(expected);
    servers.push_back(item.get<lwm2m::ShortServerId>());
  }
  return servers;
}

OrProblem<Json> from_hex(const std::string& text, const std::string& where) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    const char* const first = text.data() + i;
    const char* const last = text.data() + std::min(i + 2, text.size());
    const auto [end, error] = std::from_chars(first, last, byte, 16);
    if (error != std::errc() || end != first + 2)
      return bad_request(where + ": \"hex\" has pairs of hexadecimal digits");
    bytes.push_back(static_cast<char>(byte));
  }
  return to_json(Value::opaque(as_bytes(bytes)));
}

/// Puts values into the form that `read_body` takes: what is written in another form, and secrets that
/// stay as they were.
class ValueForms {
 public:
  ValueForms(const ObjectModel& model, const BootstrapConfiguration* before)
      : model_(model), before_(before) {}

  [[nodiscard]] OrProblem<Json> plain(const Json& value, const Path& path) const {
    const ResourceModel* const resource = model_.find(path.resource());
    if (!value.is_object() || resource == nullptr) return value;
    const bool form =
        value.size() == 1 && (value.contains("text") || value.contains("hex") || value.contains("set"));
    if (form) return plain_form(value, path, *resource);
    if (path.depth() != 3) return value;
    Json instances = Json::object();
    for (const auto& [name, item] : value.items()) {
      const auto instance = Path::parse_segment(name);
      if (!instance) return value;
      auto inner = plain(item, path.child(*instance));
      if (!inner) return inner;
      instances[name] = *std::move(inner);
    }
    return instances;
  }

 private:
  [[nodiscard]] OrProblem<Json> plain_form(const Json& value, const Path& path,
                                           const ResourceModel& resource) const {
    const std::string where = path_text(path);
    if (value.contains("set")) return kept(value["set"], path, resource);
    const Json& text = value.begin().value();
    if (resource.type != DataType::kOpaque || !text.is_string()) {
      return bad_request(where + ": \"text\" and \"hex\" are forms of an Opaque, as strings");
    }
    const auto& bytes = text.get_ref<const std::string&>();
    if (value.contains("hex")) return from_hex(bytes, where);
    return to_json(Value::opaque(as_bytes(bytes)));
  }

  [[nodiscard]] OrProblem<Json> kept(const Json& set, const Path& path, const ResourceModel& resource) const {
    const std::string where = path_text(path);
    if (!is_secret(path, resource) || !set.is_boolean()) {
      return bad_request(where + ": {\"set\": true} keeps a secret, and this is none");
    }
    if (!set.get<bool>())
      return to_json(resource.type == DataType::kOpaque ? Value::opaque({}) : Value::string(""));
    for (const BootstrapWrite& write : before_ == nullptr ? std::vector<BootstrapWrite>{} : before_->writes) {
      for (const OwnedRecord& record : write.records) {
        if (record.path == path) return to_json(record.value.view());
      }
    }
    return bad_request(where + ": there is no secret to keep: give it");
  }

  const ObjectModel& model_;
  const BootstrapConfiguration* before_;
};

/// The values of an instance: an account without keys need not say so.
OrProblem<Json> instance_values(const Json& given, const Path& path, const ObjectModel& model,
                                const ValueForms& forms) {
  if (!given.is_object()) return bad_request(path_text(path) + " needs an object from resource to value");
  Json values = Json::object();
  for (const auto& [name, item] : given.items()) {
    const auto number = Path::parse_segment(name);
    const ResourceModel* const resource = number ? model.find(*number) : registry::find_resource(model, name);
    if (resource == nullptr) {
      return bad_request(path_text(path) + ": '" + name + "' is no resource of " + std::string(model.name));
    }
    const std::string key = std::to_string(resource->id);
    if (values.contains(key)) return bad_request(path_text(path.child(resource->id)) + " is given twice");
    auto value = forms.plain(item, path.child(resource->id));
    if (!value) return value;
    values[key] = *std::move(value);
  }
  if (path.object() != 0) return values;
  constexpr const char* kBootstrapServer = "1";
  if (!values.contains(kBootstrapServer)) values[kBootstrapServer] = false;
  for (const char* key : {"3", "4", "5"}) {
    if (!values.contains(key)) values[key] = "";
  }
  return values;
}

OrProblem<void> check_ranges(const std::vector<OwnedRecord>& records, const ObjectModel& model) {
  for (const OwnedRecord& record : records) {
    const ResourceModel* const resource = model.find(record.path.resource());
    if (resource == nullptr) continue;
    const auto range = registry::ValueRange::parse(resource->range, resource->type);
    const Value value = record.value.view();
    // Only some keys exist in an account.
    const bool absent = value.type() == DataType::kOpaque && value.as_opaque().empty();
    if (absent || range.accepts(value)) continue;
    return bad_request(path_text(record.path) + " must be in the range " + std::string(resource->range));
  }
  return {};
}

OrProblem<BootstrapWrite> read_write(const std::string& text, const Json& given,
                                     const registry::ModelRegistry& registry,
                                     const BootstrapConfiguration* before) {
  const auto path = parse_path(text, registry);
  if (!path) return std::unexpected(path.error());
  const RegistryModels models(registry);
  if (path->depth() < 2 || path->depth() > 3)
    return bad_request(path_text(*path) + " must be an instance or a resource");
  const ObjectModel* const model = server::bootstrap_model(models, path->object());
  if (model == nullptr) return bad_request(path_text(*path) + " is of an object that no model describes");
  const ValueForms forms(*model, before);
  auto values = path->depth() == 2 ? instance_values(given, *path, *model, forms) : forms.plain(given, *path);
  if (!values) return std::unexpected(std::move(values).error());
  const Json body{{path->depth() == 2 ? "values" : "value", *std::move(values)}};
  auto records = read_body(body, *path, model);
  if (!records) return std::unexpected(std::move(records).error());
  if (const auto inside = check_ranges(*records, *model); !inside) return std::unexpected(inside.error());
  return BootstrapWrite{*path, *std::move(records)};
}

std::string resource_name(const ObjectModel* model, lwm2m::ResourceId id) {
  const ResourceModel* const resource = model == nullptr ? nullptr : model->find(id);
  // A name that stands for another resource, too, would not be read back as this one.
  const bool clear = resource != nullptr && registry::find_resource(*model, resource->name) == resource;
  return clear ? std::string(resource->name) : std::to_string(id);
}

Json shown_value(const OwnedRecord& record, const ObjectModel* model) {
  const Value value = record.value.view();
  const ResourceModel* const resource = model == nullptr ? nullptr : model->find(record.path.resource());
  if (value.none()) return Json::object();
  if (resource != nullptr && is_secret(record.path, *resource)) return {{"set", record.value.size() != 0}};
  return to_json(value);
}

Json write_json(const BootstrapWrite& write, const ObjectModel* model) {
  Json values = Json::object();
  Json single;
  for (const OwnedRecord& record : write.records) {
    const Json value = shown_value(record, model);
    Json& place = write.path.depth() == 3 ? single : values[resource_name(model, record.path.resource())];
    if (record.path.depth() == 4) {
      place[std::to_string(record.path.resource_instance())] = value;
    } else {
      place = value;
    }
  }
  return write.path.depth() == 3 ? single : values;
}

Json texts_of(const std::vector<Path>& paths) {
  Json list = Json::array();
  for (const Path& path : paths) list.push_back(path_text(path));
  return list;
}

Json answer_json(const server::BootstrapAnswer& answer, const registry::ModelRegistry& registry,
                 UnixTime at) {
  Json json{{"operation", std::string(to_string(answer.step.verb))},
            {"path", path_text(answer.step.path)},
            {"code", code_text(answer.code)}};
  if (!coap::is_success(answer.code)) return json;
  if (answer.step.verb == server::BootstrapVerb::kDiscover) {
    // LwM2M 1.0 has the version in front of the first link.
    const std::string_view text = as_text(answer.payload);
    const std::size_t first = std::min(text.find('<'), text.size());
    auto links = links_json(as_bytes(text.substr(first)));
    if (links) json["links"] = *std::move(links);
  } else if (answer.format) {
    const RegistryModels models(registry);
    const auto model_of = [&](lwm2m::ObjectId object) { return server::bootstrap_model(models, object); };
    auto values = values_json(*answer.format, answer.step.path, answer.payload, model_of, at);
    if (values) json["values"] = *std::move(values);
  }
  json["complete"] = answer.payload.size() < server::kMaxKeptAnswer;
  return json;
}

}  // namespace

OrProblem<BootstrapConfiguration> read_configuration(const std::string& name, const Json& body,
                                                     const registry::ModelRegistry& models,
                                                     const BootstrapConfiguration* before) {
  if (!body.is_object()) return bad_request("a configuration is a JSON object");
  for (const auto& [part, value] : body.items()) {
    if (std::ranges::find(kParts, part) == kParts.end()) {
      return bad_request(
          "'" + part +
          "' is no part of a configuration (endpoints, discover, read, delete, write, unbootstrap)");
    }
  }
  if (body.contains("name") && body["name"] != name)
    return bad_request("\"name\" is another name than the route's");
  BootstrapConfiguration configuration;
  configuration.name = name;
  auto endpoints = strings_of(body, "endpoints");
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  configuration.endpoints = *std::move(endpoints);
  const std::array lists{std::pair{"discover", &configuration.discover},
                         std::pair{"read", &configuration.read},
                         std::pair{"delete", &configuration.deletions}};
  for (const auto& [part, list] : lists) {
    auto paths = paths_of(body, part, models);
    if (!paths) return std::unexpected(std::move(paths).error());
    *list = *std::move(paths);
  }
  auto forgotten = servers_of(body, "unbootstrap");
  if (!forgotten) return std::unexpected(std::move(forgotten).error());
  configuration.unbootstrap = *std::move(forgotten);
  const Json writes = body.value("write", Json::object());
  if (!writes.is_object()) return bad_request("\"write\" is an object from path to values");
  for (const auto& [path, values] : writes.items()) {
    auto write = read_write(path, values, models, before);
    if (!write) return std::unexpected(std::move(write).error());
    configuration.writes.push_back(*std::move(write));
  }
  std::ranges::sort(configuration.writes, {}, &BootstrapWrite::path);
  const auto checked = server::check_configuration(configuration, RegistryModels(models));
  if (!checked) return bad_request(checked.error().where + " " + checked.error().reason);
  return configuration;
}

Json configuration_json(const BootstrapConfiguration& configuration,
                        const registry::ModelRegistry& registry) {
  const RegistryModels models(registry);
  Json json{{"name", configuration.name},
            {"endpoints", configuration.endpoints},
            {"discover", texts_of(configuration.discover)},
            {"read", texts_of(configuration.read)},
            {"delete", texts_of(configuration.deletions)},
            {"unbootstrap", configuration.unbootstrap},
            {"write", Json::object()}};
  for (const BootstrapWrite& write : configuration.writes) {
    const ObjectModel* const model = server::bootstrap_model(models, write.path.object());
    json["write"][path_text(write.path)] = write_json(write, model);
  }
  return json;
}

Json result_json(const BootstrapResult& result, const registry::ModelRegistry& models) {
  static constexpr std::array kEndings{"finished", "refused", "failed"};
  Json json{{"endpoint", result.endpoint},
            {"configuration", result.configuration},
            {"result", kEndings[static_cast<std::size_t>(result.ending)]},
            {"time", time_text(result.at)},
            {"seconds", static_cast<double>(result.took.count()) / 1000},
            {"written", result.written},
            {"unchanged", result.unchanged},
            {"answers", Json::array()}};
  if (!result.success()) {
    json["operation"] = std::string(to_string(result.step.verb));
    json["path"] = path_text(result.step.path);
  }
  if (result.ending == BootstrapResult::Ending::kFailed) {
    json["reason"] = linnet::to_string(result.failure);
  } else {
    json["code"] = code_text(result.code);
  }
  for (const server::BootstrapAnswer& answer : result.answers)
    json["answers"].push_back(answer_json(answer, models, result.at));
  return json;
}

}  // namespace linnet::api

// SPDX-License-Identifier: Apache-2.0
#include "control.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace linnet::device {

using lwm2m::Path;
using Json = nlohmann::json;

namespace {

constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;

constexpr const char* kMethods =
    "status, get, set, create, delete, send, register, update, deregister, advance and exit";

int code_of(Errc code) noexcept {
  switch (code) {
    case Errc::kNotFound: return Control::kNotFound;
    case Errc::kNotAllowed: return Control::kNotAllowed;
    case Errc::kExists: return Control::kExists;
    default: return Control::kRefused;
  }
}

Json error_response(const Json& id, int code, const std::string& message) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}};
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view state_text(client::RegistrationState state) noexcept {
  static constexpr std::array<std::string_view, 11> kNames{
      "offline",       "pending",      "connecting", "registering", "registered", "updating",
      "deregistering", "deregistered", "disabled",   "waiting",     "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace

struct Control::Failure {
  int code;
  std::string message;

  explicit Failure(std::string text, int error = kInvalidParams) : code(error), message(std::move(text)) {}
  explicit Failure(Refusal refusal) : code(code_of(refusal.code)), message(std::move(refusal.text)) {}
};

namespace {

/// The value, or the refusal as what `call` throws.
template <typename Failure, typename T>
T taken(OrRefusal<T> result) {
  if (!result) throw Failure(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <typename Failure>
Path path_of(const Json& params, bool required = true) {
  const auto at = params.find("path");
  if (at == params.end() && !required) return {};
  if (at == params.end() || !at->is_string()) {
    throw Failure("give \"path\" as text, such as \"/3303/0/5700\"");
  }
  const auto& text = at->template get_ref<const std::string&>();
  const auto path = Path::parse(text.starts_with('/') ? text : '/' + text);
  if (!path) throw Failure("\"" + text + "\" is no path: write /OBJECT/INSTANCE/RESOURCE");
  return *path;
}

template <typename Failure>
void allow_only(const Json& params, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : params.items()) {
    if (std::ranges::find(names, name) != names.end()) continue;
    std::string known;
    for (const std::string_view n : names) known += (known.empty() ? "" : ", ") + std::string(n);
    throw Failure("there is no parameter \"" + name + "\" here" +
                  (known.empty() ? "" : ": it takes " + known));
  }
}

}  // namespace

std::string Control::line_too_long() {
  return text_of(error_response(nullptr, kParseError,
                                "a message is one line of at most " + std::to_string(kMaxLine) + " bytes"));
}

std::optional<std::string> Control::handle(std::string_view line) {
  const Json message = Json::parse(line, nullptr, false);
  if (message.is_discarded()) {
    return text_of(error_response(nullptr, kParseError, "this line is no JSON: write one message a line"));
  }
  if (!message.is_array()) {
    const auto response = handle_message(message);
    return response ? std::optional(text_of(*response)) : std::nullopt;
  }
  if (message.empty() || message.size() > kMaxBatch) {
    return text_of(error_response(nullptr, kInvalidRequest,
                                  "a batch holds 1 to " + std::to_string(kMaxBatch) + " requests"));
  }
  Json responses = Json::array();
  for (const Json& one : message) {
    if (auto response = handle_message(one)) responses.push_back(*std::move(response));
  }
  return responses.empty() ? std::nullopt : std::optional(text_of(responses));
}

std::optional<Json> Control::handle_message(const Json& message) {
  if (!message.is_object()) {
    return error_response(nullptr, kInvalidRequest,
                          R"(a request is an object: {"jsonrpc":"2.0","id":1,"method":"status"})");
  }
  const auto id_at = message.find("id");
  const bool notification = id_at == message.end();
  const Json id = notification ? Json() : *id_at;
  if (!id.is_null() && !id.is_string() && !id.is_number()) {
    return error_response(nullptr, kInvalidRequest, "\"id\" is a number or a text");
  }
  if (message.value("jsonrpc", Json()) != "2.0") {
    return error_response(id, kInvalidRequest, "\"jsonrpc\" must be \"2.0\"");
  }
  const Json method = message.value("method", Json());
  if (!method.is_string()) return error_response(id, kInvalidRequest, "\"method\" is missing or no text");
  const Json params = message.value("params", Json::object());
  Json response;
  try {
    if (!params.is_object()) throw Failure("give \"params\" by name, as an object");
    response = {{"jsonrpc", "2.0"}, {"id", id}, {"result", call(method.get<std::string>(), params)}};
  } catch (const Failure& failure) {
    response = error_response(id, failure.code, failure.message);
  }
  return notification ? std::nullopt : std::optional(std::move(response));
}

Json Control::call(const std::string& method, const Json& params) {
  if (method == "get") return get(params);
  if (method == "set") return set(params);
  if (method == "create") return create(params);
  if (method == "delete") return remove(params);
  if (method == "send") return send(params);
  if (method == "register") return tell_servers(params, &Device::register_now);
  if (method == "update") return tell_servers(params, &Device::update);
  if (method == "deregister") return tell_servers(params, &Device::deregister);
  if (method == "advance") return advance(params);
  if (method != "status" && method != "exit") {
    throw Failure("there is no method \"" + method + "\": there are " + kMethods, kMethodNotFound);
  }
  allow_only<Failure>(params, {});
  if (method == "status") return status();
  exit_();
  return Json::object();
}

Json Control::status() const {
  const client::Engine& engine = device_.engine();
  Json servers = Json::array();
  for (const auto& [id, uri, address] : device_.settings().accounts) {
    std::array<std::uint8_t, client::Location::kMaxSize + 1> text;
    const std::string location(engine.location(id, text));
    servers.push_back({{"server", id},
                       {"uri", uri},
                       {"state", std::string(state_text(engine.state(id)))},
                       {"location", location.empty() ? Json() : Json(location)}});
  }
  Json objects = Json::array();
  for (const client::Object* object : device_.objects().all()) {
    std::array<std::uint8_t, 8> text{};
    ByteWriter version(text);
    object->definition().version.write(version);
    Json instances = Json::array();
    for (auto i = object->next_instance(0); i != lwm2m::kMaxId;
         i = object->next_instance(static_cast<lwm2m::InstanceId>(i + 1))) {
      instances.push_back(i);
    }
    objects.push_back({{"object", object->id()},
                       {"version", std::string(as_text(version.written()))},
                       {"instances", std::move(instances)}});
  }
  const auto clock = clock_.now().time_since_epoch();
  return {{"endpoint", device_.settings().endpoint},
          {"clock", static_cast<double>(clock.count()) / 1000},
          {"servers", std::move(servers)},
          {"objects", std::move(objects)},
          {"observations", engine.observations()}};
}

Json Control::get(const Json& params) const {
  allow_only<Failure>(params, {"path"});
  const Path path = path_of<Failure>(params, false);
  const auto found = taken<Failure>(device_.get(path));
  if (found.size() == 1 && found[0].path == path) {
    const lwm2m::Value value = found[0].value.view();
    return {{"path", api::path_text(path)},
            {"type", std::string(lwm2m::to_string(value.type()))},
            {"value", api::to_json(value)}};
  }
  Json values = Json::object();
  for (const api::OwnedRecord& record : found) {
    values[api::path_text(record.path)] = api::to_json(record.value.view());
  }
  return {{"path", api::path_text(path)}, {"values", std::move(values)}};
}

/// `value` for a resource, `values` by number or name for an instance.
std::vector<api::OwnedRecord> Control::records(const Json& params, const Path& path) const {
  const client::Object* object = device_.objects().find(path.object());
  const lwm2m::ObjectModel* model =
      object == nullptr ? nullptr : device_.registry().find(path.object(), object->definition().version);
  auto read = api::read_body(params, path, model);
  if (!read) throw Failure(read.error().detail);
  return *std::move(read);
}

Json Control::set(const Json& params) {
  allow_only<Failure>(params, {"path", "value", "values"});
  const Path path = path_of<Failure>(params);
  const char* member = path.depth() == 2 ? "values" : "value";
  if (path.depth() < 2 || !params.contains(member)) {
    throw Failure("give the path of a resource with \"value\", or of an instance with \"values\"");
  }
  for (const api::OwnedRecord& record : records(params, path)) {
    taken<Failure>(device_.set(record.path, record.value.view()));
  }
  return Json::object();
}

Json Control::create(const Json& params) {
  allow_only<Failure>(params, {"path", "values"});
  const Path wanted = path_of<Failure>(params);
  const Path path = taken<Failure>(device_.create(wanted));
  try {
    if (params.contains("values")) (void)set({{"path", api::path_text(path)}, {"values", params["values"]}});
  } catch (const Failure&) {
    (void)device_.remove(path);
    throw;
  }
  return {{"path", api::path_text(path)}};
}

Json Control::remove(const Json& params) {
  allow_only<Failure>(params, {"path"});
  taken<Failure>(device_.remove(path_of<Failure>(params)));
  return Json::object();
}

/// The Short Server ID of `params`, every server where it names none.
lwm2m::ShortServerId Control::server_of(const Json& params) const {
  const auto at = params.find("server");
  if (at == params.end()) return client::kEveryServer;
  const auto named = [&](const Account& account) { return *at == account.id; };
  if (std::ranges::none_of(device_.settings().accounts, named)) {
    throw Failure("\"server\" is the Short Server ID of a server of this device");
  }
  return at->get<lwm2m::ShortServerId>();
}

Json Control::send(const Json& params) {
  allow_only<Failure>(params, {"paths", "server"});
  const Json texts = params.value("paths", Json());
  if (!texts.is_array() || texts.empty()) {
    throw Failure(R"(give "paths" as a list of texts, such as ["/3303/0/5700"])");
  }
  std::vector<Path> paths;
  for (const Json& text : texts) paths.push_back(path_of<Failure>({{"path", text}}));
  return {{"pack", taken<Failure>(device_.send(server_of(params), paths))}};
}

Json Control::tell_servers(const Json& params, void (Device::*what)(lwm2m::ShortServerId) noexcept) {
  allow_only<Failure>(params, {"server"});
  (device_.*what)(server_of(params));
  return Json::object();
}

Json Control::advance(const Json& params) {
  allow_only<Failure>(params, {"seconds"});
  const Json seconds = params.value("seconds", Json());
  if (!seconds.is_number() || seconds.get<double>() < 0 || seconds.get<double>() > kMaxAdvance) {
    throw Failure("give \"seconds\" as a number from 0 to " + std::to_string(std::llround(kMaxAdvance)));
  }
  clock_.advance(Millis(std::llround(seconds.get<double>() * 1000)));
  return {{"clock", static_cast<double>(clock_.now().time_since_epoch().count()) / 1000}};
}

}  // namespace linnet::device

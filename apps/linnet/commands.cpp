// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <algorithm>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "answer.hpp"
#include "linnet/registry/path_names.hpp"
#include "table.hpp"

namespace linnet::cli {

namespace {

using Json = nlohmann::json;

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string device_route(const std::string& endpoint) {
  return "/api/v1/devices/" + percent_encode(endpoint);
}

std::string object_route(const Target& target, const std::string& action = {}) {
  std::string route = device_route(target.endpoint) + "/objects";
  for (const std::string& segment : registry::path_names(target.path)) route += '/' + percent_encode(segment);
  return route + action;
}

std::string query(const Session& session, const std::string& format = {}) {
  std::string out = "?timeout=" + std::to_string(session.timeout.count());
  if (session.queue) out += "&queue=" + std::to_string(*session.queue);
  if (!format.empty()) out += "&format=" + percent_encode(format);
  return out;
}

/// What an operation on one path or several is asked at, `action` behind it, with its query.
std::string targets_route(const Session& session, const Targets& targets, const std::string& action = {},
                          const std::string& format = {}) {
  if (targets.paths.size() == 1) {
    return object_route({targets.endpoint, targets.paths[0]}, action) + query(session, format);
  }
  std::string all;
  for (const std::string& path : targets.paths) all += (all.empty() ? "" : ",") + path;
  return device_route(targets.endpoint) + "/composite" + action + query(session, format) +
         "&paths=" + percent_encode(all);
}

std::string objects_in_short(const Json& device) {
  std::string line;
  for (const Json& object : device.value("objects", Json::array())) {
    const Json instances = object.value("instances", Json::array());
    if (!line.empty()) line += ' ';
    line += text(object, "id");
    if (instances.size() != 1) line += "(" + std::to_string(instances.size()) + ")";
  }
  return line;
}

void print_values(const Json& answer) {
  const Json values = answer.value("values", Json::array());
  if (values.empty()) {
    std::cout << "(no values)\n";
    return;
  }
  Table table({"PATH", "NAME", "VALUE"});
  for (const Json& value : values) {
    const std::string units = text(value, "units");
    table.row({text(value, "path"), text(value, "name"),
               shown(value.value("value", Json())) + (units.empty() ? "" : " " + units)});
  }
  table.print(std::cout);
}

void print_code(const Json& answer) {
  std::cout << text(answer, "code");
  if (answer.contains("path")) std::cout << ' ' << text(answer, "path");
  std::cout << '\n';
}

void print_device(const Json& device) {
  Table table({"endpoint", text(device, "endpoint")});
  for (const char* name :
       {"location", "address", "lwm2m", "lifetime", "binding", "queue_mode", "awake", "waiting_operations",
        "sms", "registered", "updated", "expires", "alternate_path"}) {
    if (!text(device, name).empty()) table.row({name, text(device, name)});
  }
  std::string formats;
  for (const Json& format : device.value("formats", Json::array())) formats += shown(format) + ' ';
  if (!formats.empty()) table.row({"formats", formats});
  const Json parameters = device.value("parameters", Json::object());
  for (const auto& [name, value] : parameters.items()) table.row({name, shown(value)});
  table.print(std::cout);
  std::cout << '\n';
  Table objects({"OBJECT", "NAME", "VERSION", "INSTANCES"});
  for (const Json& object : device.value("objects", Json::array())) {
    std::string instances;
    for (const Json& instance : object.value("instances", Json::array())) instances += shown(instance) + ' ';
    objects.row({text(object, "id"), text(object, "name"), text(object, "version"), instances});
  }
  objects.print(std::cout);
}

/// `NAME=VALUE` or `NAME/INSTANCE=VALUE` as the API takes them; nothing where there is no `=`, or one
/// name has both a value and instances.
std::optional<Json> named_values(const std::vector<std::string>& values) {
  Json out = Json::object();
  for (const std::string& item : values) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) return std::nullopt;
    const std::string name = item.substr(0, equals);
    const std::string value = item.substr(equals + 1);
    const std::size_t slash = name.rfind('/');
    if (slash == std::string::npos || !is_number(std::string_view(name).substr(slash + 1))) {
      out[name] = value;
      continue;
    }
    Json& instances = out[name.substr(0, slash)];
    if (!instances.is_null() && !instances.is_object()) return std::nullopt;
    instances[name.substr(slash + 1)] = value;
  }
  return out;
}

/// The path or the paths that an answer or an event is about.
Json what_of(const Json& data) {
  return data.contains("paths") ? data["paths"] : data.value("path", Json());
}

/// For people: "/3/0/9", or "/3/0/9, /3303/0 and /6".
std::string what_text(const Json& what) {
  if (!what.is_array()) return shown(what);
  std::string out;
  for (std::size_t i = 0; i < what.size(); ++i) {
    const bool last = i + 1 == what.size();
    out += (i == 0 ? "" : last ? " and " : ", ") + shown(what[i]);
  }
  return out;
}

/// `NAME=VALUE UNITS (TIME)`, with the path in front of the name where there are several objects.
std::string value_text(const Json& value, bool with_path) {
  const std::string units = text(value, "units");
  const std::string name = text(value, "name");
  std::string out = with_path || name.empty() ? text(value, "path") : name;
  if (with_path && !name.empty()) out += ' ' + name;
  out += "=" + shown(value.value("value", Json())) + (units.empty() ? "" : " " + units);
  if (value.contains("time")) out += " (" + text(value, "time") + ")";
  return out;
}

std::string event_line(const ServerEvent& event, const Json& data) {
  std::string line = text(data, "time") + "  " + event.type + "  " + text(data, "endpoint");
  if (event.type == "lost") line = "(" + text(data, "count") + " events were lost: this reader is too slow)";
  // The values of several paths have each its own in front.
  const bool named_below = data.contains("paths") && !data.value("values", Json::array()).empty();
  if (!what_of(data).is_null() && !named_below) line += "  " + what_text(what_of(data));
  if (data.contains("reason")) line += "  " + text(data, "reason");
  if (data.contains("device")) line += "  " + objects_in_short(data["device"]);
  const bool several = data.contains("paths") || event.type == "sent";
  for (const Json& value : data.value("values", Json::array())) line += "  " + value_text(value, several);
  return line;
}

void print_event(const Session& session, const ServerEvent& event, const Json& data) {
  if (session.json) {
    std::cout << Json{{"event", event.type}, {"data", data}}.dump() << '\n' << std::flush;
  } else {
    std::cout << event_line(event, data) << '\n' << std::flush;
  }
}

/// One device of a group: its values, the code, or what went wrong.
std::string group_line(const Json& data) {
  std::string line = text(data, "endpoint");
  if (data.contains("problem")) {
    const Json& problem = data["problem"];
    const std::string detail = text(problem, "detail");
    return line + "  " + text(problem, "title") + (detail.empty() ? "" : ": " + detail);
  }
  const Json answer = data.value("answer", Json::object());
  if (!answer.contains("values")) return line + "  " + text(answer, "code");
  for (const Json& value : answer["values"]) line += "  " + value_text(value, answer["values"].size() > 1);
  return line;
}

/// Follows the event stream and shows what passes `wanted`, `count` times or without end.
int follow(const Session& session, const std::string& target, unsigned count, EventReader reader,
           const std::function<bool(const ServerEvent&, const Json&)>& wanted) {
  unsigned seen = 0;
  reader.on_event = [&](const ServerEvent& event) {
    const Json data = Json::parse(event.data, nullptr, false);
    if (!data.is_object() || !wanted(event, data)) return true;
    print_event(session, event, data);
    return ++seen != count;
  };
  const auto result = http_events(session.url, {.target = target}, reader);
  if (!result) return complain(result.error(), kUnreachable);
  if (result->status != 200) return complain(problem_line(*result), kRefused);
  return kDone;
}

/// Every device that passes, page by page, up to the filter's limit.
int each_device(const Session& session, const DeviceFilter& filter,
                const std::function<void(const Json&)>& visit) {
  constexpr std::size_t kPage = 1000;
  Session quiet = session;
  quiet.json = false;
  std::string cursor;
  std::size_t seen = 0;
  do {
    const std::size_t page = filter.limit == 0 ? kPage : std::min<std::size_t>(filter.limit - seen, kPage);
    std::string target = "/api/v1/devices?limit=" + std::to_string(page);
    if (!cursor.empty()) target += "&cursor=" + percent_encode(cursor);
    if (!filter.endpoint.empty()) target += "&endpoint=" + percent_encode(filter.endpoint);
    if (filter.object >= 0) target += "&object=" + std::to_string(filter.object);
    cursor.clear();
    const int code = ask(quiet, "GET", target, {}, [&](const Json& answer) {
      cursor = text(answer, "cursor");
      for (const Json& device : answer.value("devices", Json::array())) {
        visit(device);
        ++seen;
      }
    });
    if (code != kDone) return code;
  } while (!cursor.empty() && (filter.limit == 0 || seen < filter.limit));
  return kDone;
}

}  // namespace

int list_devices(const Session& session, const DeviceFilter& filter) {
  Table table({"ENDPOINT", "LWM2M", "LIFETIME", "QUEUE", "UPDATED", "ADDRESS", "OBJECTS"});
  Json all = Json::array();
  const int code = each_device(session, filter, [&](const Json& device) {
    if (session.json) {
      all.push_back(device);
      return;
    }
    table.row({text(device, "endpoint"), text(device, "lwm2m"), text(device, "lifetime"),
               device.value("queue_mode", false) ? "yes" : "no", text(device, "updated"),
               text(device, "address"), objects_in_short(device)});
  });
  if (code != kDone) return code;
  if (session.json) {
    std::cout << Json{{"devices", all}}.dump() << '\n';
  } else if (table.empty()) {
    std::cout << "no device is registered\n";
  } else {
    table.print(std::cout);
  }
  return kDone;
}

int list_names(const Session& session, const DeviceFilter& filter) {
  return each_device(session, filter,
                     [](const Json& device) { std::cout << text(device, "endpoint") << '\n'; });
}

int show_device(const Session& session, const std::string& endpoint) {
  return ask(session, "GET", device_route(endpoint), {}, print_device);
}

int forget_device(const Session& session, const std::string& endpoint) {
  return ask(session, "DELETE", device_route(endpoint), {},
             [&](const Json&) { std::cout << endpoint << " is forgotten\n"; });
}

int read(const Session& session, const Targets& targets, const std::string& format) {
  return ask(session, "GET", targets_route(session, targets, {}, format), {}, print_values);
}

int write_composite(const Session& session, const std::string& endpoint,
                    const std::vector<std::string>& assignments) {
  Json values = Json::object();
  for (const std::string& item : assignments) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) return complain("write PATH=VALUE for each: " + item, kUsage);
    const auto [at, fresh] = values.emplace(item.substr(0, equals), item.substr(equals + 1));
    if (!fresh) return complain(at.key() + " is given twice", kUsage);
  }
  return ask(session, "PATCH", device_route(endpoint) + "/composite" + query(session),
             Json{{"values", values}}, print_code);
}

int write(const Session& session, const Target& target, const std::vector<std::string>& values, bool update) {
  Json body;
  if (registry::path_names(target.path).size() > 2) {
    if (values.size() != 1) return complain("a resource takes one VALUE", kUsage);
    body["value"] = values.front();
  } else if (const auto named = named_values(values); named && !values.empty()) {
    body["values"] = *named;
  } else {
    return complain("an instance takes NAME=VALUE for each of its resources", kUsage);
  }
  return ask(session, update ? "POST" : "PUT", object_route(target) + query(session), body, print_code);
}

int execute(const Session& session, const Target& target, const std::string& arguments) {
  const Json body = arguments.empty() ? Json() : Json{{"arguments", arguments}};
  return ask(session, "POST", object_route(target, "/execute") + query(session), body, print_code);
}

int create(const Session& session, const Target& target, int instance,
           const std::vector<std::string>& values) {
  const auto named = named_values(values);
  if (!named) return complain("create takes NAME=VALUE for each resource", kUsage);
  Json body{{"values", *named}};
  if (instance >= 0) body["instance"] = instance;
  return ask(session, "POST", object_route(target) + query(session), body, print_code);
}

int remove(const Session& session, const Target& target) {
  return ask(session, "DELETE", object_route(target) + query(session), {}, print_code);
}

int discover(const Session& session, const Target& target) {
  return ask(session, "GET", object_route(target, "/discover") + query(session), {}, [](const Json& answer) {
    Table table({"PATH", "ATTRIBUTES"});
    for (const Json& link : answer.value("links", Json::array())) {
      std::string attributes;
      const Json given = link.value("attributes", Json::object());
      for (const auto& [name, value] : given.items()) {
        attributes += name + (shown(value).empty() ? "" : "=" + shown(value)) + ' ';
      }
      table.row({text(link, "path"), attributes});
    }
    table.print(std::cout);
  });
}

int write_attributes(const Session& session, const Target& target,
                     const std::vector<std::string>& attributes) {
  Json body = Json::object();
  for (const std::string& item : attributes) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) return complain("write NAME=VALUE, or NAME= to unset: " + item, kUsage);
    const Json value = Json::parse(item.substr(equals + 1), nullptr, false);
    if (equals + 1 < item.size() && !value.is_number()) return complain("not a number: " + item, kUsage);
    body[item.substr(0, equals)] = value.is_number() ? value : Json();
  }
  return ask(session, "PUT", object_route(target, "/attributes") + query(session), body, print_code);
}

int observe(const Session& session, const Targets& targets, const std::string& format, bool keep,
            unsigned count) {
  int code = kDone;
  Json first;
  Json observed;
  EventReader reader;
  // The stream stands before the observation is asked for: no notification falls between the two.
  reader.on_open = [&] {
    Session quiet = session;
    quiet.json = false;
    code = ask(quiet, "PUT", targets_route(session, targets, "/observe", format), {},
               [&](const Json& answer) { first = answer; });
    observed = what_of(first);
    return code == kDone;
  };
  reader.on_follow = [&] {
    if (session.json) {
      std::cout << first.dump() << '\n' << std::flush;
    } else {
      print_values(first);
      std::cout << "observing " << what_text(observed) << "; Ctrl-C ends" << '\n' << std::flush;
    }
  };
  const int followed = follow(
      session,
      "/api/v1/events?type=notified,observation-ended,lost&endpoint=" + percent_encode(targets.endpoint),
      count, reader, [&](const ServerEvent& event, const Json& data) {
        return event.type == "lost" || what_of(data) == observed;
      });
  if (code != kDone) return code;
  if (keep) return followed;
  Session quiet = session;
  quiet.json = false;
  const int cancelled =
      ask(quiet, "DELETE", targets_route(session, targets, "/observe"), {}, [](const Json&) {});
  return followed != kDone ? followed : cancelled;
}

int cancel(const Session& session, const Targets& targets) {
  constexpr std::size_t kIdDigits = 16;
  const std::string& id = targets.paths.front();
  const bool is_operation = targets.paths.size() == 1 && id.size() == kIdDigits &&
                            id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (is_operation) {
    return ask(session, "DELETE", device_route(targets.endpoint) + "/operations/" + id, {},
               [&](const Json&) { std::cout << id << " is withdrawn\n"; });
  }
  return ask(session, "DELETE", targets_route(session, targets, "/observe"), {}, print_code);
}

int list_operations(const Session& session, const std::string& endpoint) {
  return ask(session, "GET", device_route(endpoint) + "/operations", {}, [&](const Json& answer) {
    Table table({"OPERATION", "WHAT", "PATH", "STATE", "ACCEPTED", "EXPIRES", "RESULT"});
    for (const Json& one : answer.value("operations", Json::array())) {
      const Json body = one.value("result", Json::object()).value("body", Json::object());
      std::string result = text(one, "reason");
      if (body.contains("code")) result = text(body, "code");
      if (body.contains("title")) result.insert(0, text(body, "title") + (result.empty() ? "" : "; "));
      table.row({text(one, "id"), text(one, "operation"), text(one, "path"), text(one, "state"),
                 text(one, "accepted"), text(one, "expires"), result});
    }
    if (table.empty()) {
      std::cout << "nothing waits for " << endpoint << '\n';
    } else {
      table.print(std::cout);
    }
  });
}

int events(const Session& session, const std::string& endpoint, const std::string& types, unsigned count) {
  std::string target = "/api/v1/events";
  char separator = '?';
  if (!endpoint.empty()) {
    target += separator + ("endpoint=" + percent_encode(endpoint));
    separator = '&';
  }
  if (!types.empty()) target += separator + ("type=" + types);
  return follow(session, target, count, EventReader{}, [](const ServerEvent&, const Json&) { return true; });
}

int group(const Session& session, const GroupCall& call) {
  std::string method = "GET";
  std::string action;
  Json body;
  const bool resource = registry::path_names(call.path).size() > 2;
  if (call.kind == GroupCall::Kind::kWrite) {
    const auto named = named_values(call.values);
    if (resource ? call.values.size() != 1 : !named || call.values.empty()) {
      return complain("a resource takes one VALUE, an instance NAME=VALUE for each resource", kUsage);
    }
    method = resource ? "PUT" : "POST";
    body = resource ? Json{{"value", call.values.front()}} : Json{{"values", *named}};
  } else if (call.kind == GroupCall::Kind::kExecute) {
    method = "POST";
    action = "/execute";
    if (!call.values.empty()) body["arguments"] = call.values.front();
  }
  std::string target = "/api/v1/group/objects";
  for (const std::string& name : registry::path_names(call.path)) target += '/' + percent_encode(name);
  target += action + query(session);
  if (!call.devices.empty()) target += "&devices=" + percent_encode(call.devices);
  if (!call.filter.endpoint.empty()) target += "&endpoint=" + percent_encode(call.filter.endpoint);
  if (call.filter.object >= 0) target += "&object=" + std::to_string(call.filter.object);
  if (call.all) target += "&all=true";

  Json end;
  EventReader reader;
  reader.on_event = [&](const ServerEvent& event) {
    const Json data = Json::parse(event.data, nullptr, false);
    if (!data.is_object()) return true;
    if (event.type == "end") end = data;
    if (session.json) {
      std::cout << Json{{"event", event.type}, {"data", data}}.dump() << '\n' << std::flush;
    } else if (event.type == "result") {
      std::cout << group_line(data) << '\n' << std::flush;
    }
    return event.type != "end";
  };
  const auto result =
      http_events(session.url, {target, method, body.is_null() ? std::string() : body.dump()}, reader);
  if (!result) return complain(result.error(), kUnreachable);
  if (result->status != 200) return complain(problem_line(*result), kRefused);
  if (end.is_null()) return complain("ended before all devices were asked", kRefused);
  std::cerr << text(end, "succeeded") << " of " << text(end, "devices") << " devices done\n";
  if (end.contains("problem")) return complain(text(end, "problem"), kRefused);
  return end.value("failed", 0) == 0 ? kDone : kRefused;
}

int models(const Session& session, const std::string& object) {
  if (object.empty()) {
    return ask(session, "GET", "/api/v1/models", {}, [](const Json& answer) {
      Table table({"OBJECT", "VERSION", "NAME"});
      for (const Json& model : answer.value("models", Json::array())) {
        table.row({text(model, "id"), text(model, "version"), text(model, "name")});
      }
      table.print(std::cout);
    });
  }
  return ask(session, "GET", "/api/v1/models/" + percent_encode(object), {}, [](const Json& model) {
    std::cout << text(model, "id") << ' ' << text(model, "name") << ' ' << text(model, "version") << "\n\n";
    Table table({"RESOURCE", "NAME", "OPERATIONS", "TYPE", "MULTIPLE", "MANDATORY", "UNITS", "RANGE"});
    for (const Json& resource : model.value("resources", Json::array())) {
      table.row({text(resource, "id"), text(resource, "name"), text(resource, "operations"),
                 text(resource, "type"), resource.value("multiple", false) ? "yes" : "no",
                 resource.value("mandatory", false) ? "yes" : "no", text(resource, "units"),
                 text(resource, "range")});
    }
    table.print(std::cout);
  });
}

int health(const Session& session) {
  const auto response = http_request(session.url, "GET", "/health", {}, kServerMargin);
  if (!response) return complain(response.error(), kUnreachable);
  std::cout << response->body << '\n';
  return response->status == 200 ? kDone : kRefused;
}

}  // namespace linnet::cli

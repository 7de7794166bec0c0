// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>
#include <thread>

#include "answer.hpp"
#include "commands.hpp"
#include "table.hpp"

namespace linnet::cli {

namespace {

using Json = nlohmann::json;

std::string configuration_route(const std::string& name) {
  return "/api/v1/bootstrap/configurations/" + percent_encode(name);
}

std::string trigger_route(const Session& session, const std::string& endpoint) {
  return "/api/v1/devices/" + percent_encode(endpoint) +
         "/bootstrap?timeout=" + std::to_string(session.timeout.count());
}

/// Which instance of object 1 is this server's; -1 is its only one.
Json trigger_body(int server) {
  return server < 0 ? Json() : Json{{"server", server}};
}

/// Every item of a list that the API gives in pages; with --json as one list again.
int each_item(const Session& session, const std::string& list,
              const std::function<void(const Json&)>& visit) {
  Session quiet = session;
  quiet.json = false;
  Json all = Json::array();
  std::string cursor;
  do {
    std::string target = "/api/v1/bootstrap/" + list + "?limit=1000";
    if (!cursor.empty()) target += "&cursor=" + percent_encode(cursor);
    cursor.clear();
    const int code = ask(quiet, "GET", target, {}, [&](const Json& answer) {
      cursor = text(answer, "cursor");
      for (const Json& item : answer.value(list, Json::array())) {
        if (session.json) {
          all.push_back(item);
        } else {
          visit(item);
        }
      }
    });
    if (code != kDone) return code;
  } while (!cursor.empty());
  if (session.json) std::cout << Json{{list, all}}.dump() << '\n';
  return kDone;
}

std::string joined(const Json& list) {
  std::string line;
  for (const Json& item : list) line += (line.empty() ? "" : " ") + shown(item);
  return line;
}

/// "finished", or how and where it ended otherwise.
std::string ending_of(const Json& result) {
  std::string line = text(result, "result");
  if (line == "finished") return line;
  const std::string why = result.contains("code") ? text(result, "code") : text(result, "reason");
  return line + ": " + text(result, "operation") + " " + text(result, "path") + ": " + why;
}

void print_result(const Json& result) {
  Table table({"endpoint", text(result, "endpoint")});
  for (const char* name : {"configuration", "time", "seconds", "written", "unchanged"}) {
    table.row({name, text(result, name)});
  }
  table.row({"result", ending_of(result)});
  table.print(std::cout);
  for (const Json& answer : result.value("answers", Json::array())) {
    std::cout << '\n'
              << text(answer, "operation") << ' ' << text(answer, "path") << "  " << text(answer, "code")
              << '\n';
    for (const Json& link : answer.value("links", Json::array())) {
      std::cout << "  " << text(link, "path");
      const Json attributes = link.value("attributes", Json::object());
      for (const auto& [name, value] : attributes.items()) std::cout << ' ' << name << '=' << shown(value);
      std::cout << '\n';
    }
    for (const Json& value : answer.value("values", Json::array())) {
      std::cout << "  " << text(value, "path") << ' ' << text(value, "name") << '='
                << shown(value.value("value", Json())) << '\n';
    }
  }
}

/// A name that no other configuration has, so that its result is not that of an earlier one.
std::string passing_name(const char* purpose) {
  std::random_device random;
  std::ostringstream name;
  name << purpose << '-' << std::hex << random() << random();
  return name.str();
}

/// The result of `configuration` at this device, as soon as there is one; nothing in time.
std::optional<Json> result_of(const Session& session, const std::string& endpoint,
                              const std::string& configuration) {
  constexpr std::chrono::milliseconds kPoll{200};
  const std::string target = "/api/v1/bootstrap/results/" + percent_encode(endpoint);
  const auto until = std::chrono::steady_clock::now() + session.timeout;
  for (;;) {
    const auto answer = fetch(session, "GET", target);
    Json result = answer ? Json::parse(answer->body, nullptr, false) : Json();
    if (result.is_object() && text(result, "configuration") == configuration) return result;
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(kPoll);
  }
}

/// How many accounts a session deleted that was there to do so.
std::size_t forgotten_by(const Json& result) {
  const Json answers = result.value("answers", Json::array());
  return static_cast<std::size_t>(std::ranges::count_if(
      answers, [](const Json& answer) { return text(answer, "operation") == "Delete"; }));
}

int show_unbootstrapped(const Session& session, const Json& result, const std::string& account) {
  if (session.json) std::cout << result.dump() << '\n';
  const std::string endpoint = text(result, "endpoint");
  if (text(result, "result") != "finished") return complain(endpoint + ' ' + ending_of(result), kRefused);
  if (forgotten_by(result) == 0) return complain(endpoint + " has no account of server " + account, kRefused);
  if (!session.json) std::cout << endpoint << " has no account of server " << account << " any more\n";
  return kDone;
}

}  // namespace

int add_configuration(const Session& session, const std::string& name, const std::string& file) {
  const auto content = file_contents(file);
  if (!content) return complain("cannot read " + file, kUsage);
  Json body;
  try {
    body = Json::parse(*content);
  } catch (const Json::parse_error& error) {
    return complain(file + " is no JSON: " + error.what(), kUsage);
  }
  return ask(session, "PUT", configuration_route(name), body, [&](const Json& answer) {
    std::cout << text(answer, "name") << " is in force for "
              << joined(answer.value("endpoints", Json::array())) << '\n';
  });
}

int show_configuration(const Session& session, const std::string& name) {
  return ask(session, "GET", configuration_route(name), {},
             [](const Json& answer) { std::cout << answer.dump(2) << '\n'; });
}

int list_configurations(const Session& session) {
  Table table({"NAME", "ENDPOINTS", "DELETES", "WRITES"});
  const int code = each_item(session, "configurations", [&](const Json& item) {
    std::string writes;
    const Json given = item.value("write", Json::object());
    for (const auto& [path, values] : given.items()) writes += (writes.empty() ? "" : " ") + path;
    table.row({text(item, "name"), joined(item.value("endpoints", Json::array())),
               joined(item.value("delete", Json::array())), writes});
  });
  if (code != kDone || session.json) return code;
  if (table.empty()) {
    std::cout << "there is no bootstrap configuration\n";
  } else {
    table.print(std::cout);
  }
  return kDone;
}

int remove_configuration(const Session& session, const std::string& name) {
  return ask(session, "DELETE", configuration_route(name), {},
             [&](const Json&) { std::cout << name << " is removed\n"; });
}

int trigger_bootstrap(const Session& session, const std::string& endpoint, int server) {
  return ask(session, "POST", trigger_route(session, endpoint), trigger_body(server),
             [](const Json& answer) { std::cout << text(answer, "code") << '\n'; });
}

int unbootstrap(const Session& session, const std::string& endpoint, int account, int server) {
  Session quiet = session;
  quiet.json = false;
  const auto say_nothing = [](const Json&) {};
  const std::string name = passing_name("unbootstrap");
  const Json configuration{{"endpoints", {endpoint}}, {"unbootstrap", {account}}};
  if (const int code = ask(quiet, "PUT", configuration_route(name), configuration, say_nothing);
      code != kDone)
    return code;
  int code = ask(quiet, "POST", trigger_route(quiet, endpoint), trigger_body(server), say_nothing);
  if (code == kDone) {
    const auto result = result_of(session, endpoint, name);
    code = result ? show_unbootstrapped(session, *result, std::to_string(account))
                  : complain(endpoint + " has not been bootstrapped in time", kRefused);
  }
  const int removed = ask(quiet, "DELETE", configuration_route(name), {}, say_nothing);
  return code != kDone ? code : removed;
}

int bootstrap_results(const Session& session, const std::string& endpoint) {
  if (!endpoint.empty()) {
    return ask(session, "GET", "/api/v1/bootstrap/results/" + percent_encode(endpoint), {}, print_result);
  }
  Table table({"ENDPOINT", "CONFIGURATION", "TIME", "SECONDS", "WRITTEN", "RESULT"});
  const int code = each_item(session, "results", [&](const Json& item) {
    table.row({text(item, "endpoint"), text(item, "configuration"), text(item, "time"), text(item, "seconds"),
               text(item, "written"), ending_of(item)});
  });
  if (code != kDone || session.json) return code;
  if (table.empty()) {
    std::cout << "no device was bootstrapped\n";
  } else {
    table.print(std::cout);
  }
  return kDone;
}

}  // namespace linnet::cli

// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <expected>
#include <iostream>
#include <nlohmann/json.hpp>

namespace linnet::cli {

using Json = nlohmann::json;

namespace {

constexpr unsigned kOk = 200;
constexpr unsigned kAccepted = 202;
constexpr unsigned kGone = 410;  // how a queued operation without a result is passed on here

/// One that was asked for and has to wait: its result, when it is there.
std::expected<HttpResponse, std::string> result_of_queued(const Session& session, const Json& operation) {
  constexpr std::chrono::seconds kPoll{60};
  const std::string endpoint = text(operation, "endpoint");
  const std::string id = text(operation, "id");
  std::cerr << "linnet: " << endpoint << " sleeps; operation " << id << " waits for it until "
            << text(operation, "expires") << ". Ctrl-C leaves it there; linnet cancel " << endpoint << ' '
            << id << " withdraws it\n";
  const std::string target = "/api/v1/devices/" + percent_encode(endpoint) + "/operations/" + id +
                             "?wait=" + std::to_string(kPoll.count());
  for (;;) {
    auto response = http_request(session.url, "GET", target, {}, kPoll + kServerMargin);
    if (!response || response->status != kOk) return response;
    const Json now = Json::parse(response->body, nullptr, false);
    const std::string state = text(now, "state");
    if (state == "waiting" || state == "sent") continue;
    if (const auto result = now.find("result"); result != now.end()) {
      return HttpResponse{result->value("status", 0U), result->value("body", Json()).dump()};
    }
    const Json problem{{"title", "The operation is " + state}, {"detail", text(now, "reason")}};
    return HttpResponse{kGone, problem.dump()};
  }
}

}  // namespace

int complain(const std::string& line, ExitCode code) {
  std::cerr << "linnet: " << line << '\n';
  return code;
}

std::string text(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || at->is_null()) return {};
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string problem_line(const HttpResponse& response) {
  const Json problem = Json::parse(response.body, nullptr, false);
  if (!problem.is_object()) return "the server answered with HTTP " + std::to_string(response.status);
  const std::string detail = text(problem, "detail");
  return text(problem, "title") + (detail.empty() ? "" : ": " + detail);
}

int ask(const Session& session, const std::string& method, const std::string& target, const Json& body,
        const std::function<void(const Json&)>& show) {
  auto response = http_request(session.url, method, target, body.is_null() ? std::string() : body.dump(),
                               session.timeout + kServerMargin);
  if (response && response->status == kAccepted) {
    const Json operation = Json::parse(response->body, nullptr, false);
    if (session.no_wait) {
      std::cout << (session.json ? response->body : text(operation, "id") + " waits") << '\n';
      return kDone;
    }
    response = result_of_queued(session, operation);
  }
  if (!response) return complain(response.error(), kUnreachable);
  if (response->status < 200 || response->status > 299) {
    if (session.json) std::cout << response->body << '\n';
    return complain(problem_line(*response), kRefused);
  }
  if (session.json) {
    if (!response->body.empty()) std::cout << response->body << '\n';
    return kDone;
  }
  if (response->body.empty()) {
    show(Json::object());
    return kDone;
  }
  const Json answer = Json::parse(response->body, nullptr, false);
  if (answer.is_discarded()) return complain("the server's answer is no JSON", kRefused);
  show(answer);
  return kDone;
}

}  // namespace linnet::cli

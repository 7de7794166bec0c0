// SPDX-License-Identifier: Apache-2.0
#include "answer.hpp"

#include <expected>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace linnet::cli {

using Json = nlohmann::json;

namespace {

constexpr unsigned kOk = 200;
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

std::optional<std::string> file_contents(const std::string& file) {
  std::ifstream from_file;
  if (file != "-") {
    from_file.open(file, std::ios::binary);
    if (!from_file) return std::nullopt;
  }
  std::istream& in = file == "-" ? std::cin : from_file;
  std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return std::nullopt;
  return content;
}

std::expected<HttpResponse, std::string> fetch(const Session& session, const std::string& method,
                                               const std::string& target, const RequestBody& body) {
  auto response =
      http_request(session.url, method, target, body.content, session.timeout + kServerMargin, body.type);
  if (!response || response->status != kLeftWaiting || session.no_wait) return response;
  return result_of_queued(session, Json::parse(response->body, nullptr, false));
}

int left_waiting(const Session& session, const HttpResponse& response) {
  const Json operation = Json::parse(response.body, nullptr, false);
  const bool sent = text(operation, "state") == "sent";
  std::cout << (session.json ? response.body : text(operation, "id") + (sent ? " was sent" : " waits"))
            << '\n';
  return kDone;
}

int ask(const Session& session, const std::string& method, const std::string& target, const Json& body,
        const std::function<void(const Json&)>& show) {
  const auto response = fetch(session, method, target, {.content = body.is_null() ? "" : body.dump()});
  if (!response) return complain(response.error(), kUnreachable);
  if (response->status == kLeftWaiting) return left_waiting(session, *response);
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

// SPDX-License-Identifier: Apache-2.0
// Credentials: entered, replaced and removed, one by one or many at once, and listed without secrets.
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/credential_form.hpp"
#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"
#include "linnet/base/wipe.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using server::CredentialChange;
using server::CredentialSummary;

constexpr std::uint32_t kDefaultPage = 100;
constexpr std::uint32_t kMaxPage = 1000;
constexpr std::size_t kMaxFaults = 100;  // that one answer names

void wipe_text(std::string& text) {
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

/// A problem that names lines.
HttpResponse fault_response(const Problem& problem, const std::vector<RowFault>& faults) {
  HttpResponse response = to_response(problem);
  Json body = Json::parse(response.body);
  for (const RowFault& fault : faults) {
    body["errors"].push_back({{"line", fault.line}, {"detail", fault.what}});
  }
  response.body = dump(body);
  return response;
}

Problem row_problem() {
  return {400, "Not all of these can be credentials", "nothing was changed; see the errors"};
}

Problem refusal_problem(const server::CredentialRefusal& refusal) {
  switch (refusal.code) {
    case Errc::kExists:
      return {409, "The identity is another endpoint's",
              "its identity proves '" + refusal.rival + "'; nothing was changed"};
    case Errc::kNotFound:
      return {404, "No such credential", "there is none of that endpoint, mode and identity"};
    case Errc::kNoSpace: return {503, "Too many credentials", "the limit of this server is reached"};
    default: return {400, "This cannot be a credential", std::string(refusal.phrase)};
  }
}

Problem failure_problem(const net::CredentialOutcome& outcome) {
  if (*outcome.failure != Errc::kIo) return not_taken(*outcome.failure);
  return {503, "Not stored",
          "the store refused: /health says why; " + std::to_string(outcome.changed) + " are in force"};
}

}  // namespace

void Service::handle_credentials(HttpRequest request, Answer answer) {
  const auto& path = request.path;  // api v1 credentials ENDPOINT
  const bool get = request.method == "GET";
  if (path.size() == 3) {
    if (get) return list_credentials(request, std::move(answer));
    if (request.method == "POST") return import_credentials(std::move(request), std::move(answer));
    return not_allowed(std::move(answer), "GET, HEAD, POST");
  }
  if (get) return show_credentials(path[3], std::move(answer));
  if (request.method == "PUT") {
    const std::string endpoint = path[3];  // the path goes with the request
    return put_credential(endpoint, std::move(request), std::move(answer));
  }
  if (request.method == "DELETE") return remove_credentials(path[3], request, std::move(answer));
  not_allowed(std::move(answer), "GET, HEAD, PUT, DELETE");
}

void Service::list_credentials(const HttpRequest& request, Answer answer) {
  const auto limit = number_of(request, "limit", kDefaultPage, kMaxPage);
  if (!limit || *limit == 0) return refuse(std::move(answer), bad_request("limit is 1 to 1000").error());
  const auto cursor = number_of(request, "cursor", 0, UINT64_MAX);
  if (!cursor) return refuse(std::move(answer), bad_request("this cursor was never given").error());
  Json list = Json::array();
  const auto all = server_.credentials().snapshot();
  const auto next = all->list(*cursor, static_cast<std::size_t>(*limit),
                              [&](const CredentialSummary& item) { list.push_back(credential_json(item)); });
  answer.respond(json_response({{"credentials", std::move(list)},
                                {"total", all->size()},
                                {"cursor", next ? Json(std::to_string(*next)) : Json()}}));
}

void Service::show_credentials(const std::string& endpoint, Answer answer) {
  Json list = Json::array();
  server_.credentials().snapshot()->for_each(
      endpoint, [&](const CredentialSummary& item) { list.push_back(credential_json(item)); });
  if (list.empty()) {
    return refuse(std::move(answer), {404, "No credentials", "there are none for '" + endpoint + "'"});
  }
  answer.respond(json_response({{"credentials", std::move(list)}}));
}

void Service::import_credentials(HttpRequest request, Answer answer) {
  const bool csv = request.content_type.starts_with("text/csv");
  std::expected<std::vector<CredentialRow>, RowFault> rows;
  if (csv) {
    rows = read_credential_csv(request.body);
  } else {
    const auto body = parse_body(request.body);
    if (!body) return refuse(std::move(answer), body.error());
    rows = read_credential_json(*body);
  }
  wipe_text(request.body);
  if (!rows) return answer.respond(fault_response(row_problem(), {rows.error()}));
  std::vector<CredentialChange> changes;
  std::vector<std::size_t> lines;
  std::vector<RowFault> faults;
  for (CredentialRow& row : *rows) {
    auto credential = to_credential(row);
    wipe_text(row.key);
    if (credential) {
      changes.push_back({.put = *std::move(credential)});
      lines.push_back(row.line);
    } else if (faults.size() < kMaxFaults) {
      faults.push_back(std::move(credential).error());
    }
  }
  if (!faults.empty()) return answer.respond(fault_response(row_problem(), faults));
  change_credentials(std::move(changes), std::move(lines), std::move(answer));
}

void Service::put_credential(const std::string& endpoint, HttpRequest request, Answer answer) {
  const auto body = parse_body(request.body);
  wipe_text(request.body);
  if (!body) return refuse(std::move(answer), body.error());
  auto row = read_credential_object(*body, endpoint);
  if (!row) return refuse(std::move(answer), bad_request(row.error().what).error());
  auto credential = to_credential(*row);
  wipe_text(row->key);
  if (!credential) return refuse(std::move(answer), bad_request(credential.error().what).error());
  std::vector<CredentialChange> changes;
  changes.push_back({.put = *std::move(credential)});
  change_credentials(std::move(changes), {}, std::move(answer));
}

void Service::remove_credentials(const std::string& endpoint, const HttpRequest& request, Answer answer) {
  const auto mode = request.query.find("mode");
  const auto identity = request.query.find("identity");
  const auto wanted = [&](const CredentialSummary& item) {
    const bool of_mode = mode == request.query.end() || mode->second == server::to_string(item.mode);
    return of_mode && (identity == request.query.end() || identity->second == identity_text(item));
  };
  std::vector<CredentialChange> changes;
  server_.credentials().snapshot()->for_each(endpoint, [&](const CredentialSummary& item) {
    if (!wanted(item)) return;
    changes.push_back(
        {.put = std::nullopt,
         .removed = {std::string(item.endpoint), item.mode, {item.identity.begin(), item.identity.end()}}});
  });
  if (changes.empty()) {
    return refuse(std::move(answer),
                  {404, "No such credential", "there is none of that endpoint, mode and identity"});
  }
  change_credentials(std::move(changes), {}, std::move(answer));
}

void Service::change_credentials(std::vector<CredentialChange> changes, std::vector<std::size_t> lines,
                                 Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.credentials().change(
      std::move(changes), [shared, lines = std::move(lines)](const net::CredentialOutcome& outcome) {
        if (outcome.refusal) {
          const Problem problem = refusal_problem(*outcome.refusal);
          if (outcome.refusal->change >= lines.size()) return refuse(std::move(*shared), problem);
          return shared->respond(fault_response(problem, {{lines[outcome.refusal->change], problem.detail}}));
        }
        if (outcome.failure) return refuse(std::move(*shared), failure_problem(outcome));
        shared->respond(json_response({{"changed", outcome.changed}}));
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

}  // namespace linnet::api

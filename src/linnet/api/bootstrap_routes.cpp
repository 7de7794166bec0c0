// SPDX-License-Identifier: Apache-2.0
// Bootstrap: configurations, results, and asking a registered device to bootstrap anew.
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/bootstrap_json.hpp"
#include "linnet/api/object_call.hpp"
#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using Configuration = net::BootstrapServer::Configuration;

constexpr std::uint32_t kDefaultPage = 100;
constexpr lwm2m::ObjectId kServerObject = 1;
constexpr const char* kRequestTrigger = "9";  // of object 1

Problem no_bootstrap_server() {
  return {404, "No bootstrap server", "this linnetd has none: start it with --bootstrap HOST:PORT"};
}
Problem unknown_configuration(const std::string& name) {
  return {404, "No such configuration", "there is no bootstrap configuration '" + name + "'"};
}

Problem change_refused(const net::ConfigurationOutcome& outcome, const std::string& name) {
  switch (*outcome.failure) {
    case Errc::kExists:
      return {409, "Another configuration has this endpoint",
              "an endpoint of '" + name + "' belongs to '" + outcome.rival + "' already"};
    case Errc::kNotFound: return unknown_configuration(name);
    case Errc::kNoSpace: return {503, "Too many configurations", "the limit of this server is reached"};
    case Errc::kIo: return {503, "Not stored", "the store refused: /health says why"};
    default: return not_taken(*outcome.failure);
  }
}

struct PageQuery {
  std::string after;
  std::uint32_t limit = kDefaultPage;
};

OrProblem<PageQuery> page_of(const HttpRequest& request) {
  PageQuery page;
  const auto limit = number_of(request, "limit", kDefaultPage, net::BootstrapServer::kMaxPage);
  if (!limit || *limit == 0) return bad_request("limit is 1 to 1000");
  page.limit = static_cast<std::uint32_t>(*limit);
  if (const auto at = request.query.find("cursor"); at != request.query.end()) page.after = at->second;
  return page;
}

Json cursor_json(const std::optional<std::string>& next) {
  return next ? Json(*next) : Json();
}

/// The instance of object 1 whose trigger is to be executed.
OrProblem<lwm2m::InstanceId> server_instance(const net::Device& device, const Json& body) {
  if (!body.is_null() && !body.is_object())
    return bad_request("the body is nothing or {\"server\": INSTANCE}");
  const Json wanted = body.is_object() ? body.value("server", Json()) : Json();
  if (!wanted.is_null()) {
    if (!wanted.is_number_unsigned() || wanted.get<std::uint64_t>() >= lwm2m::kMaxId) {
      return bad_request("\"server\" is an instance of object 1, 0 to 65534");
    }
    return wanted.get<lwm2m::InstanceId>();
  }
  std::vector<lwm2m::InstanceId> instances;
  const auto listed = device.objects().for_each([&](const lwm2m::ObjectListEntry& entry) -> Result<void> {
    if (entry.object == kServerObject && entry.instance != lwm2m::kMaxId) instances.push_back(entry.instance);
    return {};
  });
  if (listed && instances.size() == 1) return instances.front();
  return bad_request("the device has " + std::to_string(instances.size()) +
                     " instances of object 1: name that of this server in {\"server\": INSTANCE}");
}

}  // namespace

void Service::handle_bootstrap(HttpRequest request, Answer answer) {
  const auto& path = request.path;  // api v1 bootstrap configurations|results NAME
  if (server_.bootstrap() == nullptr) return refuse(std::move(answer), no_bootstrap_server());
  const bool get = request.method == "GET";
  const bool configurations = path[3] == "configurations";
  if (path.size() == 4) {
    if (!get) return not_allowed(std::move(answer), "GET, HEAD");
    return configurations ? list_configurations(request, std::move(answer))
                          : list_bootstrap_results(request, std::move(answer));
  }
  const std::string name = path[4];
  if (!configurations) {
    if (!get) return not_allowed(std::move(answer), "GET, HEAD");
    return show_bootstrap_result(name, std::move(answer));
  }
  if (get) return show_configuration(name, std::move(answer));
  if (request.method == "PUT") return put_configuration(name, std::move(request), std::move(answer));
  if (request.method == "DELETE") return remove_configuration(name, std::move(answer));
  not_allowed(std::move(answer), "GET, HEAD, PUT, DELETE");
}

void Service::list_configurations(const HttpRequest& request, Answer answer) {
  const auto page = page_of(request);
  if (!page) return refuse(std::move(answer), page.error());
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.bootstrap()->list(
      page->after, page->limit, [this, shared](net::BootstrapServer::ConfigurationPage found) {
        Answer::resume(std::move(*shared), [this, found = std::move(found)](Answer later) {
          Json list = Json::array();
          for (const Configuration& item : found.items) list.push_back(configuration_json(*item, models_));
          later.respond(
              json_response({{"configurations", std::move(list)}, {"cursor", cursor_json(found.next)}}));
        });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::show_configuration(const std::string& name, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.bootstrap()->find(name, [this, shared, name](Configuration found) {
    Answer::resume(std::move(*shared), [this, name, found = std::move(found)](Answer later) {
      if (!found) return refuse(std::move(later), unknown_configuration(name));
      later.respond(json_response(configuration_json(*found, models_)));
    });
  });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::put_configuration(const std::string& name, HttpRequest request, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  // First what is there: it has the secrets that a new form may keep.
  const auto called = server_.bootstrap()->find(
      name, [this, shared, name, text = std::move(request.body)](Configuration before) mutable {
        Answer::resume(std::move(*shared),
                       [this, name, text = std::move(text), before = std::move(before)](Answer later) {
                         const auto body = parse_body(text);
                         if (!body) return refuse(std::move(later), body.error());
                         auto read = read_configuration(name, *body, models_, before.get());
                         if (!read) return refuse(std::move(later), read.error());
                         store_configuration(*std::move(read), std::move(later));
                       });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::store_configuration(server::BootstrapConfiguration configuration, Answer answer) {
  const std::string name = configuration.name;
  Json shown = configuration_json(configuration, models_);
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.bootstrap()->put(
      std::move(configuration),
      [shared, name, shown = std::move(shown)](const net::ConfigurationOutcome& outcome) {
        if (outcome.failure) return refuse(std::move(*shared), change_refused(outcome, name));
        shared->respond(json_response(shown, outcome.created ? 201 : 200));
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::remove_configuration(const std::string& name, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called =
      server_.bootstrap()->remove(name, [shared, name](const net::ConfigurationOutcome& outcome) {
        if (outcome.failure) return refuse(std::move(*shared), change_refused(outcome, name));
        shared->respond({204, {}, {}, {}});
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::list_bootstrap_results(const HttpRequest& request, Answer answer) {
  const auto page = page_of(request);
  if (!page) return refuse(std::move(answer), page.error());
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.bootstrap()->list_results(
      page->after, page->limit, [this, shared](net::BootstrapServer::ResultPage found) {
        Answer::resume(std::move(*shared), [this, found = std::move(found)](Answer later) {
          Json list = Json::array();
          for (const auto& item : found.items) list.push_back(result_json(item, models_));
          later.respond(json_response({{"results", std::move(list)}, {"cursor", cursor_json(found.next)}}));
        });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::show_bootstrap_result(const std::string& endpoint, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.bootstrap()->find_result(
      endpoint, [this, shared, endpoint](std::optional<server::BootstrapResult> found) {
        Answer::resume(std::move(*shared), [this, endpoint, found = std::move(found)](Answer later) {
          if (!found) {
            return refuse(std::move(later),
                          {404, "No result", "no bootstrap of '" + endpoint + "' has ended"});
          }
          later.respond(json_response(result_json(*found, models_)));
        });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::trigger_bootstrap(const std::string& endpoint, HttpRequest request, Answer answer) {
  with_device(endpoint, std::move(answer),
              [this, request = std::move(request)](const net::Device& device, Answer later) {
                const auto body = parse_body(request.body);
                if (!body) return refuse(std::move(later), body.error());
                const auto instance = server_instance(device, *body);
                if (!instance) return refuse(std::move(later), instance.error());
                ObjectCall call;
                call.kind = server::OperationKind::kExecute;
                call.endpoint = device.endpoint;
                call.names = {std::to_string(kServerObject), std::to_string(*instance), kRequestTrigger};
                call.request.query = request.query;
                perform(call.request, make_operation(call, device, models_, timeouts()), device,
                        std::move(later));
              });
}

}  // namespace linnet::api

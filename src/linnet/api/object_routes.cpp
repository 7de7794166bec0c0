// SPDX-License-Identifier: Apache-2.0
// Operations on a device: what HTTP asks becomes one LwM2M operation, and its outcome an answer.
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/object_call.hpp"
#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using server::OperationKind;

std::string name_of(const lwm2m::Path& path, const lwm2m::ObjectModel* model) {
  if (model == nullptr) return {};
  if (path.depth() < 3) return std::string(model->name);
  const auto* const resource = model->find(path.resource());
  return resource == nullptr ? std::string() : std::string(resource->name);
}

HttpResponse value_response(const net::Outcome& outcome, const lwm2m::ObjectModel* model) {
  const auto format = outcome.format.value_or(lwm2m::ContentFormat::kText);
  auto values = values_json(format, outcome.path, outcome.payload, model);
  if (!values) return to_response(values.error());
  Json body{{"code", code_text(outcome.code)},
            {"format", std::string(lwm2m::media_type(format))},
            {"path", path_text(outcome.path)},
            {"name", name_of(outcome.path, model)},
            {"values", *std::move(values)}};
  if (outcome.kind == OperationKind::kObserve) body["observation"] = outcome.observation.has_value();
  return json_response(body);
}

}  // namespace

HttpResponse outcome_response(const net::Outcome& outcome, const std::string& endpoint,
                              const lwm2m::ObjectModel* model, const std::optional<lwm2m::Path>& named) {
  const std::string path = path_text(outcome.path);
  if (outcome.failure) return to_response(no_answer(*outcome.failure, endpoint, path));
  if (!outcome.success()) return to_response(device_refused(outcome.code, path));
  Json body{{"code", code_text(outcome.code)}};
  switch (outcome.kind) {
    case OperationKind::kRead:
    case OperationKind::kObserve: return value_response(outcome, model);
    case OperationKind::kDiscover: {
      auto links = links_json(outcome.payload);
      if (!links) {
        return to_response({502, "The device's answer cannot be decoded", path + ": no list of links"});
      }
      body["links"] = *std::move(links);
      return json_response(body);
    }
    case OperationKind::kCreate:
      if (const auto created = outcome.created ? outcome.created : named) body["path"] = path_text(*created);
      return json_response(body, 201);
    default: return json_response(body);
  }
}

void Service::handle_object(const std::string& endpoint, HttpRequest request, Answer answer) {
  auto call = ObjectCall::route(endpoint, std::move(request));
  if (!call) return refuse(std::move(answer), call.error());
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.find(
      endpoint, [this, shared, call = *std::move(call)](std::optional<net::Device> device) mutable {
        Answer::resume(std::move(*shared),
                       [this, call = std::move(call), device = std::move(device)](Answer later) {
                         if (!device) return refuse(std::move(later), unknown_device(call.endpoint));
                         perform(call, *device, std::move(later));
                       });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::perform(const ObjectCall& call, const net::Device& device, Answer answer) {
  const auto operation =
      make_operation(call, device, models_, {config_.default_timeout, config_.max_timeout});
  if (!operation) return refuse(std::move(answer), operation.error());
  const auto wish = queue_wish(call.request, device, {config_.max_timeout, operation->timeout});
  if (!wish) return refuse(std::move(answer), wish.error());
  if (*wish) return enqueue(call.endpoint, operation->view(), **wish, std::move(answer));
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called =
      server_.perform(call.endpoint, operation->view(),
                      [shared, endpoint = call.endpoint, model = operation->model,
                       named = operation->new_instance](net::Outcome outcome) {
                        Answer::resume(std::move(*shared),
                                       [endpoint, model, named, outcome = std::move(outcome)](Answer later) {
                                         later.respond(outcome_response(outcome, endpoint, model, named));
                                       });
                      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

}  // namespace linnet::api

// SPDX-License-Identifier: Apache-2.0
// Operations on a device: what HTTP asks becomes one LwM2M operation, and its outcome an answer.
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/composite_call.hpp"
#include "linnet/api/group_run.hpp"
#include "linnet/api/object_call.hpp"
#include "linnet/api/outcome_answer.hpp"
#include "linnet/api/queue_wish.hpp"
#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"

namespace linnet::api {

void Service::with_device(const std::string& endpoint, Answer answer,
                          std::move_only_function<void(const net::Device&, Answer)> next) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.find(
      endpoint, [endpoint, shared, next = std::move(next)](std::optional<net::Device> device) mutable {
        Answer::resume(std::move(*shared),
                       [endpoint, next = std::move(next), device = std::move(device)](Answer later) mutable {
                         if (!device) return refuse(std::move(later), unknown_device(endpoint));
                         next(*device, std::move(later));
                       });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::handle_object(const std::string& endpoint, HttpRequest request, Answer answer) {
  auto call = ObjectCall::route(endpoint, std::move(request));
  if (!call) return refuse(std::move(answer), call.error());
  with_device(
      endpoint, std::move(answer), [this, call = *std::move(call)](const net::Device& device, Answer later) {
        perform(call.request, make_operation(call, device, models_, timeouts()), device, std::move(later));
      });
}

void Service::handle_composite(const std::string& endpoint, HttpRequest request, Answer answer) {
  auto call = CompositeCall::route(endpoint, std::move(request));
  if (!call) return refuse(std::move(answer), call.error());
  with_device(
      endpoint, std::move(answer), [this, call = *std::move(call)](const net::Device& device, Answer later) {
        perform(call.request, make_operation(call, device, models_, timeouts()), device, std::move(later));
      });
}

void Service::perform(const HttpRequest& request, const OrProblem<OwnedOperation>& operation,
                      const net::Device& device, Answer answer) {
  if (!operation) return refuse(std::move(answer), operation.error());
  const auto wish = queue_wish(request, device, {config_.max_timeout, operation->timeout});
  if (!wish) return refuse(std::move(answer), wish.error());
  if (*wish) return enqueue(request.root, device.endpoint, operation->view(), **wish, std::move(answer));
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.perform(
      device.endpoint, operation->view(),
      [shared, asked = asked_of(*operation, device, models_)](net::Outcome outcome) mutable {
        Answer::resume(std::move(*shared),
                       [asked = std::move(asked), outcome = std::move(outcome)](Answer later) {
                         later.respond(outcome_response(outcome, asked));
                       });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::handle_group(HttpRequest request, Answer answer) {
  constexpr std::size_t kPathAt = 4;  // api, v1, group, objects
  auto selection = GroupSelection::read(request);
  if (!selection) return refuse(std::move(answer), selection.error());
  auto call = ObjectCall::route({}, std::move(request), kPathAt);
  if (!call) return refuse(std::move(answer), call.error());
  // A query or body that no device could take is told at once, and not for each.
  if (const auto body = parse_body(call->request.body); !body) {
    return refuse(std::move(answer), body.error());
  }
  answer.stream([this, call = *std::move(call), selection = *std::move(selection)](
                    std::function<void()> wake) -> std::unique_ptr<EventSource> {
    return std::make_unique<GroupRun>(call, selection,
                                      GroupRun::Limits{config_.max_group_parallel, timeouts()}, server_,
                                      models_, std::move(wake));
  });
}

}  // namespace linnet::api

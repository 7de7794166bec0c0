// SPDX-License-Identifier: Apache-2.0
// Operations that wait for their device: what is there, what came of one, ending it.
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/outcome_answer.hpp"
#include "linnet/api/queue_wish.hpp"
#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using server::QueuedReason;
using server::QueuedState;

/// By OperationKind.
constexpr std::array kKinds{"read",
                            "discover",
                            "write",
                            "update",
                            "write-attributes",
                            "execute",
                            "create",
                            "delete",
                            "observe",
                            "cancel-observe",
                            "read-composite",
                            "write-composite",
                            "observe-composite",
                            "cancel-composite"};

const char* state_text(QueuedState state) {
  switch (state) {
    case QueuedState::kSaving:
    case QueuedState::kWaiting: return "waiting";
    case QueuedState::kSent: return "sent";
    case QueuedState::kDone: return "done";
    case QueuedState::kExpired: return "expired";
    case QueuedState::kCancelled: return "cancelled";
    case QueuedState::kRefused: return "refused";
  }
  return "";
}

/// Why it ended as it did; empty where the state says all.
const char* reason_text(const net::Queued& operation) {
  if (operation.state == QueuedState::kExpired) return "the device did not come in time";
  switch (operation.reason) {
    case QueuedReason::kNone: return "";
    case QueuedReason::kCaller: return "cancelled by request";
    case QueuedReason::kDeregistered: return "the device de-registered";
    case QueuedReason::kForgotten: return "the device was forgotten";
    case QueuedReason::kUnanswered:
      return "it was sent and not answered: it may have been carried out or not";
    case QueuedReason::kRestart:
      return "it was sent, and the server ended before the answer: it may have been carried out or not";
  }
  return "";
}

Problem unknown_operation(const std::string& endpoint, const std::string& id) {
  return {404, "Unknown operation",
          "no operation " + id + " waits for " + endpoint +
              "; results are kept for an hour, up to a number, and not over a restart of the server"};
}

Problem not_accepted(Errc why, const std::string& endpoint, const std::string& path) {
  if (why == Errc::kIo) {
    return {503, "The store is degraded",
            "the operation could not be kept and was not accepted; /health says why"};
  }
  return no_answer(why, endpoint, path);
}

}  // namespace

/// As the direct call would have answered.
HttpResponse Service::result_of(const net::Queued& operation) const {
  return outcome_response(*operation.outcome, AskedOf{.endpoint = operation.endpoint,
                                                      .models = DeviceModels(models_, operation.object_list),
                                                      .paths = operation.paths,
                                                      .new_instance = std::nullopt});
}

nlohmann::json Service::operation_json(const net::Queued& operation) const {
  Json json{{"id", queued_id_text(operation.id)},
            {"endpoint", operation.endpoint},
            {"operation", kKinds.at(static_cast<std::size_t>(operation.kind))},
            {"path", path_text(operation.path)},
            {"state", state_text(operation.state)},
            {"unanswered", operation.unanswered == server::Unanswered::kRepeat ? "repeat" : "fail"},
            {"attempts", operation.attempts},
            {"accepted", time_text(operation.accepted)}};
  if (!operation.paths.empty()) {
    json.erase("path");
    json["paths"] = paths_json(operation.paths);
  }
  if (!operation.finished()) json["expires"] = time_text(operation.expires);
  if (const std::string reason = reason_text(operation); !reason.empty()) json["reason"] = reason;
  if (operation.outcome) {
    const HttpResponse result = result_of(operation);
    json["result"] = {{"status", result.status}, {"body", Json::parse(result.body, nullptr, false)}};
  }
  return json;
}

HttpResponse Service::queued_response(const Result<net::Queued>& queued, const std::string& root,
                                      const std::string& endpoint, const std::string& path) const {
  if (!queued) return to_response(not_accepted(queued.error().code, endpoint, path));
  const net::Queued& operation = *queued;
  if (operation.state == QueuedState::kDone) return result_of(operation);
  if (operation.finished()) {
    const bool expired = operation.state == QueuedState::kExpired;
    return to_response({expired ? 504U : 409U,
                        expired ? "The operation expired" : "The operation was cancelled",
                        path + ": " + reason_text(operation)});
  }
  HttpResponse response = json_response(operation_json(operation), 202);
  response.location =
      root + "/devices/" + percent_encode(endpoint) + "/operations/" + queued_id_text(operation.id);
  return response;
}

void Service::enqueue(const std::string& root, const std::string& endpoint,
                      const server::Operation& operation, const QueueWish& wish, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.enqueue(
      endpoint, operation, wish.hold, wish.wait,
      [this, shared, root, endpoint, path = path_text(operation.path)](Result<net::Queued> queued) {
        Answer::resume(std::move(*shared),
                       [this, root, endpoint, path, queued = std::move(queued)](Answer later) {
                         later.respond(queued_response(queued, root, endpoint, path));
                       });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::list_operations(const std::string& endpoint, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.list_queued(endpoint, [this, shared](std::vector<net::Queued> all) {
    Answer::resume(std::move(*shared), [this, all = std::move(all)](Answer later) {
      Json operations = Json::array();
      for (const net::Queued& operation : all) operations.push_back(operation_json(operation));
      later.respond(json_response({{"operations", std::move(operations)}}));
    });
  });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::show_operation(const std::string& endpoint, const HttpRequest& request, Answer answer) {
  const std::string& text = request.path.back();
  const auto id = parse_queued_id(text);
  if (!id) return refuse(std::move(answer), unknown_operation(endpoint, text));
  const auto wait = wait_of(request, config_.max_timeout);
  if (!wait) return refuse(std::move(answer), wait.error());
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called =
      server_.find_queued(endpoint, *id, *wait, [this, shared, endpoint, text](Result<net::Queued> found) {
        Answer::resume(std::move(*shared), [this, endpoint, text, found = std::move(found)](Answer later) {
          if (!found) return refuse(std::move(later), unknown_operation(endpoint, text));
          later.respond(json_response(operation_json(*found)));
        });
      });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

void Service::cancel_operation(const std::string& endpoint, const std::string& text, Answer answer) {
  const auto id = parse_queued_id(text);
  if (!id) return refuse(std::move(answer), unknown_operation(endpoint, text));
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.cancel_queued(endpoint, *id, [shared, endpoint, text](Result<void> cancelled) {
    if (cancelled) return shared->respond({204, {}, {}, {}});
    if (cancelled.error().code == Errc::kNotFound) {
      return refuse(std::move(*shared), unknown_operation(endpoint, text));
    }
    refuse(std::move(*shared), {503, "The store is degraded", "the operation still waits; /health says why"});
  });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

}  // namespace linnet::api

// SPDX-License-Identifier: Apache-2.0
// The REST API (docs/api.md) over a running net::Server.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "linnet/api/http.hpp"
#include "linnet/api/object_call.hpp"
#include "linnet/api/problem.hpp"
#include "linnet/api/queue_wish.hpp"
#include "linnet/net/server.hpp"
#include "linnet/registry/model_registry.hpp"

namespace linnet::api {

struct ServiceConfig {
  std::string version;            ///< of the program, for /health
  std::size_t max_events = 4096;  ///< that wait for one reader of the event stream, a shard
  Seconds default_timeout{120};   ///< for an operation
  Seconds max_timeout{600};
  unsigned max_group_parallel = 64;  ///< devices of one group that are asked at the same time
};

/// Serves requests on the HTTP thread. `server` must be stopped before the service and the HTTP
/// server are destroyed, `models` outlives both.
class Service {
 public:
  Service(ServiceConfig config, net::Server& server, const registry::ModelRegistry& models);

  /// An HttpHandler.
  void handle(HttpRequest request, Answer answer);

 private:
  using Json = nlohmann::json;

  // service.cpp
  /// What is below `/api/v1/tenants/{tenant}`: the same as without, for that tenant's devices alone.
  void handle_tenant(HttpRequest request, Answer answer);
  void handle_devices(HttpRequest request, Answer answer);

  // device_routes.cpp
  void list_devices(const HttpRequest& request, Answer answer);
  void show_device(const std::string& endpoint, Answer answer);
  void forget_device(const std::string& endpoint, Answer answer);
  void list_observations(const std::string& endpoint, Answer answer);
  [[nodiscard]] Json device_json(const net::Device& device) const;

  // object_routes.cpp
  void with_device(const std::string& endpoint, Answer answer,
                   std::move_only_function<void(const net::Device&, Answer)> next);
  void handle_object(const std::string& endpoint, HttpRequest request, Answer answer);
  void handle_composite(const std::string& endpoint, HttpRequest request, Answer answer);
  void perform(const HttpRequest& request, const OrProblem<OwnedOperation>& operation,
               const net::Device& device, Answer answer);
  [[nodiscard]] TimeoutBounds timeouts() const { return {config_.default_timeout, config_.max_timeout}; }

  void handle_group(HttpRequest request, Answer answer);

  // operation_routes.cpp
  /// `root` as HttpRequest has it.
  void enqueue(const std::string& root, const std::string& endpoint, const server::Operation& operation,
               const QueueWish& wish, Answer answer);
  void list_operations(const std::string& endpoint, Answer answer);
  void show_operation(const std::string& endpoint, const HttpRequest& request, Answer answer);
  void cancel_operation(const std::string& endpoint, const std::string& text, Answer answer);
  [[nodiscard]] Json operation_json(const net::Queued& operation) const;
  [[nodiscard]] HttpResponse result_of(const net::Queued& operation) const;
  [[nodiscard]] HttpResponse queued_response(const Result<net::Queued>& queued, const std::string& root,
                                             const std::string& endpoint, const std::string& path) const;

  // bootstrap_routes.cpp
  void handle_bootstrap(HttpRequest request, Answer answer);
  void list_configurations(const HttpRequest& request, Answer answer);
  void show_configuration(const std::string& name, Answer answer);
  void put_configuration(const std::string& name, HttpRequest request, Answer answer);
  void store_configuration(server::BootstrapConfiguration configuration, Answer answer);
  void remove_configuration(const std::string& name, Answer answer);
  void list_bootstrap_results(const HttpRequest& request, Answer answer);
  void show_bootstrap_result(const std::string& endpoint, Answer answer);
  void trigger_bootstrap(const std::string& endpoint, HttpRequest request, Answer answer);

  // credential_routes.cpp
  void handle_credentials(HttpRequest request, Answer answer);
  void list_credentials(const HttpRequest& request, Answer answer);
  void show_credentials(const std::string& endpoint, Answer answer);
  void import_credentials(HttpRequest request, Answer answer);
  void put_credential(const std::string& endpoint, HttpRequest request, Answer answer);
  void remove_credentials(const std::string& endpoint, const HttpRequest& request, Answer answer);
  /// `lines` are where they stood, for the answer; empty where there is one.
  void change_credentials(std::vector<server::CredentialChange> changes, std::vector<std::size_t> lines,
                          Answer answer);

  // event_routes.cpp
  class EventFeed;
  void stream_events(const HttpRequest& request, Answer answer);
  [[nodiscard]] Json event_json(const net::Event& event) const;
  void put_values(Json& json, const net::Event& event) const;

  // model_routes.cpp
  void list_models(Answer answer) const;
  void show_model(const std::string& name, const HttpRequest& request, Answer answer) const;

  // status_routes.cpp
  void health(Answer answer);
  void metrics(Answer answer);

  ServiceConfig config_;
  net::Server& server_;
  const registry::ModelRegistry& models_;
};

/// A 200 with a JSON body.
[[nodiscard]] HttpResponse json_response(const nlohmann::json& body, unsigned status = 200);
/// Text of any bytes as JSON: what is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const nlohmann::json& json);

/// Answers with a problem, and says so.
void refuse(Answer answer, const Problem& problem);
/// Answers 405 and names the methods that there are.
void not_allowed(Answer answer, const std::string& allow);

/// The OpenAPI description (openapi.cpp).
[[nodiscard]] const std::string& openapi_document();

}  // namespace linnet::api

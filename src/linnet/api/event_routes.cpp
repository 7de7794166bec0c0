// SPDX-License-Identifier: Apache-2.0
// The event stream: what net::Subscription brings as server-sent events.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "linnet/api/bootstrap_json.hpp"
#include "linnet/api/request_parts.hpp"
#include "linnet/api/service.hpp"
#include "linnet/api/values.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;
using Kind = net::Event::Kind;

/// Enough for one write; the rest waits for the next.
constexpr std::size_t kBatchBytes = 64U << 10;
/// So many are looked at before others have their turn on the HTTP thread.
constexpr int kBatchEvents = 4096;
constexpr const char* kComment = ":\n\n";

struct EventName {
  Kind kind;
  const char* name;
};

constexpr std::array kNames{EventName{Kind::kRegistered, "registered"},
                            EventName{Kind::kUpdated, "updated"},
                            EventName{Kind::kDeregistered, "deregistered"},
                            EventName{Kind::kExpired, "expired"},
                            EventName{Kind::kForgotten, "forgotten"},
                            EventName{Kind::kNotified, "notified"},
                            EventName{Kind::kObservationEnded, "observation-ended"},
                            EventName{Kind::kSent, "sent"},
                            EventName{Kind::kOperationQueued, "operation-queued"},
                            EventName{Kind::kOperationStarted, "operation-started"},
                            EventName{Kind::kOperationFinished, "operation-finished"},
                            EventName{Kind::kBootstrapStarted, "bootstrap-started"},
                            EventName{Kind::kBootstrapped, "bootstrapped"},
                            EventName{Kind::kBootstrapFailed, "bootstrap-failed"}};

std::string name_of(Kind kind) {
  const auto* const at = std::ranges::find(kNames, kind, &EventName::kind);
  return at == kNames.end() ? "unknown" : at->name;
}

std::string sse(const std::string& name, const Json& data) {
  return "event: " + name + "\ndata: " + dump(data) + "\n\n";
}

Json changes_json(const server::UpdateChanges& changes) {
  Json list = Json::array();
  if (changes.link) list.push_back("address");
  if (changes.parameters) list.push_back("parameters");
  if (changes.objects) list.push_back("objects");
  return list;
}

/// What an observation is of.
void put_target(Json& json, const net::Event& event) {
  if (event.paths.empty()) {
    json["path"] = path_text(event.path);
  } else {
    json["paths"] = paths_json(event.paths);
  }
}

const char* reason_of(server::ObservationEnd why) {
  switch (why) {
    case server::ObservationEnd::kCancelled: return "cancelled";
    case server::ObservationEnd::kError: return "error";
    case server::ObservationEnd::kRegistration: return "registration";
  }
  return "";
}

}  // namespace

class Service::EventFeed : public EventSource {
 public:
  EventFeed(const Service& service, std::set<std::string> types,
            std::unique_ptr<net::Subscription> subscription)
      : service_(service), types_(std::move(types)), subscription_(std::move(subscription)) {}

  std::string next() override {
    std::string out;
    int left = kBatchEvents;
    for (; left != 0 && out.size() < kBatchBytes; --left) {
      const auto event = subscription_->take();
      if (!event) break;
      const std::string name = name_of(event->kind);
      if (types_.empty() || types_.contains(name)) out += sse(name, service_.event_json(*event));
    }
    const std::uint64_t dropped = subscription_->dropped();
    if (dropped != reported_) out += sse("lost", {{"count", dropped - std::exchange(reported_, dropped)}});
    // None of them was wanted and there may be more: what is written here asks for the next turn.
    if (out.empty() && left == 0) out = kComment;
    return out;
  }

 private:
  const Service& service_;
  std::set<std::string> types_;
  std::unique_ptr<net::Subscription> subscription_;
  std::uint64_t reported_ = 0;
};

void Service::put_values(Json& json, const net::Event& event) const {
  const auto format = event.format.value_or(lwm2m::ContentFormat::kText);
  json["format"] = std::string(lwm2m::media_type(format));
  const DeviceModels models(models_, event.object_list);
  auto values = values_json(format, event.path, event.payload, models, event.at);
  if (values) {
    json["values"] = *std::move(values);
  } else {
    json["problem"] = values.error().detail;
  }
}

nlohmann::json Service::event_json(const net::Event& event) const {
  const auto id = event.registration.text();
  Json json{{"endpoint", event.endpoint}, {"time", time_text(event.at)}};
  switch (event.kind) {
    case Kind::kRegistered:
    case Kind::kUpdated:
      if (event.device) json["device"] = device_json(*event.device);
      if (event.kind == Kind::kUpdated) json["changes"] = changes_json(event.changes);
      break;
    case Kind::kNotified:
      put_target(json, event);
      json["code"] = code_text(event.code);
      if (coap::is_success(event.code)) put_values(json, event);
      break;
    case Kind::kObservationEnded:
      put_target(json, event);
      json["reason"] = reason_of(event.ended);
      break;
    case Kind::kOperationQueued:
    case Kind::kOperationStarted:
    case Kind::kOperationFinished:
      if (event.queued) json["operation"] = operation_json(*event.queued);
      break;
    case Kind::kSent: put_values(json, event); break;
    case Kind::kBootstrapStarted: json["configuration"] = event.bootstrap->configuration; break;
    case Kind::kBootstrapped:
    case Kind::kBootstrapFailed:
      if (event.bootstrap) {
        json = result_json(*event.bootstrap, models_);
      } else {
        json["reason"] = "no configuration is for this endpoint";
      }
      break;
    default: json["location"] = "/rd/" + std::string(id.data(), id.size()); break;
  }
  return json;
}

void Service::stream_events(const HttpRequest& request, Answer answer) {
  std::set<std::string> types;
  if (const auto at = request.query.find("type"); at != request.query.end()) {
    std::string_view rest = at->second;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const std::string type(rest.substr(0, comma));
      const bool known = type == "lost" ||
                         std::ranges::any_of(kNames, [&](const EventName& row) { return type == row.name; });
      if (!known) return refuse(std::move(answer), bad_request("'" + type + "' is no type of event").error());
      types.insert(type);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
  }
  const auto endpoint = request.query.find("endpoint");
  const auto tenant = request.query.find("tenant");
  answer.stream([this, types, of = tenant == request.query.end() ? std::string() : tenant->second,
                 only = endpoint == request.query.end() ? std::string() : endpoint->second](
                    std::function<void()> wake) -> std::unique_ptr<EventSource> {
    return std::make_unique<EventFeed>(*this, types,
                                       server_.subscribe(only, config_.max_events, std::move(wake), of));
  });
}

}  // namespace linnet::api

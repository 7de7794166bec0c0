// SPDX-License-Identifier: Apache-2.0
// How the server is: for people and load balancers, and for Prometheus.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "linnet/api/service.hpp"

namespace linnet::api {

namespace {

using Json = nlohmann::json;

struct Metric {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  double value;
};

prometheus::MetricFamily family(const Metric& metric) {
  prometheus::ClientMetric sample;
  if (metric.type == prometheus::MetricType::Counter) {
    sample.counter.value = metric.value;
  } else {
    sample.gauge.value = metric.value;
  }
  return {metric.name, metric.help, metric.type, {sample}};
}

std::vector<prometheus::MetricFamily> families(const net::ServerStatistics& s) {
  using enum prometheus::MetricType;
  const auto number = [](auto value) { return static_cast<double>(value); };
  std::vector<prometheus::MetricFamily> out;
  for (const Metric& metric : {
           Metric{"linnet_registrations", "Devices registered now", Gauge, number(s.engine.registrations)},
           Metric{"linnet_observations", "Observations in place now", Gauge, number(s.engine.observations)},
           Metric{"linnet_operations", "Operations under way now", Gauge, number(s.engine.operations)},
           Metric{"linnet_queued_operations", "Operations that wait for their device now", Gauge,
                  number(s.engine.queued)},
           Metric{"linnet_links", "Peers known now", Gauge, number(s.links)},
           Metric{"linnet_registered_total", "Registers answered 2.01", Counter, number(s.engine.registered)},
           Metric{"linnet_updated_total", "Updates answered 2.04", Counter, number(s.engine.updated)},
           Metric{"linnet_deregistered_total", "De-registers answered 2.02", Counter,
                  number(s.engine.deregistered)},
           Metric{"linnet_expired_total", "Registrations whose lifetime ended", Counter,
                  number(s.engine.expired)},
           Metric{"linnet_notified_total", "Notifications taken", Counter, number(s.engine.notified)},
           Metric{"linnet_sent_total", "Sends taken", Counter, number(s.engine.sent)},
           Metric{"linnet_refused_total", "Registers and Updates refused", Counter, number(s.engine.refused)},
           Metric{"linnet_bootstrap_sessions", "Devices being bootstrapped now", Gauge,
                  number(s.bootstrap.sessions)},
           Metric{"linnet_bootstrap_configurations", "Bootstrap configurations", Gauge,
                  number(s.bootstrap.configurations)},
           Metric{"linnet_bootstrap_started_total", "Bootstrap sessions begun", Counter,
                  number(s.bootstrap.started)},
           Metric{"linnet_bootstrap_finished_total", "Bootstrap sessions that devices accepted", Counter,
                  number(s.bootstrap.finished)},
           Metric{"linnet_bootstrap_failed_total", "Bootstrap sessions that failed", Counter,
                  number(s.bootstrap.failed)},
           Metric{"linnet_bootstrap_refused_total", "Bootstrap-Requests refused", Counter,
                  number(s.bootstrap.refused)},
           Metric{"linnet_est_enrolled_total", "Certificates given by EST", Counter,
                  number(s.bootstrap.enrolled)},
           Metric{"linnet_est_refused_total", "Requests for certificates refused", Counter,
                  number(s.bootstrap.not_enrolled)},
           Metric{"linnet_datagrams_received_total", "Datagrams received", Counter, number(s.received)},
           Metric{"linnet_datagrams_sent_total", "Datagrams sent", Counter, number(s.sent)},
           Metric{"linnet_datagrams_send_refused_total", "Datagrams the system did not take", Counter,
                  number(s.send_refused)},
           Metric{"linnet_datagrams_truncated_total", "Datagrams longer than a message may be", Counter,
                  number(s.truncated)},
           Metric{"linnet_datagrams_forwarded_total", "Datagrams passed on to another shard", Counter,
                  number(s.forwarded)},
           Metric{"linnet_connections", "Connections of devices, over TCP and TLS", Gauge,
                  number(s.connections)},
           Metric{"linnet_connections_accepted_total", "TCP connections taken", Counter,
                  number(s.streams.accepted)},
           Metric{"linnet_connections_refused_total", "TCP connections there was no room for", Counter,
                  number(s.streams.refused)},
           Metric{"linnet_connections_dropped_total",
                  "TCP connections ended because the peer was slow, silent, wrong or a stranger for too long",
                  Counter, number(s.streams.dropped)},
           Metric{"linnet_dtls_associations", "Devices with keys of DTLS", Gauge,
                  number(s.dtls.associations)},
           Metric{"linnet_dtls_handshakes_total", "DTLS handshakes done", Counter, number(s.dtls.handshakes)},
           Metric{"linnet_dtls_resumed_total", "Of these, sessions resumed", Counter, number(s.dtls.resumed)},
           Metric{"linnet_dtls_failed_total", "DTLS handshakes refused or given up", Counter,
                  number(s.dtls.failed)},
           Metric{"linnet_dtls_cookies_total", "ClientHellos answered by a cookie, without state", Counter,
                  number(s.dtls.cookies)},
           Metric{"linnet_dtls_crowded_total", "Datagrams dropped because too many handshakes are under way",
                  Counter, number(s.dtls.crowded)},
           Metric{"linnet_dtls_replayed_total",
                  "Records refused because they were opened before, or too late", Counter,
                  number(s.dtls.replayed)},
           Metric{"linnet_dtls_unopened_total", "Records refused because no key opens them", Counter,
                  number(s.dtls.unopened)},
           Metric{"linnet_tls_handshakes_total", "TLS handshakes done", Counter, number(s.tls.handshakes)},
           Metric{"linnet_tls_resumed_total", "Of these, sessions resumed", Counter, number(s.tls.resumed)},
           Metric{"linnet_tls_failed_total", "TLS handshakes refused or given up", Counter,
                  number(s.tls.failed)},
           Metric{"linnet_tls_refused_total",
                  "TLS connections closed because too many handshakes are under way", Counter,
                  number(s.tls.refused)},
           Metric{"linnet_links_exhausted_total", "Datagrams dropped because the link table is full", Counter,
                  number(s.links_exhausted)},
           Metric{"linnet_events_dropped_total", "Events that readers were too slow for", Counter,
                  number(s.events_dropped)},
           Metric{"linnet_coap_retransmitted_total", "Messages sent again", Counter,
                  number(s.endpoint.retransmitted)},
           Metric{"linnet_coap_duplicates_total", "Requests received again", Counter,
                  number(s.endpoint.duplicates)},
           Metric{"linnet_coap_malformed_total", "Datagrams that are no CoAP message", Counter,
                  number(s.endpoint.malformed)},
       }) {
    out.push_back(family(metric));
  }
  return out;
}

}  // namespace

void Service::health(Answer answer) {
  const store::Health store = server_.health();
  const bool well = store.condition == store::Condition::kOk;
  Json body{{"status", well ? "ok" : "degraded"},
            {"version", config_.version},
            {"store", {{"condition", store::to_string(store.condition)}}},
            {"restored", server_.restored()},
            {"operations_restored", server_.operations_restored()},
            {"not_restored", server_.not_restored()},
            {"coap", Json::array()}};
  if (!store.detail.empty()) body["store"]["detail"] = store.detail;
  for (const net::Address& address : server_.listening()) body["coap"].push_back(address.text());
  for (const net::Address& address : server_.listening_dtls()) body["coaps"].push_back(address.text());
  for (const net::Address& address : server_.listening_tcp()) body["coap_tcp"].push_back(address.text());
  for (const net::Address& address : server_.listening_tls()) body["coaps_tcp"].push_back(address.text());
  if (const auto* const bootstrap = server_.bootstrap(); bootstrap != nullptr) {
    const net::BootstrapServerConfig& places = bootstrap->config();
    body["bootstrap"] = Json::array();
    for (const net::Address& address : places.listen) body["bootstrap"].push_back(address.text());
    for (const net::Address& address : places.listen_dtls) body["bootstrap_coaps"].push_back(address.text());
    for (const net::Address& address : places.listen_tcp)
      body["bootstrap_coap_tcp"].push_back(address.text());
    for (const net::Address& address : places.listen_tls)
      body["bootstrap_coaps_tcp"].push_back(address.text());
  }
  answer.respond(json_response(body, well ? 200 : 503));
}

void Service::metrics(Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));
  const auto called = server_.statistics([shared](const net::ServerStatistics& statistics) {
    shared->respond({200,
                     prometheus::TextSerializer().Serialize(families(statistics)),
                     "text/plain; version=0.0.4; charset=utf-8",
                     {}});
  });
  if (!called) refuse(std::move(*shared), not_taken(called.error().code));
}

}  // namespace linnet::api

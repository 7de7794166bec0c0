// SPDX-License-Identifier: Apache-2.0
#include "event_report.hpp"

#include <gnutls/gnutls.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "linnet/api/problem.hpp"
#include "linnet/coap/message.hpp"

namespace linnet::device {

using client::Event;
using client::EventType;
using Json = nlohmann::json;

namespace {

std::string notification(std::string_view method, Json params) {
  const Json message{{"jsonrpc", "2.0"}, {"method", std::string(method)}, {"params", std::move(params)}};
  return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string printed(const lwm2m::Value& value) {
  return api::to_json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string reason(const Event& event) {
  return event.response == coap::Code::kEmpty ? to_string(event.why) : api::code_phrase(event.response);
}

std::string alert_name(client::Alert alert) {
  const char* name = gnutls_alert_get_name(static_cast<gnutls_alert_description_t>(alert));
  return name != nullptr ? name : "an alert that has no name";
}

std::string server_text(const Event& event, const Settings& settings) {
  const auto account = std::ranges::find(settings.accounts, event.server, &Account::id);
  return account != settings.accounts.end() ? account->uri : std::to_string(event.server);
}

std::string_view state_name(client::SoftwareState state) noexcept {
  static constexpr std::array<std::string_view, 5> kStates{"initial", "download-started", "downloaded",
                                                           "delivered", "installed"};
  return kStates[static_cast<std::size_t>(state)];
}

std::string_view lock_name(client::LockState state) noexcept {
  static constexpr std::array<std::string_view, 3> kStates{"unlocked", "partially-locked", "fully-locked"};
  return kStates[static_cast<std::size_t>(state)];
}

}  // namespace

std::string_view event_name(EventType type) noexcept {
  switch (type) {
    case EventType::kRegistered: return "registered";
    case EventType::kRegistrationFailed: return "registration-failed";
    case EventType::kRegistrationGaveUp: return "registration-gave-up";
    case EventType::kUpdated: return "updated";
    case EventType::kAwake: return "awake";
    case EventType::kAsleep: return "asleep";
    case EventType::kSaveFailed: return "save-failed";
    case EventType::kDeregistered: return "deregistered";
    case EventType::kWritten: return "written";
    case EventType::kExecuted: return "executed";
    case EventType::kCreated: return "created";
    case EventType::kDeleted: return "deleted";
    case EventType::kAttributesWritten: return "attributes-written";
    case EventType::kBootstrapping: return "bootstrapping";
    case EventType::kBootstrapped: return "bootstrapped";
    case EventType::kBootstrapFailed: return "bootstrap-failed";
    case EventType::kObserved: return "observed";
    case EventType::kCancelled: return "cancelled";
    case EventType::kNotified: return "notified";
    case EventType::kSent: return "sent";
    case EventType::kSendFailed: return "send-failed";
  }
  return "unknown";
}

std::string event_json(const Event& event) {
  Json params{{"server", event.server}};
  switch (event.type) {
    case EventType::kRegistered:
    case EventType::kUpdated: params["location"] = std::string(event.text); break;
    case EventType::kRegistrationFailed:
    case EventType::kRegistrationGaveUp:
    case EventType::kBootstrapFailed:
      params["reason"] = reason(event);
      params["code"] = event.response == coap::Code::kEmpty ? Json() : Json(api::code_text(event.response));
      break;
    case EventType::kSendFailed:
      params["reason"] = reason(event);
      params["code"] = event.response == coap::Code::kEmpty ? Json() : Json(api::code_text(event.response));
      [[fallthrough]];
    case EventType::kSent: params["pack"] = event.pack; break;
    case EventType::kAwake:
    case EventType::kAsleep:
    case EventType::kDeregistered: break;
    case EventType::kSaveFailed: params = {{"reason", to_string(event.why)}}; break;
    case EventType::kBootstrapping:
    case EventType::kBootstrapped: params = Json::object(); break;
    case EventType::kWritten:
      params["value"] = api::to_json(event.value);
      params["type"] = std::string(lwm2m::to_string(event.value.type()));
      params["path"] = api::path_text(event.path);
      break;
    case EventType::kExecuted: params["arguments"] = std::string(event.text); [[fallthrough]];
    default: params["path"] = api::path_text(event.path); break;
  }
  return notification(event_name(event.type), std::move(params));
}

std::string restart_json(Restart restart) {
  return notification("restarted", {{"reason", restart == Restart::kReboot ? "reboot" : "factory-reset"}});
}

std::string card_json(const CardReport& report) {
  static constexpr std::array<std::string_view, 6> kStates{"none",      "unchanged", "applied",
                                                           "withdrawn", "refused",   "waiting"};
  Json params{{"state", std::string(kStates[static_cast<std::size_t>(report.outcome)])}};
  if (!report.why.empty()) params["reason"] = report.why;
  return notification("card", std::move(params));
}

std::string card_line(const CardReport& report) {
  static constexpr std::array<std::string_view, 6> kLines{"no accounts from a smartcard",
                                                          "the smartcard holds what it held",
                                                          "the accounts of the smartcard are in force",
                                                          "the accounts of the smartcard are gone with it",
                                                          "what the smartcard holds was refused",
                                                          "the smartcard has to wait"};
  std::string line(kLines[static_cast<std::size_t>(report.outcome)]);
  return report.why.empty() ? line : line + ": " + report.why;
}

std::string software_json(const SoftwareReport& report) {
  return notification("software", {{"path", "/9/" + std::to_string(report.package)},
                                   {"state", std::string(state_name(report.state))},
                                   {"result", static_cast<int>(report.result)},
                                   {"active", report.active},
                                   {"name", report.name},
                                   {"version", report.version}});
}

std::string software_line(const SoftwareReport& report) {
  return "software " + std::to_string(report.package) +
         (report.name.empty() ? "" : " (" + report.name + ' ' + report.version + ')') + ": " +
         std::string(state_name(report.state)) + ", update result " +
         std::to_string(static_cast<int>(report.result)) + (report.active ? ", active" : "");
}

std::string lock_json(const LockReport& report) {
  Json params{{"targets", report.targets}};
  if (!report.wiped) params["state"] = std::string(lock_name(report.state));
  return notification(report.wiped ? "wiped" : "locked", std::move(params));
}

std::string lock_line(const LockReport& report) {
  std::string line(report.wiped ? "wiped" : lock_name(report.state));
  for (const std::string& target : report.targets)
    line += (&target == report.targets.data() ? ": " : ", ") + target;
  return line;
}

std::string radio_json(bool on) {
  return notification("radio", {{"on", on}});
}

std::string radio_line(bool on) {
  return on ? "the radio is on again" : "the radio is off, as a server asked for";
}

std::string unusable_account_json(const Account& account, const std::string& why) {
  return notification("unusable-account", {{"server", account.id}, {"uri", account.uri}, {"reason", why}});
}

std::string unusable_account_line(const Account& account, const std::string& why) {
  return "cannot use the account of server " + std::to_string(account.id) + ": " + why;
}

std::string alert_json(const Account& account, const client::ChannelEnd& end) {
  return notification("alert", {{"server", account.id},
                                {"uri", account.uri},
                                {"code", static_cast<unsigned>(*end.alert)},
                                {"reason", alert_name(*end.alert)},
                                {"by", end.by_peer ? "server" : "device"}});
}

std::string alert_line(const Account& account, const client::ChannelEnd& end) {
  return "the channel to " + account.uri +
         " ended: " + (end.by_peer ? "the server says: " : "the server was told: ") + alert_name(*end.alert) +
         " (" + std::to_string(static_cast<unsigned>(*end.alert)) + ')';
}

std::string enrolled_json(const Account& account, const std::string& failure) {
  if (failure.empty()) return notification("enrolled", {{"server", account.id}, {"uri", account.uri}});
  return notification("enrolment-failed",
                      {{"server", account.id}, {"uri", account.uri}, {"reason", failure}});
}

std::string enrolled_line(const Account& account, const std::string& failure) {
  if (failure.empty()) return "enrolled for a certificate for " + account.uri;
  return "no certificate for " + account.uri + ": " + failure;
}

std::string event_line(const Event& event, const Settings& settings) {
  const std::string server = server_text(event, settings);
  const std::string path = api::path_text(event.path);
  switch (event.type) {
    case EventType::kRegistered: return "registered with " + server + " as " + std::string(event.text);
    case EventType::kUpdated: return "updated the registration with " + server;
    case EventType::kSaveFailed: return std::string("the state could not be kept: ") + to_string(event.why);
    case EventType::kAwake: return "awake for " + server;
    case EventType::kAsleep: return "asleep for " + server;
    case EventType::kDeregistered: return "de-registered from " + server;
    case EventType::kRegistrationFailed: return "registration with " + server + " failed: " + reason(event);
    case EventType::kRegistrationGaveUp:
      return "registration with " + server + " was tried as often as it should be: " + reason(event);
    case EventType::kBootstrapping: return "asking the bootstrap server";
    case EventType::kBootstrapped: return "bootstrapped";
    case EventType::kBootstrapFailed: return "bootstrap failed, all is as it was: " + reason(event);
    case EventType::kWritten: return "written " + path + " = " + printed(event.value);
    case EventType::kExecuted:
      return "executed " + path + (event.text.empty() ? "" : " with " + std::string(event.text));
    case EventType::kSent: return "sent pack " + std::to_string(event.pack) + " to " + server;
    case EventType::kSendFailed:
      return "pack " + std::to_string(event.pack) + " to " + server + " was given up: " + reason(event);
    case EventType::kAttributesWritten: return "attributes written at " + path;
    default: return std::string(event_name(event.type)) + " " + path;
  }
}

std::string restart_line(Restart restart) {
  return restart == Restart::kReboot ? "rebooted" : "reset to factory state and rebooted";
}

std::string datagram_line(bool sent, const net::Address& peer, ByteView datagram) {
  static constexpr std::array<std::string_view, 4> kTypes{"CON", "NON", "ACK", "RST"};
  std::string line = (sent ? "-> " : "<- ") + peer.text() + "  ";
  if (const auto header = coap::peek_header(datagram)) {
    line += std::string(kTypes[static_cast<std::size_t>(header->type)]) + ' ' + api::code_text(header->code) +
            ", ";
  }
  return line + std::to_string(datagram.size()) + " bytes";
}

std::string frame_line(bool sent, const net::Address& peer, ByteView frame) {
  std::string line = (sent ? "-> " : "<- ") + peer.text() + "  TCP ";
  if (const auto message = coap::Message::decode_frame(frame)) line += api::code_text(message->code()) + ", ";
  return line + std::to_string(frame.size()) + " bytes";
}

}  // namespace linnet::device

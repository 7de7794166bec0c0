// SPDX-License-Identifier: Apache-2.0
// Ways to servers that know the device by a certificate which it enrols for (TS 5.2.4): the way is opened
// once the bootstrap server has given the certificate, over its own link.
#include <utility>

#include "connections.hpp"
#include "linnet/client/accounts.hpp"

namespace linnet::device {

using client::ChannelState;

UnixTime Connections::unix_now() const noexcept {
  return clock_.unix_time().value_or(UnixTime{});
}

OrRefusal<bool> Connections::take_enrolled(const Account& account, client::InstanceId security,
                                           lwm2m::Binding transport, client::SecurityParameters& parameters) {
  if (parameters.mode != client::SecurityMode::kEst) return true;
  if (account.id == client::kBootstrapServer)
    return refuse(Errc::kInvalidArgument,
                  "a bootstrap server's own account cannot be enrolled for at itself");
  const AccountHash hash = hash_of(parameters);
  if (const auto* const enrolled = enrollments_.find(account.id, hash, unix_now())) {
    parameters.mode = client::SecurityMode::kCertificate;
    parameters.identity = enrolled->certificate;
    parameters.secret_key = enrolled->key;
    return true;
  }
  waiting_[account.id] = {.security = security, .transport = transport, .account = hash, .renewal = false};
  if (const auto sought = seek_certificate(); !sought) {
    waiting_.erase(account.id);
    return std::unexpected(sought.error());
  }
  return false;
}

/// Asks for the first one that waits, or opens the way to who is asked.
OrRefusal<void> Connections::seek_certificate() {
  if (waiting_.empty() || enrollments_.busy()) return {};
  if (const coap::LinkId link = open_bootstrap_link(); link != coap::kNoLink) {
    const auto& [server, waiting] = *waiting_.begin();
    enrollments_.enroll(server, waiting.account, link, unix_now());
    return {};
  }
  for (const auto& [link, way] : ways_) {
    if (way.account.id != client::kBootstrapServer) continue;
    if (way.secured) return {};  // it is being opened
    return refuse(Errc::kInvalidArgument,
                  "its certificate is enrolled for at a bootstrap server of coaps alone");
  }
  const client::InstanceId security = client::find_bootstrap_account(engine_->objects());
  if (security == lwm2m::kMaxId)
    return refuse(Errc::kNotFound,
                  "its certificate is enrolled for at the bootstrap server, and there is none");
  const auto uri = client::read_text(engine_->objects(), lwm2m::Path(client::kSecurityObject, security, 0));
  Account bootstrap{client::kBootstrapServer, std::string(uri.value_or("")), {}};
  return lead(bootstrap, security, {});
}

coap::LinkId Connections::open_bootstrap_link() const noexcept {
  for (const auto& [link, way] : ways_) {
    if (way.account.id != client::kBootstrapServer || !way.secured) continue;
    const client::Channel* const channel = way.stream ? source_.channel(link) : links_.channel(link);
    if (channel != nullptr && channel->state() == ChannelState::kOpen) return link;
  }
  return coap::kNoLink;
}

void Connections::step_enrollments() noexcept {
  if (const auto outcome = enrollments_.take_outcome()) {
    if (outcome->reason.empty()) engine_->save_soon();
    end_waiting(outcome->server, outcome->why, outcome->reason);
    if (!seek_certificate()) abandon_waiting(Errc::kNotFound);
    if (waiting_.empty()) release_bootstrap_server();
  }
  const auto due = enrollments_.due(unix_now());
  if (!due || waiting_.contains(*due)) return;
  const client::InstanceId security = client::find_security_instance(engine_->objects(), *due);
  const auto parameters = client::read_security(engine_->objects(), security, room_);
  if (!parameters || parameters->mode != client::SecurityMode::kEst) return enrollments_.forget(*due);
  waiting_[*due] = {.security = security, .transport = {}, .account = hash_of(*parameters), .renewal = true};
  if (!seek_certificate()) abandon_waiting(Errc::kNotFound);
}

void Connections::end_waiting(client::ShortServerId server, Errc why, const std::string& failure) noexcept {
  const auto node = waiting_.extract(server);
  if (node.empty()) return;
  const Waiting& waiting = node.mapped();
  const auto uri =
      client::read_text(engine_->objects(), lwm2m::Path(client::kSecurityObject, waiting.security, 0));
  observer_.on_enrolled({server, std::string(uri.value_or("")), {}}, failure);
  if (waiting.renewal) return;
  if (failure.empty()) return open(server, waiting.security, waiting.transport);
  engine_->unreachable(server, why);
}

void Connections::abandon_waiting(Errc why) noexcept {
  while (!waiting_.empty()) {
    end_waiting(waiting_.begin()->first, why,
                "the bootstrap server that gives its certificate cannot be reached");
  }
}

/// Where it was opened for certificates alone.
void Connections::release_bootstrap_server() noexcept {
  if (engine_->bootstrap_state() != client::BootstrapState::kIdle) return;
  const coap::LinkId link = open_bootstrap_link();
  if (link == coap::kNoLink) return;
  engine_->disconnect(client::kBootstrapServer);
  close(link);
}

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
// When to connect to which server: the order of servers, transports, and being offline (digest §4;
// resources 13 to 16 and 22 of object 1). Nothing of it is in images without kSequence.
#include <algorithm>
#include <utility>

#include "linnet/client/engine.hpp"

namespace linnet::client {

using lwm2m::Binding;

namespace {

constexpr Binding::Flag kTransports[]{Binding::kUdp, Binding::kTcp, Binding::kSms, Binding::kNonIp};

constexpr Binding without(Binding set, Binding less) noexcept {
  return Binding::from_bits(set.bits() & ~less.bits());
}

/// What is asked for first, then what the server prefers, then the order of the letters.
Binding next_transport(const ServerSettings& settings, Binding wanted, Binding tried) noexcept {
  const Binding left = without(settings.binding, tried | Binding::kQueue);
  for (const Binding first : {wanted, settings.preferred}) {
    if (first.bits() != 0 && without(first, left).bits() == 0) return first;
  }
  for (const Binding::Flag transport : kTransports) {
    if (left.has(transport)) return transport;
  }
  return {};
}

/// Servers without an order come behind all that have one.
std::uint64_t place_of(const ServerSettings& settings) noexcept {
  constexpr std::uint64_t kBehindAll = std::uint64_t{1} << 32;
  return (settings.priority ? *settings.priority : kBehindAll) << 16 | settings.instance;
}

}  // namespace

/// Rows for the accounts that are there, none for those that are gone.
void Engine::match_accounts() noexcept {
  accounts_changed_ = false;
  for (Server& row : servers_) {
    if (row.id == kEveryServer) continue;
    const bool there =
        find_server_instance(tree_, row.id) != kMaxId &&
        (tree_.find(kSecurityObject) == nullptr || find_security_instance(tree_, row.id) != kMaxId);
    if (there) continue;
    if (row.registered()) {
      row.deregister_wanted = true;
    } else if (row.state != RegistrationState::kDeregistering) {
      abandon(row);
      close_link(row);
      Server::renew(row, kEveryServer);
    }
  }
  for (Account account = next_account(tree_); account.id != 0;
       account = next_account(tree_, account.server + 1)) {
    if (find_server(account.id) != nullptr) continue;
    Server* row = nullptr;
    if (take_row(account.id, row)) row->state = RegistrationState::kPending;
  }
}

/// Gives the next server its turn: in order, or, where none of those that wait has one, to one after
/// the other without waiting in between.
void Engine::start_pending() noexcept {
  if (accounts_changed_) match_accounts();
  Server* next = nullptr;
  std::uint64_t lowest = UINT64_MAX;
  for (Server& row : servers_) {
    if (row.id == kEveryServer) continue;
    const ServerSettings account = settings(row.id);
    if (row.state == RegistrationState::kPending) {
      if (place_of(account) < lowest) {
        lowest = place_of(account);
        next = &row;
      }
    } else if ((row.state == RegistrationState::kFailed && account.failure_block) ||
               (!row.settled && account.priority)) {
      return;
    }
  }
  if (next == nullptr) return;
  begin(*next);
  next->due = now_ + Seconds(settings(next->id).initial_delay);
}

void Engine::attempt(Server& server) noexcept {
  if (managed() && server.link == coap::kNoLink) return open_link(server);
  send(server, RegistrationState::kRegistering);
}

void Engine::open_link(Server& server) noexcept {
  const ServerSettings account = settings(server.id);
  Binding transport = next_transport(account, server.wanted, server.tried);
  if (transport.bits() == 0) {
    server.tried = {};
    transport = next_transport(account, server.wanted, {});
  }
  server.wanted = {};
  server.preferred = account.preferred;
  server.tried = server.tried | transport;
  server.transport = transport;
  server.state = RegistrationState::kConnecting;
  server.due = kNever;
  config_.connector->open(server.id, find_security_instance(tree_, server.id), transport);
}

void Engine::close_link(Server& server) noexcept {
  server.closing = false;
  if (!managed() || server.link == coap::kNoLink) return;
  endpoint_.abandon(server.link, now_);
  config_.connector->close(std::exchange(server.link, coap::kNoLink));
}

void Engine::unreachable(ShortServerId server, Errc why) noexcept {
  if constexpr (kBootstrap) {
    if (server == kBootstrapServer) return disconnect_bootstrap_server(why);
  }
  Server* row = find_server(server);
  if (row == nullptr || row->state != RegistrationState::kConnecting) return;
  work_pending_ = true;
  if (why != Errc::kUnauthorized && next_transport(settings(server), {}, row->tried).bits() != 0) {
    row->state = RegistrationState::kRegistering;
    row->due = now_;
    return;
  }
  row->tried = {};
  attempt_failed(*row, {why});
}

/// The argument 0 of Registration Update Trigger names a transport to come back over (TS 6.6).
Result<void> Engine::take_transport(Server& server, std::string_view text) noexcept {
  const auto transport = Binding::parse(text);
  if (!transport || transport->queue() || text.size() != 1) return fail(Errc::kInvalidArgument);
  if (managed()) server.wanted = *transport;
  return {};
}

/// The server wants another transport. A link of its own comes with a new registration (TS 6.4.3).
void Engine::change_transport(Server& server) noexcept {
  const bool possible = without(server.wanted, settings(server.id).binding).bits() == 0;
  if (!managed() || !possible || server.wanted == server.transport) {
    server.wanted = {};
    return;
  }
  abandon(server);
  close_link(server);
  const Binding wanted = server.wanted;
  begin(server);
  server.wanted = wanted;
}

void Engine::set_online(bool online) noexcept {
  if constexpr (!kSequence) return;
  if (online_ == online) return;
  online_ = online;
  work_pending_ = true;
  for (Server& row : servers_) {
    if (row.id == kEveryServer) continue;
    online ? go_online(row) : go_offline(row);
  }
}

void Engine::go_offline(Server& server) noexcept {
  cancel_request(server);
  close_link(server);
  switch (server.state) {
    case RegistrationState::kConnecting:
    case RegistrationState::kRegistering:
    case RegistrationState::kRegistered:
    case RegistrationState::kUpdating:
    case RegistrationState::kWaiting:
    case RegistrationState::kFailed:
      server.state = RegistrationState::kOffline;
      server.due = kNever;
      return;
    case RegistrationState::kDeregistering: return deregistered(server);
    default: return;
  }
}

void Engine::go_online(Server& server) noexcept {
  if (server.state != RegistrationState::kOffline) return;
  if (managed()) return begin(server);
  if (server.link != coap::kNoLink) (void)connect(server.id, server.link, Session::kKept);
}

void Engine::stop_servers() noexcept {
  if constexpr (!kSequence) return;
  stopped_ = true;
  for (Server& row : servers_) {
    if (row.id == kEveryServer) continue;
    abandon(row);
    close_link(row);
    row.state = RegistrationState::kOffline;
    row.due = kNever;
  }
}

void Engine::start_servers() noexcept {
  if constexpr (!kSequence) return;
  if (!stopped_) stop_servers();
  stopped_ = bootstrap_wanted_ = false;
  accounts_changed_ = work_pending_ = true;
  for (Server& row : servers_) {
    if (row.id == kEveryServer) continue;
    if (managed() || find_server_instance(tree_, row.id) == kMaxId) {
      Server::renew(row, kEveryServer);
    } else if (row.link != coap::kNoLink) {
      begin(row);
    }
  }
}

/// Registration failed for good (Bootstrap on Registration Failure).
void Engine::bootstrap_wanted(const ServerSettings& settings) noexcept {
  if constexpr (!kSequence || !kBootstrap) return;
  if (!settings.bootstrap_on_failure || find_bootstrap_account(tree_) == kMaxId) return;
  bootstrap_wanted_ = work_pending_ = true;
}

}  // namespace linnet::client

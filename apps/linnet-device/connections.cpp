// SPDX-License-Identifier: Apache-2.0
#include "connections.hpp"

#include <algorithm>

#include "linnet/client/accounts.hpp"

namespace linnet::device {

using client::ChannelState;

namespace {

constexpr lwm2m::ResourceId kServerUri = 0;

std::vector<tls::Certificate> import_all(const std::vector<tls::OwnedBytes>& anchors) {
  std::vector<tls::Certificate> certificates;
  for (const tls::OwnedBytes& der : anchors) {
    if (auto certificate = tls::import_certificate(der)) certificates.push_back(*std::move(certificate));
  }
  return certificates;
}

std::string why_not(Errc why) {
  switch (why) {
    case Errc::kNotFound: return "it has no Security instance";
    case Errc::kInvalidArgument: return "its Security Mode does not go with its URI or its keys";
    case Errc::kMalformed: return "its URI is malformed";
    case Errc::kNoSpace: return "its keys are too long";
    default:
      return "this device speaks coap://HOST:PORT, coap+tcp://HOST:PORT, and with keys or certificates "
             "coaps://HOST:PORT and coaps+tcp://HOST:PORT";
  }
}

}  // namespace

Connections::Connections(const Settings& settings, coap::Links& below, LinkSource& source,
                         client::Platform& clock, Observer& observer)
    : source_(source),
      clock_(clock),
      observer_(observer),
      anchors_(import_all(settings.credentials.anchors)),
      links_(below, clock_, anchors_),
      endpoint_(settings.endpoint) {}

void Connections::begin(client::Engine& engine, Objects& objects, client::Session plain) noexcept {
  engine_ = &engine;
  objects_ = &objects;
  plain_ = plain;
  enrollments_.begin(engine, endpoint_);
}

void Connections::end() noexcept {
  for (const auto& [link, way] : ways_) {
    if (way.stream) source_.disconnect(link);
  }
  links_.drop_all();
  ways_.clear();
  waiting_.clear();
  enrollments_.end();
  engine_ = nullptr;
}

coap::LinkId Connections::secured_link(const net::Address& address) const noexcept {
  for (const auto& [link, way] : ways_) {
    if (!way.secured || way.account.address != address) continue;
    const client::Channel* channel = links_.channel(link);
    if (channel != nullptr && channel->state() == ChannelState::kOpen) return link;
  }
  return coap::kNoLink;
}

bool Connections::handshaking(coap::LinkId link) const noexcept {
  const client::Channel* channel = links_.channel(link);
  return channel != nullptr && channel->state() == ChannelState::kHandshaking;
}

void Connections::open(client::ShortServerId server, client::InstanceId security,
                       lwm2m::Binding transport) noexcept {
  const auto uri =
      client::read_text(engine_->objects(), lwm2m::Path(client::kSecurityObject, security, kServerUri));
  Account account{server, std::string(uri.value_or("")), {}};
  const auto led = lead(account, security, transport);
  gnutls_memset(room_.data(), 0, room_.size());
  if (led) return;
  if (!led.error().text.empty()) observer_.on_unusable_account(account, led.error().text);
  engine_->unreachable(server, led.error().code);
}

/// A plain way over UDP is there at once, a secured one after its handshake, one over TCP once it is
/// connected. The URI says which; a binding that has it too says when (object 1, resource 7).
OrRefusal<void> Connections::lead(Account& account, client::InstanceId security, lwm2m::Binding transport) {
  auto parameters = client::read_security(engine_->objects(), security, room_);
  if (!parameters) return refuse(parameters.error().code, why_not(parameters.error().code));
  const bool stream = parameters->stream();
  const auto carried = stream ? lwm2m::Binding::kTcp : lwm2m::Binding::kUdp;
  const bool by_binding = account.id != client::kBootstrapServer &&
                          client::read_settings(engine_->objects(), account.id).binding.has(carried);
  if (by_binding && transport != lwm2m::Binding(carried)) return refuse(Errc::kUnsupported, "");
  if (const auto ready = take_enrolled(account, security, transport, *parameters); !ready || !*ready)
    return ready ? OrRefusal<void>() : std::unexpected(ready.error());
  const bool v6 = parameters->host.find(':') != std::string_view::npos;
  const std::string host(parameters->host);
  const auto address =
      net::resolve_address((v6 ? '[' + host + ']' : host) + ':' + std::to_string(parameters->port));
  if (!address) return refuse(Errc::kNotFound, address.error());
  account.address = *address;
  const auto link = stream ? source_.stream_to(account.address) : source_.link_to(account.address);
  if (!link) return std::unexpected(link.error());

  if (const auto known = ways_.find(*link); known != ways_.end() && known->second.account.id != account.id) {
    // A bootstrap server that has done its work may be the management server too.
    const bool done = engine_->bootstrap_state() == client::BootstrapState::kLingering;
    if (known->second.account.id == client::kBootstrapServer && done) {
      engine_->disconnect(client::kBootstrapServer);
    } else if (known->second.secured || parameters->secured() || stream) {
      return refuse(Errc::kBusy, "another server's account has the address " + account.address.text());
    }
  }
  Way& way =
      ways_[*link] = {.account = account, .hash = {}, .secured = parameters->secured(), .stream = stream};
  if (way.secured) way.hash = hash_of(*parameters);
  if (stream) return connect(*link, *parameters);
  if (!way.secured) {
    const auto connected = engine_->connect(account.id, *link, plain_);
    if (!connected) return refuse(connected.error().code, "there is no room for another server");
    return {};
  }
  const auto begun = links_.open(*link, *parameters, sessions_.find(account.id, way.hash), now_);
  if (!begun) {
    ways_.erase(*link);
    return refuse(Errc::kInvalidArgument, begun.error());
  }
  return {};
}

/// The handshake begins at once: its first message waits for the connection, and the keys need not be kept.
OrRefusal<void> Connections::connect(coap::LinkId link, const client::SecurityParameters& parameters) {
  const Way& way = ways_.at(link);
  MakeChannel make;
  if (way.secured) {
    make = [&](client::Wire& wire) -> std::expected<std::unique_ptr<client::Channel>, std::string> {
      auto channel = links_.stream_channel(wire);
      if (channel->start(parameters, sessions_.find(way.account.id, way.hash), now_)) return channel;
      return std::unexpected(channel->refusal());
    };
  }
  if (const auto begun = source_.connect(link, make); !begun) {
    ways_.erase(link);
    return refuse(Errc::kInvalidArgument, begun.error());
  }
  return {};
}

bool Connections::stream(coap::LinkId link) const noexcept {
  const auto way = ways_.find(link);
  return way != ways_.end() && way->second.stream;
}

/// A connection is a new one to the server (TS 6.4.3): the device registers.
void Connections::stream_opened(coap::LinkId link) noexcept {
  if (!stream(link)) return;
  const Way& way = ways_.at(link);
  if (const client::Channel* const channel = source_.channel(link)) keep_session(way, *channel);
  if (!engine_->connect(way.account.id, link, client::Session::kNew)) return close(link);
  if (way.account.id == client::kBootstrapServer) (void)seek_certificate();
}

void Connections::stream_closed(coap::LinkId link, bool was_open,
                                const std::optional<client::ChannelEnd>& channel) noexcept {
  if (!stream(link)) return;
  const Way way = ways_.at(link);
  const client::ShortServerId server = way.account.id;
  ways_.erase(link);
  if (channel) tell_alert(way, *channel);
  if (was_open) return engine_->disconnect(server);
  sessions_.forget(server);
  engine_->unreachable(server, channel ? channel->why : Errc::kTimeout);
  if (server == client::kBootstrapServer) abandon_waiting(Errc::kTimeout);
}

void Connections::keep_session(const Way& way, const client::Channel& channel) noexcept {
  std::array<std::uint8_t, KeptSessions::kMaxSession> session{};
  if (const auto size = channel.export_session(session)) {
    sessions_.keep(way.account.id, way.hash, ByteView(session).first(*size));
    engine_->save_soon();
  }
  gnutls_memset(session.data(), 0, session.size());
}

void Connections::tell_alert(const Way& way, const client::ChannelEnd& end) noexcept {
  if (!end.alert) return;
  if (end.by_peer) objects_->set_alert(way.account.id, static_cast<std::uint8_t>(*end.alert));
  observer_.on_alert(way.account, end);
}

void Connections::close(coap::LinkId link) noexcept {
  if (stream(link)) source_.disconnect(link);
  links_.close(link);
  ways_.erase(link);
}

void Connections::receive(coap::LinkId link, ByteView datagram, Instant now) noexcept {
  now_ = now;
  links_.receive(link, datagram, now, [&](ByteView message) { engine_->receive(link, message, now); });
}

Instant Connections::step(Instant now) noexcept {
  now_ = now;
  step_enrollments();
  const Instant next = links_.step(now);
  bool told = false;
  while (const auto change = links_.next_change()) {
    tell(*change);
    told = true;
  }
  return told ? Instant::min() : next;
}

void Connections::tell(const SecuredLinks::Change& change) noexcept {
  const auto found = ways_.find(change.link);
  if (found == ways_.end()) return;
  const Way way = found->second;
  const client::ShortServerId server = way.account.id;
  const client::Channel& channel = *links_.channel(change.link);
  if (change.state == ChannelState::kOpen) {
    keep_session(way, channel);
    const auto kept = channel.resumed() ? client::Session::kKept : client::Session::kNew;
    if (!engine_->connect(server, change.link, kept)) return close(change.link);
    if (server == client::kBootstrapServer) (void)seek_certificate();
    return;
  }
  const client::ChannelEnd end = channel.end();
  ways_.erase(found);
  tell_alert(way, end);
  if (change.opened) return engine_->disconnect(server);
  // What was offered to be resumed may have been what went wrong.
  sessions_.forget(server);
  engine_->unreachable(server, end.why);
  if (server == client::kBootstrapServer) abandon_waiting(end.why);
}

}  // namespace linnet::device

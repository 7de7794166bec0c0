// SPDX-License-Identifier: Apache-2.0
// Registering with servers and staying registered (TS 6.4.3, digest §4).
#include <algorithm>
#include <memory>

#include "linnet/client/engine.hpp"
#include "linnet/client/oscore_accounts.hpp"
#include "linnet/client/query_list.hpp"
#include "linnet/client/question.hpp"
#include "linnet/client/request.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/object_list.hpp"

namespace linnet::client {

using namespace std::string_view_literals;

namespace {

constexpr Millis kBusyDelay{1000};  // until a full table of exchanges is tried again
constexpr std::uint32_t kMaxDoublings = 20;
constexpr std::uint64_t kNoOtherSequence = UINT32_MAX;  // Communication Sequence Delay Timer

/// When a registration has to be refreshed: early enough for all retransmissions of an Update.
Instant refresh_at(Instant refreshed, std::uint32_t lifetime, Millis transmit_wait) noexcept {
  const Millis span = Seconds(lifetime);
  return refreshed + (span <= 2 * transmit_wait ? span / 2 : span - transmit_wait);
}

}  // namespace

void QueryList::end() noexcept {
  const ByteView query = out.written().subspan(start_);
  fits_ = fits_ && query.size() <= kMaxQuery;
  all_[count_++] = as_text(query);
  start_ = out.size();
}

bool Location::assign(coap::Options options) noexcept {
  clear();
  std::size_t count = 0;
  for (const coap::Option& option : options) {
    if (option.number != coap::OptionNumber::kLocationPath) continue;
    if (++count > coap::Reply::kMaxLocation || option.value.size() + 1 > kMaxSize - size_) {
      clear();
      return false;
    }
    bytes_[size_] = static_cast<std::uint8_t>(option.value.size());
    std::ranges::copy(option.value, bytes_.begin() + size_ + 1);
    size_ = static_cast<std::uint8_t>(size_ + 1 + option.value.size());
  }
  return count > 0;
}

std::size_t Location::segments(std::array<std::string_view, coap::Reply::kMaxLocation>& out) const noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at < size_; at += 1U + bytes_[at]) {
    out[count++] = as_text({bytes_.data() + at + 1, bytes_[at]});
  }
  return count;
}

void Location::write(ByteWriter& out) const noexcept {
  std::array<std::string_view, coap::Reply::kMaxLocation> parts;
  const std::size_t count = segments(parts);
  for (std::size_t i = 0; i < count; ++i) {
    out.text("/"sv);
    out.text(parts[i]);
  }
}

void Server::renew(Server& row, ShortServerId server) noexcept {
  std::construct_at(&row);
  row.id = server;
}

ServerSettings Engine::settings(ShortServerId server) const noexcept {
  return read_settings(tree_, server);
}

/// The row of a server that object 1 knows, a free one where it has none yet.
Result<void> Engine::take_row(ShortServerId server, Server*& row) noexcept {
  if (server == kEveryServer || find_server_instance(tree_, server) == kMaxId) return fail(Errc::kNotFound);
  row = find_server(server);
  if (row != nullptr) return {};
  const auto free = std::ranges::find(servers_, kEveryServer, &Server::id);
  if (free == servers_.end()) return fail(Errc::kNoSpace);
  row = &*free;
  Server::renew(*row, server);
  return {};
}

/// What must be protected and cannot be is not sent.
Result<void> Engine::secure(InstanceId security, coap::LinkId link) noexcept {
  if (config_.oscore != nullptr) return config_.oscore->secure(tree_, security, link);
  const bool wanted = tree_.resolve(Path(kSecurityObject, security, kOscoreSecurityMode)).has_value();
  if (wanted) return fail(Errc::kUnsupported);
  return {};
}

Result<void> Engine::connect(ShortServerId server, coap::LinkId link, Session session) noexcept {
  if constexpr (kBootstrap) {
    if (server == kBootstrapServer) return connect_bootstrap_server(link);
  }
  if constexpr (kOscore) {
    const auto secured = secure(find_security_instance(tree_, server), link);
    if (!secured) return secured;
  }
  Server* taken = nullptr;
  if (const auto found = take_row(server, taken); !found) return found;
  Server& row = *taken;
  cancel_request(row);
  if (row.link != link) close_link(row);
  row.link = link;
  if constexpr (kSequence) row.closing = false;
  work_pending_ = true;
  if (kSequence && session == Session::kKept && row.standing(now_)) {
    row.state = RegistrationState::kRegistered;
    row.settled = row.update_wanted = true;
    row.attempts = row.sequences = 0;
    row.tried = {};
    row.due = now_;
    return {};
  }
  const bool asked = kSequence && row.state == RegistrationState::kConnecting;
  abandon(row);
  if (!asked) {
    begin(row);
  } else {
    row.state = RegistrationState::kRegistering;
    row.due = now_;
  }
  return {};
}

void Engine::disconnect(ShortServerId server) noexcept {
  if constexpr (kBootstrap) {
    if (server == kBootstrapServer) return disconnect_bootstrap_server(Errc::kClosed);
  }
  Server* row = find_server(server);
  if (row == nullptr || row->link == coap::kNoLink) return;
  const bool registered = kSequence && row->registered();
  cancel_request(*row);
  endpoint_.abandon(row->link, now_);
  row->link = coap::kNoLink;
  if constexpr (kSequence) row->closing = false;
  work_pending_ = true;
  if (!managed()) {
    abandon(*row);
    row->due = kNever;
    row->state = RegistrationState::kOffline;
  } else if (registered) {
    begin(*row);
  } else if (row->state == RegistrationState::kRegistering) {
    attempt_failed(*row, {Errc::kClosed});
  } else if (row->state == RegistrationState::kDeregistering) {
    deregistered(*row);
  }
}

void Engine::register_now(ShortServerId server) noexcept {
  for (Server& row : servers_) {
    if (row.id == 0 || (row.link == coap::kNoLink && !managed())) continue;
    if (server != kEveryServer && row.id != server) continue;
    abandon(row);
    begin(row);
  }
}

void Engine::update(ShortServerId server) noexcept {
  for (Server& row : servers_) {
    if (server == kEveryServer || row.id == server) row.update_wanted = true;
  }
  work_pending_ = true;
}

void Engine::deregister(ShortServerId server) noexcept {
  for (Server& row : servers_) {
    if (server == kEveryServer || row.id == server) row.deregister_wanted = true;
  }
  work_pending_ = true;
}

/// Ends what is under way with a server, and its registration, without telling it.
void Engine::abandon(Server& server) noexcept {
  cancel_request(server);
  end_observations(server.id);
  if constexpr (kSequence || kPersistence) server.location.clear();
  if constexpr (kPersistence) save_soon();
}

void Engine::cancel_request(Server& server) noexcept {
  if (server.request) endpoint_.cancel(*server.request, now_);
  server.request.reset();
}

/// The first attempt of the first sequence is due.
void Engine::begin(Server& server) noexcept {
  server.state = RegistrationState::kRegistering;
  server.attempts = server.sequences = 0;
  server.deregister_wanted = server.disable_wanted = false;
  if constexpr (kSequence) server.tried = {};
  server.due = now_;
  work_pending_ = true;
}

void Engine::step_server(Server& server) noexcept {
  if (server.request) {
    if (now_ < server.due) return;
    // An acknowledgement without a response behind it does not keep a registration alive.
    const coap::RequestId id = *server.request;
    endpoint_.cancel(id, now_);
    return finish(id, Errc::kTimeout, nullptr);
  }
  if (kSequence && server.closing) close_link(server);
  const bool due = now_ >= server.due;
  switch (server.state) {
    case RegistrationState::kRegistering:
    case RegistrationState::kWaiting:
    case RegistrationState::kFailed:
    case RegistrationState::kDisabled:
      if (server.deregister_wanted) return deregistered(server);
      if (due) attempt(server);
      return;
    case RegistrationState::kRegistered:
      if (server.deregister_wanted) return send(server, RegistrationState::kDeregistering);
      if (kSequence && server.wanted.bits() != 0) change_transport(server);
      if ((!kSequence || server.registered()) && (server.update_wanted || due)) {
        send(server, RegistrationState::kUpdating);
      }
      return;
    default: server.deregister_wanted = false; return;
  }
}

void Engine::write_object_list(ByteWriter& out) const noexcept {
  lwm2m::FormatSet formats;
  for (const lwm2m::Codec& codec : config_.codecs) {
    // Text, opaque and the numbers of old drafts go without saying.
    if (codec.format == lwm2m::ContentFormat::kCbor || static_cast<std::uint16_t>(codec.format) / 100 == 1 ||
        static_cast<std::uint16_t>(codec.format) > 11000) {
      formats.insert(codec.format);
    }
  }
  lwm2m::LinkWriter links(out, config_.alternate_path);
  lwm2m::write_root(links, formats);
  for (const Object* object : tree_.objects()) {
    if (hidden(object->id())) continue;
    write_object(links, *object, true, false);
    for (const InstanceId i : object->instances()) links.link(Path(object->id(), i));
  }
}

/// Register: POST to /rd, with everything. Update: POST to the location, with what is new. De-register:
/// DELETE of it. Queries and payload are laid into the work buffer; `state` is entered where the request is
/// under way.
void Engine::send(Server& server, RegistrationState state) noexcept {
  const bool registers = state == RegistrationState::kRegistering;
  const bool updates = state == RegistrationState::kUpdating;
  if (!updates) end_observations(server.id);
  // Whatever becomes of this attempt, the registration before it is no longer to be counted on.
  if ((kSequence || kPersistence) && registers) server.location.clear();
  const ServerSettings wanted = settings(server.id);
  const std::uint32_t lifetime = updates ? server.sent_lifetime : wanted.lifetime;
  QueryList queries(work_);
  ByteWriter& out = queries.out;
  if (registers) {
    out.text("ep="sv);
    out.text(config_.endpoint);
    queries.end();
  }
  if (registers || (updates && wanted.lifetime != lifetime)) {
    out.text("lt="sv);
    lwm2m::write_digits(out, wanted.lifetime);
    queries.end();
  }
  if (registers) {
    out.text("lwm2m=1.1"sv);
    queries.end();
  }
  if (registers || (updates && wanted.binding != server.sent_binding)) {
    out.text("b="sv);
    wanted.binding.write(out, lwm2m::LwM2mVersion::k1_1);
    queries.end();
    if (config_.queue_mode || wanted.binding.queue()) {
      out.text("Q"sv);
      queries.end();
    }
  }
  if (registers && !config_.sms.empty()) {
    out.text("sms="sv);
    out.text(config_.sms);
    queries.end();
  }
  const std::size_t start = out.size();
  coap::OutgoingRequest request;
  if (registers || (updates && server.objects_changed)) {
    write_object_list(out);
    request.content_format = static_cast<std::uint16_t>(lwm2m::ContentFormat::kLinkFormat);
  }
  if (!out.ok() || !queries.fits()) {
    server.state = state;
    return attempt_failed(server, {Errc::kNoSpace});
  }
  std::array<std::string_view, coap::Reply::kMaxLocation> path{"rd"sv};
  request.method = registers || updates ? coap::Code::kPost : coap::Code::kDelete;
  request.path = std::span(path).first(registers ? 1 : server.location.segments(path));
  request.query = queries.queries();
  request.payload = out.written().subspan(start);
  const auto id = endpoint_.request(server.link, request, now_);
  if (!id && id.error().code == Errc::kBusy) {
    server.due = now_ + kBusyDelay;
    return;
  }
  server.state = state;
  server.sent = now_;
  // Behind an acknowledgement the response may be long in coming, but not longer than the registration lasts.
  const coap::TransmissionParameters& transmission = counter_.traits(server.link).transmission;
  server.due = now_ + std::clamp<Millis>(Seconds(lifetime), transmission.max_transmit_wait(),
                                         transmission.exchange_lifetime());
  if (!id) return attempt_failed(server, id.error());
  server.request = *id;
  server.sent_lifetime = wanted.lifetime;
  server.sent_binding = wanted.binding;
  server.update_wanted = server.objects_changed = false;
  if constexpr (kPersistence) save_soon();
}

void Engine::on_response(coap::RequestId id, const coap::IncomingResponse& response, Instant) noexcept {
  finish(id, Errc::kNotAllowed, &response);
}

void Engine::on_failure(coap::RequestId id, Errc why, Instant) noexcept {
  finish(id, why, nullptr);
}

void Engine::finish(coap::RequestId id, Errc why, const coap::IncomingResponse* answer) noexcept {
  const coap::Code response = answer != nullptr ? answer->code : coap::Code::kEmpty;
  const Error outcome{why, static_cast<std::uint8_t>(response)};
  if constexpr (kBootstrap) {
    if (bootstrap_.request == id) return bootstrap_answered(outcome);
  }
  if constexpr (kQuestions) {
    if (question_ != nullptr && question_->take(id, answer, why)) return;
  }
  const auto found = std::ranges::find(servers_, std::optional(id), &Server::request);
  if (found == servers_.end()) {
    if constexpr (kSend) finish_send(id, outcome, answer);
    return;
  }
  Server& server = *found;
  server.request.reset();
  work_pending_ = true;
  switch (server.state) {
    case RegistrationState::kRegistering:
      if (response == coap::Code::kCreated) return registered(server, *answer);
      return attempt_failed(server, outcome);
    case RegistrationState::kUpdating:
      if (response == coap::Code::kChanged) return updated(server);
      // Whatever the server has against the Update, only a new registration mends it.
      emit_failure(EventType::kRegistrationFailed, server.id, outcome);
      if (server.deregister_wanted) return deregistered(server);
      if (kSequence && managed() && response == coap::Code::kEmpty) {
        // Silence may be a server that has lost the session: another link makes another one.
        abandon(server);
        server.closing = true;
      }
      return begin(server);
    case RegistrationState::kDeregistering: return deregistered(server);
    default: return;
  }
}

void Engine::registered(Server& server, const coap::IncomingResponse& response) noexcept {
  if (!server.location.assign(response.options)) {
    return attempt_failed(server, {Errc::kMalformed, static_cast<std::uint8_t>(response.code)});
  }
  server.attempts = server.sequences = 0;
  if constexpr (kSequence) {
    server.tried = {};
    server.settled = true;
  }
  if constexpr (kPersistence) save_soon();
  updated(server);
}

/// A Register or an Update succeeded.
void Engine::updated(Server& server) noexcept {
  const bool first = server.state == RegistrationState::kRegistering;
  server.state = RegistrationState::kRegistered;
  if constexpr (kSequence) server.refreshed = server.sent;
  server.due = refresh_at(server.sent, server.sent_lifetime,
                          counter_.traits(server.link).transmission.max_transmit_wait());
  parameters_changed();
  if constexpr (!kEvents) return;
  std::array<std::uint8_t, Location::kMaxSize + 1> text;
  emit({.type = first ? EventType::kRegistered : EventType::kUpdated,
        .server = server.id,
        .text = location(server.id, text)});
}

void Engine::deregistered(Server& server) noexcept {
  end_observations(server.id);
  const bool disable = server.disable_wanted;
  server.deregister_wanted = server.disable_wanted = false;
  server.state = disable ? RegistrationState::kDisabled : RegistrationState::kDeregistered;
  server.due = disable ? now_ + Seconds(settings(server.id).disable_timeout) : kNever;
  server.attempts = server.sequences = 0;
  if constexpr (kSequence) {
    server.tried = {};
    server.location.clear();
    server.settled = true;
    server.closing = accounts_changed_ = managed();
  }
  if constexpr (kPersistence) save_soon();
  emit(EventType::kDeregistered, server.id);
}

void Engine::attempt_failed(Server& server, Error why) noexcept {
  const ServerSettings wanted = settings(server.id);
  // What trying again cannot mend is as if everything had been tried (TS 5.2.9).
  const bool hopeless = kSequence && why.code == Errc::kUnauthorized;
  server.attempts = hopeless ? wanted.retry_count : server.attempts + 1;
  if (hopeless) server.sequences = wanted.sequence_count;
  if constexpr (kSequence) server.closing = managed();
  server.state = RegistrationState::kWaiting;
  const std::uint32_t before = server.attempts - 1;  // many, where no attempt is allowed at all
  const std::uint32_t doublings = before < kMaxDoublings ? before : kMaxDoublings;
  std::uint64_t delay = std::uint64_t{wanted.retry_timer != 0 ? wanted.retry_timer : 1} * (1U << doublings);
  if (server.attempts >= wanted.retry_count) {
    server.attempts = 0;
    delay = wanted.sequence_delay != 0 ? wanted.sequence_delay : 1;
    if (++server.sequences > wanted.sequence_count || delay == kNoOtherSequence) {
      server.state = RegistrationState::kFailed;
      server.sequences = 0;
      if constexpr (kSequence) server.settled = true;
    }
  }
  // Without a bootstrap server, giving up for good would lose the device: it keeps trying, rarely.
  server.due = delay == kNoOtherSequence ? kNever : now_ + Seconds(delay);
  emit_failure(EventType::kRegistrationFailed, server.id, why);
  if (server.state == RegistrationState::kFailed) {
    bootstrap_wanted(wanted);
    emit_failure(EventType::kRegistrationGaveUp, server.id, why);
  }
}

/// What the engine does at a command of the Server object: Disable, Registration Update Trigger.
/// `argument`: what their argument 0 says.
Result<void> Engine::obey(Server& server, const Path& command,
                          std::optional<std::string_view> argument) noexcept {
  constexpr ResourceId kDisable = 4;
  constexpr ResourceId kRegistrationUpdateTrigger = 8;
  constexpr ResourceId kBootstrapRequestTrigger = 9;
  if (command.object() != kServerObject || find_server_instance(tree_, server.id) != command.instance()) {
    return {};
  }
  if (command.resource() == kDisable) server.disable_wanted = server.deregister_wanted = true;
  if (kBootstrap && command.resource() == kBootstrapRequestTrigger) {
    return bootstrap() ? Result<void>() : fail(Errc::kNotAllowed);
  }
  if (command.resource() != kRegistrationUpdateTrigger) return {};
  if (kSequence && argument) {
    if (const auto taken = take_transport(server, *argument); !taken) return taken;
  }
  server.update_wanted = true;
  return {};
}

/// Where a registered server knows other parameters than object 1 has now, it is to be updated.
void Engine::parameters_changed() noexcept {
  for (Server& server : servers_) {
    if (server.id == 0 || !server.registered()) continue;
    const ServerSettings wanted = settings(server.id);
    if (kSequence && wanted.preferred != server.preferred)
      server.wanted = server.preferred = wanted.preferred;
    if (wanted.lifetime == server.sent_lifetime && wanted.binding == server.sent_binding) continue;
    server.update_wanted = true;
  }
}

}  // namespace linnet::client

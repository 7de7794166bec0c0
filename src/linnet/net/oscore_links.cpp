// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/oscore_links.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace linnet::net {

namespace {

using oscore::ContextId;
using oscore::InputParameters;
using oscore::OptionValue;
using oscore::PartialIv;

constexpr PartialIv kReserve = 1024;  // numbers that are set aside at once
// The same keys may be used by the management and by the bootstrap server: each has its half of the numbers.
constexpr PartialIv kHalf = (oscore::kMaxPartialIv + 1) / 2;
constexpr std::size_t kMaxHeldOfContext = 4;
constexpr std::size_t kMaxHeld = 4096;
constexpr unsigned kMaxLooks = 256;

oscore::ContextsConfig contexts_config(const OscoreLinksConfig& config) noexcept {
  oscore::ContextsConfig contexts;
  contexts.max_contexts = std::max(config.max_links, 1U);
  contexts.max_links = config.max_links;
  contexts.max_observations = config.max_observations;
  contexts.max_message = config.max_message;
  contexts.follow_requests = true;
  if (config.durable) contexts.derived_numbers = kReserve;
  return contexts;
}

PartialIv first_number(server::ContextUser user) noexcept {
  return user == server::ContextUser::kBootstrap ? kHalf : 0;
}
PartialIv end_of_numbers(server::ContextUser user) noexcept {
  return user == server::ContextUser::kBootstrap ? oscore::kMaxPartialIv + 1 : kHalf;
}

std::optional<ByteView> optional_context(ByteView id_context) noexcept {
  return id_context.empty() ? std::nullopt : std::optional(id_context);
}

std::optional<OptionValue> option_of(const coap::Message& message) noexcept {
  if (!is_request(message.code())) return std::nullopt;
  const auto found = message.options().find(coap::OptionNumber::kOscore);
  if (!found) return std::nullopt;
  const auto option = OptionValue::decode(found->value);
  if (!option || !option->kid) return std::nullopt;
  return *option;
}

/// The credential of exactly this name.
std::optional<server::OscoreSecurity> find(const server::Credentials& credentials, ByteView recipient_id,
                                           ByteView id_context) noexcept {
  auto found = credentials.oscore(recipient_id, optional_context(id_context));
  if (found && !equal(found->id_context, id_context)) found.reset();
  return found;
}

/// The credential that a request is under: the kid context is the ID Context, or of appendix B.2.
std::optional<server::OscoreSecurity> find(const server::Credentials& credentials,
                                           const OptionValue& option) noexcept {
  if (option.kid_context) {
    if (auto found = find(credentials, *option.kid, *option.kid_context)) return found;
  }
  return credentials.oscore(*option.kid, std::nullopt);
}

/// Nothing where the parameters are longer than a context has room for.
std::optional<InputParameters> input_of(const server::OscoreSecurity& security) noexcept {
  InputParameters input;
  input.algorithm = static_cast<oscore::Algorithm>(security.aead);
  const bool whole = input.master_secret.assign(security.master_secret) &&
                     input.master_salt.assign(security.salt) && input.sender_id.assign(security.sender_id) &&
                     input.recipient_id.assign(security.recipient_id);
  if (!whole || security.hkdf != oscore::kHkdfSha256) return std::nullopt;
  if (security.id_context.empty()) return input;
  if (!input.id_context.emplace().assign(security.id_context)) return std::nullopt;
  return input;
}

bool made_from(const InputParameters& input, const server::OscoreSecurity& security) noexcept {
  return security.hkdf == oscore::kHkdfSha256 &&
         input.algorithm == static_cast<oscore::Algorithm>(security.aead) &&
         equal(input.master_secret.view(), security.master_secret) &&
         equal(input.master_salt.view(), security.salt) &&
         equal(input.sender_id.view(), security.sender_id) &&
         equal(input.recipient_id.view(), security.recipient_id);
}

ByteView id_context_of(const InputParameters& input) noexcept {
  return input.id_context ? input.id_context->view() : ByteView();
}

}  // namespace

OscoreLinks::OscoreLinks(const OscoreLinksConfig& config, OscoreOwner& owner)
    : config_(config), owner_(owner), pages_(oscore::Contexts::memory_needed(contexts_config(config))) {
  pages_.keep_private();
  Arena arena(pages_.bytes(), Arena::Content::kZeros);
  if (!contexts_.init(contexts_config(config), arena, crypto_, random_, *this)) {
    throw std::runtime_error("there is no memory for the contexts of OSCORE");
  }
}

unsigned OscoreLinks::worker_of(ByteView recipient_id, unsigned workers) noexcept {
  return static_cast<unsigned>(std::hash<std::string_view>{}(as_text(recipient_id)) % workers);
}

std::optional<unsigned> OscoreLinks::worker_of(const coap::Message& message, unsigned workers) noexcept {
  const auto option = option_of(message);
  if (!option) return std::nullopt;
  return worker_of(*option->kid, workers);
}

bool OscoreLinks::prepare(coap::LinkId link, const coap::Message& message, ByteView bytes,
                          const server::Credentials& credentials) {
  const auto option = option_of(message);
  if (!option) return true;
  hold_against(*option->kid, credentials);
  const auto security = find(credentials, *option);
  if (!security) return true;
  Known& known = know(security->recipient_id, security->id_context);
  if (known.context == 0 && !load(known, *security, credentials)) return true;
  // What makes other keys needs no number of these.
  const bool own = !option->kid_context || equal(*option->kid_context, security->id_context);
  if (!config_.durable || !own || !contexts_.state_of(known.context)->exhausted) return true;
  hold(known, link, bytes);
  return false;
}

OscoreLinks::Known& OscoreLinks::know(ByteView recipient_id, ByteView id_context) {
  std::string key = server::ContextKey{config_.user, recipient_id, id_context}.encode();
  auto& all = known_[std::string(as_text(recipient_id))];
  for (const auto& known : all) {
    if (known->key == key) return *known;
  }
  all.push_back(std::make_unique<Known>());
  all.back()->key = std::move(key);
  return *all.back();
}

/// Whatever is under this recipient id and was made from credentials that are no more goes.
void OscoreLinks::hold_against(ByteView recipient_id, const server::Credentials& credentials) {
  const auto at = known_.find(std::string(as_text(recipient_id)));
  if (at == known_.end()) return;
  for (const auto& known : at->second) {
    if (known->context == 0 || known->generation == credentials.generation()) continue;
    known->generation = credentials.generation();
    const InputParameters* const input = contexts_.input_of(known->context);
    const auto security = find(credentials, recipient_id, id_context_of(*input));
    if (!security || !made_from(*input, *security)) unload(*known);
  }
}

server::ContextRecord::Fingerprint OscoreLinks::fingerprint(const InputParameters& input) {
  const std::array algorithm{static_cast<std::uint8_t>(input.algorithm)};
  const std::array size{static_cast<std::uint8_t>(input.sender_id.size())};
  const ByteView parts[] = {as_bytes("linnet context"), algorithm, size, input.sender_id.view(),
                            input.master_salt.view()};
  oscore::Crypto::Hash hash{};
  crypto_.hmac(input.master_secret.view(), parts, hash);
  server::ContextRecord::Fingerprint result{};
  std::copy_n(hash.begin(), result.size(), result.begin());
  return result;
}

bool OscoreLinks::load(Known& known, const server::OscoreSecurity& security,
                       const server::Credentials& credentials) {
  auto input = input_of(security);
  if (!input) return false;
  const PartialIv next = std::max(known.kept.stored_limit, first_number(config_.user));
  const auto how = config_.durable ? oscore::FirstUse::kStored : oscore::FirstUse::kRederive;
  const PartialIv limit = config_.durable && known.kept.stored_limit != 0 ? next : 0;
  auto id = contexts_.add(*input, how, next, limit);
  if (!id && id.error().code == Errc::kNoSpace && make_room()) id = contexts_.add(*input, how, next, limit);
  const server::ContextRecord::Fingerprint now = fingerprint(*input);
  input->master_secret.wipe();
  if (!id) return false;
  if (known.kept.fingerprint != now) {
    known.kept.id_context.reset();
    known.kept.observations.clear();
  }
  known.kept.fingerprint = now;
  const bool before = known.kept.id_context || limit != 0;
  if (before && !contexts_.resume(*id, known.kept.id_context, known.kept.derived_limit))
    known.kept.id_context.reset();
  known.context = *id;
  known.derived_epoch = contexts_.state_of(*id)->epoch;
  known.generation = credentials.generation();
  by_context_[*id] = &known;
  return true;
}

void OscoreLinks::unload(Known& known) {
  snapshot(known);
  std::vector<coap::LinkId> links;
  contexts_.for_each_link(known.context, [&](coap::LinkId link) { links.push_back(link); });
  by_context_.erase(known.context);
  for (const coap::LinkId link : links) owner_.lose_context(link);
  contexts_.remove(known.context);
  known.context = 0;
  if (config_.durable) note_changed(known);
}

/// Takes a context out of memory that no link is under.
bool OscoreLinks::make_room() {
  for (unsigned look = 0; look < kMaxLooks && look < config_.max_links; ++look) {
    hand_ = hand_ % config_.max_links + 1;
    const auto at = by_context_.find(hand_);
    if (at == by_context_.end()) continue;
    Known& known = *at->second;
    const auto state = contexts_.state_of(hand_);
    if (!state || state->links != 0 || known.reserving) continue;
    unload(known);
    return true;
  }
  return false;
}

/// Brings `kept` up to what the context is now. Limits only grow for the same keys.
void OscoreLinks::snapshot(Known& known) {
  const auto state = contexts_.state_of(known.context);
  if (!state) return;
  server::ContextRecord& kept = known.kept;
  kept.stored_limit = std::max(kept.stored_limit, state->stored_limit);
  if (state->id_context) {
    const bool same = kept.id_context && known.derived_epoch == state->epoch;
    kept.derived_limit = same ? std::max(kept.derived_limit, state->derived_limit) : state->derived_limit;
    known.derived_epoch = state->epoch;
  }
  kept.id_context = state->id_context;
  std::array<std::uint8_t, server::LinkDirectory::kMaxAddress> address;
  const std::size_t size = state->link == coap::kNoLink ? 0 : owner_.address_of(state->link, address);
  kept.address.assign(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(size));
  kept.observations.clear();
  contexts_.for_each_observation(known.context, [&](const oscore::Contexts::OwnObservation& observation) {
    if (kept.observations.size() < UINT16_MAX) kept.observations.push_back(observation);
  });
}

/// Sets more numbers aside; they may be used once that is on disk. False: the store does not take it, or
/// there are no more.
bool OscoreLinks::reserve(Known& known) {
  if (!config_.durable || known.reserving) return known.reserving;
  snapshot(known);
  const auto state = contexts_.state_of(known.context);
  PartialIv& limit = state->id_context ? known.kept.derived_limit : known.kept.stored_limit;
  const PartialIv first = state->id_context ? 0 : first_number(config_.user);
  const PartialIv end = state->id_context ? oscore::kMaxPartialIv + 1 : end_of_numbers(config_.user);
  const PartialIv wanted = std::min(std::max(limit, first) + kReserve, end);
  if (wanted <= limit) return false;
  limit = wanted;
  const auto ticket = owner_.save_context(known.key, known.kept.encode(), true);
  if (!ticket) return false;
  known.reserving = true;
  reservations_[*ticket] = {&known, known.context, state->epoch, wanted};
  return true;
}

void OscoreLinks::settle(store::Ticket ticket, bool committed) {
  const auto at = reservations_.find(ticket);
  if (at == reservations_.end()) return;
  const Reservation reservation = at->second;
  reservations_.erase(at);
  Known& known = *reservation.known;
  known.reserving = false;
  const auto state = contexts_.state_of(reservation.context);
  const bool same = state && known.context == reservation.context && state->epoch == reservation.epoch;
  if (same) contexts_.extend(reservation.context, committed ? reservation.limit : 0);
  std::vector<Held> held;
  held.swap(known.held);
  held_ -= held.size();
  if (!committed || !same) return;
  for (const Held& message : held) owner_.deliver_held(message.link, message.message);
}

/// What cannot be kept is lost: its sender repeats it.
void OscoreLinks::hold(Known& known, coap::LinkId link, ByteView message) {
  if (!reserve(known) || known.held.size() >= kMaxHeldOfContext || held_ >= kMaxHeld) return;
  known.held.push_back({link, {message.begin(), message.end()}});
  ++held_;
}

std::optional<std::string_view> OscoreLinks::endpoint(coap::LinkId link,
                                                      const server::Credentials& credentials) const {
  const InputParameters* const input = contexts_.input_of(contexts_.context_of(link));
  if (input == nullptr) return std::nullopt;
  const auto security = find(credentials, input->recipient_id.view(), id_context_of(*input));
  if (!security || !made_from(*input, *security)) return std::nullopt;
  return security->endpoint;
}

void OscoreLinks::note_changed(Known& known) {
  if (known.changed) return;
  known.changed = true;
  changed_.push_back(&known);
}

void OscoreLinks::save_changed() {
  if (changed_.empty()) return;
  std::vector<Known*> changed;
  changed.swap(changed_);
  for (Known* const known : changed) {
    known->changed = false;
    if (known->context != 0) snapshot(*known);
    if (!owner_.save_context(known->key, known->kept.encode(), false)) note_changed(*known);
  }
}

Result<void> OscoreLinks::restore(std::string_view key, ByteView value,
                                  const server::Credentials& credentials,
                                  FunctionRef<std::optional<coap::LinkId>(ByteView address)> open) {
  const auto name = server::ContextKey::decode(key);
  if (!name) return fail(name.error().code);
  auto record = server::ContextRecord::decode(value);
  if (!record) return fail(record.error().code);
  Known& known = know(name->recipient_id, name->id_context);
  known.kept = std::move(*record);
  const auto security = find(credentials, name->recipient_id, name->id_context);
  if (!security || known.kept.address.empty()) return {};
  const auto link = open(known.kept.address);
  if (!link || !load(known, *security, credentials)) return {};
  contexts_.secure(*link, known.context);
  for (const auto& observation : known.kept.observations) {
    if (!contexts_.resume_observation(known.context, observation)) break;
  }
  // Where the store refuses, they are asked for again with the first message that needs one.
  [[maybe_unused]] const bool reserved = reserve(known);
  return {};
}

void OscoreLinks::on_sequence_low(ContextId id, PartialIv /*next*/) noexcept {
  const auto at = by_context_.find(id);
  // What could not be reserved is asked for again with the next message.
  if (at == by_context_.end() || !reserve(*at->second)) contexts_.extend(id, 0);
}

void OscoreLinks::on_changed(ContextId id) noexcept {
  const auto at = by_context_.find(id);
  if (config_.durable && at != by_context_.end()) note_changed(*at->second);
}

}  // namespace linnet::net

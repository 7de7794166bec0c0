// SPDX-License-Identifier: Apache-2.0
// The table of contexts: set-up, where they are found, and how they get their keys.
#include "linnet/oscore/contexts.hpp"

#include <algorithm>

namespace linnet::oscore {

static_assert(kMaxOverhead <= coap::Protection::kMaxOverhead);

namespace {

constexpr std::size_t kNonceSize = 8;  // bytes of R1 and R3 of appendix B.2
constexpr PartialIv kNoLimit = kMaxPartialIv + 1;

}  // namespace

void Contexts::measure(ArenaMeter& meter, const ContextsConfig& config) noexcept {
  coap::IndexPool::measure(meter, config.max_contexts);
  coap::IndexPool::measure(meter, config.max_observations);
  meter.add<SecurityContext>(config.max_contexts);
  meter.add<std::uint32_t>(config.max_contexts);
  meter.add<Link>(config.max_links);
  meter.add<Observation>(config.max_observations);
  meter.add<std::uint8_t>(3U * config.max_message);
}

std::size_t Contexts::memory_needed(const ContextsConfig& config) noexcept {
  ArenaMeter meter;
  measure(meter, config);
  return meter.size();
}

Result<void> Contexts::init(const ContextsConfig& config, Arena& arena, Crypto& crypto, Random& random,
                            SequenceKeeper& keeper) noexcept {
  if (config.max_contexts == 0) return fail(Errc::kInvalidArgument);
  config_ = config;
  crypto_ = &crypto;
  random_ = &random;
  keeper_ = &keeper;
  free_.init(arena, config.max_contexts);
  free_observations_.init(arena, config.max_observations);
  arena.take(contexts_, config.max_contexts);
  arena.take(by_kid_, config.max_contexts);
  arena.take(links_, config.max_links);
  arena.take(observations_, config.max_observations);
  arena.take(sealed_, config.max_message);
  arena.take(opened_, config.max_message);
  arena.take(work_, config.max_message);
  if (!arena.complete()) return fail(Errc::kNoSpace);
  return {};
}

std::uint32_t& Contexts::bucket(ByteView kid) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const std::uint8_t byte : kid) hash = (hash ^ byte) * 16777619U;
  return by_kid_[hash % by_kid_.size()];
}

Result<ContextId> Contexts::add(const InputParameters& input, FirstUse first_use, PartialIv next,
                                PartialIv limit) noexcept {
  const Result<Keys> keys = derive(*crypto_, input, input.id_context);
  if (!keys) return fail(keys.error().code);
  const std::uint32_t index = free_.take();
  if (index == coap::IndexPool::kNone) return fail(Errc::kNoSpace);
  SecurityContext& context = contexts_[index];
  const std::uint32_t epoch = context.epoch + 1;  // what is bound to the one before it must not fit
  context = SecurityContext();
  context.input = input;
  context.first_use = first_use;
  context.stored.next = next;
  context.stored.limit = std::min(limit, kNoLimit);
  context.epoch = epoch;
  // Who speaks first and has not had another life took nothing before; the peer is who challenges.
  context.proven = first_use == FirstUse::kStored && next == 0 && !config_.follow_requests;
  context.used = true;
  std::uint32_t& first = bucket(input.recipient_id.view());
  context.next = first;
  first = index + 1;
  return index + 1;
}

void Contexts::remove(ContextId id) noexcept {
  SecurityContext* const context = find(id);
  if (context == nullptr) return;
  std::uint32_t* at = &bucket(context->input.recipient_id.view());
  while (*at != id) at = &contexts_[*at - 1].next;
  *at = context->next;
  for (Link& link : links_) {
    if (context->links == 0) break;
    if (link.context != id) continue;
    link.context = 0;
    --context->links;
    end_observations(link);
  }
  context->input.master_secret.wipe();
  context->keys.wipe();
  context->used = false;
  free_.give(id - 1);
}

void Contexts::extend(ContextId id, PartialIv limit) noexcept {
  SecurityContext* const context = find(id);
  if (context == nullptr) return;
  Sequence& sequence = context->sequence();
  sequence.limit = std::max(sequence.limit, std::min(limit, kNoLimit));
  sequence.asked = false;
}

void Contexts::secure(coap::LinkId link, ContextId id) noexcept {
  if (index(link) >= links_.size() || (id != 0 && find(id) == nullptr)) return;
  Link& place = links_[index(link)];
  if (place.context != id) {
    end_observations(place);
    set_context(link, id);
  }
  SecurityContext* const context = find(id);
  if (context == nullptr || context->link == link) return;
  // The peer has another address: what it was asked for before comes from there.
  if (config_.follow_requests && context->link != coap::kNoLink) move_observations(id, context->link, link);
  context->link = link;
  keeper_->on_changed(id);
}

/// Keeps count of the links of each context.
void Contexts::set_context(coap::LinkId link, ContextId id) noexcept {
  Link& place = links_[index(link)];
  if (SecurityContext* const before = find(place.context)) {
    --before->links;
    if (before->link == link) before->link = coap::kNoLink;
    keeper_->on_changed(place.context);
  }
  place.context = id;
  if (SecurityContext* const after = find(id)) ++after->links;
}

ContextId Contexts::context_of(coap::LinkId link) const noexcept {
  return index(link) < links_.size() ? links_[index(link)].context : 0;
}

const InputParameters* Contexts::input_of(ContextId id) const noexcept {
  if (id == 0 || id > contexts_.size() || !contexts_[id - 1].used) return nullptr;
  return &contexts_[id - 1].input;
}

std::optional<ContextState> Contexts::state_of(ContextId id) const noexcept {
  if (input_of(id) == nullptr) return std::nullopt;
  const SecurityContext& context = contexts_[id - 1];
  const Sequence& sequence = context.rederived ? context.derived : context.stored;
  ContextState state;
  state.stored_limit = context.stored.limit;
  state.derived_limit = context.derived.limit;
  if (context.rederived && context.phase != Phase::kNone) state.id_context = context.id_context;
  state.epoch = context.epoch;
  state.links = context.links;
  state.link = context.link;
  state.exhausted = sequence.next >= sequence.limit;
  return state;
}

void Contexts::for_each_link(ContextId id, FunctionRef<void(coap::LinkId)> visit) const noexcept {
  if (input_of(id) == nullptr) return;
  std::uint32_t left = contexts_[id - 1].links;
  for (std::uint32_t i = 0; left != 0 && i < links_.size(); ++i) {
    if (links_[i].context != id) continue;
    --left;
    visit(coap::LinkId{i});
  }
}

Result<void> Contexts::resume(ContextId id, const std::optional<ShortBytes<kMaxIdContext>>& id_context,
                              PartialIv next) noexcept {
  SecurityContext* const context = find(id);
  if (context == nullptr) return fail(Errc::kNotFound);
  if (!id_context) {
    if (!make_stored(*context)) return fail(Errc::kInvalidArgument);
    return {};
  }
  const auto replaced = replace_keys(*context, *id_context, Phase::kSettled);
  if (!replaced) return replaced;
  context->derived = {next, next, false};
  context->proven = false;
  return {};
}

SecurityContext* Contexts::find(ContextId id) noexcept {
  if (id == 0 || id > contexts_.size() || !contexts_[id - 1].used) return nullptr;
  return &contexts_[id - 1];
}

bool Contexts::current(const SecurityContext& context, const coap::SecurityBinding& binding) const noexcept {
  return context.phase != Phase::kNone && context.epoch == binding.epoch;
}

/// Keys that were never used before: numbers and window begin anew.
Result<void> Contexts::replace_keys(SecurityContext& context, const ShortBytes<kMaxIdContext>& id_context,
                                    Phase phase) noexcept {
  const Result<Keys> keys = derive(*crypto_, context.input, id_context);
  if (!keys) return fail(keys.error().code);
  context.keys = *keys;
  context.id_context = id_context;
  context.window = ReplayWindow();
  context.derived = {0, config_.derived_numbers, false};
  context.rederived = true;
  context.proven = true;
  context.phase = phase;
  ++context.epoch;
  keeper_->on_changed(static_cast<ContextId>(&context - contexts_.data()) + 1);
  return {};
}

/// The keys that the input parameters alone give.
bool Contexts::make_stored(SecurityContext& context) noexcept {
  if (context.phase != Phase::kNone) return true;
  if (context.stored.limit == 0) return false;
  const Result<Keys> keys = derive(*crypto_, context.input, context.input.id_context);
  if (!keys) return false;
  context.keys = *keys;
  context.id_context = context.input.id_context;
  context.rederived = false;
  context.phase = Phase::kSettled;
  ++context.epoch;
  return true;
}

/// Gives a context keys for a request of our own: step 1 of appendix B.2, unless numbers are stored.
bool Contexts::make_ready(SecurityContext& context) noexcept {
  if (context.phase != Phase::kNone) return true;
  if (context.first_use == FirstUse::kStored) return make_stored(context);
  ShortBytes<kMaxIdContext> r1;
  random_bytes(r1.resize(kNonceSize));
  return replace_keys(context, r1, Phase::kFirst).has_value();
}

/// Step 3 of appendix B.2: response #1 brings R2.
coap::OpenedMessage Contexts::answer_rederivation(SecurityContext& context,
                                                  const coap::SecurityBinding& request,
                                                  const OptionValue& option,
                                                  const coap::Message& message) noexcept {
  coap::OpenedMessage result;
  const std::optional<ByteView> r2 = unwrap(*option.kid_context);
  ShortBytes<kMaxIdContext> second;
  ShortBytes<kMaxIdContext> third;
  if (!r2 || !second.assign(*r2) || !second.append(context.id_context->view())) return result;
  Result<Keys> keys = derive(*crypto_, context.input, second);
  if (!keys) return result;
  const Result<coap::Message> opened = open_with(*keys, context, request, option, message);
  keys->wipe();
  std::array<std::uint8_t, kNonceSize> r3{};
  random_bytes(r3);
  if (!opened || !third.assign(*r2) || !third.append(r3)) return result;
  if (!replace_keys(context, third, Phase::kOffered)) return result;
  result.verdict = coap::OpenedMessage::Verdict::kOpened;
  result.message = *opened;
  result.ask_again = true;
  return result;
}

void Contexts::random_bytes(ByteSpan out) noexcept {
  for (std::size_t i = 0; i < out.size(); i += 4) {
    const std::uint32_t word = random_->next();
    for (std::size_t j = 0; j < 4 && i + j < out.size(); ++j)
      out[i + j] = static_cast<std::uint8_t>(word >> (8 * j));
  }
}

}  // namespace linnet::oscore

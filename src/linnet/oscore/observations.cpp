// SPDX-License-Identifier: Apache-2.0
// Observations (RFC 8613 §4.1.3.5, §7.4.1): what binds a notification to its request, and the order of
// notifications.
#include "linnet/coap/observe.hpp"
#include "linnet/oscore/contexts.hpp"

namespace linnet::oscore {

using coap::OpenedMessage;
using coap::OptionNumber;
using coap::SecurityBinding;

/// The one that stands; what is bound to keys of the past is none.
Contexts::Observation* Contexts::find_observation(coap::LinkId link, const coap::Token& token,
                                                  bool ours) noexcept {
  if (index(link) >= links_.size()) return nullptr;
  for (std::uint32_t at = links_[index(link)].first_observation; at != 0; at = observations_[at - 1].next) {
    Observation& observation = observations_[at - 1];
    if (observation.ours != ours || observation.token != token) continue;
    const SecurityContext* const context = find(observation.context);
    return context != nullptr && context->epoch == observation.epoch ? &observation : nullptr;
  }
  return nullptr;
}

bool Contexts::begin_observation(coap::LinkId link, const coap::Token& token,
                                 const SecurityBinding& binding) noexcept {
  if (index(link) >= links_.size()) return false;
  end_observation(link, token, binding.own_request);
  std::uint32_t at = free_observations_.take();
  if (at == coap::IndexPool::kNone) {
    reclaim_observations();
    at = free_observations_.take();
  }
  if (at == coap::IndexPool::kNone) return false;
  Link& place = links_[index(link)];
  observations_[at] = {token, binding.context,     binding.epoch,          binding.request_piv,
                       0,     binding.own_request, place.first_observation};
  place.first_observation = at + 1;
  if (binding.own_request) keeper_->on_changed(binding.context);
  return true;
}

void Contexts::end_observation(coap::LinkId link, const coap::Token& token, bool ours) noexcept {
  if (index(link) >= links_.size()) return;
  for (std::uint32_t* at = &links_[index(link)].first_observation; *at != 0;
       at = &observations_[*at - 1].next) {
    Observation& observation = observations_[*at - 1];
    if (observation.ours != ours || observation.token != token) continue;
    const std::uint32_t freed = *at - 1;
    *at = observation.next;
    if (ours) keeper_->on_changed(observation.context);
    return free_observations_.give(freed);
  }
}

void Contexts::end_observations(Link& link) noexcept {
  while (link.first_observation != 0) {
    const std::uint32_t freed = link.first_observation - 1;
    link.first_observation = observations_[freed].next;
    free_observations_.give(freed);
  }
}

void Contexts::move_observations(ContextId id, coap::LinkId from, coap::LinkId to) noexcept {
  Link& target = links_[index(to)];
  for (std::uint32_t* at = &links_[index(from)].first_observation; *at != 0;) {
    const std::uint32_t moved = *at;
    Observation& observation = observations_[moved - 1];
    if (observation.context != id) {
      at = &observation.next;
      continue;
    }
    *at = observation.next;
    observation.next = target.first_observation;
    target.first_observation = moved;
  }
}

void Contexts::for_each_observation(ContextId id,
                                    FunctionRef<void(const OwnObservation&)> visit) const noexcept {
  if (input_of(id) == nullptr) return;
  const SecurityContext& context = contexts_[id - 1];
  if (context.link == coap::kNoLink) return;
  for (std::uint32_t at = links_[index(context.link)].first_observation; at != 0;
       at = observations_[at - 1].next) {
    const Observation& observation = observations_[at - 1];
    const bool stands = observation.ours && observation.context == id && observation.epoch == context.epoch;
    if (stands) visit({observation.token, observation.request_piv, observation.newest});
  }
}

bool Contexts::resume_observation(ContextId id, const OwnObservation& observation) noexcept {
  const SecurityContext* const context = find(id);
  if (context == nullptr || context->link == coap::kNoLink) return false;
  SecurityBinding binding{};
  binding.context = id;
  binding.epoch = context->epoch;
  binding.request_piv = observation.request_piv;
  binding.own_request = true;
  if (!begin_observation(context->link, observation.token, binding)) return false;
  find_observation(context->link, observation.token, true)->newest = observation.newest;
  return true;
}

/// Frees those that are bound to keys of the past.
void Contexts::reclaim_observations() noexcept {
  for (Link& link : links_) {
    for (std::uint32_t* at = &link.first_observation; *at != 0;) {
      Observation& observation = observations_[*at - 1];
      const SecurityContext* const context = find(observation.context);
      if (context != nullptr && context->epoch == observation.epoch) {
        at = &observation.next;
        continue;
      }
      const std::uint32_t freed = *at - 1;
      *at = observation.next;
      free_observations_.give(freed);
    }
  }
}

void Contexts::forget(coap::LinkId link) noexcept {
  if (index(link) >= links_.size()) return;
  Link& place = links_[index(link)];
  end_observations(place);
  if (config_.follow_requests && place.context != 0) set_context(link, 0);
}

/// What a message that goes out changes: a cancellation ends an observation, and so does a response that
/// carries no Observe option.
void Contexts::note_outgoing(coap::LinkId link, SecurityBinding& binding,
                             const coap::Message& message) noexcept {
  const std::optional<std::uint32_t> observe = message.options().find_uint(OptionNumber::kObserve);
  if (binding.own_request) {
    binding.observe = observe == coap::kObserveRegister;
    if (observe == coap::kObserveDeregister) end_observation(link, message.token(), true);
  } else if (binding.observe && !observe) {
    end_observation(link, message.token(), false);
  }
}

Result<SecurityBinding> Contexts::bind_notification(coap::LinkId link, const coap::Token& token) noexcept {
  SecurityBinding binding{};
  const Observation* const observation = find_observation(link, token, false);
  if (observation == nullptr) {
    if (context_of(link) != 0) return fail(Errc::kNotFound);
    return binding;
  }
  binding.context = observation->context;
  binding.epoch = observation->epoch;
  binding.request_piv = observation->request_piv;
  binding.observe = true;
  binding.fresh_nonce = true;
  return binding;
}

/// The Notification Number after a verified response to `request`. False: the response is an old one, or no
/// response to such a request.
bool Contexts::take_notification(coap::LinkId link, const SecurityBinding& request, const OptionValue& option,
                                 const coap::Message& opened) noexcept {
  if (!opened.options().find(OptionNumber::kObserve)) {
    if (request.observe) end_observation(link, opened.token(), true);
    return true;
  }
  if (!request.observe) return false;
  Observation* observation = find_observation(link, opened.token(), true);
  const bool known = observation != nullptr && observation->request_piv == request.request_piv;
  if (!known) {
    if (!begin_observation(link, opened.token(), request)) return false;
    observation = find_observation(link, opened.token(), true);
  }
  const PartialIv number = option.piv ? *option.piv + 1 : 0;
  if (observation == nullptr || (known && number <= observation->newest)) return false;
  observation->newest = number;
  keeper_->on_changed(request.context);
  return true;
}

OpenedMessage Contexts::open_notification(coap::LinkId link, const coap::Message& message) noexcept {
  OpenedMessage result{};
  const std::optional<coap::Option> found = message.options().find(OptionNumber::kOscore);
  if (!found) {
    if (context_of(link) == 0) result.verdict = OpenedMessage::Verdict::kPlain;
    return result;
  }
  const Observation* const observation = find_observation(link, message.token(), true);
  const Result<OptionValue> option = OptionValue::decode(found->value);
  if (observation == nullptr || !option) return result;
  const SecurityContext* const context = find(observation->context);
  SecurityBinding request{};
  request.context = observation->context;
  request.epoch = observation->epoch;
  request.request_piv = observation->request_piv;
  request.own_request = true;
  request.observe = true;
  const Result<coap::Message> opened = open_with(context->keys, *context, request, *option, message);
  if (!opened || !take_notification(link, request, *option, *opened)) return result;
  result.verdict = OpenedMessage::Verdict::kOpened;
  result.message = *opened;
  return result;
}

}  // namespace linnet::oscore

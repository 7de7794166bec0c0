// SPDX-License-Identifier: Apache-2.0
// Requests of peers (RFC 8613 §8.2): which context they are under, whether they are new, and the answering
// side of appendix B.2.
#include <algorithm>

#include "linnet/coap/observe.hpp"
#include "linnet/oscore/contexts.hpp"

namespace linnet::oscore {

using coap::Code;
using coap::OpenedMessage;
using coap::OptionNumber;
using coap::SecurityBinding;

namespace {

constexpr unsigned kMaxTries = 4;     // contexts of one Recipient ID
constexpr std::size_t kSeedSize = 8;  // bytes of S2 of appendix B.2.1
constexpr std::size_t kR2Size = 2 * kSeedSize;

/// A second OSCORE option is none that is understood (RFC 7252 §5.4.5), and critical.
bool has_two(const coap::Message& message) noexcept {
  bool one = false;
  for (const coap::Option& option : message.options()) {
    if (option.number != OptionNumber::kOscore) continue;
    if (one) return true;
    one = true;
  }
  return false;
}

bool only_reads(const coap::Message& message) noexcept {
  const bool reads = message.code() == Code::kGet || message.code() == Code::kFetch;
  return reads && !message.options().find(OptionNumber::kObserve);
}

}  // namespace

/// A request on its way through the contexts that it may be under.
struct Contexts::Opening {
  coap::LinkId link;
  const coap::Message& message;
  OptionValue option;
  bool again;
  OpenedMessage result{};
  ContextId tried = 0;
};

Result<coap::Message> Contexts::open_request_with(Opening& opening, const Keys& keys) noexcept {
  const ByteView kid = *opening.option.kid;
  const PartialIv piv = *opening.option.piv;
  const MessageBinding bound{kid, piv, kid, piv};
  Result<coap::Message> opened = oscore::open(*crypto_, keys, bound, opening.message, 0, work_, opened_);
  if (!opened) {
    opening.result.refusal =
        opened.error().code == Errc::kNoSpace ? Code::kRequestEntityTooLarge : Code::kBadRequest;
    return opened;
  }
  opening.result.verdict = OpenedMessage::Verdict::kOpened;
  opening.result.message = *opened;
  SecurityBinding& binding = opening.result.binding;
  binding.context = opening.tried;
  binding.request_piv = piv;
  return opened;
}

/// Under the keys that stand. True: it is decided what becomes of the request.
bool Contexts::try_current(Opening& opening, SecurityContext& context) noexcept {
  const PartialIv piv = *opening.option.piv;
  const bool replayed = context.proven && !context.window.is_new(piv);
  if (replayed && !opening.again) {
    opening.result.refusal = Code::kUnauthorized;
    return true;
  }
  const Result<coap::Message> opened = open_request_with(opening, context.keys);
  if (!opened) return false;
  SecurityBinding& binding = opening.result.binding;
  binding.epoch = context.epoch;
  binding.fresh_nonce = opening.again || !context.proven;
  binding.unproven = !context.proven;
  if (replayed) {
    if (!only_reads(*opened)) opening.result.verdict = OpenedMessage::Verdict::kIgnored;
    return true;
  }
  if (!context.proven) return true;
  context.window.take(piv);
  if (context.phase == Phase::kOffered) context.phase = Phase::kSettled;
  if (config_.follow_requests) secure(opening.link, opening.tried);
  return true;
}

/// Steps 2 and 4 of appendix B.2: an ID Context that is not the one that stands.
bool Contexts::try_rederivation(Opening& opening, SecurityContext& context, ByteView id_context) noexcept {
  ShortBytes<kMaxIdContext> given;
  if (!given.assign(id_context)) return false;
  Result<Keys> keys = derive(*crypto_, context.input, given);
  if (!keys || !open_request_with(opening, *keys)) return false;
  keys->wipe();
  SecurityBinding& binding = opening.result.binding;
  if (id_context.size() > kR2Size && is_ours(context, id_context.first(kR2Size))) {
    if (!replace_keys(context, given, Phase::kSettled)) return false;
    context.window.take(*opening.option.piv);
    context.has_secret = false;
    context.secret.fill(0);
    binding.epoch = context.epoch;
    if (config_.follow_requests) secure(opening.link, opening.tried);
    return true;
  }
  if (kR2Size + id_context.size() > kMaxIdContext) {
    opening.result.verdict = OpenedMessage::Verdict::kRefused;
    opening.result.refusal = Code::kUnauthorized;
    return true;
  }
  interim_.context = opening.tried;
  offer_new_context(context, id_context);
  binding.interim = true;
  binding.unproven = true;
  return true;
}

/// R2, which needs not be remembered, and the keys of the response that brings it (appendix B.2.1).
void Contexts::offer_new_context(SecurityContext& context, ByteView id_context) noexcept {
  if (!context.has_secret) {
    random_bytes(context.secret);
    context.has_secret = true;
  }
  const ByteSpan r2 = interim_.r2.resize(kR2Size);
  random_bytes(r2.first(kSeedSize));
  Crypto::Hash hash{};
  const ByteView seed[] = {r2.first(kSeedSize)};
  crypto_->hmac(context.secret, seed, hash);
  std::copy_n(hash.begin(), kR2Size - kSeedSize, r2.begin() + kSeedSize);
  ShortBytes<kMaxIdContext> second = interim_.r2;
  second.append(id_context);
  const Result<Keys> keys = derive(*crypto_, context.input, second);
  if (keys)
    interim_.keys = *keys;
  else
    interim_.context = 0;
}

bool Contexts::is_ours(const SecurityContext& context, ByteView r2) noexcept {
  if (!context.has_secret) return false;
  Crypto::Hash hash{};
  const ByteView seed[] = {r2.first(kSeedSize)};
  crypto_->hmac(context.secret, seed, hash);
  std::uint8_t difference = 0;  // in constant time
  for (std::size_t i = kSeedSize; i < kR2Size; ++i)
    difference |= static_cast<std::uint8_t>(r2[i] ^ hash[i - kSeedSize]);
  return difference == 0;
}

bool Contexts::try_context(Opening& opening, SecurityContext& context) noexcept {
  const std::optional<ByteView> given = opening.option.kid_context;
  if (!given) return make_stored(context) && try_current(opening, context);
  const std::optional<ByteView> wrapped = unwrap(*given);
  const bool stands = context.phase != Phase::kNone && context.id_context.has_value();
  if (stands && context.rederived && wrapped && equal(context.id_context->view(), *wrapped))
    return try_current(opening, context);
  if (context.input.id_context && equal(context.input.id_context->view(), *given))
    return make_stored(context) && !context.rederived && try_current(opening, context);
  return wrapped && try_rederivation(opening, context, *wrapped);
}

OpenedMessage Contexts::open_request(coap::LinkId link, const coap::Message& message, bool again) noexcept {
  using Verdict = OpenedMessage::Verdict;
  Opening opening{link, message, {}, again, {}};
  const std::optional<coap::Option> found = message.options().find(OptionNumber::kOscore);
  const ContextId bound = context_of(link);
  opening.result.verdict = found || bound != 0 ? Verdict::kRefused : Verdict::kPlain;
  if (!found) return opening.result;
  const Result<OptionValue> option = OptionValue::decode(found->value);
  if (!option || !option->piv || !option->kid || has_two(message)) {
    opening.result.refusal = Code::kBadOption;
    return opening.result;
  }
  opening.option = *option;
  unsigned tries = 0;
  for (ContextId id = bucket(*option->kid); id != 0 && tries < kMaxTries; id = contexts_[id - 1].next) {
    SecurityContext& context = contexts_[id - 1];
    if (!equal(context.input.recipient_id.view(), *option->kid)) continue;
    if (!config_.follow_requests && id != bound) continue;
    opening.tried = id;
    ++tries;
    if (try_context(opening, context)) break;
  }
  if (opening.result.verdict != Verdict::kOpened) return opening.result;
  const auto observe = opening.result.message.options().find_uint(OptionNumber::kObserve);
  SecurityBinding& binding = opening.result.binding;
  if (binding.interim || !observe) return opening.result;
  if (*observe == coap::kObserveDeregister) end_observation(link, message.token(), false);
  if (*observe == coap::kObserveRegister) {
    binding.observe = begin_observation(link, message.token(), binding);
    if (!binding.observe) {
      opening.result.verdict = Verdict::kRefused;
      opening.result.refusal = Code::kServiceUnavailable;
    }
  }
  return opening.result;
}

void Contexts::prove(coap::LinkId link, const SecurityBinding& binding) noexcept {
  SecurityContext* const context = find(binding.context);
  if (context == nullptr || !current(*context, binding)) return;
  context->window.start_at(binding.request_piv);
  context->proven = true;
  if (config_.follow_requests) secure(link, binding.context);
}

}  // namespace linnet::oscore

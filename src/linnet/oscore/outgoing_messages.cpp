// SPDX-License-Identifier: Apache-2.0
// Messages of our own, and the responses to our requests (RFC 8613 §8.1, §8.3, §8.4).
#include "linnet/oscore/contexts.hpp"

namespace linnet::oscore {

using coap::OpenedMessage;
using coap::OptionNumber;
using coap::SecurityBinding;

SecurityBinding Contexts::bind_request(coap::LinkId link) noexcept {
  SecurityBinding binding{};
  binding.context = context_of(link);
  binding.own_request = binding.context != 0;
  return binding;
}

bool Contexts::number(SecurityBinding& binding) noexcept {
  SecurityContext* const context = find(binding.context);
  if (context == nullptr) return false;
  if (binding.own_request) {
    if (!make_ready(*context)) return false;
    binding.epoch = context->epoch;
  } else if (!current(*context, binding)) {
    return false;
  }
  Sequence& sequence = context->sequence();
  const bool low = sequence.next + kReserveAt >= sequence.limit && sequence.limit <= kMaxPartialIv;
  if (low && !sequence.asked) {
    sequence.asked = true;
    keeper_->on_sequence_low(binding.context, sequence.next);
  }
  if (sequence.next >= sequence.limit) return false;
  binding.own_piv = sequence.next++;
  binding.numbered = true;
  if (binding.own_request) binding.request_piv = binding.own_piv;
  return true;
}

Result<ByteView> Contexts::seal(coap::LinkId link, SecurityBinding& binding, ByteView bytes) noexcept {
  SecurityContext* const context = find(binding.context);
  const Result<coap::Message> message = coap::Message::decode(bytes);
  if (context == nullptr || !message) return fail(Errc::kInvalidArgument);
  const bool interim = binding.interim;
  if (interim && interim_.context != binding.context) return fail(Errc::kClosed);
  // A request whose keys were replaced is another message under the new ones.
  const bool stale = !interim && !current(*context, binding);
  if (stale && (!binding.own_request || !number(binding))) return fail(Errc::kClosed);
  if (!interim && binding.fresh_nonce && !binding.numbered && !number(binding)) return fail(Errc::kBusy);
  note_outgoing(link, binding, *message);

  const ByteView sender = context->input.sender_id.view();
  const ByteView recipient = context->input.recipient_id.view();
  const bool own_nonce = binding.own_request || binding.numbered;
  MessageBinding bound;
  bound.request_kid = binding.own_request ? sender : recipient;
  bound.request_piv = binding.request_piv;
  bound.nonce_id = own_nonce ? sender : recipient;
  bound.nonce_piv = own_nonce ? binding.own_piv : binding.request_piv;
  OptionValue option;
  std::array<std::uint8_t, kMaxIdContext + 2> wrapped{};
  if (own_nonce) option.piv = binding.own_piv;
  if (binding.own_request) {
    option.kid = sender;
    const bool offered = context->phase == Phase::kFirst || context->phase == Phase::kOffered;
    if (offered)
      option.kid_context = ByteView(wrapped).first(wrap(context->id_context->view(), wrapped).value_or(0));
    else if (!context->rederived && context->id_context)
      option.kid_context = context->id_context->view();
  } else if (interim) {
    option.kid_context = ByteView(wrapped).first(wrap(interim_.r2.view(), wrapped).value_or(0));
  }
  const Keys& keys = interim ? interim_.keys : context->keys;
  const OuterBlocks outer{.block1 = binding.outer_block1, .block2 = binding.outer_block2};
  const Result<std::size_t> size = oscore::seal(*crypto_, keys, bound, option, *message, outer, sealed_);
  if (!size) return fail(size.error().code);
  return ByteView(sealed_).first(*size);
}

/// A response without protection to a request that had it: an error says that the peer could not verify
/// the request; anything else is not from the peer.
OpenedMessage Contexts::open_plain_response(const SecurityBinding& request,
                                            const coap::Message& message) noexcept {
  OpenedMessage result{};
  SecurityContext* const context = find(request.context);
  if (is_success(message.code())) return result;
  // 4.01: it knows no context; 4.00: it has other keys (RFC 8613 §8.2), after a loss those that stand for
  // the Master Secret alone.
  const bool unknown =
      message.code() == coap::Code::kUnauthorized || message.code() == coap::Code::kBadRequest;
  const bool lost = unknown && context != nullptr && context->first_use == FirstUse::kRederive &&
                    current(*context, request);
  if (lost)
    context->phase = Phase::kNone;  // the peer does not have these keys: the next request makes others
  result.verdict = OpenedMessage::Verdict::kPlain;
  return result;
}

Result<coap::Message> Contexts::open_with(const Keys& keys, const SecurityContext& context,
                                          const SecurityBinding& request, const OptionValue& option,
                                          const coap::Message& message) noexcept {
  MessageBinding bound;
  bound.request_kid = context.input.sender_id.view();
  bound.request_piv = request.request_piv;
  bound.nonce_id = option.piv ? context.input.recipient_id.view() : context.input.sender_id.view();
  bound.nonce_piv = option.piv.value_or(request.request_piv);
  const auto observe = static_cast<std::uint32_t>(option.piv.value_or(0));
  return oscore::open(*crypto_, keys, bound, message, observe, work_, opened_);
}

OpenedMessage Contexts::open_response(coap::LinkId link, const SecurityBinding& request,
                                      const coap::Message& message) noexcept {
  OpenedMessage result{};
  const std::optional<coap::Option> found = message.options().find(OptionNumber::kOscore);
  if (request.context == 0) {
    if (!found) result.verdict = OpenedMessage::Verdict::kPlain;
    return result;
  }
  if (!found) return open_plain_response(request, message);
  SecurityContext* const context = find(request.context);
  const Result<OptionValue> option = OptionValue::decode(found->value);
  if (context == nullptr || !option || !current(*context, request)) return result;
  const bool offered = context->phase == Phase::kFirst || context->phase == Phase::kOffered;
  if (offered && option->kid_context) return answer_rederivation(*context, request, *option, message);

  const Result<coap::Message> opened = open_with(context->keys, *context, request, *option, message);
  if (!opened || !take_notification(link, request, *option, *opened)) return result;
  if (offered) context->phase = Phase::kSettled;
  result.verdict = OpenedMessage::Verdict::kOpened;
  result.message = *opened;
  return result;
}

}  // namespace linnet::oscore

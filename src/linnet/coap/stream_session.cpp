// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/stream_session.hpp"

#include <algorithm>

#include "linnet/coap/frame.hpp"

namespace linnet::coap {

namespace {

// Options have numbers of their own in each signalling message (RFC 8323 §11.2).
constexpr OptionNumber kMaxMessageSize{2};     // in a CSM
constexpr OptionNumber kBlockWiseTransfer{4};  // in a CSM
constexpr OptionNumber kBadCsmOption{2};       // in an Abort
constexpr std::size_t kMaxUint = 4;
// What no answer fits in is no setting that anybody means.
constexpr std::uint32_t kSmallestMessage = 64;

MessageWriter begin(ByteSpan out, Code code, const Token& token = {}) noexcept {
  return {out, Type::kNonConfirmable, code, MessageId{}, token};
}

std::size_t finish(ByteSpan out, const MessageWriter& writer) noexcept {
  return to_frame(out.first(writer.finish().value_or(0)));
}

}  // namespace

Signal Signal::csm(std::uint32_t max_message) noexcept {
  Signal signal;
  MessageWriter writer = begin(signal.bytes_, Code::kCsm);
  writer.option(kMaxMessageSize, max_message);
  writer.option(kBlockWiseTransfer, ByteView{});
  signal.size_ = finish(signal.bytes_, writer);
  return signal;
}

Signal Signal::ping() noexcept {
  Signal signal;
  signal.size_ = finish(signal.bytes_, begin(signal.bytes_, Code::kPing));
  return signal;
}

Signal Signal::pong(const Token& token) noexcept {
  Signal signal;
  signal.size_ = finish(signal.bytes_, begin(signal.bytes_, Code::kPong, token));
  return signal;
}

Signal Signal::release() noexcept {
  Signal signal;
  signal.size_ = finish(signal.bytes_, begin(signal.bytes_, Code::kRelease));
  return signal;
}

Signal Signal::abort(std::string_view why, std::uint16_t bad_option) noexcept {
  constexpr std::size_t kBeside = 12;  // bytes of the message beside its payload
  Signal signal;
  MessageWriter writer = begin(signal.bytes_, Code::kAbort);
  if (bad_option != 0) writer.option(kBadCsmOption, std::uint32_t{bad_option});
  writer.payload(as_bytes(why.substr(0, kMaxSize - kBeside)));
  signal.size_ = finish(signal.bytes_, writer);
  return signal;
}

void StreamSession::open(const StreamConfig& config, Instant now, Send send) noexcept {
  *this = StreamSession{};
  config_ = &config;
  heard_ = now;
  state_ = State::kOpening;
  send(Signal::csm(config.max_message).bytes());
}

std::size_t StreamSession::receive(ByteView bytes, Instant now, Deliver deliver, Send send) noexcept {
  std::size_t used = 0;
  while (used < bytes.size() && (state_ == State::kOpening || state_ == State::kOpen)) {
    const ByteView rest = bytes.subspan(used);
    const Result<Frame> frame = Frame::peek(rest);
    if (!frame && frame.error().code != Errc::kTruncated) {
      fail_with("the length of a token is above 8", 0, send);
      break;
    }
    if (frame && frame->size > config_->max_message) {
      fail_with("a message is longer than Max-Message-Size", 0, send);
      break;
    }
    if (!frame || frame->size > rest.size()) {
      // A part that was there before this call keeps its time.
      if (!partial_ || used != 0) waiting_ = now;
      partial_ = true;
      return used;
    }
    const ByteView whole = rest.first(static_cast<std::size_t>(frame->size));
    if (!take(whole, now, deliver, send)) return used;
    used += whole.size();
    pinged_ = false;
    heard_ = now;
  }
  partial_ = false;
  return state_ == State::kOpening || state_ == State::kOpen ? used : bytes.size();
}

/// False: the owner wants no more.
bool StreamSession::take(ByteView frame, Instant now, Deliver deliver, Send send) noexcept {
  const Result<Message> message = Message::decode_frame(frame);
  if (!message) {
    fail_with("a message is malformed", 0, send);
    return true;
  }
  if (state_ == State::kOpening && message->code() != Code::kCsm) {
    fail_with("the first message is no CSM", 0, send);
    return true;
  }
  if (message->code() == Code::kEmpty) return true;
  const bool for_endpoint =
      !is_signal(message->code()) || (message->code() == Code::kPong && message->token().size() != 0);
  if (for_endpoint) return deliver(frame);
  take_signal(*message, now, send);
  return true;
}

void StreamSession::take_signal(const Message& message, Instant now, Send send) noexcept {
  if (message.code() == Code::kCsm) return take_csm(message, send);
  for (const Option& option : message.options()) {
    if (is_critical(option.number)) return fail_with("a critical option is not understood", 0, send);
  }
  switch (message.code()) {
    case Code::kPing: return send(Signal::pong(message.token()).bytes());
    case Code::kRelease:
      state_ = State::kReleased;
      waiting_ = now;
      return;
    case Code::kAbort: return close();
    default: return;  // a Pong, which the arrival of anything stands for; and what is not defined yet
  }
}

void StreamSession::take_csm(const Message& message, Send send) noexcept {
  for (const Option& option : message.options()) {
    const auto number = static_cast<std::uint16_t>(option.number);
    if (option.number == kMaxMessageSize) {
      if (option.value.size() > kMaxUint || option.uint() < kSmallestMessage) {
        return fail_with("Max-Message-Size is out of range", number, send);
      }
      peer_max_message_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(option.uint(), UINT16_MAX));
    } else if (option.number == kBlockWiseTransfer) {
      blockwise_ = true;
    } else if (is_critical(option.number)) {
      return fail_with("a critical option is not understood", number, send);
    }
  }
  state_ = State::kOpen;
}

void StreamSession::fail_with(std::string_view why, std::uint16_t bad_option, Send send) noexcept {
  send(Signal::abort(why, bad_option).bytes());
  close();
}

void StreamSession::step(Instant now, Send send) noexcept {
  if (next_deadline() > now) return;
  if (state_ == State::kReleased) return close();
  if (state_ == State::kOpening) return fail_with("no CSM came", 0, send);
  if (partial_) return fail_with("a message does not end", 0, send);
  if (pinged_) return fail_with("no Pong came", 0, send);
  pinged_ = true;
  waiting_ = now;
  send(Signal::ping().bytes());
}

Instant StreamSession::next_deadline() const noexcept {
  switch (state_) {
    case State::kClosed: return kNever;
    case State::kOpening: return heard_ + config_->csm_timeout;
    case State::kReleased: return waiting_ + config_->linger;
    case State::kOpen: break;
  }
  if (partial_) return waiting_ + config_->frame_timeout;
  if (pinged_) return waiting_ + config_->pong_timeout;
  return config_->idle_timeout.count() != 0 ? heard_ + config_->idle_timeout : kNever;
}

}  // namespace linnet::coap

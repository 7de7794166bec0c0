// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "linnet/coap/code.hpp"
#include "linnet/coap/option.hpp"

namespace linnet::fleet {

namespace {

using coap::Code;
using coap::MessageWriter;
using coap::OptionNumber;
using coap::Type;

constexpr std::uint16_t kLinkFormat = 40;
constexpr std::uint16_t kTextPlain = 0;

std::string endpoint_name(const std::string& prefix, std::uint32_t index) {
  std::string digits = std::to_string(index);
  return prefix + std::string(7 - std::min<std::size_t>(digits.size(), 7), '0') + digits;
}

coap::Token token_of(std::uint16_t message_id) noexcept {
  const std::uint8_t bytes[] = {static_cast<std::uint8_t>(message_id >> 8),
                                static_cast<std::uint8_t>(message_id)};
  return coap::Token(bytes);
}

}  // namespace

Fleet::Fleet(const FleetConfig& config, net::UdpSocket socket)
    : config_(config),
      socket_(std::move(socket)),
      batches_(std::make_unique<Batches>()),
      devices_(config.devices) {}

std::expected<std::unique_ptr<Fleet>, std::string> Fleet::open(const FleetConfig& config) {
  if (!config.server.is_v4() || config.server.ip()[12] != 127) {
    return std::unexpected(
        "the server must be on 127.0.0.0/8, where every device can have an address of its own");
  }
  if (config.devices == 0 || config.devices > kMaxDevices) {
    return std::unexpected("between 1 and " + std::to_string(kMaxDevices) + " devices");
  }
  auto socket = net::UdpSocket::open(net::Address::v4(0, 0));
  if (!socket) return std::unexpected(socket.error());
  std::unique_ptr<Fleet> fleet(new Fleet(config, std::move(*socket)));
  if (!config.oscore.empty()) {
    auto made = ProtectedDevices::make(config.devices, config.oscore);
    if (!made) return std::unexpected(made.error());
    fleet->protected_ = *std::move(made);
  }
  if (config.psk.empty()) return fleet;
  auto secured = SecuredDevices::make(
      config.devices, config.psk, [&fleet = *fleet](std::uint32_t device, ByteView datagram) {
        std::ranges::copy(datagram, fleet.batches_->out.prepare().begin());
        fleet.batches_->out.commit(datagram.size(), fleet.socket_, fleet.config_.server,
                                   fleet.address_of(device));
      });
  if (!secured) return std::unexpected(secured.error());
  fleet->secured_ = *std::move(secured);
  return fleet;
}

net::Address Fleet::address_of(std::uint32_t index) const noexcept {
  return net::Address::v4(config_.first_source + index, 0);
}

std::uint32_t Fleet::observed() const noexcept {
  return static_cast<std::uint32_t>(std::ranges::count(devices_, true, &Device::observed));
}

PhaseReport Fleet::run(const PhaseConfig& phase) {
  phase_ = phase;
  next_device_ = 0;
  PhaseReport report;
  started_ = Clock::now();
  Clock::time_point now = started_;
  const auto over = [&] {
    return (phase.duration.count() > 0 && now - started_ >= phase.duration) ||
           (phase.count > 0 && report.sent + report.skipped >= phase.count);
  };
  while (!over() || under_way_ > 0) {
    if (!over()) start_some(report, now);
    retransmit_due(report, now);
    batches_->out.flush();
    receive(report);
    now = Clock::now();
  }
  report.seconds = std::chrono::duration<double>(now - started_).count();
  return report;
}

void Fleet::listen(std::chrono::milliseconds duration) {
  PhaseReport ignored;
  const auto end = Clock::now() + duration;
  while (Clock::now() < end) {
    receive(ignored);
    batches_->out.flush();
  }
}

bool Fleet::able(const Device& device) const noexcept {
  const auto index = static_cast<std::uint32_t>(&device - devices_.data());
  if (phase_.phase != Phase::kHandshake && secured_ && !secured_->open(index)) return false;
  switch (phase_.phase) {
    case Phase::kHandshake: return secured_ != nullptr;
    case Phase::kHello:
    case Phase::kRegister:
    case Phase::kGet: return true;
    case Phase::kUpdate:
    case Phase::kDeregister: return device.location_size != 0;
    case Phase::kNotify: return device.observed;
  }
  return false;
}

void Fleet::start_some(PhaseReport& report, Clock::time_point now) {
  std::uint64_t allowed = phase_.count > 0 ? phase_.count - report.sent - report.skipped : UINT64_MAX;
  if (phase_.rate > 0) {
    const auto due =
        static_cast<std::uint64_t>(std::chrono::duration<double>(now - started_).count() * phase_.rate);
    allowed = std::min(allowed, due > report.sent ? due - report.sent : 0);
  }
  // No more than a round through all devices, lest a phase that none is able to do spins here.
  for (std::uint32_t looked = 0; looked < config_.devices && allowed > 0 && under_way_ < phase_.window;
       ++looked) {
    const std::uint32_t index = std::exchange(next_device_, (next_device_ + 1) % config_.devices);
    Device& device = devices_[index];
    if (device.waiting) continue;
    --allowed;
    if (!able(device)) {
      ++report.skipped;
      continue;
    }
    ++report.sent;
    ++device.message_id;
    device.attempts = 0;
    device.first_sent = now;
    send_request(index);
    if (phase_.phase == Phase::kHello || (phase_.phase == Phase::kNotify && !phase_.confirmable)) continue;
    device.waiting = true;
    ++under_way_;
    timers_.push_back({.at = now + kAckTimeout, .device = index, .message_id = device.message_id});
  }
}

ByteSpan Fleet::prepare(std::uint32_t index) {
  if (protected_) return ByteSpan(batches_->plain).first(batches_->plain.size() - oscore::kMaxOverhead);
  space_ = batches_->out.prepare();
  return secured_ ? secured_->message_space(index, space_) : space_;
}

void Fleet::commit(std::uint32_t index, std::size_t size, const net::Address& remote,
                   const net::Address& local) {
  if (protected_) {
    const ByteView sealed = protected_->seal(index, ByteView(batches_->plain).first(size));
    std::ranges::copy(sealed, batches_->out.prepare().begin());
    if (!sealed.empty()) batches_->out.commit(sealed.size(), socket_, remote, local);
    return;
  }
  const std::size_t whole = secured_ && size > 0 ? secured_->seal(index, space_, size) : size;
  if (whole > 0) batches_->out.commit(whole, socket_, remote, local);
}

void Fleet::send_request(std::uint32_t index) {
  Device& device = devices_[index];
  if (phase_.phase == Phase::kHandshake) {
    // The library knows when it is time to repeat.
    if (secured_->shaking_hands(index)) return secured_->repeat(index);
    return secured_->begin(index, endpoint_name(config_.prefix, index));
  }
  if (phase_.phase == Phase::kHello) return send_hello(index);
  if (phase_.phase == Phase::kNotify) ++device.sequence;
  const ByteSpan buffer = prepare(index);
  commit(index, write_request(device, index, buffer), config_.server, address_of(index));
}

void Fleet::send_hello(std::uint32_t index) {
  // A record, and in it a message with version, random, no session, no cookie, one suite, no compression.
  constexpr std::array<std::uint8_t, 27> kBefore{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0,  0,    54,  1,
                                                 0,  0,    42,   0, 0, 0, 0, 0, 0, 0, 42, 0xFE, 0xFD};
  constexpr std::array<std::uint8_t, 8> kBehind{0, 0, 0, 2, 0xC0, 0xA8, 1, 0};
  ByteWriter writer(batches_->out.prepare());
  writer.bytes(kBefore);
  writer.uint(index, 8);
  writer.uint(devices_[index].message_id, 8);
  writer.uint(0, 8);
  writer.uint(0, 8);
  writer.bytes(kBehind);
  batches_->out.commit(writer.size(), socket_, config_.server, address_of(index));
}

std::size_t Fleet::write_request(const Device& device, std::uint32_t index, ByteSpan out) const {
  const coap::MessageId id{device.message_id};
  const coap::Token token = token_of(device.message_id);
  const std::string_view location(device.location, device.location_size);
  const auto finish = [](const MessageWriter& writer) { return writer.finish().value_or(0); };
  const auto echo = [&](MessageWriter& writer) {
    if (protected_ && !protected_->echo(index).empty())
      writer.option(OptionNumber::kEcho, protected_->echo(index));
  };
  switch (phase_.phase) {
    case Phase::kRegister: {
      MessageWriter writer(out, Type::kConfirmable, Code::kPost, id, token);
      writer.option(OptionNumber::kUriPath, "rd");
      writer.option(OptionNumber::kContentFormat, std::uint32_t{kLinkFormat});
      writer.option(OptionNumber::kUriQuery, "ep=" + endpoint_name(config_.prefix, index));
      writer.option(OptionNumber::kUriQuery, "lt=" + std::to_string(config_.lifetime));
      writer.option(OptionNumber::kUriQuery, "lwm2m=1.1");
      writer.option(OptionNumber::kUriQuery, "b=U");
      echo(writer);
      writer.payload(as_bytes(config_.objects));
      return finish(writer);
    }
    case Phase::kGet: {
      MessageWriter writer(out, Type::kConfirmable, Code::kGet, id, token);
      for (const std::string& segment : config_.get_path) writer.option(OptionNumber::kUriPath, segment);
      echo(writer);
      return finish(writer);
    }
    case Phase::kUpdate:
    case Phase::kDeregister: {
      const Code method = phase_.phase == Phase::kUpdate ? Code::kPost : Code::kDelete;
      MessageWriter writer(out, Type::kConfirmable, method, id, token);
      writer.option(OptionNumber::kUriPath, "rd");
      writer.option(OptionNumber::kUriPath, location);
      return finish(writer);
    }
    case Phase::kHandshake:
    case Phase::kHello: return 0;
    case Phase::kNotify: break;
  }
  MessageWriter writer(out, phase_.confirmable ? Type::kConfirmable : Type::kNonConfirmable, Code::kContent,
                       id, device.observation);
  writer.option(OptionNumber::kObserve, device.sequence & 0xFFFFFFU);
  writer.option(OptionNumber::kContentFormat, std::uint32_t{kTextPlain});
  writer.payload(as_bytes(std::to_string(20 + device.sequence % 10)));
  return finish(writer);
}

void Fleet::retransmit_due(PhaseReport& report, Clock::time_point now) {
  while (!timers_.empty() && timers_.front().at <= now) {
    const Timer timer = timers_.front();
    timers_.pop_front();
    Device& device = devices_[timer.device];
    if (!device.waiting || device.message_id != timer.message_id) continue;
    if (device.attempts == kMaxRetransmit) {
      device.waiting = false;
      --under_way_;
      ++report.lost;
      continue;
    }
    ++device.attempts;
    ++report.retransmitted;
    send_request(timer.device);
    timers_.push_back({.at = now + kAckTimeout, .device = timer.device, .message_id = timer.message_id});
  }
}

void Fleet::receive(PhaseReport& report) {
  const std::size_t count = batches_->in.receive(socket_);
  if (count == 0) {
    pollfd readable{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
    poll(&readable, 1, 1);
    return;
  }
  const auto now = Clock::now();
  for (std::size_t i = 0; i < count; ++i) take(batches_->in[i], report, now);
}

void Fleet::take(const net::Datagram& datagram, PhaseReport& report, Clock::time_point now) {
  const net::Address::Ip& ip = datagram.local.ip();
  const std::uint32_t index =
      (std::uint32_t{ip[12]} << 24 | std::uint32_t{ip[13]} << 16 | std::uint32_t{ip[14]} << 8 | ip[15]) -
      config_.first_source;
  if (index >= devices_.size() || datagram.remote != config_.server) return;
  const ByteView bytes = secured_ ? unprotect(index, datagram.bytes, report, now) : datagram.bytes;
  auto message = coap::Message::decode(bytes);
  if (!message) return;
  if (protected_ && message->code() != Code::kEmpty) {
    const coap::OpenedMessage opened = protected_->open(index, *message);
    if (opened.verdict == coap::OpenedMessage::Verdict::kIgnored || asked_again(index, opened, now)) return;
    // What is refused in clear is an error as it stands.
    if (opened.verdict == coap::OpenedMessage::Verdict::kOpened) message = opened.message;
  }
  Device& device = devices_[index];
  const bool reply = message->type() == Type::kAcknowledgement || message->type() == Type::kReset;
  const bool known = device.waiting && static_cast<std::uint16_t>(message->message_id()) == device.message_id;
  const bool ours = device.waiting && message->token() == token_of(device.message_id);
  // Our own request come back is an answer too: from the reference that only echoes.
  if (known && (reply || ours)) return finish(device, *message, report, now);
  if (coap::is_request(message->code())) return answer(index, datagram, *message);
  if (message->type() == Type::kReset) device.observed = false;
  // A separate response.
  if (message->type() != Type::kConfirmable || !ours) return;
  finish(device, *message, report, now);
  MessageWriter ack(prepare(index), Type::kAcknowledgement, Code::kEmpty, message->message_id(), {});
  commit(index, ack.finish().value_or(0), datagram.remote, datagram.local);
}

bool Fleet::asked_again(std::uint32_t index, const coap::OpenedMessage& opened, Clock::time_point now) {
  Device& device = devices_[index];
  if (opened.verdict != coap::OpenedMessage::Verdict::kOpened || !device.waiting) return false;
  const auto echo = opened.message.options().find(OptionNumber::kEcho);
  const bool challenge = echo && opened.message.code() == Code::kUnauthorized;
  if (!challenge && !opened.ask_again) return false;
  if (echo) protected_->set_echo(index, echo->value);
  ++device.message_id;
  send_request(index);
  protected_->set_echo(index, {});
  timers_.push_back({.at = now + kAckTimeout, .device = index, .message_id = device.message_id});
  return true;
}

ByteView Fleet::unprotect(std::uint32_t index, ByteView datagram, PhaseReport& report,
                          Clock::time_point now) {
  if (!secured_->shaking_hands(index)) {
    std::ranges::copy(datagram, batches_->opened.begin());
    return secured_->open(index, ByteSpan(batches_->opened).first(datagram.size()));
  }
  const auto progress = secured_->receive(index, datagram);
  Device& device = devices_[index];
  if (progress == SecuredDevices::Progress::kGoing || !device.waiting) return {};
  settle(device, report, now);
  if (progress == SecuredDevices::Progress::kFailed) ++report.errors;
  return {};
}

void Fleet::settle(Device& device, PhaseReport& report, Clock::time_point now) {
  device.waiting = false;
  --under_way_;
  ++report.answered;
  report.latency.add(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now - device.first_sent).count()));
}

void Fleet::finish(Device& device, const coap::Message& message, PhaseReport& report, Clock::time_point now) {
  const bool answered =
      phase_.phase == Phase::kNotify || message.code() != Code::kEmpty || message.type() == Type::kReset;
  if (!answered) return;  // acknowledged alone: the response is to come
  settle(device, report, now);
  if (message.type() == Type::kReset || coap::code_class(message.code()) >= 4) {
    ++report.errors;
    if (message.code() == Code::kNotFound && phase_.phase == Phase::kUpdate) device.location_size = 0;
    return;
  }
  if (phase_.phase == Phase::kDeregister) device.location_size = 0;
  if (phase_.phase != Phase::kRegister) return;
  for (const coap::Option& option : message.options()) {
    // "rd", then the location itself.
    if (option.number != OptionNumber::kLocationPath || option.value.size() > kMaxLocation) continue;
    std::memcpy(device.location, option.value.data(), option.value.size());
    device.location_size = static_cast<std::uint8_t>(option.value.size());
  }
}

void Fleet::answer(std::uint32_t index, const net::Datagram& datagram, const coap::Message& request) {
  Device& device = devices_[index];
  const auto observe = request.options().find_uint(OptionNumber::kObserve);
  const bool reads = request.code() == Code::kGet;
  const bool confirmable = request.type() == Type::kConfirmable;
  MessageWriter writer(prepare(index), confirmable ? Type::kAcknowledgement : Type::kNonConfirmable,
                       reads ? Code::kContent : Code::kChanged, request.message_id(), request.token());
  if (reads && observe) {
    device.observed = *observe == 0;
    device.observation = request.token();
    if (device.observed) writer.option(OptionNumber::kObserve, ++device.sequence & 0xFFFFFFU);
  }
  if (reads) {
    writer.option(OptionNumber::kContentFormat, std::uint32_t{kTextPlain});
    writer.payload(as_bytes("20"));
  }
  commit(index, writer.finish().value_or(0), datagram.remote, datagram.local);
}

}  // namespace linnet::fleet

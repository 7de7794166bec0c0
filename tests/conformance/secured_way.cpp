// SPDX-License-Identifier: Apache-2.0
#include "secured_way.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace linnet::conformance {

namespace {

// Where things stand in a record and in a ServerHello (RFC 6347 §4.1, §4.2.2; RFC 5246 §7.4.1.3).
constexpr std::size_t kRecordHeader = 13, kSessionId = kRecordHeader + 12 + 2 + 32;
constexpr std::uint8_t kAlert = 21, kHandshake = 22, kApplicationData = 23, kServerHello = 2;

}  // namespace

SecuredWay::SecuredWay(SecuredEnds ends) : ends_(std::move(ends)) {
  config_.platform = this;
  config_.transport = ends_.transport;
  if (ends_.our_server) {
    auto made = tls::ServerSecurity::make(ends_.transport, ends_.identity);
    EXPECT_TRUE(made) << made.error();
    security_ = std::move(*made);
    if (over_stream()) {
      server_channel_ = std::make_unique<tls::ServerChannel>(*security_, ends_.credentials);
    } else {
      server_ = std::make_unique<tls::test::ServerEnd>(*security_, ends_.credentials);
    }
  } else {
    scripted_server_ = std::make_unique<tls::test::ServerDouble>(ends_.server);
  }
  if (ends_.our_device) {
    channel_ = std::make_unique<tls::ClientChannel>(config_, *this);
    EXPECT_TRUE(channel_->start(ends_.parameters, {}, Instant{})) << channel_->refusal();
  } else {
    scripted_device_ = std::make_unique<tls::test::ClientDouble>(ends_.device);
    scripted_device_->go_on();
  }
}

bool SecuredWay::shake_hands() {
  flow();
  const bool device = channel_ ? channel_->state() == client::ChannelState::kOpen : scripted_device_->open;
  if (server_channel_) return device && server_channel_->state() == tls::ServerChannel::State::kOpen;
  return device && (server_ ? server_->association.exists() : scripted_server_->open);
}

std::vector<std::string>& SecuredWay::heard_from(bool device) {
  if (!device) return channel_ ? heard_by_device_ : scripted_device_->heard;
  if (server_channel_) return heard_by_server_;
  return server_ ? server_->heard : scripted_server_->received;
}

Bytes SecuredWay::carry(const Bytes& message, bool from_device) {
  const std::string text(message.begin(), message.end());
  last_record_.clear();
  if (from_device && channel_) {
    EXPECT_TRUE(channel_->send(message));
  } else if (from_device) {
    scripted_device_->say(text);
  } else if (server_channel_) {
    EXPECT_TRUE(server_channel_->send(
        message, [this](ByteView bytes) { from_server_channel_.emplace_back(bytes.begin(), bytes.end()); }));
  } else if (server_) {
    server_->sent.push_back(server_->sealed(text));
  } else {
    scripted_server_->send(text);
  }
  flow();
  // One protected record, of DTLS 1.2 in epoch 1 or of TLS, in which nothing of the message is seen.
  const std::string record(last_record_.begin(), last_record_.end());
  const std::string beginning = over_stream() ? "\x17\x03\x03" : std::string("\x17\xfe\xfd\x00\x01", 5);
  EXPECT_TRUE(record.starts_with(beginning)) << show(last_record_);
  // What is too short would be found by chance.
  EXPECT_TRUE(message.size() < 12 || record.find(text.substr(4)) == std::string::npos);
  const auto arrived = std::exchange(heard_from(from_device), {});
  EXPECT_EQ(arrived.size(), 1U);
  return arrived.empty() ? Bytes() : Bytes(arrived.front().begin(), arrived.front().end());
}

std::string SecuredWay::proven() const {
  return server_ ? std::string(as_text(server_->association.identity())) : std::string();
}

void SecuredWay::transmit(ByteView bytes) noexcept {
  from_channel_.emplace_back(bytes.begin(), bytes.end());
}

std::vector<tls::OwnedBytes> SecuredWay::take_from_device() {
  return std::exchange(channel_ ? from_channel_ : scripted_device_->sent, {});
}

std::vector<tls::OwnedBytes> SecuredWay::take_from_server() {
  if (server_channel_) return std::exchange(from_server_channel_, {});
  return std::exchange(server_ ? server_->sent : scripted_server_->sent, {});
}

void SecuredWay::flow() {
  for (;;) {
    const auto there = take_from_device();
    for (const auto& datagram : there) pass_to_server(datagram);
    const auto back = take_from_server();
    for (const auto& datagram : back) pass_to_device(datagram);
    if (there.empty() && back.empty()) return;
  }
}

void SecuredWay::pass_to_server(const Bytes& datagram) {
  look_at(datagram, alert_of_device_);
  if (!server_channel_) return server_ ? server_->receive(datagram) : scripted_server_->receive(datagram);
  (void)server_channel_->receive(
      datagram, [this](ByteView plaintext) { heard_by_server_.emplace_back(as_text(plaintext)); },
      [this](ByteView bytes) { from_server_channel_.emplace_back(bytes.begin(), bytes.end()); });
}

void SecuredWay::pass_to_device(const Bytes& datagram) {
  look_at(datagram, alert_of_server_);
  if (!channel_) return scripted_device_->receive(datagram);
  const auto deliver = [this](ByteView plaintext) { heard_by_device_.emplace_back(as_text(plaintext)); };
  channel_->receive(datagram, deliver, Instant{});
}

void SecuredWay::look_at(const Bytes& datagram, std::optional<std::uint8_t>& alert) {
  if (over_stream()) {
    last_record_ = datagram;
    return;
  }
  if (datagram.size() < kRecordHeader + 2) return;
  const bool in_clear = datagram[3] == 0 && datagram[4] == 0;
  if (datagram[0] == kApplicationData) last_record_ = datagram;
  if (in_clear && datagram[0] == kAlert) alert = datagram[kRecordHeader + 1];
  const bool hello = in_clear && datagram[0] == kHandshake && datagram[kRecordHeader] == kServerHello;
  if (!hello || datagram.size() <= kSessionId) return;
  const std::size_t at = kSessionId + 1 + datagram[kSessionId];
  if (datagram.size() < at + 2) return;
  suite_ = static_cast<std::uint16_t>(datagram[at] << 8U | datagram[at + 1]);
}

}  // namespace linnet::conformance

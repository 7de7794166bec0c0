// SPDX-License-Identifier: Apache-2.0
#include "secured_links.hpp"

#include <algorithm>

namespace linnet::device {

using client::ChannelState;

std::expected<void, std::string> SecuredLinks::open(coap::LinkId link,
                                                    const client::SecurityParameters& parameters,
                                                    ByteView session, Instant now) {
  Row* row = find(link);
  if (row == nullptr) row = rows_.emplace_back(std::make_unique<Row>(*this, link)).get();
  tls::ClientChannelConfig config;
  config.platform = &clock_;
  config.anchors = anchors_;
  row->channel = std::make_unique<tls::ClientChannel>(config, *row);
  row->told = ChannelState::kHandshaking;
  if (row->channel->start(parameters, session, now)) return {};
  row->told = ChannelState::kClosed;
  return std::unexpected(row->channel->refusal());
}

std::unique_ptr<tls::ClientChannel> SecuredLinks::stream_channel(client::Wire& wire) const {
  tls::ClientChannelConfig config;
  config.transport = tls::Transport::kStream;
  config.platform = &clock_;
  config.anchors = anchors_;
  return std::make_unique<tls::ClientChannel>(config, wire);
}

void SecuredLinks::close(coap::LinkId link) noexcept {
  Row* row = find(link);
  if (row == nullptr) return;
  row->channel->close();
  row->told = ChannelState::kClosed;
}

const client::Channel* SecuredLinks::channel(coap::LinkId link) const noexcept {
  const Row* row = find(link);
  return row == nullptr ? nullptr : row->channel.get();
}

void SecuredLinks::receive(coap::LinkId link, ByteView datagram, Instant now,
                           client::Channel::Deliver deliver) noexcept {
  Row* row = find(link);
  row == nullptr ? deliver(datagram) : row->channel->receive(datagram, deliver, now);
}

Instant SecuredLinks::step(Instant now) noexcept {
  Instant next = kNever;
  for (const auto& row : rows_) next = std::min(next, row->channel->step(now));
  return next;
}

std::optional<SecuredLinks::Change> SecuredLinks::next_change() noexcept {
  for (const auto& row : rows_) {
    const ChannelState state = row->channel->state();
    if (state == row->told) continue;
    const bool opened = std::exchange(row->told, state) == ChannelState::kOpen;
    return Change{row->link, state, opened};
  }
  return std::nullopt;
}

ByteSpan SecuredLinks::prepare(coap::LinkId link, std::size_t size) noexcept {
  if (find(link) == nullptr) return below_.prepare(link, size);
  plaintext_.resize(std::max(plaintext_.size(), size));
  return plaintext_;
}

void SecuredLinks::send(coap::LinkId link, std::size_t size) noexcept {
  Row* row = find(link);
  if (row == nullptr) return below_.send(link, size);
  // What a closed channel does not take counts as lost.
  (void)row->channel->send(ByteView(plaintext_).first(size));
}

SecuredLinks::Row* SecuredLinks::find(coap::LinkId link) const noexcept {
  const auto found = std::ranges::find(rows_, link, [](const auto& row) { return row->link; });
  return found == rows_.end() ? nullptr : found->get();
}

void SecuredLinks::Row::transmit(ByteView bytes) noexcept {
  const ByteSpan out = owner.below_.prepare(link, bytes.size());
  if (out.size() < bytes.size()) return;
  std::ranges::copy(bytes, out.begin());
  owner.below_.send(link, bytes.size());
}

}  // namespace linnet::device

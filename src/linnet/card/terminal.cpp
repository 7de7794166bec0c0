// SPDX-License-Identifier: Apache-2.0
#include "linnet/card/terminal.hpp"

#include "linnet/base/wipe.hpp"
#include "linnet/card/secure_channel.hpp"

namespace linnet::card {

namespace {

constexpr std::uint8_t kGetResponse = 0xC0;
constexpr std::uint8_t kMoreToGet = 0x61;
constexpr std::uint8_t kOtherLength = 0x6C;

void encode(const Command& command, std::uint8_t channel, ByteWriter& out) noexcept {
  out.u8(static_cast<std::uint8_t>(command.cla | channel));
  out.u8(command.ins);
  out.u8(command.p1);
  out.u8(command.p2);
  if (command.data.size() > kMaxCommandData) return out.fail_now();
  if (!command.data.empty()) {
    out.u8(static_cast<std::uint8_t>(command.data.size()));
    out.bytes(command.data);
  }
  // 256 is written as 0.
  if (command.expected > 0) out.u8(static_cast<std::uint8_t>(command.expected));
}

}  // namespace

/// What was read went through here.
Terminal::~Terminal() {
  wipe(command_);
  wipe(response_);
}

Result<Response> Terminal::exchange(const Command& command) noexcept {
  if (secure_ == nullptr) {
    ByteWriter out(command_);
    encode(command, channel_, out);
    if (!out.ok()) return fail(Errc::kTooLarge);
    return exchange_as_is(out.written());
  }
  const auto size = secure_->wrap(command, channel_, command_);
  if (!size) return std::unexpected(size.error());
  const auto response = exchange_as_is(ByteView(command_).first(*size));
  if (!response) return response;
  const auto data = secure_->unwrap(ByteSpan(response_).first(response->data.size()), response->status);
  if (!data) return std::unexpected(data.error());
  return Response{*data, response->status};
}

Result<Response> Terminal::exchange_as_is(ByteView command) noexcept {
  auto response = transmit(command);
  if (response && response->status >> 8 == kOtherLength && !command.empty()) {
    // The same once more, with the length that the card names.
    std::array<std::uint8_t, kMaxCommand> again{};
    ByteWriter out(again);
    out.bytes(command.first(command.size() - 1));
    out.u8(static_cast<std::uint8_t>(response->status));
    response = transmit(out.written());
  }
  if (response && response->status >> 8 == kMoreToGet && response->data.empty()) {
    const std::uint8_t more[]{channel_, kGetResponse, 0, 0, static_cast<std::uint8_t>(response->status)};
    response = transmit(more);
  }
  return response;
}

Result<Response> Terminal::transmit(ByteView command) noexcept {
  const auto size = transport_->transmit(command, response_);
  if (!size) return std::unexpected(size.error());
  if (*size < 2 || *size > response_.size()) return fail(Errc::kMalformed);
  const ByteView whole = ByteView(response_).first(*size);
  const auto status = static_cast<std::uint16_t>(whole[*size - 2] << 8 | whole[*size - 1]);
  return Response{whole.first(*size - 2), status};
}

}  // namespace linnet::card

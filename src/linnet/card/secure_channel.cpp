// SPDX-License-Identifier: Apache-2.0
#include "linnet/card/secure_channel.hpp"

#include <algorithm>

#include "linnet/base/wipe.hpp"

namespace linnet::card {

namespace {

constexpr std::uint8_t kGlobalPlatform = 0x80;  // class of commands
constexpr std::uint8_t kSecureMessaging = 0x04;
constexpr std::uint8_t kInitializeUpdate = 0x50;
constexpr std::uint8_t kExternalAuthenticate = 0x82;
constexpr std::uint8_t kLevel = 0x33;

// The answer to INITIALIZE UPDATE: diversification data 10, key version 1, protocol 1, its options 1, card
// challenge 8, card cryptogram 8, and a sequence counter 3 where challenges are pseudo-random.
constexpr std::size_t kDiversification = 10;
constexpr std::size_t kAnswer = 29;
constexpr std::size_t kAnswerWithCounter = 32;
constexpr std::uint8_t kProtocol03 = 0x03;
constexpr std::uint8_t kProtectedResponses = 0x60;  // R-MAC and R-ENCRYPTION, of the protocol's options

constexpr std::size_t kHeader = 5;
constexpr std::uint8_t kPadding = 0x80;

/// In a time that says nothing of where they differ.
bool same(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

bool key_size(std::size_t size) noexcept {
  return size == 16 || size == 24 || size == 32;
}

}  // namespace

SecureChannel::~SecureChannel() {
  wipe(encryption_);
  wipe(command_mac_);
  wipe(response_mac_);
}

/// NIST SP 800-108 in counter mode with CMAC: label 12 (the purpose last), a byte 0, bits 2, counter 1,
/// context.
void SecureChannel::derive(ByteView key, Purpose purpose, ByteSpan out) noexcept {
  std::uint8_t count = 0;
  const std::size_t bits = out.size() * 8;
  while (!out.empty()) {
    std::array<std::uint8_t, kBlockSize> head{};
    head[11] = static_cast<std::uint8_t>(purpose);
    head[13] = static_cast<std::uint8_t>(bits >> 8);
    head[14] = static_cast<std::uint8_t>(bits);
    head[15] = ++count;
    const ByteView parts[]{head, context_};
    Block block;
    cipher_->cmac(key, parts, block);
    const std::size_t size = std::min(out.size(), block.size());
    std::copy_n(block.begin(), size, out.begin());
    wipe(block);
    out = out.subspan(size);
  }
}

Result<void> SecureChannel::open(Terminal& terminal, Random& random) noexcept {
  if (!key_size(keys_.enc.size()) || keys_.mac.size() != keys_.enc.size())
    return fail(Errc::kInvalidArgument);
  Challenge host{};
  for (std::size_t i = 0; i < host.size(); i += 4) {
    const std::uint32_t number = random.next();
    for (std::size_t j = 0; j < 4; ++j) host[i + j] = static_cast<std::uint8_t>(number >> (8 * j));
  }
  const auto answer = terminal.exchange(
      {.cla = kGlobalPlatform, .ins = kInitializeUpdate, .p1 = keys_.version, .data = host, .expected = 256});
  if (!answer) return std::unexpected(answer.error());
  if (!answer->ok()) return fail(Errc::kUnsupported);
  if (const auto accepted = accept(host, answer->data); !accepted) return accepted;

  std::array<std::uint8_t, kHeader + 8 + kMacSize> command{
      static_cast<std::uint8_t>(kGlobalPlatform | kSecureMessaging | terminal.channel()),
      kExternalAuthenticate, kLevel, 0, 8 + kMacSize};
  derive(session_key(command_mac_), Purpose::kHostCryptogram, ByteSpan(command).subspan(kHeader, 8));
  add_mac(kGlobalPlatform, command);
  const auto authenticated = terminal.exchange_as_is(command);
  if (!authenticated) return std::unexpected(authenticated.error());
  if (!authenticated->ok()) return fail(Errc::kUnauthorized);
  broken_ = false;
  terminal.protect_by(this);
  return {};
}

Result<void> SecureChannel::accept(const Challenge& host, ByteView answer) noexcept {
  if (answer.size() != kAnswer && answer.size() != kAnswerWithCounter) return fail(Errc::kUnsupported);
  ByteReader in(answer.subspan(kDiversification + 1));
  const std::uint8_t protocol = *in.u8();
  const std::uint8_t options = *in.u8();
  if (protocol != kProtocol03 || (options & kProtectedResponses) != kProtectedResponses) {
    return fail(Errc::kUnsupported);
  }
  const ByteView card = *in.bytes(host.size());
  const ByteView cryptogram = *in.bytes(8);
  std::ranges::copy(card, std::ranges::copy(host, context_.begin()).out);
  derive(keys_.enc, Purpose::kEncryption, ByteSpan(encryption_).first(keys_.enc.size()));
  derive(keys_.mac, Purpose::kCommandMac, ByteSpan(command_mac_).first(keys_.mac.size()));
  derive(keys_.mac, Purpose::kResponseMac, ByteSpan(response_mac_).first(keys_.mac.size()));
  chain_.fill(0);
  counter_ = 0;
  std::array<std::uint8_t, 8> expected{};
  derive(session_key(command_mac_), Purpose::kCardCryptogram, expected);
  return same(expected, cryptogram) ? Result<void>() : fail(Errc::kUnauthorized);
}

/// Over the command whose last eight bytes they are going to be, as if it came over the basic channel.
void SecureChannel::add_mac(std::uint8_t cla, ByteSpan command) noexcept {
  const std::uint8_t head[]{static_cast<std::uint8_t>((cla & 0xF0U) | kSecureMessaging)};
  const std::size_t size = command.size() - kMacSize;
  const ByteView parts[]{chain_, head, command.subspan(1, size - 1)};
  Block mac;
  cipher_->cmac(session_key(command_mac_), parts, mac);
  chain_ = mac;
  std::copy_n(mac.begin(), kMacSize, command.begin() + static_cast<std::ptrdiff_t>(size));
}

/// The counter of commands, encrypted; marked where it is for the response.
Block SecureChannel::initial_vector(bool response) noexcept {
  Block block{};
  for (std::size_t i = 0; i < 8; ++i) block[15 - i] = static_cast<std::uint8_t>(counter_ >> (8 * i));
  if (response) block[0] = 0x80;
  cipher_->encrypt(session_key(encryption_), Block{}, block);
  return block;
}

Result<std::size_t> SecureChannel::wrap(const Command& command, std::uint8_t channel, ByteSpan out) noexcept {
  if (broken_) return fail(Errc::kClosed);
  const bool data = !command.data.empty();
  const std::size_t padded = data ? (command.data.size() / kBlockSize + 1) * kBlockSize : 0;
  if (padded + kMacSize > kMaxCommandData) return fail(Errc::kTooLarge);
  ++counter_;
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(command.cla | kSecureMessaging | channel));
  writer.u8(command.ins);
  writer.u8(command.p1);
  writer.u8(command.p2);
  writer.u8(static_cast<std::uint8_t>(padded + kMacSize));
  writer.bytes(command.data);
  if (data) writer.u8(kPadding);
  while (data && writer.ok() && writer.size() < kHeader + padded) writer.u8(0);
  writer.uint(0, kMacSize);
  if (command.expected > 0) writer.u8(0);
  if (!writer.ok()) return fail(Errc::kNoSpace);
  const ByteSpan whole = out.first(kHeader + padded + kMacSize);
  if (data) cipher_->encrypt(session_key(encryption_), initial_vector(false), whole.subspan(kHeader, padded));
  add_mac(command.cla, whole);
  return writer.size();
}

Result<ByteView> SecureChannel::unwrap(ByteSpan data, std::uint16_t status) noexcept {
  if (broken_) return fail(Errc::kClosed);
  const bool done = Response{{}, status}.ok() || Response{{}, status}.warns();
  if (!done) return data.empty() ? Result<ByteView>(ByteView()) : fail(Errc::kUnauthorized);
  broken_ = true;
  if (data.size() < kMacSize || (data.size() - kMacSize) % kBlockSize != 0) return fail(Errc::kUnauthorized);
  const ByteSpan text = data.first(data.size() - kMacSize);
  const std::uint8_t end[]{static_cast<std::uint8_t>(status >> 8), static_cast<std::uint8_t>(status)};
  const ByteView parts[]{chain_, text, end};
  Block mac;
  cipher_->cmac(session_key(response_mac_), parts, mac);
  if (!same(ByteView(mac).first(kMacSize), data.subspan(text.size()))) return fail(Errc::kUnauthorized);
  std::size_t size = text.size();
  if (size > 0) {
    cipher_->decrypt(session_key(encryption_), initial_vector(true), text);
    while (size > 0 && text[size - 1] == 0) --size;
    if (size == 0 || text[size - 1] != kPadding || text.size() - size >= kBlockSize) {
      return fail(Errc::kUnauthorized);
    }
    --size;
  }
  broken_ = false;
  return ByteView(text.first(size));
}

}  // namespace linnet::card

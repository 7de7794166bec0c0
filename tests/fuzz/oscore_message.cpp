// SPDX-License-Identifier: Apache-2.0
// The OSCORE option and what a decrypted plaintext may be. The cryptography here takes every tag, as if
// the peer had the keys, so that the plaintext is the fuzzer's.
#include <cstdlib>

#include "linnet/oscore/protected_message.hpp"

namespace {

using linnet::ByteSpan;
using linnet::ByteView;

class NoCrypto final : public linnet::oscore::Crypto {
 public:
  bool has(linnet::oscore::Algorithm) const noexcept override { return true; }
  bool seal(linnet::oscore::Algorithm, ByteView, ByteView, ByteView, ByteSpan) noexcept override {
    return true;
  }
  bool open(linnet::oscore::Algorithm, ByteView, ByteView, ByteView, ByteSpan) noexcept override {
    return true;
  }
  void hmac(ByteView, std::span<const ByteView>, Hash& out) noexcept override { out.fill(7); }
};

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace linnet;
  NoCrypto crypto;
  oscore::InputParameters input;
  const std::uint8_t ids[] = {1, 2};
  input.master_secret.assign(ids);
  input.sender_id.assign(ByteView(ids).first(1));
  input.recipient_id.assign(ByteView(ids).last(1));
  const Result<oscore::Keys> keys = oscore::derive(crypto, input, std::nullopt);
  require(keys.has_value());

  const Result<coap::Message> message = coap::Message::decode({data, size});
  if (!message) return 0;
  std::array<std::uint8_t, 2048> work{};
  std::array<std::uint8_t, 2048> out{};
  oscore::OptionValue option;
  if (const auto found = message->options().find(coap::OptionNumber::kOscore)) {
    if (found->value.size() > 255) return 0;  // more than the option may have
    const Result<oscore::OptionValue> decoded = oscore::OptionValue::decode(found->value);
    if (!decoded) return 0;
    option = *decoded;
    std::array<std::uint8_t, 600> again{};
    const Result<std::size_t> written = option.encode(again);
    require(written && equal(ByteView(again).first(*written), found->value));
    if (option.kid_context) static_cast<void>(oscore::unwrap(*option.kid_context));
  }
  oscore::MessageBinding binding;
  binding.request_kid = option.kid.value_or(ByteView());
  binding.request_piv = binding.nonce_piv = option.piv.value_or(0);
  if (binding.request_kid.size() > oscore::kMaxIdSize) return 0;
  const Result<coap::Message> opened = oscore::open(crypto, *keys, binding, *message, 5, work, out);
  if (!opened) return 0;

  // What came out goes in again, and comes out the same.
  std::array<std::uint8_t, 4096> sealed{};
  const Result<std::size_t> sealed_size = oscore::seal(crypto, *keys, binding, {}, *opened, {}, sealed);
  require(sealed_size.has_value());
  const Result<coap::Message> second = coap::Message::decode(ByteView(sealed).first(*sealed_size));
  require(second.has_value());
  std::array<std::uint8_t, 4096> third{};
  std::array<std::uint8_t, 4096> room{};
  const Result<coap::Message> back = oscore::open(crypto, *keys, binding, *second, 5, room, third);
  require(back && back->code() == opened->code() && equal(back->payload(), opened->payload()) &&
          equal(back->options().encoded(), opened->options().encoded()));
  return 0;
}

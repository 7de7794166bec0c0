// SPDX-License-Identifier: Apache-2.0
#include "linnet/oscore/protected_message.hpp"

#include <algorithm>

#include "linnet/coap/option_header.hpp"
#include "linnet/oscore/cbor_writer.hpp"

namespace linnet::oscore {

namespace {

using coap::Code;
using coap::Message;
using coap::Option;
using coap::OptionNumber;

constexpr std::size_t kMaxAad = 48;  // bytes
constexpr std::uint32_t kObserveMask = 0xFFFFFF;
constexpr std::uint8_t kPayloadMarker = 0xFF;
constexpr std::size_t kHeaderSize = 4;

/// Options that stay outside (RFC 8613 §4.1.2, class U; RFC 8768 §5). Observe is in both places.
bool is_outer(OptionNumber number) noexcept {
  switch (number) {
    case OptionNumber::kUriHost:
    case OptionNumber::kUriPort:
    case OptionNumber::kProxyUri:
    case OptionNumber::kProxyScheme:
    case OptionNumber::kHopLimit: return true;
    default: return false;
  }
}

/// What a proxy may know: that it is a request, and whether there may be more responses (RFC 8613 §4.2).
Code outer_code(const Message& plain, bool observe) noexcept {
  if (is_request(plain.code())) return observe ? Code::kFetch : Code::kPost;
  return observe ? Code::kContent : Code::kChanged;
}

/// Enc_structure of COSE around the external_aad (RFC 8613 §5.4). There are no options of class I.
Result<std::size_t> encode_aad(ByteSpan space, Algorithm algorithm, const MessageBinding& binding) noexcept {
  std::array<std::uint8_t, kMaxAad> inner{};
  ByteWriter aad(inner);
  cbor_head(aad, kCborArray, 5);
  cbor_head(aad, kCborUnsigned, 1);  // oscore_version
  cbor_head(aad, kCborArray, 1);
  cbor_head(aad, kCborUnsigned, static_cast<std::size_t>(algorithm));
  cbor_bytes(aad, binding.request_kid);
  cbor_bytes(aad, encoded(binding.request_piv).view());
  cbor_bytes(aad, {});
  const Result<std::size_t> size = aad.finish();
  if (!size) return size;
  constexpr std::string_view kContext = "Encrypt0";
  ByteWriter out(space);
  cbor_head(out, kCborArray, 3);
  cbor_head(out, kCborText, kContext.size());
  out.text(kContext);
  cbor_bytes(out, {});
  cbor_bytes(out, ByteView(inner).first(*size));
  return out.finish();
}

/// Writes the plaintext (RFC 8613 §5.3): code, inner options, payload.
void write_plaintext(ByteWriter& out, const Message& plain) noexcept {
  const bool response = is_response(plain.code());
  out.u8(static_cast<std::uint8_t>(plain.code()));
  std::uint16_t last = 0;
  for (const Option& option : plain.options()) {
    if (is_outer(option.number)) continue;
    const auto number = static_cast<std::uint16_t>(option.number);
    const bool emptied = response && option.number == OptionNumber::kObserve;
    const ByteView value = emptied ? ByteView() : option.value;
    coap::write_option_header(out, static_cast<std::uint16_t>(number - last), value.size());
    out.bytes(value);
    last = number;
  }
  if (plain.payload().empty()) return;
  out.u8(kPayloadMarker);
  out.bytes(plain.payload());
}

/// The outer options of `plain`, and among them the OSCORE option and what `outer` has.
void write_outer_options(coap::MessageWriter& writer, const Message& plain, ByteView oscore,
                         const OuterBlocks& outer) noexcept {
  constexpr std::array kOwn{OptionNumber::kOscore, OptionNumber::kBlock2, OptionNumber::kBlock1};
  std::size_t written = 0;
  const auto write_own_before = [&](OptionNumber limit) {
    for (; written < kOwn.size() && kOwn[written] < limit; ++written) {
      const bool second = kOwn[written] == OptionNumber::kBlock2;
      const std::uint32_t block = second ? outer.block2 : outer.block1;
      if (kOwn[written] == OptionNumber::kOscore)
        writer.option(OptionNumber::kOscore, oscore);
      else if (block != 0)
        writer.option(kOwn[written], block - 1);
    }
  };
  for (const Option& option : plain.options()) {
    const bool observe = option.number == OptionNumber::kObserve && outer.block2 == 0;
    if (!is_outer(option.number) && !observe) continue;
    write_own_before(option.number);
    writer.option(option.number, option.value);
  }
  write_own_before(OptionNumber{UINT16_MAX});
}

/// One after the other, by number: the outer options that count, and the inner ones.
void write_merged_options(coap::MessageWriter& writer, const Message& sealed, const Message& inner,
                          std::uint32_t observe) noexcept {
  auto outer = sealed.options().begin();
  const auto write_outer_before = [&](OptionNumber limit) {
    for (; outer != coap::Options::end() && outer->number <= limit; ++outer) {
      if (is_outer(outer->number)) writer.option(outer->number, outer->value);
    }
  };
  for (const Option& option : inner.options()) {
    write_outer_before(option.number);
    if (is_outer(option.number)) continue;  // it has no place inside
    if (option.number == OptionNumber::kObserve && is_response(inner.code()))
      writer.option(option.number, observe & kObserveMask);
    else
      writer.option(option.number, option.value);
  }
  write_outer_before(OptionNumber{UINT16_MAX});
}

}  // namespace

Result<std::size_t> seal(Crypto& crypto, const Keys& keys, const MessageBinding& binding,
                         const OptionValue& option, const Message& plain, const OuterBlocks& outer,
                         ByteSpan out) noexcept {
  const AlgorithmProperties* const row = properties(keys.algorithm);
  std::array<std::uint8_t, kMaxAad> aad{};
  std::array<std::uint8_t, OptionValue::kMaxSize> value{};
  const Result<std::size_t> aad_size = encode_aad(aad, keys.algorithm, binding);
  const Result<std::size_t> value_size = option.encode(value);
  if (row == nullptr || !aad_size || !value_size || plain.options().find(OptionNumber::kOscore))
    return fail(Errc::kInvalidArgument);

  const bool observe = plain.options().find(OptionNumber::kObserve).has_value();
  coap::MessageWriter writer(out, plain.type(), outer_code(plain, observe), plain.message_id(),
                             plain.token());
  write_outer_options(writer, plain, ByteView(value).first(*value_size), outer);
  const Result<std::size_t> head = writer.finish();
  if (!head || (outer.block2 != 0 && !observe)) return head;
  ByteWriter body(out.subspan(*head));
  body.u8(kPayloadMarker);
  write_plaintext(body, plain);
  body.advance(row->tag_size);
  const Result<std::size_t> body_size = body.finish();
  if (!body_size) return body_size;
  const ShortBytes<kMaxNonceSize> nonce = nonce_of(keys, binding.nonce_id, binding.nonce_piv);
  if (!crypto.seal(keys.algorithm, keys.sender.view(), nonce.view(), ByteView(aad).first(*aad_size),
                   out.subspan(*head + 1, *body_size - 1))) {
    return fail(Errc::kInvalidArgument);
  }
  return *head + *body_size;
}

Result<Message> open(Crypto& crypto, const Keys& keys, const MessageBinding& binding, const Message& sealed,
                     std::uint32_t observe, ByteSpan work, ByteSpan out) noexcept {
  const AlgorithmProperties* const row = properties(keys.algorithm);
  std::array<std::uint8_t, kMaxAad> aad{};
  const Result<std::size_t> aad_size = encode_aad(aad, keys.algorithm, binding);
  if (row == nullptr || !aad_size) return fail(Errc::kInvalidArgument);
  const ByteView cipher = sealed.payload();
  if (cipher.size() <= row->tag_size) return fail(Errc::kUnauthorized);
  // The plaintext is a message but for its first bytes: with a header before it, it is decoded as one.
  constexpr std::size_t kBefore = kHeaderSize - 1;
  if (work.size() < kBefore + cipher.size()) return fail(Errc::kNoSpace);
  const ByteSpan text = work.subspan(kBefore, cipher.size());
  std::copy(cipher.begin(), cipher.end(), text.begin());
  const ShortBytes<kMaxNonceSize> nonce = nonce_of(keys, binding.nonce_id, binding.nonce_piv);
  if (!crypto.open(keys.algorithm, keys.recipient.view(), nonce.view(), ByteView(aad).first(*aad_size), text))
    return fail(Errc::kUnauthorized);

  const std::uint8_t code = text[0];
  coap::MessageWriter header(work.first(kHeaderSize), coap::Type::kConfirmable, Code{code}, coap::MessageId{},
                             coap::Token());
  const Result<Message> inner = Message::decode(work.first(kBefore + cipher.size() - row->tag_size));
  const bool request = is_request(sealed.code());
  if (!inner || !(request ? is_request(inner->code()) : is_response(inner->code())) ||
      inner->options().find(OptionNumber::kOscore)) {
    return fail(Errc::kMalformed);
  }
  coap::MessageWriter writer(out, sealed.type(), inner->code(), sealed.message_id(), sealed.token());
  write_merged_options(writer, sealed, *inner, observe);
  writer.payload(inner->payload());
  const Result<std::size_t> size = writer.finish();
  if (!size) return fail(size.error().code);
  return Message::decode(out.first(*size));
}

}  // namespace linnet::oscore

// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/message.hpp"

#include "linnet/coap/frame.hpp"
#include "linnet/coap/option_header.hpp"

namespace linnet::coap {

namespace {

constexpr std::size_t kHeaderSize = 4;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kPayloadMarker = 0xFF;

}  // namespace

std::optional<MessageHeader> peek_header(ByteView bytes) noexcept {
  if (bytes.size() < kHeaderSize || bytes[0] >> 6 != kVersion) return std::nullopt;
  return MessageHeader{static_cast<Type>(bytes[0] >> 4 & 3), static_cast<Code>(bytes[1]),
                       static_cast<MessageId>(bytes[2] << 8 | bytes[3])};
}

Result<Message> Message::decode(ByteView bytes) noexcept {
  Message message;
  if (message.read(bytes) != Errc{}) return fail(Errc::kMalformed);
  return message;
}

Errc Message::read(ByteView bytes) noexcept {
  const std::optional<MessageHeader> header = peek_header(bytes);
  if (!header) return Errc::kUnsupported;
  type_ = header->type;
  code_ = header->code;
  message_id_ = header->message_id;
  const std::size_t token_size = bytes[0] & 0x0F;
  if (token_size > Token::kMaxSize || bytes.size() < kHeaderSize + token_size) return Errc::kMalformed;
  if (code_ == Code::kEmpty && bytes.size() != kHeaderSize) return Errc::kMalformed;
  token_ = Token(bytes.subspan(kHeaderSize, token_size));
  return take_rest(bytes.subspan(kHeaderSize + token_size)) ? Errc{} : Errc::kMalformed;
}

Result<Message> Message::decode_frame(ByteView bytes) noexcept {
  const Result<Frame> frame = Frame::peek(bytes);
  if (!frame || frame->size != bytes.size()) return fail(Errc::kMalformed);
  Message message;
  message.type_ = Type::kNonConfirmable;
  message.code_ = static_cast<Code>(bytes[frame->header - 1U]);
  message.token_ = Token(bytes.subspan(frame->header, frame->token));
  if (message.code_ == Code::kEmpty) return message;
  if (!message.take_rest(bytes.subspan(std::size_t{frame->header} + frame->token)))
    return fail(Errc::kMalformed);
  return message;
}

/// Options and payload.
bool Message::take_rest(ByteView bytes) noexcept {
  const std::uint8_t* const first = bytes.data();
  const std::uint8_t* const end = first + bytes.size();
  const std::uint8_t* at = first;
  Option option;
  while (at != end && *at != kPayloadMarker) {
    at = read_option(at, end, option);
    if (at == nullptr) return false;
  }
  options_ = ByteView(first, at);
  if (at == end) return true;
  if (++at == end) return false;
  payload_ = ByteView(at, end);
  return true;
}

MessageWriter::MessageWriter(ByteSpan buffer, Type type, Code code, MessageId id, const Token& token) noexcept
    : out_(buffer) {
  out_.u8(static_cast<std::uint8_t>(kVersion << 6 | static_cast<unsigned>(type) << 4 | token.size()));
  out_.u8(static_cast<std::uint8_t>(code));
  out_.uint(static_cast<std::uint16_t>(id), 2);
  out_.bytes(token.bytes());
}

void MessageWriter::put(OptionNumber number, const std::uint8_t* value, std::size_t size) noexcept {
  const auto wanted = static_cast<std::uint16_t>(number);
  if (wanted < last_option_) return out_.fail_now();
  const auto delta = static_cast<std::uint16_t>(wanted - last_option_);
  write_option_header(out_, delta, size);
  out_.bytes({value, size});
  last_option_ = wanted;
}

void MessageWriter::option(OptionNumber number, std::uint32_t value) noexcept {
  std::array<std::uint8_t, 4> bytes{};
  std::size_t size = 0;
  for (; value != 0; value >>= 8) bytes[3 - size++] = static_cast<std::uint8_t>(value);
  option(number, ByteView(bytes).last(size));
}

void MessageWriter::option(OptionNumber number, OptionalNumber value) noexcept {
  if (value) option(number, *value);
}

void MessageWriter::options(OptionNumber number, std::span<const std::string_view> values) noexcept {
  for (const std::string_view value : values) option(number, value);
}

void MessageWriter::payload(ByteView bytes) noexcept {
  if (bytes.empty()) return;
  out_.u8(kPayloadMarker);
  out_.bytes(bytes);
}

}  // namespace linnet::coap

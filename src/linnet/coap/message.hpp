// SPDX-License-Identifier: Apache-2.0
// The CoAP message on datagrams (RFC 7252 §3) and streams (RFC 8323 §3.2): a view over received bytes,
// and a writer into a given buffer.
#pragma once

#include <cstdint>
#include <optional>

#include "linnet/base/bytes.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/coap/option.hpp"
#include "linnet/coap/optional_number.hpp"
#include "linnet/coap/token.hpp"

namespace linnet::coap {

/// What the first four bytes tell, enough to reject a message that does not decode.
struct MessageHeader {
  Type type{};
  Code code{};
  MessageId message_id{};
};

/// Nothing when there are fewer than four bytes or the version is not 1: such a message is
/// ignored silently (RFC 7252 §3).
[[nodiscard]] std::optional<MessageHeader> peek_header(ByteView bytes) noexcept;

/// One received message. A view: the bytes belong to the caller of `decode` and must outlive it.
class Message {
 public:
  /// Checks header, token length, every option header and the payload marker. Errc::kMalformed
  /// for what RFC 7252 §3 calls a message format error; `peek_header` then tells what to reject.
  [[nodiscard]] static Result<Message> decode(ByteView bytes) noexcept;
  /// The same in place: Errc{}; kMalformed, then type, code and Message ID are there to reject it; or
  /// kUnsupported where `peek_header` gives nothing.
  [[nodiscard]] Errc read(ByteView bytes) noexcept;
  /// One whole frame of a stream (frame.hpp) instead of a datagram: non-confirmable, Message ID 0. An
  /// empty message may carry anything (RFC 8323 §3.4).
  [[nodiscard]] static Result<Message> decode_frame(ByteView bytes) noexcept;

  [[nodiscard]] Type type() const noexcept { return type_; }
  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] MessageId message_id() const noexcept { return message_id_; }
  [[nodiscard]] const Token& token() const noexcept { return token_; }
  [[nodiscard]] Options options() const noexcept { return Options(options_); }
  [[nodiscard]] ByteView payload() const noexcept { return payload_; }
  /// The same with another token and payload, which is a view too.
  [[nodiscard]] Message with(const Token& token, ByteView payload) const noexcept {
    Message other = *this;
    other.token_ = token;
    other.payload_ = payload;
    return other;
  }

 private:
  [[nodiscard]] bool take_rest(ByteView bytes) noexcept;

  ByteView options_;
  ByteView payload_;
  Token token_;
  MessageId message_id_{};
  Type type_ = Type::kConfirmable;
  Code code_ = Code::kEmpty;
};

/// Writes one message from front to back. Options must come in ascending order of their numbers
/// (equal ones repeat); anything out of order or too long fails the writer as a full buffer does.
class MessageWriter {
 public:
  MessageWriter(ByteSpan buffer, Type type, Code code, MessageId id, const Token& token) noexcept;

  [[gnu::always_inline]] void option(OptionNumber number, ByteView value) noexcept {
    put(number, value.data(), value.size());
  }
  [[gnu::always_inline]] void option(OptionNumber number, std::string_view value) noexcept {
    option(number, as_bytes(value));
  }
  /// An option of format uint, in the fewest bytes (RFC 7252 §3.2).
  void option(OptionNumber number, std::uint32_t value) noexcept;
  /// The same, or nothing where there is none.
  void option(OptionNumber number, OptionalNumber value) noexcept;
  /// One option for each text.
  void options(OptionNumber number, std::span<const std::string_view> values) noexcept;
  /// Marker and payload; nothing for an empty one. The last call before `finish`.
  void payload(ByteView bytes) noexcept;

  /// The size of the message, or Errc::kNoSpace.
  [[nodiscard]] Result<std::size_t> finish() const noexcept { return out_.finish(); }
  [[nodiscard]] bool ok() const noexcept { return out_.ok(); }
  /// Bytes written so far.
  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
  [[nodiscard]] std::size_t free() const noexcept { return out_.free(); }

 private:
  void put(OptionNumber number, const std::uint8_t* value, std::size_t size) noexcept;

  ByteWriter out_;
  std::uint16_t last_option_ = 0;
};

}  // namespace linnet::coap

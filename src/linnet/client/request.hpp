// SPDX-License-Identifier: Apache-2.0
// One operation of a server while it is being served, and the answers to errors (TS 6.7).
#pragma once

#include "linnet/client/engine.hpp"
#include "linnet/lwm2m/link_format.hpp"

namespace linnet::client {

struct Engine::Request {
  const coap::IncomingRequest& message;
  Server& server;
  Path path;
  ByteSpan space;      ///< for the payload of the answer, or for values while they are decoded
  coap::Reply& reply;  ///< 2.04 until the operation that succeeds says otherwise

  [[nodiscard]] bool has_query() const noexcept {
    return message.options.find(coap::OptionNumber::kUriQuery).has_value();
  }
  /// A PUT is a Write-Attributes.
  [[nodiscard]] bool writes_attributes() const noexcept { return !message.content_format && has_query(); }
};

/// One value of a request, checked and of its resource's type; none at all for a record that only
/// names something.
struct Assignment {
  Path path;
  Value value;
};

/// The paths that a composite request names, each a SenML record without a value (digest §3).
class PathList {
 public:
  PathList(const lwm2m::Codec& codec, ByteView payload) noexcept : codec_(codec), payload_(payload) {}

  /// Hands over one after the other; kMalformed for a record with a value and what is no SenML.
  [[nodiscard]] Result<void> each(FunctionRef<Result<void>(const Path&)> take) const noexcept;

 private:
  const lwm2m::Codec& codec_;
  ByteView payload_;
};

/// The path behind a prefix as "/lwm2m"; kMalformed where there is none. `slash`: an empty segment may stand
/// before it.
[[nodiscard]] Result<Path> request_path(const coap::IncomingRequest& message, std::string_view prefix,
                                        bool slash = false) noexcept;

/// The codec of a payload: kMalformed without a format, 4.15 for one that is not known or not `fitting`.
[[nodiscard]] Result<const lwm2m::Codec*> codec_of(std::span<const lwm2m::Codec> codecs,
                                                   const coap::IncomingRequest& message,
                                                   bool (*fitting)(lwm2m::ContentFormat)) noexcept;
[[nodiscard]] bool any_format(lwm2m::ContentFormat format) noexcept;

/// No format that was asked for can hold it.
inline constexpr Error kNotAcceptable{Errc::kUnsupported,
                                      static_cast<std::uint8_t>(coap::Code::kNotAcceptable)};

/// `ver` of the link that was written last.
void write_version(lwm2m::LinkWriter& links, lwm2m::Version version) noexcept;

/// 2.05 with a payload.
void content(coap::Reply& reply, lwm2m::ContentFormat format, ByteView payload) noexcept;

/// The response code that an error asks for: its own, or the one of its kind.
[[nodiscard]] coap::Code response_code(Error error) noexcept;
[[nodiscard]] coap::Reply answer(coap::Code code) noexcept;
[[nodiscard]] coap::Reply answer(Error error) noexcept;

}  // namespace linnet::client

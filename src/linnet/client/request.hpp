// SPDX-License-Identifier: Apache-2.0
// One operation of a server while it is being served, and the answers to errors (TS 6.7).
#pragma once

#include "linnet/client/engine.hpp"
#include "linnet/lwm2m/link_format.hpp"

namespace linnet::client {

/// One request as it is served, by the engine or by the bootstrap interface.
struct Operation {
  const coap::IncomingRequest& message;
  const ObjectTree& tree;
  std::span<const lwm2m::Codec> codecs;
  ByteSpan space;      ///< for the payload of the answer, or for values while they are decoded
  coap::Reply& reply;  ///< 2.04 until the operation that succeeds says otherwise
  Path path{};
  const lwm2m::Codec* codec = nullptr;  ///< of the message's payload, see `find_codec`

  /// The path of the message, behind a prefix as "/lwm2m"; kMalformed where there is none. `slash`: an empty
  /// segment may stand before it.
  [[nodiscard]] Result<void> find_path(std::string_view prefix, bool slash = false) noexcept;
  /// The codec of the payload: kMalformed without a format, 4.15 for one that is not known or not `fitting`.
  [[nodiscard]] Result<void> find_codec(bool (*fitting)(lwm2m::ContentFormat)) noexcept;
  /// The values of the payload.
  [[nodiscard]] Result<void> decode(lwm2m::RecordSink sink) const noexcept;
  /// 2.05 with what `walk` gives, in the first format that can hold it of those that are `fitting` and
  /// `accept` allows; 4.06 where there is none.
  [[nodiscard]] Result<void> encode(std::optional<std::uint16_t> accept,
                                    bool (*fitting)(lwm2m::ContentFormat),
                                    lwm2m::RecordWalk walk) const noexcept;
  /// 2.05 with the first `size` bytes of `space`.
  Result<void> give(lwm2m::ContentFormat format, std::size_t size) const noexcept;
  /// 2.05 with the links that were written into `space`.
  [[nodiscard]] Result<void> give_links(const ByteWriter& links) const noexcept;
};

struct Engine::Request : Operation {
  Server* server = nullptr;

  [[nodiscard]] bool has_query() const noexcept {
    return message.options.find(coap::OptionNumber::kUriQuery).has_value();
  }
  /// A PUT is a Write-Attributes.
  [[nodiscard]] bool writes_attributes() const noexcept { return !message.content_format && has_query(); }
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

/// The path of a message, see Operation::find_path.
[[nodiscard]] Result<void> read_path(const coap::IncomingRequest& message, std::string_view prefix,
                                     bool slash, Path& path) noexcept;

/// All formats are.
[[nodiscard]] bool any_format(lwm2m::ContentFormat format) noexcept;

/// No format that was asked for can hold it.
inline constexpr Error kNotAcceptable{Errc::kUnsupported,
                                      static_cast<std::uint8_t>(coap::Code::kNotAcceptable)};

/// The link of an object, with `ver` where `versions` are told and its own is not 1.0. Unless `always`, it is
/// left out where it would say nothing that the links of instances do not.
void write_object(lwm2m::LinkWriter& links, const Object& object, bool versions, bool always) noexcept;

/// The response code that an error asks for: its own, or the one of its kind.
[[nodiscard]] coap::Code response_code(Error error) noexcept;
[[nodiscard]] coap::Reply answer(coap::Code code) noexcept;
[[nodiscard]] coap::Reply answer(Error error) noexcept;

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
// One operation of a server while it is being served, and the answers to errors (TS 6.7).
#pragma once

#include "linnet/client/engine.hpp"

namespace linnet::client {

struct Engine::Request {
  const coap::IncomingRequest& message;
  Server& server;
  Path path;
  ByteSpan space;  ///< for the payload of the answer, or for values while they are decoded

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

[[nodiscard]] coap::Reply answer(coap::Code code) noexcept;

/// The response code that an error asks for: its own, or the one of its kind.
[[nodiscard]] coap::Code response_code(Error error) noexcept;
[[nodiscard]] coap::Reply answer(Error error) noexcept;

}  // namespace linnet::client

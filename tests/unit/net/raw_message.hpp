// SPDX-License-Identifier: Apache-2.0
// Messages that tests write and read by hand, whatever carries them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/coap/message.hpp"

namespace linnet::net {

struct RawMessage {
  std::vector<std::uint8_t> bytes;
  [[nodiscard]] coap::Message view() const { return *coap::Message::decode(bytes); }
};

/// A confirmable request; a payload is a list of links where nothing else is said.
inline std::vector<std::uint8_t> request_bytes(coap::Code method, coap::MessageId id,
                                               const coap::Token& token, const std::vector<std::string>& path,
                                               const std::vector<std::string>& query = {},
                                               std::string_view payload = {}, std::uint32_t format = 40) {
  std::vector<std::uint8_t> buffer(2048);
  coap::MessageWriter writer(buffer, coap::Type::kConfirmable, method, id, token);
  for (const std::string& segment : path) writer.option(coap::OptionNumber::kUriPath, segment);
  if (!payload.empty()) writer.option(coap::OptionNumber::kContentFormat, format);
  for (const std::string& parameter : query) writer.option(coap::OptionNumber::kUriQuery, parameter);
  writer.payload(as_bytes(payload));
  buffer.resize(*writer.finish());
  return buffer;
}

/// The last segment of the location that a reply names; empty for none.
inline std::string location_in(const coap::Message& reply) {
  std::string location;
  for (const coap::Option& option : reply.options()) {
    if (option.number == coap::OptionNumber::kLocationPath) location = option.text();
  }
  return location;
}

/// What a device with these objects registers with.
inline std::vector<std::string> register_query(const std::string& endpoint, const char* binding = "b=U",
                                               const std::vector<std::string>& more = {}) {
  std::vector<std::string> query{"ep=" + endpoint, "lt=300", "lwm2m=1.1", binding};
  query.insert(query.end(), more.begin(), more.end());
  return query;
}
inline constexpr std::string_view kRegisteredObjects = "</1/0>,</3/0>";

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// Any bytes decode or are refused; what decodes and is written again decodes to the same.
#include <cstdlib>
#include <vector>

#include "linnet/coap/message.hpp"
#include "linnet/coap/scanned_options.hpp"

namespace {

void require(bool held) {
  if (!held) std::abort();
}

std::vector<std::uint8_t> encode(const linnet::coap::Message& message) {
  std::vector<std::uint8_t> bytes(1 << 17);
  linnet::coap::MessageWriter writer(bytes, message.type(), message.code(), message.message_id(),
                                     message.token());
  for (const linnet::coap::Option& option : message.options()) writer.option(option.number, option.value);
  writer.payload(message.payload());
  const auto size = writer.finish();
  require(size.has_value());
  bytes.resize(*size);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0xFFFF) return 0;
  const linnet::ByteView input(data, size);
  const auto message = linnet::coap::Message::decode(input);
  if (!message) return 0;
  static_cast<void>(linnet::coap::scan_options(message->options(), message->code()));
  // The header of an option has one encoding for each delta and length: the bytes are the same.
  const std::vector<std::uint8_t> again = encode(*message);
  require(linnet::equal(again, input));
  return 0;
}

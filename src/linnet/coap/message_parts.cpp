// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/message_parts.hpp"

#include "linnet/coap/features.hpp"
#include "linnet/coap/message.hpp"

namespace linnet::coap {

namespace {

void write_present(MessageWriter& writer, OptionNumber number, std::uint32_t value) noexcept {
  if (value != BlockOptions::kAbsent) writer.option(number, value);
}

}  // namespace

void MessageParts::write(MessageWriter& writer) const noexcept {
  if constexpr (kBlockwise) {
    write_present(writer, OptionNumber::kBlock2, blocks.block2);
    write_present(writer, OptionNumber::kBlock1, blocks.block1);
    write_present(writer, OptionNumber::kSize2, blocks.size2);
  }
  write_present(writer, OptionNumber::kSize1, blocks.size1);
  if (kChallenges && !echo.empty()) writer.option(OptionNumber::kEcho, echo);
}

}  // namespace linnet::coap

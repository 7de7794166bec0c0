// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/message_parts.hpp"

#include "linnet/coap/features.hpp"
#include "linnet/coap/message.hpp"

namespace linnet::coap {

void MessageParts::write(MessageWriter& writer) const noexcept {
  if constexpr (kBlockwise) {
    writer.option(OptionNumber::kBlock2, blocks.block2);
    writer.option(OptionNumber::kBlock1, blocks.block1);
    writer.option(OptionNumber::kSize2, blocks.size2);
  }
  writer.option(OptionNumber::kSize1, blocks.size1);
  if (kChallenges && !echo.empty()) writer.option(OptionNumber::kEcho, echo);
}

}  // namespace linnet::coap

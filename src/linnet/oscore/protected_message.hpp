// SPDX-License-Identifier: Apache-2.0
// One CoAP message into its OSCORE message and back (RFC 8613 §4, §5, §8): which fields are encrypted, the
// additional authenticated data, and the COSE object. What it knows of a context is handed in.
#pragma once

#include "linnet/coap/message.hpp"
#include "linnet/oscore/derivation.hpp"
#include "linnet/oscore/option_value.hpp"

namespace linnet::oscore {

/// What binds a message to its request, and its nonce (RFC 8613 §5.2, §5.4).
struct MessageBinding {
  ByteView request_kid;  ///< identifier of the endpoint that made the request
  PartialIv request_piv = 0;
  ByteView nonce_id;  ///< identifier of the endpoint whose Partial IV makes the nonce
  PartialIv nonce_piv = 0;
};

/// Block options beside a protected message (RFC 8613 §4.1.3.4.2), as encoded plus one; 0: none. A request
/// with Block2 asks for another part of a response: it carries its payload again only where that is part of
/// what is asked for, with FETCH (RFC 7959 §3.3, RFC 8132 §2.3.3), and no Observe option.
struct OuterBlocks {
  std::uint32_t block1 = 0;
  std::uint32_t block2 = 0;
};

/// The most bytes that protection adds to a message: option, inner code, marker, outer Observe and Block
/// options, and tag.
inline constexpr std::size_t kMaxOverhead = 4 + OptionValue::kMaxSize + 2 + 4 + 2 * 5 + kMaxTagSize;

/// Writes the OSCORE message of `plain` (Message ID and token stay) into `out`, which must not overlap it.
/// `option` is the value of the OSCORE option. The size, or kNoSpace; kInvalidArgument: `plain` is
/// protected already, or the algorithm refused.
[[nodiscard]] Result<std::size_t> seal(Crypto& crypto, const Keys& keys, const MessageBinding& binding,
                                       const OptionValue& option, const coap::Message& plain,
                                       const OuterBlocks& outer, ByteSpan out) noexcept;

/// Verifies a protected message and writes the CoAP message that was in it into `out`. `work` and `out`
/// have room for more bytes than the payload of `sealed`, and overlap nothing. An Observe option of a
/// response gets `observe` as its value: what order notifications have is a matter of Partial IVs.
/// kUnauthorized: it does not verify; kMalformed: what came out is no message, or no response to a
/// request (or the reverse); kNoSpace: it is too large.
[[nodiscard]] Result<coap::Message> open(Crypto& crypto, const Keys& keys, const MessageBinding& binding,
                                         const coap::Message& sealed, std::uint32_t observe, ByteSpan work,
                                         ByteSpan out) noexcept;

}  // namespace linnet::oscore

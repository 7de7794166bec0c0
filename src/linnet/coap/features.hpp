// SPDX-License-Identifier: Apache-2.0
// What an image can do without. The build says so for the whole of it (-DLINNET_COAP_BLOCKWISE=0).
#pragma once

#ifndef LINNET_COAP_BLOCKWISE
#define LINNET_COAP_BLOCKWISE 1
#endif
#ifndef LINNET_COAP_STREAMING
#define LINNET_COAP_STREAMING 1
#endif
#ifndef LINNET_COAP_ECHO
#define LINNET_COAP_ECHO 1
#endif
#ifndef LINNET_COAP_FRESHNESS
#define LINNET_COAP_FRESHNESS 1
#endif
#ifndef LINNET_COAP_DEFERRAL
#define LINNET_COAP_DEFERRAL 1
#endif
#ifndef LINNET_COAP_RELIABLE
#define LINNET_COAP_RELIABLE 1
#endif
#ifndef LINNET_COAP_OBSERVER
#define LINNET_COAP_OBSERVER 1
#endif

#ifndef LINNET_COAP_PROTECTION
#define LINNET_COAP_PROTECTION 1
#endif

#ifndef LINNET_COAP_OUTER_BLOCKS
#define LINNET_COAP_OUTER_BLOCKS 1
#endif

namespace linnet::coap {

/// Block-wise transfer (RFC 7959). Without it Block1 and Block2 are critical options that are not
/// understood, and a body that does not fit a message is too large.
inline constexpr bool kBlockwise = LINNET_COAP_BLOCKWISE != 0;

/// Bodies that are passed on block by block. Without it every body is joined, and `fetch` is kUnsupported.
inline constexpr bool kStreaming = kBlockwise && LINNET_COAP_STREAMING != 0;

/// The Echo option (RFC 9175 §2). Without it a challenge that is asked for is a bare 4.01, no request
/// counts as fresh, and a challenge of a peer is an answer like any other.
inline constexpr bool kChallenges = LINNET_COAP_ECHO != 0;

/// EndpointConfig::freshness. Without it no request is challenged but where the handler says so.
inline constexpr bool kFreshness = kChallenges && LINNET_COAP_FRESHNESS != 0;

/// Requests that a handler answers later. Without them Reply::Kind::kDefer is 5.03.
inline constexpr bool kDeferral = LINNET_COAP_DEFERRAL != 0;

/// Reliable transports (RFC 8323). Without it every link carries datagrams.
inline constexpr bool kReliable = LINNET_COAP_RELIABLE != 0;

/// What only the managing side sends and receives: Observe, Accept, No-Response and tokens of its own
/// choice in requests, and notifications (RFC 7641 §3). Without it they do not go out, and a
/// notification is answered by a Reset. A device asks for nothing of it.
inline constexpr bool kObserver = LINNET_COAP_OBSERVER != 0;

/// Messages protected by OSCORE (RFC 8613). Without it a message that is protected is not understood.
inline constexpr bool kProtection = kChallenges && LINNET_COAP_PROTECTION != 0;

/// Protected messages that a proxy cut (RFC 8613 §4.1.3.4.2). Without it their parts do not verify.
inline constexpr bool kOuterBlocks = kProtection && kBlockwise && LINNET_COAP_OUTER_BLOCKS != 0;

}  // namespace linnet::coap

// SPDX-License-Identifier: Apache-2.0
// What an image can do without. The build says so for the whole of it (-DLINNET_COAP_BLOCKWISE=0).
#pragma once

#ifndef LINNET_COAP_BLOCKWISE
#define LINNET_COAP_BLOCKWISE 1
#endif

namespace linnet::coap {

/// Block-wise transfer (RFC 7959). Without it Block1 and Block2 are critical options that are not
/// understood, and a body that does not fit a message is too large.
inline constexpr bool kBlockwise = LINNET_COAP_BLOCKWISE != 0;

}  // namespace linnet::coap

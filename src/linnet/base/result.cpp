// SPDX-License-Identifier: Apache-2.0
#include "linnet/base/result.hpp"

namespace linnet {

const char* to_string(Errc code) noexcept {
  switch (code) {
    case Errc::kMalformed: return "malformed";
    case Errc::kTruncated: return "truncated";
    case Errc::kTooLarge: return "too large";
    case Errc::kNoSpace: return "no space left";
    case Errc::kNotFound: return "not found";
    case Errc::kExists: return "exists already";
    case Errc::kNotAllowed: return "not allowed";
    case Errc::kUnauthorized: return "unauthorized";
    case Errc::kUnsupported: return "unsupported";
    case Errc::kWrongType: return "wrong type";
    case Errc::kInvalidArgument: return "invalid argument";
    case Errc::kBusy: return "busy";
    case Errc::kTimeout: return "timed out";
    case Errc::kReset: return "rejected by the peer";
    case Errc::kClosed: return "closed";
    case Errc::kIo: return "input or output failed";
  }
  return "unknown error";
}

}  // namespace linnet

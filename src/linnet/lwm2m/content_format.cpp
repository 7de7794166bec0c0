// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/content_format.hpp"

namespace linnet::lwm2m {

std::string_view media_type(ContentFormat format) noexcept {
  switch (format) {
    case ContentFormat::kText: return "text/plain";
    case ContentFormat::kLinkFormat: return "application/link-format";
    case ContentFormat::kOpaque: return "application/octet-stream";
    case ContentFormat::kCbor: return "application/cbor";
    case ContentFormat::kSenmlJson: return "application/senml+json";
    case ContentFormat::kSenmlCbor: return "application/senml+cbor";
    case ContentFormat::kOldTlv:
    case ContentFormat::kTlv: return "application/vnd.oma.lwm2m+tlv";
    case ContentFormat::kOldJson:
    case ContentFormat::kJson: return "application/vnd.oma.lwm2m+json";
  }
  return {};
}

}  // namespace linnet::lwm2m

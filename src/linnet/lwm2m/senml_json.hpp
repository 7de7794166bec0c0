// SPDX-License-Identifier: Apache-2.0
// application/senml+json (RFC 8428 §5, Core 1.1 §7.4.4): anything, composite operations, Send.
#pragma once

#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {

extern const SenmlForm kSenmlJsonForm;
[[nodiscard]] Result<void> decode_senml_json(const Codec& codec, const Decoding& decoding) noexcept;
inline constexpr Codec kSenmlJsonCodec{ContentFormat::kSenmlJson, encode_senml, decode_senml_json,
                                       &kSenmlJsonForm};

}  // namespace linnet::lwm2m

// SPDX-License-Identifier: Apache-2.0
// application/senml+cbor (RFC 8428 §6, Core 1.1 §7.4.4): anything, composite operations, Send.
#pragma once

#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {

extern const SenmlForm kSenmlCborForm;
[[nodiscard]] Result<void> decode_senml_cbor(const Codec& codec, const Decoding& decoding) noexcept;
inline constexpr Codec kSenmlCborCodec{ContentFormat::kSenmlCbor, encode_senml, decode_senml_cbor,
                                       &kSenmlCborForm};

}  // namespace linnet::lwm2m

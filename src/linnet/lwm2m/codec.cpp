// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/codec.hpp"

#include <array>

#include "linnet/lwm2m/cbor.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/json.hpp"
#include "linnet/lwm2m/opaque.hpp"
#include "linnet/lwm2m/senml_cbor.hpp"
#include "linnet/lwm2m/senml_json.hpp"
#include "linnet/lwm2m/text.hpp"
#include "linnet/lwm2m/tlv.hpp"

namespace linnet::lwm2m {
namespace {

constexpr std::array<Codec, 9> kAllCodecs{kTextCodec,      kOpaqueCodec,    kCborCodec,
                                          kSenmlCborCodec, kSenmlJsonCodec, kOldTlvCodec,
                                          kOldJsonCodec,   kTlvCodec,       kJsonCodec};

}  // namespace

const Codec* find_codec(std::span<const Codec> codecs, ContentFormat format) noexcept {
  for (const Codec& codec : codecs) {
    if (codec.format == format) return &codec;
  }
  return nullptr;
}

std::span<const Codec> all_codecs() noexcept {
  return kAllCodecs;
}

Result<std::size_t> encode(ContentFormat format, const Path& base, RecordWalk walk, ByteSpan out) noexcept {
  const Codec* codec = find_codec(kAllCodecs, format);
  if (codec == nullptr) return not_acceptable();
  return codec->encode(base, walk, out);
}

Result<void> decode(ContentFormat format, const Path& base, ByteView payload, TypeOf type_of,
                    ByteSpan scratch, RecordSink sink) noexcept {
  const Codec* codec = find_codec(kAllCodecs, format);
  if (codec == nullptr) return unsupported_format();
  return codec->decode(base, payload, type_of, scratch, sink);
}

}  // namespace linnet::lwm2m

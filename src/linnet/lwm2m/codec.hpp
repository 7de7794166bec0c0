// SPDX-License-Identifier: Apache-2.0
// Payloads as streams of records: one signature for every content format, no heap, one pass for
// the caller. Each format lives in its own file (text, opaque, cbor, tlv, senml_json, senml_cbor,
// json) as the same pair of functions; `encode` and `decode` here choose by number.
#pragma once

#include <optional>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/lwm2m/content_format.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/value.hpp"

namespace linnet::lwm2m {

/// One value at one path. `path` names a resource or a resource instance, except for records
/// without a value (`value.none()`): these name what exists or is asked for: an instance with no
/// resources, an empty multiple resource, a path of a Read-Composite.
///
/// A payload for an object (Create, or Read of an object with a single instance) may leave the
/// instance unnamed: TLV without the instance wrapper. Then `path.instance()` is kMaxId.
struct Record {
  Path path;
  Value value;
  /// SenML time in seconds (`bt` + `t`), as it was sent: below 2^28 relative to now (RFC 8428
  /// §4.5.3). Absent where none was given.
  std::optional<double> time;
};

/// Takes records one by one; an error stops the stream and is returned to the caller. What the
/// record's value points to lives until the call returns.
using RecordSink = FunctionRef<Result<void>(const Record&)>;

/// Produces records in tree order (all of an instance together, all instances of a multiple
/// resource together) into a sink, and stops with the sink's error. An encoder may run it twice:
/// it must produce the same records each time.
using RecordWalk = FunctionRef<Result<void>(RecordSink)>;

/// The data type of a resource, kNone where it is not known (a decoder then gives what the format
/// itself says, and Opaque for TLV).
using TypeOf = FunctionRef<DataType(const Path&)>;

/// What there is to encode and to decode: the arguments of `encode` and `decode` below.
struct Encoding {
  const Path& base;
  RecordWalk walk;
  ByteSpan out;
};
struct Decoding {
  const Path& base;
  ByteView payload;
  TypeOf type_of;
  ByteSpan scratch;
  RecordSink sink;
};

/// What a format brings for an encoder and a decoder that it shares with others.
struct CodecForm {};

/// One content format. A program that names only the codecs it wants (`kTlvCodec` of tlv.hpp, ...)
/// in a table of its own links only these.
struct Codec {
  ContentFormat format;
  Result<std::size_t> (*encoder)(const Codec& codec, const Encoding& encoding) noexcept;
  Result<void> (*decoder)(const Codec& codec, const Decoding& decoding) noexcept;
  const CodecForm* form = nullptr;

  /// See `encode` and `decode` below.
  [[nodiscard]] Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) const noexcept {
    return encoder(*this, {base, walk, out});
  }
  [[nodiscard]] Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                                    RecordSink sink) const noexcept {
    return decoder(*this, {base, payload, type_of, scratch, sink});
  }
};

/// The codec of `format`, null where `codecs` has none.
[[nodiscard]] const Codec* find_codec(std::span<const Codec> codecs, ContentFormat format) noexcept;

/// Every format that linnet reads and writes, in the order in which an answer without an Accept prefers
/// them (digest §3).
[[nodiscard]] std::span<const Codec> all_codecs() noexcept;

/// Encodes what `walk` produces, all at or below `base`, as a payload for a message whose path is
/// `base`; the smallest legal encoding. Returns the bytes written. Errc::kNoSpace when `out` is
/// full, kUnsupported for a format that cannot hold it (then the response is 4.06).
[[nodiscard]] Result<std::size_t> encode(ContentFormat format, const Path& base, RecordWalk walk,
                                         ByteSpan out) noexcept;

/// Decodes a payload that came for `base` and hands each record to `sink`. A path outside `base`
/// is Errc::kMalformed. `scratch` holds one unescaped or base64-decoded value at a time; too small
/// gives kTooLarge. Errors carry the response code to send: 4.00 malformed or of a wrong type,
/// 4.13 too large, 4.15 for a format that linnet does not read. Records that came before an error
/// have been handed over: the sink makes a transaction of it.
[[nodiscard]] Result<void> decode(ContentFormat format, const Path& base, ByteView payload, TypeOf type_of,
                                  ByteSpan scratch, RecordSink sink) noexcept;

}  // namespace linnet::lwm2m

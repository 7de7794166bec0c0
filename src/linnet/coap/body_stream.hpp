// SPDX-License-Identifier: Apache-2.0
// Bodies that are passed on block by block (RFC 7959) instead of being joined: what a handler of
// them is told, and the table of those under way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "linnet/base/arena.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/optional_number.hpp"
#include "linnet/coap/token.hpp"

namespace linnet::coap {

struct IncomingRequest;
struct IncomingResponse;
struct Reply;
enum class RequestId : std::uint32_t;
enum class DeferredId : std::uint32_t;

/// Where a block belongs; its bytes are the payload of the message it came with.
struct BodyPart {
  std::uint32_t offset = 0;  ///< bytes of the body before it
  bool last = false;         ///< the body ends with it
  OptionalNumber total;      ///< bytes of the whole body, where the peer said so (Size1, Size2)
};

/// Where a body begins that is fetched block by block.
struct Resumption {
  std::uint32_t offset = 0;  ///< bytes that are there already, a multiple of 16
  ByteView etag;             ///< of the representation they are of; empty where it is not known
};

/// Takes bodies block by block: in order, each byte once, whatever the network does. May call the
/// endpoint back, `receive` and `step` excepted.
class BodyHandler {
 public:
  /// A first block came, with more to follow. True: this body goes to `on_part`. False: it is joined
  /// for Handler::on_request. Called again where the transfer begins again.
  virtual bool takes(const IncomingRequest& first, const BodyPart& part, Instant now) noexcept = 0;
  /// A block of a request; the first one right after `takes`. 2.31 asks for the next; any other answer
  /// ends the transfer, and the block with `last` needs one. May be deferred.
  virtual Reply on_part(const IncomingRequest& request, const BodyPart& part, DeferredId deferred,
                        ByteSpan space, Instant now) noexcept = 0;
  /// A transfer that was to go on will not: nothing came for transfer_timeout, it began again, or its
  /// link was dropped. `cache_key` is the one of its requests.
  virtual void on_broken(LinkId link, std::uint32_t cache_key, Instant now) noexcept = 0;
  /// A block of what `fetch` asked for. The one with `last` is the outcome of the request. False:
  /// no more is wanted, and nothing more is reported.
  virtual bool on_part(RequestId id, const IncomingResponse& response, const BodyPart& part,
                       Instant now) noexcept = 0;
  /// The peer answered what `fetch` asked for with an error.
  virtual void on_error(RequestId id, const IncomingResponse& response, Instant now) noexcept = 0;
  /// The rest of what `fetch` asked for will not come, as in Handler::on_failure. kMalformed says
  /// also that the representation is another one now, or that the peer cannot begin where it was
  /// asked to: it may be fetched from the beginning.
  virtual void on_failure(RequestId id, Errc why, Instant now) noexcept = 0;

 protected:
  ~BodyHandler() = default;
};

/// All zero is a free one.
struct BodyStream {
  enum class Kind : std::uint8_t {
    kFree,
    kTaken,    ///< Block1 of a peer
    kDropped,  ///< the same, its link is gone: to be told at the next step
    kFetched,  ///< Block2 of an exchange of our own
  };

  Kind kind;
  bool begun;       ///< kFetched: the first response has come
  MessageId first;  ///< kTaken: the message of the first block
  LinkId link;
  std::uint32_t key;     ///< kTaken: cache key of the request
  std::uint32_t offset;  ///< bytes that were passed on
  std::uint32_t tag;     ///< hash of the first block or of the ETag; 0 for none
  std::uint32_t total;   ///< bytes of the whole body; 0 where it is not known
};

/// A bounded table.
class BodyStreams {
 public:
  void init(Arena& arena, std::uint16_t count) noexcept { arena.take(streams_, count); }
  static void measure(ArenaMeter& meter, std::uint16_t count) noexcept { meter.add<BodyStream>(count); }

  [[nodiscard]] std::span<BodyStream> all() const noexcept { return streams_; }
  /// The stream of an index plus one.
  [[nodiscard]] BodyStream& operator[](std::uint16_t place) const noexcept { return streams_[place - 1U]; }
  /// The index plus one of a stream.
  [[nodiscard]] std::uint16_t place(const BodyStream& stream) const noexcept {
    return static_cast<std::uint16_t>(&stream - streams_.data() + 1);
  }
  /// A new one, or null.
  [[nodiscard]] BodyStream* open(BodyStream::Kind kind, LinkId link) const noexcept {
    for (BodyStream& stream : streams_) {
      if (stream.kind != BodyStream::Kind::kFree) continue;
      stream = BodyStream{};
      stream.kind = kind;
      stream.link = link;
      return &stream;
    }
    return nullptr;
  }
  /// The Block1 transfer of a peer, or null.
  [[nodiscard]] BodyStream* find(LinkId link, std::uint32_t key) const noexcept {
    for (BodyStream& stream : streams_) {
      if (stream.kind == BodyStream::Kind::kTaken && stream.link == link && stream.key == key) return &stream;
    }
    return nullptr;
  }

 private:
  std::span<BodyStream> streams_;
};

}  // namespace linnet::coap

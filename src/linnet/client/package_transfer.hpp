// SPDX-License-Identifier: Apache-2.0
// One package on its way into a sink: pushed by a server, or pulled from a URI, which survives breaks
// of the connection and a reboot.
#pragma once

#include "linnet/base/time.hpp"
#include "linnet/client/package.hpp"
#include "linnet/client/package_streams.hpp"

namespace linnet::client {

class PackageTransfer final : private PackageFetcher {
 public:
  static constexpr std::size_t kMaxUri = 255;  ///< bytes, of Package URI
  static constexpr std::size_t kMaxEtag = 8;
  static constexpr std::uint8_t kMaxRetries = 5;    ///< in a row, without a byte between them
  static constexpr std::uint32_t kFirstRetry = 10;  ///< seconds, doubled each time

  /// Who is told.
  class Owner {
   public:
    /// It ended: kSuccess, whole and approved by the sink, or why not. May begin the next one.
    virtual void on_package(PackageResult result) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  /// `downloader` may be null: then no URI is supported. All must outlive the transfer.
  PackageTransfer(Owner& owner, PackageSink& sink, Downloader* downloader) noexcept
      : owner_(owner), sink_(sink), downloader_(downloader) {}
  /// For coap URIs; without it they are not supported.
  void attach(PackageStreams& streams) noexcept { streams_ = &streams; }

  /// A server begins to push; kInitial, or why not (the owner is not told then).
  PackageResult begin(std::optional<std::uint32_t> size) noexcept;
  /// The next bytes of it. The owner is told of the end; the result is the same.
  PackageResult take(ByteView bytes, bool last) noexcept;
  /// Pulls from the next step on. `uri` must stay until it ends; so must that of `resume`.
  void pull(std::string_view uri) noexcept;
  /// Goes on with a pull of before a reboot, from the beginning where the sink has lost its bytes.
  void resume(std::string_view uri, std::uint32_t offset, ByteView etag) noexcept;
  /// Ends it, if there is one; the owner is not told. The sink is told to discard.
  void reset() noexcept;
  /// The same, and a package that has come whole is not wanted either.
  void discard() noexcept;
  Instant step(Instant now) noexcept;

  // What a Downloader calls, the engine's step soon afterwards; ignored when nothing is downloaded.
  /// The link for a coap URI is there, or is there again.
  void linked(coap::LinkId link) noexcept;
  /// Bytes from `offset` of open() on. `last`: no more will come.
  void received(ByteView bytes, bool last) noexcept;
  /// kConnectionLost is tried again; everything else ends it.
  void failed(PackageResult why) noexcept;

  [[nodiscard]] bool active() const noexcept { return state_ != State::kNone; }
  [[nodiscard]] bool pulls() const noexcept { return active() && state_ != State::kPushed; }
  /// Bytes that are in the sink.
  [[nodiscard]] std::uint32_t offset() const noexcept { return offset_; }
  [[nodiscard]] ByteView etag() const noexcept { return etag_.view(); }
  [[nodiscard]] std::optional<std::uint32_t> total() const noexcept { return total_; }
  [[nodiscard]] const PackageInfo& info() const noexcept { return info_; }

 private:
  enum class State : std::uint8_t {
    kNone,
    kPushed,   ///< a server writes
    kDelayed,  ///< for `delay_` from the next step on
    kWaiting,  ///< until `due_`
    kOpened,   ///< the downloader is at work
  };

  // PackageFetcher
  bool on_fetched(const coap::IncomingResponse& response, const coap::BodyPart& part) noexcept override;
  void on_fetch_failed(coap::Code response, Errc why) noexcept override;

  void start(std::string_view uri) noexcept;
  void open() noexcept;
  void close() noexcept;
  void restart() noexcept;
  [[nodiscard]] PackageResult store(ByteView bytes, bool last) noexcept;
  void end(PackageResult result) noexcept;

  Owner& owner_;
  PackageSink& sink_;
  Downloader* downloader_;
  PackageStreams* streams_ = nullptr;
  State state_ = State::kNone;
  bool downloading_ = false;  ///< the downloader has something open
  std::uint8_t retries_ = 0;
  std::uint32_t offset_ = 0;
  std::optional<std::uint32_t> total_;
  std::uint32_t delay_ = 0;  ///< seconds
  Instant due_{};
  std::string_view uri_;
  Bytes<kMaxEtag> etag_;
  PackageInfo info_;
};

}  // namespace linnet::client

// SPDX-License-Identifier: Apache-2.0
// Connects packages with the engine: a Write with Content-Format application/octet-stream of a
// resource that takes packages goes to it block by block (RFC 7959), and packages are fetched over
// links of the application. Only images that make one pay for it.
#pragma once

#include <array>

#include "linnet/client/engine.hpp"
#include "linnet/coap/body_stream.hpp"

namespace linnet::client {

/// A resource that takes packages which a server writes.
class PackageReceiver {
 public:
  [[nodiscard]] virtual bool takes_package(const Path& path) const noexcept = 0;
  /// As in Object, errors name the answer.
  virtual Result<void> begin_package(const Path& path, std::optional<std::uint32_t> size) noexcept = 0;
  virtual Result<void> take_package(const Path& path, ByteView bytes, bool last) noexcept = 0;
  virtual void break_package(const Path& path) noexcept = 0;

 protected:
  ~PackageReceiver() = default;
};

/// Who fetches over a link.
class PackageFetcher {
 public:
  /// A block of it. False: no more is wanted.
  virtual bool on_fetched(const coap::IncomingResponse& response, const coap::BodyPart& part) noexcept = 0;
  /// `response` is kEmpty where none came.
  virtual void on_fetch_failed(coap::Code response, Errc why) noexcept = 0;

 protected:
  ~PackageFetcher() = default;
};

class PackageStreams final : private coap::BodyHandler {
 public:
  static constexpr std::size_t kMaxReceivers = 4;
  static constexpr std::size_t kMaxAtOnce = 4;  ///< of either kind; EndpointConfig::max_streams bounds too

  /// After Engine::init; the engine must outlive it.
  explicit PackageStreams(Engine& engine) noexcept;
  PackageStreams(const PackageStreams&) = delete;
  PackageStreams& operator=(const PackageStreams&) = delete;

  /// Servers can write packages to `receiver` from now on. False: there are kMaxReceivers.
  bool add(PackageReceiver& receiver) noexcept;

  /// GET of a package over a link that is no server's, as Endpoint::fetch.
  Result<void> fetch(PackageFetcher& fetcher, coap::LinkId link, const coap::OutgoingRequest& request,
                     const coap::Resumption& from) noexcept;
  /// Nothing more of this fetcher is told.
  void cancel(PackageFetcher& fetcher) noexcept;

 private:
  struct Push {
    PackageReceiver* receiver = nullptr;  ///< null: the row is free
    coap::LinkId link{};
    std::uint32_t key = 0;
    Path path;
  };
  struct Fetch {
    PackageFetcher* fetcher = nullptr;  ///< null: the row is free
    coap::RequestId id{};
  };

  // coap::BodyHandler
  bool takes(const coap::IncomingRequest& first, const coap::BodyPart& part, Instant now) noexcept override;
  coap::Reply on_part(const coap::IncomingRequest& request, const coap::BodyPart& part,
                      coap::DeferredId deferred, ByteSpan space, Instant now) noexcept override;
  void on_broken(coap::LinkId link, std::uint32_t cache_key, Instant now) noexcept override;
  bool on_part(coap::RequestId id, const coap::IncomingResponse& response, const coap::BodyPart& part,
               Instant now) noexcept override;
  void on_error(coap::RequestId id, const coap::IncomingResponse& response, Instant now) noexcept override;
  void on_failure(coap::RequestId id, Errc why, Instant now) noexcept override;

  [[nodiscard]] Push* find(coap::LinkId link, std::uint32_t key) noexcept;
  [[nodiscard]] Fetch* find(coap::RequestId id) noexcept;
  void failed(coap::RequestId id, coap::Code response, Errc why) noexcept;

  Engine& engine_;
  std::array<PackageReceiver*, kMaxReceivers> receivers_{};
  std::array<Push, kMaxAtOnce> pushes_;
  std::array<Fetch, kMaxAtOnce> fetches_;
};

}  // namespace linnet::client

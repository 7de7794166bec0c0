// SPDX-License-Identifier: Apache-2.0
// Where packages come from: HTTP and HTTPS by libcurl in a thread of its own, and for coap URIs a link
// to the host, over which the engine fetches by itself; for coaps URIs the channel of the server at that
// address (TS 5.2.4).
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "linnet/client/package_transfer.hpp"
#include "udp_links.hpp"

namespace linnet::device {

class Downloads final : public client::Downloader {
 public:
  /// The open channel to an address, or kNoLink.
  using SecuredLink = std::function<coap::LinkId(const net::Address& address)>;

  /// `turn`: called after something came, for the engine's step. `trust`: file of the authorities that https
  /// servers must come from, PEM; empty for the system's. All must outlive it.
  Downloads(boost::asio::io_context& io, UdpLinks& links, SecuredLink secured_link, std::string trust,
            std::function<void()> turn);
  ~Downloads();
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  client::PackageResult open(client::PackageTransfer& transfer, std::string_view uri,
                             std::uint32_t offset) noexcept override;
  void close(client::PackageTransfer& transfer) noexcept override;

 private:
  class Http;

  /// What was opened last for a transfer.
  struct Open {
    std::uint64_t number = 0;    ///< counts, to know what is stale
    std::unique_ptr<Http> http;  ///< null for coap
  };

  /// Runs on the device's thread unless that has been closed.
  void later(client::PackageTransfer& transfer, std::uint64_t number,
             std::function<void(client::PackageTransfer&, Open&)> work);
  [[nodiscard]] coap::LinkId link_to(std::string_view uri) const;

  boost::asio::io_context& io_;
  UdpLinks& links_;
  SecuredLink secured_link_;
  std::string trust_;
  std::function<void()> turn_;
  std::uint64_t opened_ = 0;
  std::map<client::PackageTransfer*, Open> open_;
};

}  // namespace linnet::device

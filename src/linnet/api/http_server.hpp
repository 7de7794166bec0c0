// SPDX-License-Identifier: Apache-2.0
// The API's HTTP/1.1 server: one thread, bounded connections, bodies and times.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "linnet/api/http.hpp"
#include "linnet/net/address.hpp"

namespace linnet::api {

struct HttpServerConfig {
  net::Address listen;
  std::size_t max_connections = 512;      ///< more are closed at once
  std::uint64_t max_body = 1U << 20;      ///< bytes; more get 413
  std::uint32_t max_header = 16U << 10;   ///< bytes; more get 431
  std::chrono::seconds idle_timeout{60};  ///< for a request to arrive, and for an answer to be taken
  std::chrono::seconds heartbeat{15};     ///< a comment on a silent event stream
};

class HttpServer {
 public:
  /// Binds and starts its thread. The error is a sentence for people that names the address.
  [[nodiscard]] static std::expected<std::unique_ptr<HttpServer>, std::string> start(
      const HttpServerConfig& config, HttpHandler handler);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it listens, with the port that the system chose.
  [[nodiscard]] const net::Address& listening() const noexcept;
  /// Takes no more connections, ends event streams, gives answers under way a second, then ends.
  void stop();

 private:
  class Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

}  // namespace linnet::api

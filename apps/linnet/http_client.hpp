// SPDX-License-Identifier: Apache-2.0
// HTTP as the command line needs it: one request and its answer, or a stream of server-sent events.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

namespace linnet::cli {

/// Where the API is: `http://HOST:PORT`, nothing behind it but a slash.
struct ApiUrl {
  std::string host;  ///< without the brackets of an IPv6 address
  std::string port;
  std::string tenant = {};  ///< whose devices alone are asked for; empty: all

  /// "127.0.0.1:8080", "[::1]:8080".
  [[nodiscard]] std::string authority() const;

  /// A line for people where the text is no such URL.
  [[nodiscard]] static std::expected<ApiUrl, std::string> parse(std::string_view text);
};

struct HttpResponse {
  unsigned status = 0;
  std::string body;
};

/// One server-sent event.
struct ServerEvent {
  std::string type;
  std::string data;
};

/// Percent-encodes what may not stand in one path segment or query value.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// One request on a connection of its own; the answer's body is at most 64 MiB. The error is a line
/// for people: cannot connect, timed out, not HTTP.
[[nodiscard]] std::expected<HttpResponse, std::string> http_request(
    const ApiUrl& url, const std::string& method, const std::string& target, const std::string& body,
    std::chrono::seconds timeout, const char* content_type = "application/json");

/// Who reads a stream of events.
struct EventReader {
  std::function<bool()> on_open = [] { return true; };  ///< the stream stands; false ends it
  std::function<void()> on_follow = [] {
  };  ///< from here on SIGINT and SIGTERM end the stream, not the program
  std::function<bool(const ServerEvent&)> on_event;  ///< false ends the stream
};

/// What is answered with a stream of events.
struct EventRequest {
  std::string target;
  std::string method = "GET";
  std::string json_body = {};
};

/// Reads events until the reader or the server ends the stream, or a signal comes. Returns the HTTP
/// status and body when the server refuses the stream.
[[nodiscard]] std::expected<HttpResponse, std::string> http_events(const ApiUrl& url,
                                                                   const EventRequest& request,
                                                                   const EventReader& reader);

}  // namespace linnet::cli

// SPDX-License-Identifier: Apache-2.0
// HTTP as the API's routes see it: requests and answers as plain values, and streams of
// server-sent events. The sockets behind it are in http_server.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::api {

struct HttpRequest {
  std::string method;                        ///< "GET", ...
  std::vector<std::string> path;             ///< segments, percent-decoded
  std::map<std::string, std::string> query;  ///< percent-decoded; the last of equal names
  std::string body;
  std::string prefer{};        ///< the Prefer header (RFC 7240)
  std::string content_type{};  ///< as sent, empty where there is none
  /// Where the resources that an answer points to are: of all devices, or of a tenant's.
  std::string root = "/api/v1";
};

struct HttpResponse {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::string allow;       ///< the Allow header of a 405
  std::string location{};  ///< the Location header of a 202
};

/// What feeds a stream of server-sent events. Called from the HTTP thread only.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// The next bytes of the stream, empty when there is nothing just now.
  [[nodiscard]] virtual std::string next() = 0;
  /// True when nothing comes behind what `next` gave last: the stream ends.
  [[nodiscard]] virtual bool done() const { return false; }
};

/// `wake` may be called from any thread, also when the stream is gone: something is there for `next`.
using EventSourceFactory = std::function<std::unique_ptr<EventSource>(std::function<void()> wake)>;

class HttpSession;

/// The answer owed to one request: exactly one of `respond` and `stream` is to be called, from any
/// thread, once. Dropped without either, the client gets 500.
class Answer {
 public:
  explicit Answer(std::shared_ptr<HttpSession> session) noexcept;
  ~Answer();
  Answer(Answer&&) noexcept = default;
  Answer& operator=(Answer&&) = delete;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void respond(HttpResponse response);
  void stream(EventSourceFactory factory);
  /// Goes on with `next` on the HTTP thread, from any thread.
  static void resume(Answer answer, std::move_only_function<void(Answer)> next);

 private:
  std::shared_ptr<HttpSession> session_;
};

/// What an HTTP server serves. Called from the HTTP thread; must not block.
using HttpHandler = std::function<void(HttpRequest, Answer)>;

/// Whether the Origin of a request (RFC 6454 §7) is a page of this machine: "http://localhost:3000",
/// "http://127.0.0.1", "http://[::1]:8080". "null" is none.
[[nodiscard]] bool is_local_origin(std::string_view origin);

/// A number of a query, `otherwise` where it is absent, nothing where it is none or over `most`.
[[nodiscard]] std::optional<std::uint64_t> number_of(const HttpRequest& request, const char* name,
                                                     std::uint64_t otherwise, std::uint64_t most);

/// Percent-decodes; nothing for a broken escape. `+` stays what it is.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out);
/// As one segment of a path.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace linnet::api

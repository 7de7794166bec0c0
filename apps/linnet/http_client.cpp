// SPDX-License-Identifier: Apache-2.0
#include "http_client.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <csignal>
#include <optional>
#include <utility>

namespace linnet::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::uint64_t kMaxBody = 64ULL << 20;
constexpr std::size_t kMaxEventLine = 16U << 20;

std::string unreachable(const ApiUrl& url, const std::string& why) {
  return "cannot reach linnetd at http://" + url.authority() + ": " + why +
         " (is it running? --url names another address)";
}

http::request<http::string_body> make_request(const ApiUrl& url, const std::string& method,
                                              const std::string& target, const std::string& body,
                                              const char* content_type) {
  constexpr std::string_view kApi = "/api/v1/";
  std::string at = target;
  if (!url.tenant.empty() && at.starts_with(kApi)) {
    at.insert(kApi.size(), "tenants/" + percent_encode(url.tenant) + "/");
  }
  http::request<http::string_body> request(http::string_to_verb(method), at, 11);
  request.set(http::field::host, url.authority());
  request.set(http::field::user_agent, "linnet");
  if (!body.empty()) {
    request.set(http::field::content_type, content_type);
    request.body() = body;
  }
  request.prepare_payload();
  return request;
}

/// Cuts a byte stream into server-sent events (the HTML standard's event stream, data and event fields).
class EventParser {
 public:
  /// False once `on_event` wants no more or a line is beyond all bounds.
  bool feed(std::string_view bytes, const std::function<bool(const ServerEvent&)>& on_event) {
    for (const char byte : bytes) {
      if (byte == '\r') continue;
      if (byte != '\n') {
        if (line_.size() == kMaxEventLine) return false;
        line_.push_back(byte);
        continue;
      }
      if (!end_line(on_event)) return false;
    }
    return true;
  }

 private:
  bool end_line(const std::function<bool(const ServerEvent&)>& on_event) {
    const std::string line = std::exchange(line_, {});
    if (line.empty()) {
      const ServerEvent event = std::exchange(event_, {});
      return event.data.empty() || on_event(event);
    }
    const std::size_t colon = line.find(':');
    const std::string field = line.substr(0, colon);
    std::string value = colon == std::string::npos ? std::string() : line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.erase(0, 1);
    if (field == "event") event_.type = value;
    if (field == "data") event_.data += (event_.data.empty() ? "" : "\n") + value;
    return true;
  }

  std::string line_;
  ServerEvent event_;
};

/// One event stream on one io_context, ended by the server, the reader or a signal.
class EventStream {
 public:
  EventStream(const ApiUrl& url, const EventRequest& request, const EventReader& reader)
      : url_(url),
        request_(make_request(url, request.method, request.target, request.json_body, "application/json")),
        reader_(reader) {}

  std::expected<HttpResponse, std::string> run() {
    parser_.body_limit(boost::none);
    request_.set(http::field::accept, "text/event-stream");
    try {
      asio::ip::tcp::resolver resolver(context_);
      stream_.expires_after(std::chrono::seconds(10));
      asio::connect(stream_.socket(), resolver.resolve(url_.host, url_.port));
      http::write(stream_, request_);
      stream_.expires_never();
      http::read_header(stream_, buffer_, parser_);
    } catch (const std::exception& error) {
      return std::unexpected(unreachable(url_, error.what()));
    }
    if (parser_.get().result_int() != 200) return refused();
    if (!reader_.on_open()) return HttpResponse{200, {}};
    // Not before: while only the server is waited for, a signal ends the program as usual.
    signals_.emplace(context_, SIGINT, SIGTERM);
    signals_->async_wait([this](const boost::system::error_code& error, int) {
      if (!error) finish();
    });
    reader_.on_follow();
    read();
    context_.run();
    return HttpResponse{200, {}};
  }

 private:
  HttpResponse refused() {
    HttpResponse response{parser_.get().result_int(), {}};
    boost::system::error_code ignored;
    std::array<char, 65536> bytes{};
    parser_.get().body().data = bytes.data();
    parser_.get().body().size = bytes.size();
    http::read(stream_, buffer_, parser_, ignored);
    response.body.assign(bytes.data(), bytes.size() - parser_.get().body().size);
    return response;
  }

  void read() {
    parser_.get().body().data = chunk_.data();
    parser_.get().body().size = chunk_.size();
    http::async_read_some(stream_, buffer_, parser_,
                          [this](const boost::system::error_code& error, std::size_t) {
                            const std::size_t count = chunk_.size() - parser_.get().body().size;
                            const bool wanted = events_.feed({chunk_.data(), count}, reader_.on_event);
                            const bool failed = error && error != http::error::need_buffer;
                            if (!wanted || failed || parser_.is_done()) {
                              finish();
                              return;
                            }
                            read();
                          });
  }

  void finish() {
    boost::system::error_code ignored;
    (void)signals_->cancel(ignored);
    (void)stream_.socket().close(ignored);
  }

  ApiUrl url_;
  http::request<http::string_body> request_;
  const EventReader& reader_;
  asio::io_context context_;
  std::optional<asio::signal_set> signals_;
  beast::tcp_stream stream_{context_};
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  std::array<char, 16384> chunk_{};
  EventParser events_;
};

}  // namespace

std::expected<ApiUrl, std::string> ApiUrl::parse(std::string_view text) {
  const std::string problem = "'" + std::string(text) + "' is not an API address: write http://HOST:PORT";
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return std::unexpected(problem);
  text.remove_prefix(kScheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find('/') != std::string_view::npos) return std::unexpected(problem);
  ApiUrl url{std::string(text), "80"};
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    url.host = text.substr(0, colon);
    url.port = text.substr(colon + 1);
  }
  if (url.host.starts_with('[') && url.host.ends_with(']'))
    url.host = url.host.substr(1, url.host.size() - 2);
  if (url.host.empty() || url.port.empty()) return std::unexpected(problem);
  return url;
}

std::string ApiUrl::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + port;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

std::expected<HttpResponse, std::string> http_request(const ApiUrl& url, const std::string& method,
                                                      const std::string& target, const std::string& body,
                                                      std::chrono::seconds timeout,
                                                      const char* content_type) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  const auto request = make_request(url, method, target, body, content_type);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxBody);
  boost::system::error_code outcome;
  bool answered = false;

  // Asynchronous calls, because only these obey the stream's time limit.
  asio::ip::tcp::resolver resolver(context);
  const auto addresses = resolver.resolve(url.host, url.port, outcome);
  if (outcome) return std::unexpected(unreachable(url, outcome.message()));
  stream.expires_after(timeout);
  stream.async_connect(addresses, [&](const boost::system::error_code& connect_error, const auto&) {
    outcome = connect_error;
    if (outcome) return;
    http::async_write(stream, request, [&](const boost::system::error_code& write_error, std::size_t) {
      outcome = write_error;
      if (outcome) return;
      http::async_read(stream, buffer, parser, [&](const boost::system::error_code& read_error, std::size_t) {
        outcome = read_error;
        answered = !read_error;
      });
    });
  });
  context.run();
  if (outcome == beast::error::timeout) {
    return std::unexpected("linnetd did not answer within " + std::to_string(timeout.count()) + " s");
  }
  if (!answered) return std::unexpected(unreachable(url, outcome.message()));
  return HttpResponse{parser.get().result_int(), std::move(parser.get().body())};
}

std::expected<HttpResponse, std::string> http_events(const ApiUrl& url, const EventRequest& request,
                                                     const EventReader& reader) {
  return EventStream(url, request, reader).run();
}

}  // namespace linnet::cli

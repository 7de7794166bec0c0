// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/http_session.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace linnet::api {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

/// What a refused request may still bring, and how long, before the connection is closed over it.
constexpr std::size_t kMaxDiscarded = 4U << 20;
constexpr std::chrono::seconds kDiscardTime{2};

constexpr std::string_view kServerName = "linnetd";
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nServer: linnetd\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Path segments and query of a request target; false for a broken escape.
bool split_target(std::string_view target, HttpRequest& request) {
  const std::size_t mark = target.find('?');
  std::string_view path = target.substr(0, mark);
  // A proxy may send the absolute form (RFC 9112 §3.2.2).
  if (const std::size_t scheme = path.find("://"); scheme != std::string_view::npos && path.front() != '/') {
    path.remove_prefix(std::min(path.find('/', scheme + 3), path.size()));
  }
  std::string decoded;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (!percent_decode(segment, decoded)) return false;
    if (!segment.empty()) request.path.push_back(decoded);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  }
  std::string_view query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    const std::size_t equals = item.find('=');
    std::string name;
    if (!percent_decode(item.substr(0, equals), name)) return false;
    if (!percent_decode(equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1),
                        decoded)) {
      return false;
    }
    request.query[name] = decoded;
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
  }
  return true;
}

HttpResponse plain_problem(unsigned status, std::string_view title) {
  return {status,
          R"({"type":"about:blank","title":")" + std::string(title) + R"(","status":)" +
              std::to_string(status) + "}",
          "application/problem+json",
          {}};
}

std::string as_chunk(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string size = bytes.empty() ? "0" : "";
  for (std::size_t rest = bytes.size(); rest != 0; rest >>= 4U) size.insert(size.begin(), kHex[rest & 15U]);
  return size + "\r\n" + std::string(bytes) + "\r\n";
}

}  // namespace

Answer::Answer(std::shared_ptr<HttpSession> session) noexcept : session_(std::move(session)) {}

Answer::~Answer() {
  if (session_) session_->post_response(plain_problem(500, "The request was dropped"));
}

void Answer::respond(HttpResponse response) {
  std::exchange(session_, nullptr)->post_response(std::move(response));
}

void Answer::stream(EventSourceFactory factory) {
  std::exchange(session_, nullptr)->post_stream(std::move(factory));
}

void Answer::resume(Answer answer, std::move_only_function<void(Answer)> next) {
  const auto executor = answer.session_->executor();
  asio::post(executor,
             [answer = std::move(answer), next = std::move(next)]() mutable { next(std::move(answer)); });
}

HttpSession::HttpSession(asio::ip::tcp::socket socket, const HttpServerConfig& config,
                         const HttpHandler& handler, std::function<void(HttpSession&)> on_end)
    : config_(config),
      handler_(handler),
      on_end_(std::move(on_end)),
      stream_(std::move(socket)),
      heartbeat_(stream_.get_executor()) {}

HttpSession::~HttpSession() = default;

void HttpSession::start() {
  read();
}

void HttpSession::shut_down() {
  ending_ = true;
  if (source_ || (!waiting_ && !writing_)) close();
}

void HttpSession::read() {
  parser_.emplace();
  parser_->body_limit(config_.max_body);
  parser_->header_limit(config_.max_header);
  stream_.expires_after(config_.idle_timeout);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                     self->on_read(error);
                   });
}

void HttpSession::on_read(const boost::system::error_code& error) {
  if (error) {
    refuse(error);
    return;
  }
  keep_alive_ = parser_->get().keep_alive();
  handle();
}

/// A request that is no HTTP or too large gets an answer where there is one, and the connection ends.
void HttpSession::refuse(const boost::system::error_code& error) {
  keep_alive_ = false;
  head_request_ = false;
  refused_ = true;
  if (error == http::error::body_limit) {
    respond(plain_problem(413, "The body is too large"));
  } else if (error == http::error::header_limit) {
    respond(plain_problem(431, "The request header is too large"));
  } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    respond(plain_problem(400, "Not an HTTP request"));
  } else {
    close();
  }
}

void HttpSession::handle() {
  HttpRequest request;
  auto message = parser_->release();
  const std::string_view target(message.target().data(), message.target().size());
  head_request_ = message.method() == http::verb::head;
  request.method = head_request_ ? std::string("GET") : std::string(message.method_string());
  request.prefer = std::string(message["Prefer"]);
  request.body = std::move(message.body());
  const auto type = message.find(http::field::content_type);
  if (type != message.end()) request.content_type.assign(type->value().data(), type->value().size());
  stream_.expires_never();
  waiting_ = true;
  Answer answer(shared_from_this());
  // A page from elsewhere that a browser on this machine shows must not manage devices.
  const auto origin = message.find(http::field::origin);
  if (origin != message.end() && !is_local_origin({origin->value().data(), origin->value().size()})) {
    answer.respond(plain_problem(403, "Pages from elsewhere may not use this API"));
    return;
  }
  if (!split_target(target, request)) {
    answer.respond(plain_problem(400, "The request target cannot be decoded"));
    return;
  }
  handler_(std::move(request), std::move(answer));
}

void HttpSession::post_response(HttpResponse response) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), response = std::move(response)]() mutable {
    self->respond(std::move(response));
  });
}

void HttpSession::post_stream(EventSourceFactory factory) {
  asio::post(stream_.get_executor(),
             [self = shared_from_this(), factory = std::move(factory)] { self->begin_stream(factory); });
}

void HttpSession::respond(HttpResponse response) {
  waiting_ = false;
  if (closed_) return;
  keep_alive_ = keep_alive_ && !ending_;
  response_ = {http::int_to_status(response.status), 11};
  response_.set(http::field::server, kServerName);
  response_.set(http::field::cache_control, "no-store");
  if (!response.allow.empty()) response_.set(http::field::allow, response.allow);
  if (!response.location.empty()) response_.set(http::field::location, response.location);
  if (!response.content_type.empty()) response_.set(http::field::content_type, response.content_type);
  response_.keep_alive(keep_alive_);
  response_.body() = std::move(response.body);
  // A 204 has no body and says no length (RFC 9110 §8.6); a stream's length is nobody's to say.
  if (response.status != 204 && !(head_request_ && response_.body().empty())) response_.prepare_payload();
  if (head_request_) response_.body().clear();
  writing_ = true;
  stream_.expires_after(config_.idle_timeout);
  http::async_write(stream_, response_,
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                      self->writing_ = false;
                      if (!error && self->refused_) {
                        self->drain();
                      } else if (error || !self->keep_alive_ || self->ending_) {
                        self->close();
                      } else {
                        self->read();
                      }
                    });
}

void HttpSession::begin_stream(const EventSourceFactory& factory) {
  waiting_ = false;
  if (closed_ || ending_) {
    close();
    return;
  }
  if (head_request_) return respond_head_of_stream();
  const std::weak_ptr<HttpSession> weak = weak_from_this();
  const auto executor = stream_.get_executor();
  source_ = factory([weak, executor] {
    asio::post(executor, [weak] {
      if (const auto self = weak.lock()) self->pump();
    });
  });
  arm_heartbeat();
  watch_peer();
  writing_ = true;
  stream_.expires_after(config_.idle_timeout);
  asio::async_write(stream_, asio::buffer(kStreamHead),
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                      self->writing_ = false;
                      if (error) {
                        self->close();
                        return;
                      }
                      // So that the reader sees at once that the stream stands.
                      self->write_chunk(":\n\n");
                    });
}

/// To a HEAD: what a GET would stream, without streaming it.
void HttpSession::respond_head_of_stream() {
  keep_alive_ = false;
  respond({200, {}, "text/event-stream", {}});
}

void HttpSession::pump() {
  if (closed_ || writing_ || !source_) return;
  // Behind the last chunk, which stands for the end of the body, nothing is asked for.
  if (ended_) return close();
  std::string bytes = source_->next();
  ended_ = bytes.empty() && source_->done();
  if (!bytes.empty() || ended_) write_chunk(bytes);
}

void HttpSession::write_chunk(std::string_view bytes) {
  chunk_ = as_chunk(bytes);
  writing_ = true;
  arm_heartbeat();
  stream_.expires_after(config_.idle_timeout);
  asio::async_write(stream_, asio::buffer(chunk_),
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                      self->writing_ = false;
                      self->stream_.expires_never();
                      if (error) {
                        self->close();
                      } else {
                        self->pump();
                      }
                    });
}

/// A stream's reader sends nothing more; that it reads as the end tells that it is gone.
void HttpSession::watch_peer() {
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                              [self = shared_from_this()](const boost::system::error_code& error) {
                                if (self->closed_) return;
                                boost::system::error_code ignored;
                                if (error || self->stream_.socket().available(ignored) == 0 || ignored) {
                                  self->close();
                                  return;
                                }
                                std::array<char, 512> unwanted{};
                                self->stream_.socket().receive(asio::buffer(unwanted), 0, ignored);
                                self->watch_peer();
                              });
}

void HttpSession::arm_heartbeat() {
  heartbeat_.expires_after(config_.heartbeat);
  heartbeat_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->closed_) return;
    if (self->writing_) {
      self->arm_heartbeat();
    } else {
      self->write_chunk(":\n\n");
    }
  });
}

/// Reads away what a refused request still brings: closing over unread bytes would reset the
/// connection, and the client might never see the answer.
void HttpSession::drain() {
  boost::system::error_code ignored;
  (void)stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDiscardTime);
  chunk_.resize(4096);
  discard();
}

void HttpSession::discard() {
  stream_.async_read_some(
      asio::buffer(chunk_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
        self->discarded_ += count;
        if (error || self->discarded_ > kMaxDiscarded) {
          self->close();
        } else {
          self->discard();
        }
      });
}

void HttpSession::close() {
  if (std::exchange(closed_, true)) return;
  source_.reset();
  heartbeat_.cancel();
  boost::system::error_code ignored;
  (void)stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
  on_end_(*this);
}

}  // namespace linnet::api

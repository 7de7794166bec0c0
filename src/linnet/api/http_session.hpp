// SPDX-License-Identifier: Apache-2.0
// One connection of the HTTP server. Only http_server.cpp and http_session.cpp see Beast.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "linnet/api/http.hpp"
#include "linnet/api/http_server.hpp"

namespace linnet::api {

/// Reads requests one after the other and writes their answers; or, once an answer is a stream,
/// writes events until either side ends. Everything runs on the HTTP thread; only `post_response`
/// and `post_stream` may be called from elsewhere.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  /// `on_end` is called once, when the connection is closed.
  HttpSession(boost::asio::ip::tcp::socket socket, const HttpServerConfig& config, const HttpHandler& handler,
              std::function<void(HttpSession&)> on_end);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void start();
  /// Ends streams and waiting connections at once, others after the answer under way.
  void shut_down();

  void post_response(HttpResponse response);
  void post_stream(EventSourceFactory factory);
  [[nodiscard]] boost::asio::any_io_executor executor() { return stream_.get_executor(); }

 private:
  void read();
  void on_read(const boost::system::error_code& error);
  void refuse(const boost::system::error_code& error);
  void handle();
  void respond(HttpResponse response);
  void begin_stream(const EventSourceFactory& factory);
  void respond_head_of_stream();
  void pump();
  void write_chunk(std::string_view bytes);
  void watch_peer();
  void arm_heartbeat();
  void drain();
  void discard();
  void close();

  const HttpServerConfig& config_;
  const HttpHandler& handler_;
  std::function<void(HttpSession&)> on_end_;
  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer heartbeat_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::unique_ptr<EventSource> source_;
  std::string chunk_;
  std::size_t discarded_ = 0;
  bool keep_alive_ = false;
  bool refused_ = false;  ///< the request was not read to its end
  bool head_request_ = false;
  bool writing_ = false;
  bool waiting_ = false;  ///< for the handler's answer
  bool ending_ = false;
  bool ended_ = false;  ///< the stream's last chunk is written or under way
  bool closed_ = false;
};

}  // namespace linnet::api

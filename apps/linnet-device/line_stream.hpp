// SPDX-License-Identifier: Apache-2.0
// Lines over a pair of file descriptors: a pipe, a terminal or a TCP connection.
#pragma once

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace linnet::device {

class LineStream : public std::enable_shared_from_this<LineStream> {
 public:
  static constexpr std::size_t kMaxUnsent = 16U << 20;  ///< bytes; a reader further behind is dropped

  struct Handlers {
    std::function<void(LineStream&, std::string_view)> on_line;
    std::function<void(LineStream&)> on_long_line;  ///< longer than `max_line`; the stream ends
    std::function<void(LineStream&)> on_end;        ///< nothing more will come; called once
  };

  /// Takes both descriptors, which may lead to the same file.
  LineStream(boost::asio::io_context& io, int in, int out, std::size_t max_line, Handlers handlers);

  void start() { read(); }
  /// Sends a line; the end of it is added.
  void write(std::string_view line);
  [[nodiscard]] bool sent() const noexcept { return unsent_.empty(); }

 private:
  void read();
  void take(std::size_t size);
  void send();
  void end();

  boost::asio::posix::stream_descriptor in_;
  boost::asio::posix::stream_descriptor out_;
  std::size_t max_line_;
  Handlers handlers_;
  std::array<char, 4096> chunk_{};
  std::string line_;                ///< the beginning of the next one
  std::deque<std::string> unsent_;  ///< the first is under way
  std::size_t unsent_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace linnet::device

// SPDX-License-Identifier: Apache-2.0
#include "line_stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace linnet::device {

using Failure = boost::system::error_code;

LineStream::LineStream(boost::asio::io_context& io, int in, int out, std::size_t max_line, Handlers handlers)
    : in_(io, in), out_(io, out), max_line_(max_line), handlers_(std::move(handlers)) {}

void LineStream::read() {
  in_.async_read_some(boost::asio::buffer(chunk_),
                      [self = shared_from_this()](const Failure& error, std::size_t size) {
                        if (error) return self->end();
                        self->take(size);
                        if (!self->ended_) self->read();
                      });
}

void LineStream::take(std::size_t size) {
  std::string_view rest(chunk_.data(), size);
  while (!ended_ && !rest.empty()) {
    const std::size_t end = rest.find('\n');
    line_ += rest.substr(0, end);
    if (line_.size() > max_line_) {
      handlers_.on_long_line(*this);
      return this->end();
    }
    if (end == rest.npos) return;
    rest.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    if (!line_.empty()) handlers_.on_line(*this, line_);
    line_.clear();
  }
}

void LineStream::write(std::string_view line) {
  if (ended_ && unsent_.empty()) return;
  if (unsent_bytes_ + line.size() > kMaxUnsent) return end();
  const bool idle = unsent_.empty();
  unsent_bytes_ += line.size() + 1;
  unsent_.emplace_back(line).push_back('\n');
  if (idle) send();
}

void LineStream::send() {
  boost::asio::async_write(out_, boost::asio::buffer(unsent_.front()),
                           [self = shared_from_this()](const Failure& error, std::size_t) {
                             self->unsent_bytes_ -= self->unsent_.front().size();
                             self->unsent_.pop_front();
                             if (error) {
                               self->unsent_.clear();
                               return self->end();
                             }
                             if (!self->unsent_.empty()) self->send();
                           });
}

void LineStream::end() {
  if (std::exchange(ended_, true)) return;
  Failure ignored;
  (void)in_.cancel(ignored);
  handlers_.on_end(*this);
}

}  // namespace linnet::device

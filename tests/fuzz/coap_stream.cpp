// SPDX-License-Identifier: Apache-2.0
// A stream gives the same messages and ends in the same state whatever pieces it comes in; what is
// delivered decodes.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "linnet/coap/stream_session.hpp"

namespace {

using linnet::ByteView;

void require(bool held) {
  if (!held) std::abort();
}

struct Run {
  std::vector<std::uint8_t> delivered;
  std::vector<std::uint8_t> sent;
  linnet::coap::StreamSession::State state{};
};

Run run(ByteView stream, std::size_t piece) {
  const linnet::coap::StreamConfig config{.max_message = 600};
  const linnet::Instant now{};
  Run result;
  const auto send = [&](ByteView frame) {
    require(linnet::coap::Message::decode_frame(frame).has_value());
    result.sent.insert(result.sent.end(), frame.begin(), frame.end());
  };
  const auto deliver = [&](ByteView frame) {
    require(linnet::coap::Message::decode_frame(frame).has_value());
    result.delivered.insert(result.delivered.end(), frame.begin(), frame.end());
    return true;
  };
  linnet::coap::StreamSession session;
  session.open(config, now, send);
  std::vector<std::uint8_t> waiting;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const ByteView part = stream.subspan(at, std::min(piece, stream.size() - at));
    waiting.insert(waiting.end(), part.begin(), part.end());
    const std::size_t used = session.receive(waiting, now, deliver, send);
    require(used <= waiting.size() && waiting.size() - used < config.max_message);
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(used));
  }
  result.state = session.state();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const ByteView stream(data + 1, size - 1);
  const Run whole = run(stream, stream.size());
  const Run pieces = run(stream, data[0] % 64U + 1U);
  require(whole.delivered == pieces.delivered && whole.sent == pieces.sent && whole.state == pieces.state);
  return 0;
}

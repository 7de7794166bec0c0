// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/question.hpp"

#include <utility>

namespace linnet::client {

Question::Question(Engine& engine, Respondent& respondent) noexcept
    : engine_(engine), respondent_(respondent) {
  engine_.question_ = this;
}

Question::~Question() {
  cancel();
  engine_.question_ = nullptr;
}

Result<void> Question::ask(coap::LinkId link, const coap::OutgoingRequest& request) noexcept {
  if (asked_) return fail(Errc::kBusy);
  const auto id = engine_.endpoint_.request(link, request, engine_.now());
  if (!id) return std::unexpected(id.error());
  asked_ = *id;
  engine_.work_pending_ = true;
  return {};
}

void Question::cancel() noexcept {
  if (asked_) engine_.endpoint_.cancel(*std::exchange(asked_, std::nullopt), engine_.now());
}

bool Question::take(coap::RequestId id, const coap::IncomingResponse* answer, Errc why) noexcept {
  if (asked_ != id) return false;
  asked_.reset();
  answer != nullptr ? respondent_.on_answer(*answer) : respondent_.on_no_answer(why);
  return true;
}

}  // namespace linnet::client

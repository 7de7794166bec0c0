// SPDX-License-Identifier: Apache-2.0
// A request of the application's own over the link of a server: a device enrols so for a certificate
// (RFC 9148). Only images that make one pay for it.
#pragma once

#include "linnet/client/engine.hpp"

namespace linnet::client {

/// Who asked.
class Respondent {
 public:
  /// Views live until it returns.
  virtual void on_answer(const coap::IncomingResponse& answer) noexcept = 0;
  virtual void on_no_answer(Errc why) noexcept = 0;

 protected:
  ~Respondent() = default;
};

/// One at a time for an engine.
class Question {
 public:
  /// After Engine::init; the engine must outlive it.
  Question(Engine& engine, Respondent& respondent) noexcept;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question();

  /// Asks; the respondent hears of it once, from inside Engine::receive or step. What `request` refers to is
  /// copied. kBusy: something is asked already; else as coap::Endpoint::request.
  [[nodiscard]] Result<void> ask(coap::LinkId link, const coap::OutgoingRequest& request) noexcept;
  /// The respondent hears nothing more.
  void cancel() noexcept;

 private:
  friend class Engine;
  /// False: it is not the answer. `answer` is null where none came.
  bool take(coap::RequestId id, const coap::IncomingResponse* answer, Errc why) noexcept;

  Engine& engine_;
  Respondent& respondent_;
  std::optional<coap::RequestId> asked_;
};

}  // namespace linnet::client

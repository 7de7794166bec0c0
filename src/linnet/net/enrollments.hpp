// SPDX-License-Identifier: Apache-2.0
// Asks an authority for certificates on threads of its own: a token that signs, or a server elsewhere,
// delays no bootstrap.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "linnet/server/enrollment.hpp"

namespace linnet::net {

class Enrollments final : public server::EnrollmentWorker {
 public:
  static constexpr std::size_t kMaxTasks = 60;  ///< taken and not delivered yet
  static constexpr unsigned kMaxThreads = 16;
  /// Called from one of the threads; must not block.
  using Deliver = std::function<void(coap::DeferredId, server::EnrollmentTask, server::EnrollmentAnswer)>;

  /// `authority` outlives this.
  Enrollments(server::EnrollmentAuthority& authority, Deliver deliver)
      : authority_(authority), deliver_(std::move(deliver)) {}
  ~Enrollments() { stop(); }
  Enrollments(const Enrollments&) = delete;
  Enrollments& operator=(const Enrollments&) = delete;

  void start();
  /// Cancels what is under way; what waits is dropped.
  void stop();

  // Any thread.
  [[nodiscard]] bool take(coap::DeferredId id, server::EnrollmentTask&& task) override;

 private:
  struct Waiting {
    coap::DeferredId id;
    server::EnrollmentTask task;
  };

  void run();

  server::EnrollmentAuthority& authority_;
  Deliver deliver_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Waiting> waiting_;
  std::size_t running_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace linnet::net

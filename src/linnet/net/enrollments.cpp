// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/enrollments.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace linnet::net {

void Enrollments::start() {
  const unsigned threads = std::clamp(authority_.at_once(), 1U, kMaxThreads);
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), "enrolment");
  }
}

void Enrollments::stop() {
  if (threads_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    waiting_.clear();
  }
  news_.notify_all();
  authority_.cancel();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Enrollments::take(coap::DeferredId id, server::EnrollmentTask&& task) {
  const std::lock_guard lock(mutex_);
  if (ending_ || waiting_.size() + running_ >= kMaxTasks) return false;
  waiting_.push_back({id, std::move(task)});
  news_.notify_one();
  return true;
}

void Enrollments::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    news_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    server::EnrollmentAnswer answer = next.task.run(authority_);
    deliver_(next.id, std::move(next.task), std::move(answer));
    lock.lock();
    --running_;
  }
}

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// A queue from many threads to one, without a lock on either side.
#pragma once

#include <atomic>
#include <utility>

namespace linnet::net {

/// Elements of one producer come out in its order. `Element` must be movable.
template <typename Element>
class MpscQueue {
 public:
  MpscQueue() noexcept = default;
  MpscQueue(const MpscQueue&) = delete;
  MpscQueue& operator=(const MpscQueue&) = delete;
  ~MpscQueue() {
    Node* node = newest_.load();
    while (node != nullptr && node != closed()) delete std::exchange(node, node->next);
  }

  /// Any thread. False, and `element` is untouched, when the queue is closed. May throw std::bad_alloc.
  [[nodiscard]] bool push(Element& element) {
    Node* next = newest_.load(std::memory_order_acquire);
    if (next == closed()) return false;
    Node* node = new Node{std::move(element), nullptr};
    do {
      if (next == closed()) {
        element = std::move(node->element);
        delete node;
        return false;
      }
      node->next = next;
    } while (
        !newest_.compare_exchange_weak(next, node, std::memory_order_seq_cst, std::memory_order_acquire));
    return true;
  }

  // The reading thread.

  [[nodiscard]] bool empty() const noexcept {
    Node* newest = newest_.load(std::memory_order_seq_cst);
    return newest == nullptr || newest == closed();
  }
  /// Takes out what is there now and gives it to `consume(Element&&)`, oldest first.
  template <typename Consume>
  void drain(Consume&& consume) {
    if (empty()) return;
    Node* node = newest_.exchange(nullptr, std::memory_order_acq_rel);
    Node* oldest = nullptr;
    while (node != nullptr) {
      Node* next = std::exchange(node->next, oldest);
      oldest = std::exchange(node, next);
    }
    while (oldest != nullptr) {
      Node* taken = std::exchange(oldest, oldest->next);
      consume(std::move(taken->element));
      delete taken;
    }
  }
  /// True: nothing is in the queue and nothing comes in any more. False: drain first.
  [[nodiscard]] bool close() noexcept {
    Node* expected = nullptr;
    return newest_.compare_exchange_strong(expected, closed()) || expected == closed();
  }

 private:
  struct Node {
    Element element;
    Node* next;
  };
  [[nodiscard]] Node* closed() const noexcept {
    return reinterpret_cast<Node*>(const_cast<MpscQueue*>(this));
  }

  std::atomic<Node*> newest_ = nullptr;
};

}  // namespace linnet::net

// SPDX-License-Identifier: Apache-2.0
// Nothing but the start-up: what the others are measured against.
int application() {
  return 0;
}

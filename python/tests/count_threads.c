/* SPDX-License-Identifier: MIT */
/* Preloaded by test_threads.py: counts the threads that are started, and refuses those beyond a number. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

int threads_started, threads_allowed = 1000;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    if (threads_started >= threads_allowed)
        return EAGAIN;
    threads_started++;
    return create(thread, attributes, run, argument);
}

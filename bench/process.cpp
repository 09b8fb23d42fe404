/* SPDX-License-Identifier: MIT */
#include "bench/process.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

volatile std::sig_atomic_t interrupted_by = 0;

namespace {

extern "C" void note_signal(int signal) { interrupted_by = signal; }

/* Started through a loader of its own, this program is the loader and those are its arguments: which is why both are
 * asked of the system. */
constexpr char own_program[] = "/proc/self/exe", own_arguments[] = "/proc/self/cmdline";

std::vector<std::string> arguments() {
    std::ifstream file(own_arguments, std::ios::binary);
    std::vector<std::string> all;
    for (std::string one; std::getline(file, one, '\0');)
        all.push_back(one);
    return all;
}

[[noreturn]] void become(std::vector<std::string> words) {
    std::vector<char *> pointers;
    for (std::string &word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        std::signal(signal, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* without the one that asked, nobody waits for the answer */
    /* Read when OpenMP starts; what the caller wants of it stands. */
    setenv("OMP_PROC_BIND", "close", 0);
    setenv("OMP_PLACES", "cores", 0);
    execv(own_program, pointers.data());
    std::fprintf(stderr, "cannot start %s once more: %s; --processes=1 starts none\n", own_program,
                 std::strerror(errno));
    _exit(127);
}

/* In memory, since there may be no /tmp; before Linux 3.17 there must be. */
std::FILE *unnamed_file() {
    const int descriptor = memfd_create("errors", MFD_CLOEXEC);
    return descriptor < 0 ? std::tmpfile() : fdopen(descriptor, "w+");
}

std::string last_line(std::FILE *file) {
    std::rewind(file);
    std::string last;
    std::array<char, 512> line{};
    while (std::fgets(line.data(), line.size(), file) != nullptr)
        last = line.data();
    while (!last.empty() && last.back() == '\n')
        last.pop_back();
    return last;
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status))
        return "its process was ended by signal " + std::to_string(WTERMSIG(status)) + " (" +
               strsignal(WTERMSIG(status)) + ")";
    return WEXITSTATUS(status) == 0 ? "" : "its process ended with status " + std::to_string(WEXITSTATUS(status));
}

} // namespace

void note_interruption() {
    struct sigaction action {};
    action.sa_handler = note_signal; /* without SA_RESTART, so that a read ends */
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaction(signal, &action, nullptr);
}

Ended run_self(const std::string &argument) {
    std::vector<std::string> words = arguments();
    words.push_back(argument);
    const std::unique_ptr<std::FILE, int (*)(std::FILE *)> errors(unnamed_file(), std::fclose);
    int ends[2];
    if (!errors || pipe(ends) != 0)
        throw std::runtime_error(std::string("cannot start a process: ") + std::strerror(errno));
    const pid_t child = fork();
    if (child < 0)
        throw std::runtime_error(std::string("cannot start a process: ") + std::strerror(errno));
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(fileno(errors.get()), STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        become(std::move(words));
    }
    close(ends[1]);

    Ended ended;
    std::array<char, 4096> chunk{};
    for (ssize_t got = 0; (got = read(ends[0], chunk.data(), chunk.size())) != 0;) {
        if (got > 0)
            ended.output.append(chunk.data(), static_cast<std::size_t>(got));
        else if (errno != EINTR || interrupted_by != 0)
            break;
    }
    close(ends[0]);
    if (interrupted_by != 0)
        kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    ended.failure = how_it_ended(status);
    const std::string said = last_line(errors.get());
    if (!ended.failure.empty() && !said.empty())
        ended.failure += ": " + said;
    return ended;
}

} // namespace bench
